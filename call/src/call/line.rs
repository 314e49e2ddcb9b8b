//! What the telephone line does, and what people and the worker want.

use super::{Call, millis};
use crate::next::Departure;
use crate::playback::Echo;
use crate::tools::Running;
use crate::{
    AgentCommand, At, CallEvent, Command, ControlInput, Digit, EndReason, LineInput, MarkId, ToolAnswer, ToolInput,
    ToolOutcome,
};

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
            ControlInput::Finish(by) => self.leave(at, Departure::finish(by)),
            ControlInput::HangUp => self.hang_up(at, EndReason::OperatorHungUp),
            ControlInput::Leave(step) => self.leave_for(at, step),
            ControlInput::Fenced => self.fenced(),
            // A live call goes on: whether it is handed over is the worker's choice, who then says `Leave`.
            ControlInput::Drain => {}
            ControlInput::Configured { .. } => {}
        }
    }

    pub(super) fn tool(&mut self, at: At, input: ToolInput) {
        let ToolInput::Answered(ToolAnswer { call, output, .. }) = input else { return };
        let Some(tool) = self.tools.answered(&call) else { return self.ignore() };
        self.tell_agent(AgentCommand::ToolOutput { call, output });
        self.publish(tool_run(at, tool, ToolOutcome::Answered));
    }

    /// Nobody waits for the tools any more.
    pub(super) fn cancel_tools(&mut self, at: At) {
        for tool in self.tools.take_all() {
            self.push(Command::CancelTool { call: tool.call.clone() });
            self.publish(tool_run(at, tool, ToolOutcome::Cancelled));
        }
    }
}

pub(super) fn tool_run(at: At, tool: Running, outcome: ToolOutcome) -> CallEvent {
    let took_ms = millis(at.saturating_sub(tool.asked));
    CallEvent::ToolRun { call: tool.call.0, name: tool.name, took_ms, outcome, error: None, kept: None }
}
