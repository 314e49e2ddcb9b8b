//! What becomes of what the server says.

use super::errors::{self, Warned};
use super::server::{self, Kind};
use super::updates::Part;
use super::{DeepgramLink, Phase};
use crate::agent::faults;
use bytes::Bytes;
use call::AgentInput;
use common::ports::AgentEvent;
use common::ports::agent::AgentIo;
use serde_json::Value;

impl DeepgramLink {
    /// Takes a text frame.
    pub(super) fn hear(&mut self, frame: &Bytes, io: &mut AgentIo) {
        match server::read(frame) {
            Ok((kind, message)) => self.message(kind, &message, io),
            Err(server::Unreadable) => io.events.push_back(AgentEvent::Unreadable),
        }
    }

    fn message(&mut self, kind: Kind, message: &Value, io: &mut AgentIo) {
        match kind {
            Kind::Welcome if self.phase == Phase::Waiting => self.configure_session(io),
            Kind::Applied if self.phase == Phase::Configuring => self.ready(io),
            Kind::Warning => self.warning(message["code"].as_str(), io),
            Kind::Error => self.error(message["code"].as_str(), io),
            Kind::Unknown => io.events.push_back(AgentEvent::Unknown),
            // Anything else before the settings were applied is out of place.
            _ if self.phase == Phase::Talking => self.talk(kind, message, io),
            _ => {}
        }
    }

    fn talk(&mut self, kind: Kind, message: &Value, io: &mut AgentIo) {
        match kind {
            Kind::CallerStarted => self.caller_started(io),
            // A turn is ended by hand when we wrote a line of it; that line was ours.
            Kind::CallerStopped if message["trigger"] == "manual" => {}
            Kind::CallerStopped => self.caller_stopped(io),
            Kind::Said => self.said(message, io),
            Kind::Answering => self.new_answer(io),
            Kind::AudioDone => self.audio_done(io),
            Kind::Requested => self.requested(message, io),
            Kind::Cancelled => self.cancelled(message, io),
            Kind::WishRefused => self.wish_refused(io),
            Kind::ThinkUpdated => self.updated(Part::Think, io),
            Kind::SpeakUpdated => self.updated(Part::Speak, io),
            Kind::ListenUpdated => self.updated(Part::Listen, io),
            Kind::Welcome | Kind::Applied | Kind::Warning | Kind::Error | Kind::Nothing | Kind::Unknown => {}
        }
    }

    fn ready(&mut self, io: &mut AgentIo) {
        self.phase = Phase::Talking;
        Self::input(io, AgentInput::Ready);
        self.update(io);
    }

    fn said(&mut self, message: &Value, io: &mut AgentIo) {
        let Some(text) = message["content"].as_str() else { return };
        match message["role"].as_str() {
            Some("user") => self.caller_said(text.trim(), io),
            Some("assistant") => self.agent_text(text.trim(), io),
            _ => io.events.push_back(AgentEvent::Unknown),
        }
    }

    fn warning(&mut self, code: Option<&str>, io: &mut AgentIo) {
        match errors::warned(code.unwrap_or_default()) {
            Warned::WishRefused => self.wish_refused(io),
            Warned::Complaint => Self::input(io, AgentInput::Complained { code: faults::word(code, None) }),
            Warned::Nothing => {}
        }
    }

    fn error(&mut self, code: Option<&str>, io: &mut AgentIo) {
        Self::input(io, AgentInput::Complained { code: faults::word(code, None) });
        self.lose(errors::judge(code.unwrap_or_default()), io);
    }
}
