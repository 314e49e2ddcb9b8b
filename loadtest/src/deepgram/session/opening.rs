//! How a session opens: `Welcome`, the settings and when they are in force, and the client that must not fall silent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Instant,
};

use serde_json::Value;

use super::{Alarm, Calls, Ear, Session, Setup, Stage};
use crate::{
    deepgram::{
        codes::ErrorCode,
        faults::Phase,
        message::Refusal,
        settings::{Config, shape::Settings},
        truth::SessionTruth,
        wire,
    },
    provider::{agenda::Agenda, faults::Dice, script::Topic},
};

impl Session {
    /// A session whose socket has just been accepted.
    pub(in crate::deepgram) fn open(setup: Setup, at: Instant) -> Self {
        let seed = setup.options.seed ^ u64::from(setup.number).wrapping_mul(0xA24B_AED4_963E_E407);
        let mut dice = Dice::new(seed);
        let truth = SessionTruth { number: setup.number, request_id: uuid(&mut dice), ..SessionTruth::default() };
        let pace = setup.options.pace;
        let mut session = Self {
            ear: Ear::new(pace.eot_ms),
            calls: Calls::default(),
            dice,
            stage: Stage::Opening,
            config: None,
            answer: None,
            answer_count: 0,
            topic: Topic::default(),
            replies_used: 0,
            owed: false,
            queue: VecDeque::new(),
            updating: Vec::new(),
            last_heard: at,
            agenda: Agenda::default(),
            out: VecDeque::new(),
            truth: Arc::new(Mutex::new(truth)),
            ended: false,
            setup,
        };
        session.agenda.set(at + pace.welcome, Alarm::Welcome);
        session.agenda.set(at + pace.client_timeout, Alarm::Quiet);
        session.agenda.set(at + pace.session_limit.saturating_sub(pace.limit_warning), Alarm::Approaching);
        session.agenda.set(at + pace.session_limit, Alarm::Reached);
        session
    }

    pub(super) fn welcome(&mut self) {
        self.stage = Stage::Waiting;
        let message = wire::welcome(&self.note().request_id);
        self.send(message);
        self.strike(Phase::Welcome);
    }

    pub(super) fn settings(&mut self, at: Instant, settings: &Settings, object: Value) -> Result<(), Refusal> {
        self.note().settings = Some(object);
        let options = &self.setup.options;
        let config = Config::read(settings, &options.stored, &options.habits)?;
        let wait = options.pace.applied;
        for regret in &config.regrets {
            self.violation(*regret);
        }
        {
            let mut truth = self.note();
            truth.context.clone_from(&config.context);
            truth.prompt.clone_from(&config.prompt);
        }
        self.config = Some(config);
        self.stage = Stage::Applying;
        if !self.dice.roll(self.setup.faults.applied_missing) {
            self.agenda.set(at + wait, Alarm::Applied);
        }
        Ok(())
    }

    pub(super) fn applied(&mut self, at: Instant) {
        if self.strike(Phase::Settings) {
            return;
        }
        self.stage = Stage::Running;
        self.send(wire::plain("SettingsApplied"));
        self.note().ready_at = Some(at);
        self.warn_of_settings();
        if !self.strike(Phase::Applied) {
            self.greet(at);
        }
    }

    /// Sends the warnings that the settings in force deserve.
    pub(super) fn warn_of_settings(&mut self) {
        let warnings = self.config.as_mut().map(|config| std::mem::take(&mut config.warnings));
        warnings.unwrap_or_default().into_iter().for_each(|code| self.warn(code));
    }

    pub(super) fn quiet(&mut self, at: Instant) {
        let ends = self.last_heard + self.setup.options.pace.client_timeout;
        if ends <= at {
            self.refuse(Refusal::new(ErrorCode::ClientMessageTimeout, "nothing was sent for too long"));
        } else {
            self.agenda.set(ends, Alarm::Quiet);
        }
    }
}

/// A random UUID by the dice.
fn uuid(dice: &mut Dice) -> String {
    let (high, low) = (dice.number(), dice.number());
    let (a, b, c) = (high >> 32, high >> 16 & 0xFFFF, high & 0x0FFF);
    let (d, e) = (low >> 48 & 0x3FFF | 0x8000, low & 0xFFFF_FFFF_FFFF);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}
