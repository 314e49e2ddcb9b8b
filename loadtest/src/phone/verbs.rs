//! What each TwiML verb does to a call.
//!
//! `call.rs` hands over a document; the answer says whether to go on, to ask for another document or to end. Time
//! spent speaking, pausing and dialling passes faster by the plan's speed. `<Connect><Stream>` is only begun here
//! and lived in `stream.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;

use super::call::{Call, Flow};
use super::document::{Ask, Page};
use super::event::PhoneEvent;
use super::plan::DialOutcome;
use super::stream::{Over, Spec};
use super::truth::CallEnd;
use super::twiml::Element;
use crate::network::{CallStatus, InterruptedAction, Method, Order, Params, Source};

/// Speech of `<Say>`: letters a second.
const LETTERS_A_SECOND: u64 = 15;
/// What a file of `<Play>` is taken to last; it is not fetched.
const PLAY: Duration = Duration::from_secs(3);
/// When the interrupted `action` is asked for after a redirect, and how much later the new document (both were
/// measured on `<Dial>` in the field).
const INTERRUPTED: [Duration; 2] = [Duration::from_millis(320), Duration::from_millis(330)];

impl Call {
    /// Carries out a document, verb by verb.
    pub(super) async fn perform(&mut self, page: Page) -> Flow {
        if page.verbs.is_empty() {
            self.answered();
        }
        for verb in &page.verbs {
            if let Some(flow) = self.overtaken() {
                return flow;
            }
            if verb.name != "Reject" {
                self.answered();
            }
            match self.verb(verb, &page.base).await {
                Flow::Next => {}
                elsewhere => return elsewhere,
            }
        }
        Flow::Next
    }

    async fn verb(&mut self, verb: &Element, base: &str) -> Flow {
        match verb.name.as_str() {
            "Say" | "Play" | "Pause" => self.prompt(verb).await.unwrap_or(Flow::Next),
            "Gather" => self.gather(verb, base).await,
            "Redirect" => self.go(verb.text.trim(), verb, base, Vec::new()),
            "Reject" => self.reject(verb),
            "Hangup" => Flow::End(CallEnd::Completed),
            "Connect" => self.connect(verb, base).await,
            "Dial" => self.dial(verb, base).await,
            "Enqueue" => self.enqueue(verb, base).await,
            _ => Flow::Next,
        }
    }

    async fn prompt(&mut self, verb: &Element) -> Option<Flow> {
        let lasting = match verb.name.as_str() {
            "Pause" => Duration::from_secs(verb.number("length", 1).into()),
            "Say" => Duration::from_millis(verb.text.chars().count() as u64 * 1000 / LETTERS_A_SECOND),
            _ => verb.attribute("digits").map_or(PLAY, lasting_digits),
        };
        if verb.name != "Pause" {
            let words = verb.text.trim().to_owned();
            self.watcher.tell(|| PhoneEvent::Announcement(words.clone()));
            self.truth.spoken.push(words);
        }
        let times = verb.number("loop", 1).clamp(1, 1000);
        self.wait(self.hurried(lasting * times)).await
    }

    fn hurried(&self, duration: Duration) -> Duration {
        duration / self.plan.speed.max(1)
    }

    /// Goes to an address of the document.
    fn go(&mut self, to: &str, verb: &Element, base: &str, extra: Params) -> Flow {
        match resolve(base, to) {
            Some(url) => {
                Flow::Goto(Ask::with(Source::Url { url, method: Method::named(verb.attribute("method")) }, extra))
            }
            None => {
                let text = format!("<{}> names an address that cannot be resolved", verb.name);
                self.notice(11100, text.clone());
                self.final_status = CallStatus::Failed;
                Flow::End(CallEnd::Failed(text))
            }
        }
    }

    /// Goes to the verb's `action`, if it has one.
    fn act(&mut self, verb: &Element, base: &str, extra: Params) -> Flow {
        match verb.attribute("action") {
            Some(action) => self.go(action, verb, base, extra),
            None => Flow::Next,
        }
    }

    fn reject(&mut self, verb: &Element) -> Flow {
        let busy = verb.attribute("reason") == Some("busy");
        self.final_status = if busy { CallStatus::Busy } else { CallStatus::NoAnswer };
        Flow::End(CallEnd::Rejected)
    }

    async fn gather(&mut self, verb: &Element, base: &str) -> Flow {
        let digits = self.plan.gathered.pop_front();
        for prompt in &verb.children {
            if digits.is_some() {
                break;
            }
            if let Some(flow) = self.prompt(prompt).await {
                return flow;
            }
        }
        let Some(digits) = digits else {
            if let Some(flow) = self.wait(self.hurried(Duration::from_secs(verb.number("timeout", 5).into()))).await {
                return flow;
            }
            let asks = verb.attribute("actionOnEmptyResult") == Some("true");
            return if asks { self.gathered(verb, base, String::new()) } else { Flow::Next };
        };
        self.gathered(verb, base, digits)
    }

