//! One session of the look-alike as a state machine: messages and time in, messages out. It owns no socket or clock.
//!
//! `provider::socket` drives it. The session opens in `session/opening.rs`, listens in `session/listening.rs`, answers in
//! `session/speaking.rs`, asks for functions in `session/calling.rs` and is changed in `session/wishes.rs`; here are its
//! order of messages and its end.

mod calling;
mod listening;
mod opening;
mod speaking;
mod wishes;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Options,
    answer::Answer,
    codes::{ErrorCode, WarningCode},
    faults::{Failure, Faults, Phase},
    message::{self, Refusal, Said},
    settings::Config,
    truth::SessionTruth,
    wire,
};
use crate::provider::{
    agenda::Agenda,
    faults::{Dice, Ending},
    script::Topic,
    socket::Machine,
    wire::Out,
};
use calling::Calls;
use listening::Ear;

/// What a session is made of; shared parts are shared by all sessions of a provider.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Which session of the provider this is; decides its ids and its dice.
    pub(super) number: u32,
    /// What the agent is like.
    pub(super) options: Arc<Options>,
    /// What goes wrong.
    pub(super) faults: Arc<Faults>,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// `Welcome` has not been sent.
    Opening,
    /// `Settings` are awaited.
    Waiting,
    /// `Settings` have come and are not yet in force.
    Applying,
    /// Audio flows.
    Running,
}

/// Everything that happens by itself after a while.
#[derive(Debug)]
enum Alarm {
    /// The session opens.
    Welcome,
    /// The settings are in force.
    Applied,
    /// An update is acknowledged by this message.
    Updated(&'static str),
    /// The answer of this number takes its next step.
    Speak(u64),
    /// The model has not answered yet: the answer of this number is still to begin.
    SlowThink(u64),
    /// The pause of this number was the end of the turn.
    Certain(u64),
    /// In the pause of this number the caller goes on.
    Resumed(u64),
    /// The function of this id, which has an endpoint, is done.
    ServerFunction(String),
    /// Noise is taken for speech.
    FalseStart,
    /// Perhaps nothing has come from the client for too long.
    Quiet,
    /// The session will soon be too old.
    Approaching,
    /// The session is too old.
    Reached,
}

/// The state machine of one session.
#[derive(Debug)]
pub(super) struct Session {
    setup: Setup,
    dice: Dice,
    stage: Stage,
    config: Option<Config>,
    ear: Ear,
    calls: Calls,
    answer: Option<Answer>,
    answer_count: u64,
    /// What the caller said last, for replies that belong to it.
    topic: Topic,
    /// Replies taken from the script's list.
    replies_used: usize,
    /// Whether the caller, or the answer to a function, waits for a reply.
    owed: bool,
    /// Injected sentences that wait for their turn.
    queue: VecDeque<String>,
    /// Acknowledgements on their way.
    updating: Vec<&'static str>,
    last_heard: Instant,
    agenda: Agenda<Alarm>,
    out: VecDeque<Out>,
    truth: Arc<Mutex<SessionTruth>>,
    ended: bool,
}

impl Machine for Session {
    fn deadline(&self) -> Option<Instant> {
        self.agenda.deadline()
    }

    fn slowness(&self) -> Duration {
        self.setup.faults.slow_reader
    }

    fn next_out(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    fn wake(&mut self, at: Instant) {
        while !self.ended
            && let Some(alarm) = self.agenda.due(at)
        {
            self.ring(at, alarm);
        }
    }

    fn receive(&mut self, at: Instant, text: &str) {
        if self.ended {
            return;
        }
        self.last_heard = at;
        let taken = match serde_json::from_str::<Value>(text) {
            Ok(object) => self.take(at, object),
            Err(problem) => Err(Refusal::new(ErrorCode::UnparsableClientMessage, problem.to_string())),
        };
        if let Err(refusal) = taken {
            self.refuse(refusal);
        }
    }

    fn receive_binary(&mut self, at: Instant, audio: &Bytes) {
        if self.ended {
            return;
        }
        self.last_heard = at;
        if self.stage == Stage::Running {
            self.hear(at, audio);
        } else {
            self.refuse(Refusal::new(ErrorCode::BinaryMessageBeforeSettings, "audio before SettingsApplied"));
        }
    }

    fn closed(&mut self, at: Instant) {
        self.ended = true;
        self.agenda.clear();
        self.note().closed_at.get_or_insert(at);
    }
}

impl Session {
    /// What this session knows of its call; stays readable after the session.
    pub(super) fn truth(&self) -> Arc<Mutex<SessionTruth>> {
        Arc::clone(&self.truth)
    }

