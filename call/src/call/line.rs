//! What the telephone line does, and what people and the worker want.

use super::{Call, millis};
use crate::next::Departure;
use crate::playback::Echo;
use crate::{AgentCommand, At, CallEvent, ControlInput, Digit, EndBy, EndReason, LineInput, MarkId, NextStep};

/// Keys kept while there is no agent to tell: a card number and its date.
const MOST_KEYS: usize = 32;

impl Call {
    pub(super) fn line(&mut self, at: At, input: LineInput) {
        match input {
            LineInput::Started => self.line_starts(at),
            LineInput::Marked(mark) => self.marked(at, mark),
            LineInput::Pressed(digit) => self.pressed(at, digit),
            LineInput::Stopped => self.line_gone(at, EndReason::CallerHungUp),
            LineInput::Lost => self.line_gone(at, EndReason::LineLost),
        }
    }

    fn line_starts(&mut self, at: At) {
        if !self.life.start() {
            return self.ignore();
        }
        self.line_started = Some(at);
        self.silence.caller(at);
        self.publish(CallEvent::Answered { resumed: self.resumed });
        if self.link.is_gone() {
            return self.leave_for(at, Departure::agent_gone(), NextStep::Apologize);
        }
        self.greet();
    }

    fn marked(&mut self, at: At, mark: MarkId) {
        match self.playback.returned(at, mark) {
            Echo::Played => {
                self.advance(at);
            }
            Echo::Cleared => {}
            Echo::Unknown => self.ignore(),
        }
    }

    fn pressed(&mut self, at: At, digit: Digit) {
        if !self.life.is_open() {
            return self.ignore();
        }
        self.silence.caller(at);
        if self.link.is_up() {
            self.tell_agent(AgentCommand::Pressed(digit));
        } else if self.keys.len() < MOST_KEYS {
            self.keys.push_back(digit);
        }
    }

    fn line_gone(&mut self, at: At, reason: EndReason) {
        if self.life.line_gone(at, reason) {
            self.fall_silent(at);
        } else {
            self.ignore();
        }
    }

    pub(super) fn control(&mut self, at: At, input: ControlInput) {
        match input {
            ControlInput::Say(words) => {
                let accepted = self.life.is_open() && self.asks.push(AgentCommand::Say(words));
                if !accepted {
                    self.ignore();
                }
            }
            ControlInput::Finish(EndBy::Budget) => self.time_is_up(at, Departure::finish(EndBy::Budget)),
            ControlInput::Finish(by) => self.leave(at, Departure::finish(by)),
            ControlInput::HangUp => self.hang_up(at, EndReason::OperatorHungUp),
            ControlInput::Leave(step) => self.leave_for(at, Departure::to(&step), step),
            ControlInput::Fenced => self.fenced(),
            // A live call goes on: whether it is handed over is the worker's choice, who then says `Leave`.
            ControlInput::Drain => {}
            ControlInput::Configured { version, language } => self.configured(at, version, language),
        }
    }

    /// The first configuration is the one the call began with: whoever began it has said so.
    fn configured(&mut self, at: At, version: String, language: String) {
        self.turns.speaks_with(&version);
        self.conversation.language = Some(language.clone());
        let now = (version.clone(), language.clone());
        let before = self.configured.replace(now.clone());
        if before.is_some_and(|before| before != now) {
            self.publish(CallEvent::Configured { at_ms: millis(at), version, language });
        }
    }
}
