//! What becomes of tool calls: asked for, slow, answered, taken back, overdue, lost with the call.
//!
//! Each change is in the journal, and the journal in a checkpoint, before anything else learns of it.

use super::{Call, millis};
use crate::floor::Debt;
use crate::life::Life;
use crate::timer::Timer;
use crate::tools::{Asked, Running};
use crate::{AgentCommand, At, CallEvent, Command, Spoken, ToolAnswer, ToolCallId, ToolInput, ToolOutcome, ToolStage};
use std::time::Duration;

/// How long a filler may take to begin. A provider may refuse it without a word that names it; lower asks the agent to go
/// on while the filler is still about to be said, higher lets a refused one hold up the answer.
const FILLER_BEGINS: Duration = Duration::from_secs(3);

impl Call {
    pub(super) fn tool(&mut self, at: At, input: ToolInput) {
        match input {
            ToolInput::Slow { call, filler } => self.tool_is_slow(at, &call, filler),
            ToolInput::Answered(answer) => self.tool_answered(at, answer),
        }
    }

    pub(super) fn tool_asked(&mut self, at: At, call: ToolCallId, name: String, arguments: Spoken) {
        self.floor.progressed(at);
        match self.tools.ask(at, &call, &name, self.floor.running_reply(), self.limits.tool_deadline) {
            Asked::Run => {
                self.conversation.tool_starts(call.clone(), name.clone(), &arguments);
                self.push(Command::Checkpoint);
                self.push(Command::RunTool { call, name, arguments });
            }
            Asked::Repeated => {}
            Asked::TooMany => {
                let output = Spoken::new(r#"{"error":"too_many_tool_calls"}"#);
                self.tell_agent(AgentCommand::ToolOutput { call, output });
            }
        }
    }

    /// The caller hears that it takes a while, unless there is anything else to hear. It is asked for past all requests
    /// that wait for an answer, because it is none: the agent still goes on when the outputs are in.
    fn tool_is_slow(&mut self, at: At, call: &ToolCallId, filler: Spoken) {
        let quiet = self.life == Life::Talking
            && self.link.is_up()
            && self.floor.is_free()
            && self.asks.is_empty()
            && !self.playback.is_playing();
        if !quiet || filler.is_empty() || !self.tools.lacks_filler(call) {
            return;
        }
        self.tools.filler_said(call);
        self.asks.filler_sent();
        self.floor.owe(at, Debt::Aside);
        self.timers.set(Timer::AskAgain, Some(at.saturating_add(FILLER_BEGINS)));
        self.tell_agent(AgentCommand::Say(filler));
    }

    /// An answer nobody waits for any more still tells what was done: the journal and the record learn it, the agent was
    /// told otherwise and is not told twice.
    fn tool_answered(&mut self, at: At, answer: ToolAnswer) {
        let ToolAnswer { call, output, outcome, error, kept, facts } = answer;
        let tool = self.tools.answered(&call);
        let before = self.conversation.tool_done(&call, &output);
        if tool.is_none() && before != Some(ToolStage::Unknown) {
            return self.ignore();
        }
        self.push(Command::Checkpoint);
        if tool.is_some() {
            self.tell_output(call, output);
        }
        for fact in facts {
            self.publish(CallEvent::Fact(fact));
        }
        if let Some(tool) = tool {
            let Running { call, name, .. } = &tool;
            let (call, name, took_ms) = (call.0.clone(), name.clone(), took(at, &tool));
            self.publish(CallEvent::ToolRun { call, name, took_ms, outcome, error, kept });
        }
    }

    /// The agent does not want it any more: it expects no answer, and nothing to go on from.
    pub(super) fn tool_taken_back(&mut self, at: At, call: &ToolCallId) {
        let Some(tool) = self.tools.cancelled(call) else { return self.ignore() };
        self.conversation.tool_lost(call);
        self.push(Command::Checkpoint);
        self.cancel(at, tool);
    }

    pub(super) fn tool_overdue(&mut self, at: At) {
        while let Some(tool) = self.tools.take_overdue(at) {
            self.conversation.tool_lost(&tool.call);
            self.push(Command::Checkpoint);
            self.push(Command::CancelTool { call: tool.call.clone() });
            self.tell_output(tool.call.clone(), Spoken::new(r#"{"error":"timeout"}"#));
            self.publish(unanswered(at, tool, ToolOutcome::TimedOut));
        }
    }

    /// Nobody waits for the tools any more.
    pub(super) fn cancel_tools(&mut self, at: At) {
        let tools = self.tools.take_all();
        for tool in &tools {
            self.conversation.tool_lost(&tool.call);
        }
        if !tools.is_empty() {
            self.push(Command::Checkpoint);
        }
        for tool in tools {
            self.cancel(at, tool);
        }
    }

    fn cancel(&mut self, at: At, tool: Running) {
        self.push(Command::CancelTool { call: tool.call.clone() });
        self.publish(unanswered(at, tool, ToolOutcome::Cancelled));
    }

    /// A link that is up asked for it, or was dialled while it ran: its history leaves the call open. One being dialled
    /// has such a history too, unless its dial is only being decided; one dialled later finds the answer there.
    fn tell_output(&mut self, call: ToolCallId, output: Spoken) {
        let told = AgentCommand::ToolOutput { call, output };
        let dial_is_taken = !self.commands.iter().any(|command| matches!(command, Command::Dial { .. }));
        if self.link.is_up() {
            self.tell_agent(told);
        } else if self.link.is_dialing() && dial_is_taken {
            self.untold.push(told);
        }
    }
}

/// A run whose answer nobody knows.
fn unanswered(at: At, tool: Running, outcome: ToolOutcome) -> CallEvent {
    let error = (outcome == ToolOutcome::TimedOut).then(|| "timeout".to_owned());
    CallEvent::ToolRun { took_ms: took(at, &tool), call: tool.call.0, name: tool.name, outcome, error, kept: None }
}

fn took(at: At, tool: &Running) -> u64 {
    millis(at.saturating_sub(tool.asked))
}
