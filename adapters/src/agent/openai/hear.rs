//! What the call is told of what the server says.

use super::errors::{self, Verdict};
use super::gate::Mine;
use super::server::{self, Audio, Kind, Message};
use super::{OpenaiLink, Phase, session, usage};
use crate::agent::faults;
use crate::agent::names::{Seen, cut};
use crate::wire::audio::pieces;
use bytes::Bytes;
use call::{AgentInput, ItemId, LinkFault, ReplyId, ReplyOutcome, Spoken, ToolCallId, Usage};
use common::ports::AgentEvent;
use common::ports::agent::{AgentFrame, AgentIo};
use serde_json::Value;

/// How much of a tool call's id the call keeps.
const TOOL_ID_BYTES: usize = 64;

/// How often the server may have a fault before the link is taken for dead: once is bad luck.
const SERVER_FAULTS: u32 = 2;

impl OpenaiLink {
    /// Takes a text frame.
    pub(super) fn hear(&mut self, frame: &Bytes, io: &mut AgentIo) {
        match server::read(frame) {
            Ok(Message::Audio(audio)) => self.audio(&audio, io),
            Ok(Message::Event(kind, message)) => self.event(kind, &message, io),
            Err(server::Unreadable) => io.events.push_back(AgentEvent::Unreadable),
        }
    }

    fn audio(&mut self, audio: &Audio<'_>, io: &mut AgentIo) {
        let Some(pieces) = pieces(&audio.payload) else {
            io.events.push_back(AgentEvent::Unreadable);
            return;
        };
        let reply = self.reply(audio.reply.as_deref(), io);
        let item = self.reply_item(audio.item.as_deref(), reply);
        io.events.extend(pieces.map(|(payload, length)| AgentEvent::Audio { reply, item, payload, length }));
    }

    fn event(&mut self, kind: Kind, message: &Value, io: &mut AgentIo) {
        match kind {
            Kind::SessionUpdated => self.configured(&message["session"], io),
            Kind::ItemTaken => self.item_taken(message["item"]["id"].as_str(), io),
            Kind::CallerStarted => self.caller_started(message["item_id"].as_str(), io),
            Kind::CallerStopped => self.caller_stopped(message["item_id"].as_str(), io),
            Kind::CallerWrittenDown => self.caller_said(message, message["transcript"].as_str(), io),
            Kind::CallerNotWrittenDown => self.caller_said(message, None, io),
            Kind::ReplyBegun => drop(self.reply(message["response"]["id"].as_str(), io)),
            Kind::ReplyText => self.reply_text(message, io),
            Kind::ReplyItemDone => self.tool(&message["item"], io),
            Kind::ReplyOver => self.reply_over(&message["response"], io),
            Kind::Error => self.error(&message["error"], io),
            Kind::Unknown => io.events.push_back(AgentEvent::Unknown),
            Kind::Audio | Kind::Nothing => {}
        }
    }

    fn configured(&mut self, session: &Value, io: &mut AgentIo) {
        let Phase::Configuring(history) = &mut self.phase else { return };
        if !session::speaks_mulaw(session) {
            return self.lose(LinkFault::Refused, io);
        }
        let history = std::mem::take(history);
        if history.is_empty() {
            return self.ready(io);
        }
        io.send.extend(history.messages().map(AgentFrame::Text));
        self.phase = Phase::Restoring(history);
    }

    fn item_taken(&mut self, id: Option<&str>, io: &mut AgentIo) {
        if let (Phase::Restoring(history), Some(id)) = (&self.phase, id)
            && history.ends_with_item(id)
        {
            self.ready(io);
        }
    }

    fn ready(&mut self, io: &mut AgentIo) {
        self.phase = Phase::Talking;
        Self::input(io, AgentInput::Ready);
        self.tell_change(io);
        self.ask(io);
    }

    fn caller_started(&mut self, name: Option<&str>, io: &mut AgentIo) {
        let item = self.items.item(name);
        self.caller = Some(item);
        self.gate.caller_started();
        Self::input(io, AgentInput::CallerStarted { item });
    }

    fn caller_stopped(&mut self, name: Option<&str>, io: &mut AgentIo) {
        let started = self.caller.take().filter(|_| name.is_none());
        let item = started.unwrap_or_else(|| self.items.item(name));
        self.gate.caller_stopped();
        Self::input(io, AgentInput::CallerStopped { item });
    }

    fn caller_said(&mut self, message: &Value, text: Option<&str>, io: &mut AgentIo) {
        let item = self.items.item(message["item_id"].as_str());
        let text = text.map(|text| Spoken::new(text.trim()));
        Self::input(io, AgentInput::CallerSaid { item, text });
        let usage = usage::of_transcription(&message["usage"]);
        if usage != Usage::default() {
            Self::input(io, AgentInput::Transcribed { usage });
        }
    }

    /// The answer of this name; one not seen before is announced first, whatever message names it.
    fn reply(&mut self, name: Option<&str>, io: &mut AgentIo) -> ReplyId {
        let (reply, seen) = self.announced(name, io);
        if seen == Seen::Now {
            self.gate.begun();
        }
        reply
    }

