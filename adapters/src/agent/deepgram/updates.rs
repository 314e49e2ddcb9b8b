//! Changes of a running session: the parts that differ from what was told, one change of each kind on its way at a time.
//!
//! The server acknowledges without saying what. A part is always told whole, so changes that come while one is on its
//! way become one.

use super::settings::{self, Parts};
use super::{DeepgramLink, Phase};
use common::ports::agent::AgentIo;
use serde_json::{Value, json};
use std::time::Duration;

/// Waited for an acknowledgement; then the change counts as taken. Lower may cross two changes, higher delays the second.
const ACKNOWLEDGED: Duration = Duration::from_secs(5);

/// A part of the configuration that may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Listen,
    Think,
    Speak,
}

/// All parts, each with the type of the message that changes it and its field there.
const PARTS: [(Part, &str, &str); 3] = [
    (Part::Listen, "UpdateListen", "listen"),
    (Part::Think, "UpdateThink", "think"),
    (Part::Speak, "UpdateSpeak", "speak"),
];

/// What the server was told, part by part.
#[derive(Debug, Default)]
pub(super) struct Updates {
    sides: [Side; 3],
}

#[derive(Debug, Default)]
struct Side {
    told: Value,
    /// What is to be told, where it differs.
    wanted: Option<Value>,
    /// When a change was sent that was not acknowledged.
    sent: Option<Duration>,
}

impl Side {
    fn want(&mut self, value: &Value) {
        self.wanted = (self.told != *value).then(|| value.clone());
    }

    /// What may be told now.
    fn next(&mut self, now: Duration) -> Option<&Value> {
        if self.sent.is_some_and(|at| now < at + ACKNOWLEDGED) {
            return None;
        }
        self.told = self.wanted.take()?;
        self.sent = Some(now);
        Some(&self.told)
    }
}

impl DeepgramLink {
    /// Sends the settings; once.
    pub(super) fn configure_session(&mut self, io: &mut AgentIo) {
        let parts = Parts::of(&self.agent, self.voice, self.history.notes());
        Self::send(io, &settings::settings(&self.agent, &parts, self.history.messages()));
        for (part, _, _) in PARTS {
            self.updates.sides[part as usize].told = parts.part(part).clone();
        }
        self.phase = Phase::Configuring;
    }

    /// The agent or what is noted of the call has changed: as far as the server can be told, it is.
    pub(super) fn change(&mut self, io: &mut AgentIo) {
        if matches!(self.phase, Phase::Waiting | Phase::Over) {
            return;
        }
        let parts = Parts::of(&self.agent, self.voice, self.history.notes());
        for (part, _, _) in PARTS {
            self.updates.sides[part as usize].want(parts.part(part));
        }
        self.update(io);
    }

    /// Tells what may be told now.
    pub(super) fn update(&mut self, io: &mut AgentIo) {
        if self.phase != Phase::Talking {
            return;
        }
        for (part, kind, field) in PARTS {
            if let Some(value) = self.updates.sides[part as usize].next(self.clock.now()) {
                Self::send(io, &json!({"type": kind, field: value}));
            }
        }
    }

    /// A change was taken.
    pub(super) fn updated(&mut self, part: Part, io: &mut AgentIo) {
        self.updates.sides[part as usize].sent = None;
        self.update(io);
    }
}
