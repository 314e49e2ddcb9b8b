//! `<Gather>`: keys the caller presses while it is asked to.
//!
//! The keys come from the plan: `gathered`, pressed when the prompts have been heard, or steps, which may press any
//! time (`wait.rs`). Speech is not understood here.

use std::future::pending;
use std::time::Duration;

use super::call::{Call, Flow};
use super::event::PhoneEvent;
use super::twiml::Element;
use super::verbs::params;
use super::wait::Waited;

impl Call {
    /// Asks for keys and goes to the `action` with them.
    pub(super) async fn gather(&mut self, verb: &Element, base: &str) -> Flow {
        self.keys.clear();
        self.gathers = verb.attribute("input").is_none_or(|input| input.contains("dtmf"));
        let gathered = self.collect(verb, base).await;
        self.gathers = false;
        let (digits, finished) = match gathered {
            Ok(gathered) => gathered,
            Err(flow) => return flow,
        };
        self.truth.gathered.push(digits.clone());
        if digits.is_empty() && verb.attribute("actionOnEmptyResult") != Some("true") {
            return Flow::Next;
        }
        let extra = params([("Digits", digits), ("FinishedOnKey", finished.map(String::from).unwrap_or_default())]);
        self.go(verb.attribute("action").unwrap_or(base), verb, base, extra)
    }

    /// The keys, and the one that ended them, if one did.
    async fn collect(&mut self, verb: &Element, base: &str) -> Result<(String, Option<char>), Flow> {
        for prompt in &verb.children {
            if !self.keys.is_empty() {
                break;
            }
            if let Some(flow) = self.prompt(prompt, base).await {
                return Err(flow);
            }
        }
        if self.gathers && self.keys.is_empty() {
            for key in self.plan.gathered.pop_front().unwrap_or_default().chars() {
                self.watcher.tell(|| PhoneEvent::Pressed(key));
                self.pressed(key);
                self.keys.push_back(key);
            }
        }
        let finish = verb.attribute("finishOnKey").unwrap_or("#");
        let most = verb.number("numDigits", u32::MAX) as usize;
        let timeout = Duration::from_secs(verb.number("timeout", 5).into());
        let mut digits = String::new();
        loop {
            while let Some(key) = self.keys.pop_front() {
                if finish.contains(key) {
                    return Ok((digits, Some(key)));
                }
                digits.push(key);
                if digits.len() >= most {
                    return Ok((digits, None));
                }
            }
            match self.wait_for(Some(timeout), pending::<()>()).await {
                Waited::Pressed | Waited::Came(()) => {}
                Waited::TimeUp => return Ok((digits, None)),
                Waited::Elsewhere(flow) => return Err(flow),
            }
        }
    }
}
