//! The address book: who can be called, and what they do then.
//!
//! A test fills it; `phone/leg.rs` looks a dialled number up and lives through what stands there. A number that does
//! not stand in it does not exist.
//!
//! All times here are of the call's own clock, which passes as many times faster as the plan of the caller says.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::phone::Step;

/// Numbers and who has them.
pub type Book = BTreeMap<String, Callee>;

/// How a number answers.
#[derive(Clone, Debug)]
pub enum Callee {
    /// Somebody picks up.
    Answers(Human),
    /// The line is engaged.
    Busy,
    /// It rings until the caller's timeout.
    NoAnswer,
    /// The call cannot be put through.
    Fails,
}

/// Somebody who picks up.
#[derive(Clone, Debug, Default)]
pub struct Human {
    /// How long it rings before.
    pub after: Duration,
    /// What is pressed at each `<Gather>`, after its prompts have been heard; nothing when it is empty.
    pub keys: Vec<String>,
    /// What is done after picking up; without a [`Step::HangUp`] the human stays until the other side goes.
    pub steps: Vec<Step>,
}

impl Human {
    /// Picks up after so many milliseconds and stays on the line.
    #[must_use]
    pub fn after_ms(ms: u64) -> Self {
        Self { after: Duration::from_millis(ms), ..Self::default() }
    }

    /// Presses these keys at the next `<Gather>`.
    #[must_use]
    pub fn pressing(mut self, keys: impl Into<String>) -> Self {
        self.keys.push(keys.into());
        self
    }

    /// Once there is somebody to talk to, talks for so long and hangs up.
    #[must_use]
    pub fn talking(mut self, talk: Duration) -> Self {
        let ms = u64::try_from(talk.as_millis()).unwrap_or(u64::MAX);
        self.steps.extend([Step::AwaitPerson, Step::Silence { ms }, Step::HangUp]);
        self
    }
}

impl From<Human> for Callee {
    fn from(human: Human) -> Self {
        Self::Answers(human)
    }
}