    fn announced(&mut self, name: Option<&str>, io: &mut AgentIo) -> (ReplyId, Seen) {
        let (reply, seen) = self.replies.number(name);
        if seen == Seen::Now {
            Self::input(io, AgentInput::ReplyStarted { reply });
        }
        (reply, seen)
    }

    /// The item of this name; a server that does not name it means the only one of the answer.
    fn reply_item(&mut self, name: Option<&str>, reply: ReplyId) -> ItemId {
        match name {
            Some(name) => self.items.item(Some(name)),
            None => self.items.item(Some(&format!("the item of answer {}", reply.0))),
        }
    }

    fn reply_text(&mut self, message: &Value, io: &mut AgentIo) {
        let Some(text) = message["delta"].as_str().filter(|text| !text.is_empty()) else { return };
        let reply = self.reply(message["response_id"].as_str(), io);
        let item = self.reply_item(message["item_id"].as_str(), reply);
        Self::input(io, AgentInput::ReplyText { reply, item, text: Spoken::new(text) });
    }

    /// A finished item of an answer: if it is a complete tool call, the call hears of it, once.
    fn tool(&mut self, item: &Value, io: &mut AgentIo) {
        let complete = item["status"].is_null() || item["status"] == "completed";
        let (Some(id), Some(name)) = (item["call_id"].as_str(), item["name"].as_str()) else { return };
        let arguments = item["arguments"].as_str().filter(|text| !text.is_empty()).unwrap_or("{}");
        let whole = serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
        if item["type"] != "function_call" || !complete || !whole || self.tools.number(id).1 == Seen::Before {
            return;
        }
        let call = ToolCallId(cut(id, TOOL_ID_BYTES).to_owned());
        Self::input(io, AgentInput::ToolAsked { call, name: name.to_owned(), arguments: Spoken::new(arguments) });
    }

    fn reply_over(&mut self, response: &Value, io: &mut AgentIo) {
        let (reply, _) = self.announced(response["id"].as_str(), io);
        for item in response["output"].as_array().into_iter().flatten() {
            self.tool(item, io);
        }
        if self.replies.end(reply) == Seen::Before {
            return;
        }
        let outcome = match response["status"].as_str() {
            Some("cancelled") => ReplyOutcome::Cancelled,
            Some("incomplete") => ReplyOutcome::Incomplete,
            Some("failed") => ReplyOutcome::Failed,
            _ => ReplyOutcome::Completed,
        };
        let fault = &response["status_details"]["error"];
        let code = fault["code"].as_str();
        if outcome == ReplyOutcome::Failed {
            Self::input(io, AgentInput::Complained { code: faults::word(code, fault["type"].as_str()) });
        }
        let usage = usage::of_reply(&response["usage"]);
        Self::input(io, AgentInput::ReplyDone { reply, outcome, usage });
        self.gate.over();
        match code.and_then(errors::fatal) {
            Some(fault) => self.lose(fault, io),
            None => self.ask(io),
        }
    }

    fn error(&mut self, error: &Value, io: &mut AgentIo) {
        let text = |field: &str| error[field].as_str();
        let (code, kind, event_id) = (text("code"), text("type"), text("event_id"));
        let verdict = errors::judge(code, kind, text("param"));
        match (&self.phase, verdict) {
            (_, Verdict::Fatal(fault)) => return self.lose(fault, io),
            (Phase::Configuring(_) | Phase::Restoring(_), _) if code == Some("rate_limit_exceeded") => {
                return self.lose(LinkFault::Busy, io);
            }
            (Phase::Configuring(_) | Phase::Restoring(_), Verdict::ServerFault) => {
                return self.lose(LinkFault::Broken, io);
            }
            (Phase::Configuring(_), _) if event_id == Some(session::UPDATE_ID) => {
                return self.lose(LinkFault::Refused, io);
            }
            _ => {}
        }
        match verdict {
            Verdict::Harmless | Verdict::Fatal(_) => {}
            Verdict::AnswerRuns => drop(self.gate.refused_while_taken(event_id)),
            Verdict::ServerFault | Verdict::Complaint => {
                Self::input(io, AgentInput::Complained { code: faults::word(code, kind) });
                self.complained(verdict, event_id, io);
            }
        }
        // The last item of the history was refused: the conversation goes on without it.
        if let (Phase::Restoring(history), Some(event_id)) = (&self.phase, event_id)
            && history.ends_with_message(event_id)
        {
            self.ready(io);
        }
    }

    /// What a complaint means for the answer that was asked for, if it names that request: it failed.
    fn complained(&mut self, verdict: Verdict, event_id: Option<&str>, io: &mut AgentIo) {
        if verdict == Verdict::ServerFault {
            self.server_faults += 1;
            if self.server_faults >= SERVER_FAULTS {
                return self.lose(LinkFault::Broken, io);
            }
        }
        if self.gate.refused(event_id) == Mine::Yes {
            let reply = self.replies.failed();
            Self::input(io, AgentInput::ReplyStarted { reply });
            let (outcome, usage) = (ReplyOutcome::Failed, Usage::default());
            Self::input(io, AgentInput::ReplyDone { reply, outcome, usage });
            self.ask(io);
        }
    }
}
