//! What the server is told on the call's behalf.

use super::gate::Request;
use super::{Change, OpenaiLink, Phase, session};
use crate::agent::names::Seen;
use crate::agent::prompt;
use bytes::Bytes;
use call::{AgentCommand, Cue, Digit, ItemId, Journal, ReplyId, Spoken, ToolCallId, ToolStage};
use common::ports::agent::{AgentFrame, AgentIo};
use serde_json::{Value, json};

impl OpenaiLink {
    /// Carries out a command.
    pub(super) fn tell(&mut self, command: AgentCommand, io: &mut AgentIo) {
        match command {
            AgentCommand::Cue(cue) => self.say(self.agent.phrases().at(cue).to_owned(), purpose(cue), io),
            AgentCommand::Say(text) => self.say(text.reveal().to_owned(), "say", io),
            AgentCommand::Cancel { reply } => self.cancel(reply, io),
            AgentCommand::Truncate { item, heard_ms } => self.truncate(item, heard_ms, io),
            AgentCommand::ToolOutput { call, output } => self.tool_output(&call, &output, io),
            AgentCommand::Reply => self.request(Request::Anything, io),
            AgentCommand::Pressed(digit) => self.pressed(digit, io),
        }
    }

    /// Tells the server how the agent is configured now, once it may be told.
    pub(super) fn tell_change(&mut self, io: &mut AgentIo) {
        if matches!(self.phase, Phase::Talking) && std::mem::replace(&mut self.change, Change::None) == Change::Waits {
            let event_id = event_id(&mut self.sent, "change");
            send(&session::change(&self.agent, self.voice, &event_id), io);
        }
    }

    /// Tools asked for on an earlier link: those that ended are part of the history.
    pub(super) fn know(&mut self, tools: &[Journal]) {
        for Journal { call, stage, .. } in tools {
            self.tools.number(&call.0);
            if *stage != ToolStage::Started {
                self.answered.number(&call.0);
            }
        }
    }

    /// Sends the answer's request that may be sent now.
    pub(super) fn ask(&mut self, io: &mut AgentIo) {
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        let sent = &mut self.sent;
        let Some((event_id, request)) = self.gate.next(|| event_id(sent, "resp")) else { return };
        let mut message = json!({"type": "response.create", "event_id": event_id});
        if let Request::Words { words, purpose } = request {
            // These instructions replace the session's, so they repeat them: else the agent forgets who it is.
            let instructions = format!("{}\n\nSay exactly: {words}", prompt::instructions(&self.agent));
            message["response"] = json!({
                "instructions": instructions, "tool_choice": "none", "metadata": {"purpose": purpose},
            });
        }
        send(&message, io);
    }

    fn say(&mut self, words: String, purpose: &'static str, io: &mut AgentIo) {
        let nothing = words.trim().is_empty();
        self.request(if nothing { Request::Anything } else { Request::Words { words, purpose } }, io);
    }

    fn request(&mut self, request: Request, io: &mut AgentIo) {
        self.gate.ask(request);
        self.ask(io);
    }

    fn cancel(&mut self, reply: ReplyId, io: &mut AgentIo) {
        if self.replies.is_over(reply) {
            return;
        }
        if let Some(name) = self.replies.name(reply) {
            let event_id = event_id(&mut self.sent, "stop");
            send(&json!({"type": "response.cancel", "event_id": event_id, "response_id": name}), io);
        }
    }

    fn truncate(&mut self, item: ItemId, heard_ms: u32, io: &mut AgentIo) {
        let Some(name) = self.items.name(item.0) else { return };
        let message = json!({
            "type": "conversation.item.truncate",
            "event_id": event_id(&mut self.sent, "trunc"),
            "item_id": name,
            "content_index": 0,
            "audio_end_ms": heard_ms,
        });
        send(&message, io);
    }

    fn tool_output(&mut self, call: &ToolCallId, output: &Spoken, io: &mut AgentIo) {
        if self.answered.number(&call.0).1 == Seen::Before {
            return;
        }
        // The call may have kept only the beginning of a long id.
        let call_id = self.tools.beginning_with(&call.0).unwrap_or(&call.0);
        let item = json!({"type": "function_call_output", "call_id": call_id, "output": output.reveal()});
        let event_id = event_id(&mut self.sent, "tool");
        send(&json!({"type": "conversation.item.create", "event_id": event_id, "item": item}), io);
    }

    fn pressed(&mut self, digit: Digit, io: &mut AgentIo) {
        let text = format!("The caller pressed {} on the telephone.", digit.0);
        let content = json!([{"type": "input_text", "text": text}]);
        let item = json!({"type": "message", "role": "user", "content": content});
        let event_id = event_id(&mut self.sent, "key");
        send(&json!({"type": "conversation.item.create", "event_id": event_id, "item": item}), io);
    }
}

/// A fresh id for a message of ours; an error names the message it answers by it.
fn event_id(sent: &mut u32, kind: &str) -> String {
    *sent += 1;
    format!("{kind}-{sent:04}")
}

fn send(message: &Value, io: &mut AgentIo) {
    io.send.push_back(AgentFrame::Text(Bytes::from(message.to_string())));
}

fn purpose(cue: Cue) -> &'static str {
    match cue {
        Cue::Greeting => "greeting",
        Cue::SilencePrompt => "silence_prompt",
        Cue::SilenceFarewell => "silence_farewell",
        Cue::TimeLimit => "time_limit",
        Cue::Resumed => "resumed",
        Cue::NobodyAnswered => "nobody_answered",
        Cue::DigitsSent => "digits_sent",
    }
}