    fn ring(&mut self, at: Instant, alarm: Alarm) {
        match alarm {
            Alarm::Welcome => self.welcome(),
            Alarm::Applied => self.applied(at),
            Alarm::Updated(ack) => self.updated(ack),
            Alarm::Speak(number) => self.speak(at, number),
            Alarm::SlowThink(number) => self.slow_think(number),
            Alarm::Certain(pause) => self.certain(at, pause),
            Alarm::Resumed(pause) => self.resumed(at, pause),
            Alarm::ServerFunction(id) => self.server_function(at, &id),
            Alarm::FalseStart => self.false_start(at),
            Alarm::Quiet => self.quiet(at),
            Alarm::Approaching => self.warn(WarningCode::MaximumSessionLengthApproaching),
            Alarm::Reached => self.fail(ErrorCode::MaximumSessionLengthReached),
        }
    }

    /// Takes one message of the client, if this is its moment.
    fn take(&mut self, at: Instant, object: Value) -> Result<(), Refusal> {
        if self.stage == Stage::Opening {
            self.violation("a message before Welcome");
        }
        let settings = object["type"] == "Settings";
        match self.stage {
            Stage::Applying | Stage::Running if settings => {
                return Err(Refusal::new(ErrorCode::SettingsAlreadyApplied, "a second Settings"));
            }
            Stage::Opening | Stage::Waiting | Stage::Applying if !settings => {
                let why = format!("{} before SettingsApplied", object["type"]);
                return Err(Refusal::new(ErrorCode::NonSettingsMessageBeforeSettings, why));
            }
            Stage::Opening | Stage::Waiting | Stage::Applying | Stage::Running => {}
        }
        match message::parse(&object)? {
            Said::Settings(settings) => self.settings(at, &settings, object),
            Said::KeepAlive {} => {
                self.note().keep_alives += 1;
                Ok(())
            }
            Said::FunctionCallResponse { id, name, content, thought_signature } => {
                self.function_answered(at, &id, &name, content, thought_signature.as_deref());
                Ok(())
            }
            wish => self.wish(at, wish, object),
        }
    }

    /// What the session acts on; there is always something once it runs.
    fn config(&self) -> &Config {
        self.config.as_ref().expect("a session that runs has its settings")
    }

    fn send(&mut self, mut message: Value) {
        if self.ended {
            return;
        }
        if self.dice.roll(self.setup.faults.unknown_messages) {
            self.out.push_back(Out::Text(wire::text(&wire::unknown())));
        }
        if self.dice.roll(self.setup.faults.unknown_fields) {
            message["weather"] = json!({"sky": ["clear", {"wind_kn": 7}], "confidence": null});
        }
        self.out.push_back(Out::Text(wire::text(&message)));
    }

    fn warn(&mut self, code: WarningCode) {
        self.note().warnings.push(code);
        self.send(wire::warning(code));
    }

    fn violation(&self, what: impl Into<String>) {
        self.note().violations.push(what.into());
    }

    /// Ends the session for something the client did.
    fn refuse(&mut self, refusal: Refusal) {
        self.violation(format!("{}: {}", refusal.code.name(), refusal.why));
        self.end_with_error(refusal.code, &refusal.description);
    }

    /// Ends the session for something the client did not do.
    fn fail(&mut self, code: ErrorCode) {
        self.end_with_error(code, code.description());
    }

    fn end_with_error(&mut self, code: ErrorCode, description: &str) {
        self.note().errors.push(code);
        self.send(wire::error(code, description));
        // Both have been seen, and neither says anything.
        let close = [1_005, 1_000][self.dice.below(2) as usize];
        self.end(Ending::Code(close));
    }

    fn end(&mut self, ending: Ending) {
        self.out.push_back(Out::End { ending, reason: "" });
        self.ended = true;
        self.agenda.clear();
    }

    /// Lets go wrong what is to go wrong in this phase; whether that was the end.
    fn strike(&mut self, phase: Phase) -> bool {
        let faults = Arc::clone(&self.setup.faults);
        for fault in faults.breaks.iter().filter(|fault| fault.phase == phase) {
            if self.ended || !self.dice.roll(fault.chance) {
                continue;
            }
            match fault.failure {
                Failure::Error(code) => self.fail(code),
                Failure::Warning(code) => self.warn(code),
                Failure::Close(ending) => self.end(ending),
            }
        }
        self.ended
    }

    fn note(&self) -> MutexGuard<'_, SessionTruth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
