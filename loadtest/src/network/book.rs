//! The address book: who can be called, and what they do then.
//!
//! A test fills it, or a population (`population.rs`); `phone/leg.rs` looks a dialled number up and lives through what
//! stands there. A number that does not stand in it does not exist.
//!
//! All times here are of the call's own clock, which passes as many times faster as the plan of the caller says; a
//! machine's begin when it picks up, and are real.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::phone::{Clip, Step};

/// Numbers and who has them.
pub type Book = BTreeMap<String, Callee>;

/// From one ring to the next: two seconds of it and four of silence, as in North America.
const RING: Duration = Duration::from_secs(6);
/// From the end of a greeting to the beep, and how long that is.
const BEFORE_BEEP: Duration = Duration::from_millis(300);
const BEEP: Duration = Duration::from_millis(400);
/// What a machine records at most.
const MESSAGE: Duration = Duration::from_secs(120);

/// How a number answers.
#[derive(Clone, Debug)]
pub enum Callee {
    /// Somebody picks up.
    Answers(Human),
    /// A machine picks up.
    Machine(Machine),
    /// A fax picks up at the first ring, and whistles.
    Fax,
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

    /// Picks up after so many rings and stays on the line.
    #[must_use]
    pub fn after_rings(rings: u32) -> Self {
        Self { after: RING * rings, ..Self::default() }
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

    /// Listens to the agent, says this, and listens again; a wish not to be called any more is said so.
    #[must_use]
    pub fn saying(mut self, what: Clip) -> Self {
        self.steps.extend([Step::Listen { quiet_ms: 500 }, Step::Say(what), Step::Listen { quiet_ms: 700 }]);
        self
    }

    /// Hangs up after all that; at once, if it is all.
    #[must_use]
    pub fn hanging_up(mut self) -> Self {
        self.steps.push(Step::HangUp);
        self
    }
}

impl From<Human> for Callee {
    fn from(human: Human) -> Self {
        Self::Answers(human)
    }
}

/// An answering machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// How long it rings before.
    pub after: Duration,
    /// How long its greeting lasts.
    pub greeting: Duration,
    /// Whether a beep follows the greeting.
    pub ends: GreetingEnd,
}

/// What follows a greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GreetingEnd {
    /// A beep.
    #[default]
    Beep,
    /// Nothing.
    Silence,
}

impl Machine {
    /// Picks up after three rings, and says so many milliseconds of greeting before the beep.
    #[must_use]
    pub fn greeting_ms(ms: u64) -> Self {
        Self { after: RING * 3, greeting: Duration::from_millis(ms), ends: GreetingEnd::Beep }
    }

    /// The same without a beep.
    #[must_use]
    pub fn without_beep(self) -> Self {
        Self { ends: GreetingEnd::Silence, ..self }
    }

    /// When the beep is over, from when the machine picks up: it records from then on.
    #[must_use]
    pub fn beep(&self) -> Option<Duration> {
        (self.ends == GreetingEnd::Beep).then(|| self.greeting + BEFORE_BEEP + BEEP)
    }

    /// What it does: it speaks by the clock, whoever listens, and records what follows.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let mut parts = vec![Clip::tone("greeting", 300.0, ms(self.greeting))];
        if self.ends == GreetingEnd::Beep {
            parts.push(Clip::pause(ms(BEFORE_BEEP)));
            parts.push(Clip::tone("beep", 1_000.0, ms(BEEP)));
        }
        let silence_ms = u64::from(ms(MESSAGE));
        vec![Step::Announce(Clip::joined("machine", &parts)), Step::Silence { ms: silence_ms }, Step::HangUp]
    }
}

impl From<Machine> for Callee {
    fn from(machine: Machine) -> Self {
        Self::Machine(machine)
    }
}

/// What a fax does.
pub(crate) fn fax_steps() -> Vec<Step> {
    vec![Step::Announce(Clip::tone("fax", 2_100.0, 8_000)), Step::HangUp]
}