    fn gathered(&mut self, verb: &Element, base: &str, digits: String) -> Flow {
        let extra = vec![("Digits".to_owned(), digits), ("FinishedOnKey".to_owned(), String::new())];
        let action = verb.attribute("action").unwrap_or(base).to_owned();
        self.go(&action, verb, base, extra)
    }

    async fn dial(&mut self, verb: &Element, base: &str) -> Flow {
        let outcome = match self.plan.dials.len() {
            0 => DialOutcome::Answered(Duration::from_secs(1)),
            1 => self.plan.dials[0],
            _ => self.plan.dials.pop_front().unwrap_or(DialOutcome::Failed),
        };
        let ringing = Duration::from_secs(verb.number("timeout", 30).into());
        let (status, lasting) = match outcome {
            DialOutcome::Answered(talk) => ("completed", talk),
            DialOutcome::Busy => ("busy", Duration::from_secs(1)),
            DialOutcome::NoAnswer => ("no-answer", ringing),
            DialOutcome::Failed => ("failed", Duration::ZERO),
        };
        if let Some(flow) = self.wait(self.hurried(lasting)).await {
            return self.interrupted(flow, verb, base).await;
        }
        let bridged = status == "completed";
        let mut extra = vec![
            ("DialCallStatus".to_owned(), status.to_owned()),
            ("DialCallSid".to_owned(), self.network.sid("CA")),
            ("DialBridged".to_owned(), bridged.to_string()),
        ];
        if bridged {
            extra.push(("DialCallDuration".to_owned(), lasting.as_secs().to_string()));
        }
        self.act(verb, base, extra)
    }

    /// A queue in which an agent takes the call at once.
    async fn enqueue(&mut self, verb: &Element, base: &str) -> Flow {
        if let Some(flow) = self.wait(self.hurried(Duration::from_secs(1))).await {
            return self.interrupted(flow, verb, base).await;
        }
        let extra = [
            ("QueueResult", "bridged".to_owned()),
            ("QueueSid", self.network.sid("QU")),
            ("QueueTime", "1".to_owned()),
        ];
        self.act(verb, base, extra.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    async fn connect(&mut self, verb: &Element, base: &str) -> Flow {
        let Some(stream) = verb.child("Stream") else {
            self.notice(12200, "<Connect> without <Stream>");
            return Flow::Next;
        };
        match self.stream(spec(stream)).await {
            Over::Ended => self.act(verb, base, Vec::new()),
            Over::HungUp => Flow::End(CallEnd::HungUp),
            Over::GaveUp => Flow::End(CallEnd::GaveUp),
            Over::TimeLimit => Flow::End(CallEnd::TimeLimit),
            Over::Ordered(order @ Order::Redirect(_)) => {
                let flow = self.obey(order);
                self.interrupted(flow, verb, base).await
            }
            Over::Ordered(order) => self.obey(order),
        }
    }

    /// The old `action` may be asked for once more when the call is sent elsewhere; its answer is not used.
    async fn interrupted(&mut self, flow: Flow, verb: &Element, base: &str) -> Flow {
        let asked = self.network.config().interrupted_action == InterruptedAction::Asked;
        let Some(url) = verb.attribute("action").and_then(|action| resolve(base, action)) else { return flow };
        if !asked || !matches!(flow, Flow::Goto(_)) {
            return flow;
        }
        if let Some(other) = self.wait(self.hurried(INTERRUPTED[0])).await {
            return other;
        }
        let params = self.params(Vec::new());
        self.post(url, Method::named(verb.attribute("method")), params);
        self.wait(self.hurried(INTERRUPTED[1])).await.unwrap_or(flow)
    }
}

fn spec(stream: &Element) -> Spec {
    let parameters = stream.children.iter().filter(|child| child.name == "Parameter");
    let of = |parameter: &Element, name: &str| parameter.attribute(name).unwrap_or_default().to_owned();
    Spec {
        url: stream.attribute("url").unwrap_or_default().to_owned(),
        name: stream.attribute("name").map(str::to_owned),
        track: stream.attribute("track").map(str::to_owned),
        status_callback: stream
            .attribute("statusCallback")
            .map(|url| (url.to_owned(), Method::named(stream.attribute("statusCallbackMethod")))),
        parameters: parameters.map(|one| (of(one, "name"), of(one, "value"))).collect::<BTreeMap<_, _>>(),
    }
}

/// An address of a document; the one that is absolute is kept letter by letter, for the signature.
fn resolve(base: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    Some(Url::parse(base).ok()?.join(to).ok()?.to_string())
}

fn lasting_digits(digits: &str) -> Duration {
    digits.chars().map(|key| if key == 'w' { Duration::from_millis(500) } else { Duration::from_millis(200) }).sum()
}
