//! Tools: each runs once, is written down before it runs, and is answered once to every link that asks for it.

use super::{Promise, Promises};
use crate::line::Line;
use crate::plan::{FILLER, Plan};
use call::{
    AgentInput, Command, ControlInput, Conversation, Input, Journal, LineInput, Spoken, ToolCallId, ToolInput,
    ToolStage,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Going,
    Over,
}

/// What has been seen of tools.
#[derive(Default)]
pub(super) struct Seen {
    /// Tools that were run, and when they were asked for.
    runs: BTreeMap<ToolCallId, (Run, u64)>,
    /// Calls that the history of the agent's session, or its own questions, leave open.
    open: BTreeMap<ToolCallId, u64>,
    /// Since when the session is ready to be told.
    ready_since: Option<u64>,
    /// The journal as the last checkpoint has it, and before the call began.
    stored: Vec<Journal>,
    /// Whether the call is on its end: nobody is told anything any more.
    over: bool,
    /// Results were told that nobody has gone on from.
    unused: bool,
    /// The tool that has just said it is slow, and those the caller has heard of.
    slow: Option<ToolCallId>,
    said: BTreeSet<ToolCallId>,
    /// Whether the next answer is a filler.
    filler_asked: bool,
}

impl Seen {
    pub(super) fn is_running(&self) -> bool {
        self.runs.values().any(|(run, _)| *run == Run::Going)
    }

    pub(super) fn agent_gone(&mut self) {
        self.open.clear();
        self.ready_since = None;
        (self.unused, self.filler_asked) = (false, false);
    }

    pub(super) fn reply_began(&mut self) {
        if !std::mem::take(&mut self.filler_asked) {
            self.unused = false;
        }
    }

    pub(super) fn goes_on(&mut self) {
        self.unused = false;
    }
}

impl Promises {
    /// Nothing was seen yet; tools of `before` ran at another worker.
    pub(crate) fn of(before: &Conversation) -> Self {
        let runs = before.tools.iter().map(|entry| (entry.call.clone(), (Run::Over, 0))).collect();
        let tools = Seen { runs, stored: before.tools.clone(), ..Seen::default() };
        Self { tools, ..Self::default() }
    }

    /// The conversation was stored.
    pub(crate) fn stored(&mut self, conversation: &Conversation) {
        self.tools.stored.clone_from(&conversation.tools);
    }

    /// A new link is dialled with this history.
    pub(crate) fn dialled(&mut self, now: u64, conversation: &Conversation, session: u32) {
        self.session = session;
        let started = conversation.tools.iter().filter(|entry| entry.stage == ToolStage::Started);
        self.tools.open = started.map(|entry| (entry.call.clone(), now)).collect();
    }

    pub(super) fn before_tools(&mut self, now: u64, input: &Input) {
        self.tools.slow = None;
        match input {
            Input::Line(LineInput::Stopped | LineInput::Lost)
            | Input::Control(ControlInput::HangUp | ControlInput::Fenced) => self.tools.over = true,
            Input::Agent(AgentInput::Ready) => self.tools.ready_since = Some(now),
            Input::Agent(AgentInput::ToolAsked { call, .. }) if self.ready && !self.tools.runs.contains_key(call) => {
                self.tools.open.insert(call.clone(), now);
            }
            Input::Agent(AgentInput::ToolCancelled { call }) if self.ready => {
                self.tools.open.remove(call);
            }
            Input::Agent(AgentInput::CallerStarted { .. }) => self.tools.unused = false,
            Input::Agent(AgentInput::CallerStopped { .. }) => self.tools.filler_asked = false,
            Input::Tool(ToolInput::Slow { call, .. }) => self.tools.slow = Some(call.clone()),
            _ => {}
        }
    }

    pub(super) fn tool_runs(&mut self, now: u64, call: &ToolCallId) {
        let new = self.tools.runs.insert(call.clone(), (Run::Going, now)).is_none();
        self.keep(Promise::ToolsRunOnce, now, new, || format!("{call:?} runs twice"));
        let entry = self.tools.stored.iter().find(|entry| entry.call == *call);
        let written = entry.is_some_and(|entry| entry.stage == ToolStage::Started);
        self.keep(Promise::ToolsAreWrittenDown, now, written, || format!("{call:?} runs, but no checkpoint says so"));
    }

    pub(super) fn tool_cancelled(&mut self, now: u64, call: &ToolCallId) {
        let running = self.tools.runs.get_mut(call).filter(|(run, _)| *run == Run::Going);
        let was = running.map(|(run, _)| *run = Run::Over);
        self.keep(Promise::ToolsAreAnswered, now, was.is_some(), || format!("{call:?} cancelled, but does not run"));
    }

    pub(super) fn tool_told(&mut self, now: u64, call: &ToolCallId) {
        if let Some((run, _)) = self.tools.runs.get_mut(call) {
            *run = Run::Over;
        }
        let asked = self.tools.ready_since.is_some() && self.tools.open.remove(call).is_some();
        self.keep(Promise::ToolsAreAnswered, now, asked, || format!("{call:?} answered, but this link does not ask"));
        self.tools.unused = true;
    }

    /// A tool that answers while no link can be told is over, too.
    pub(crate) fn tool_ran(&mut self, call: &str) {
        if let Some((run, _)) = self.tools.runs.get_mut(&ToolCallId(call.to_owned())) {
            *run = Run::Over;
        }
    }

    pub(super) fn says(&mut self, now: u64, words: &Spoken, line: &Line) {
        if words.reveal() != FILLER {
            return;
        }
        self.tools.filler_asked = true;
        let slow =
            self.tools.slow.take().filter(|call| self.tools.runs.get(call).is_some_and(|run| run.0 == Run::Going));
        let first = slow.is_some_and(|call| self.tools.said.insert(call));
        self.keep(Promise::FillersAreAsides, now, first, || "nobody is slow, or the caller knows".to_owned());
        let playing = line.quiet_from() > now;
        self.keep(Promise::FillersAreAsides, now, !playing, || "a filler over the agent's words".to_owned());
    }

    pub(super) fn nothing_to_go_on_from(&mut self, now: u64) {
        let unused = self.has_results();
        self.keep(Promise::ResultsAreUsed, now, !unused, || "silence, though results are in".to_owned());
    }

    /// Whether the agent has been told all it asked for, and nothing came of it.
    pub(crate) fn has_results(&self) -> bool {
        self.tools.unused && self.tools.open.is_empty()
    }

    /// The call ends for this worker: no tool runs, and the stored journal knows it.
    pub(super) fn tools_closed(&mut self, now: u64) {
        let going = self.tools.runs.iter().find(|(_, (run, _))| *run == Run::Going).map(|(call, _)| call.clone());
        self.keep(Promise::ToolsAreAnswered, now, going.is_none(), || format!("{going:?} is left running"));
        let started = self.tools.stored.iter().any(|entry| entry.stage == ToolStage::Started);
        self.keep(Promise::ToolsAreWrittenDown, now, self.fenced || !started, || {
            "a tool is left running in the journal".to_owned()
        });
        self.tools.over = true;
    }

    /// Nobody is told anything after these.
    pub(super) fn tools_end(&mut self, command: &Command) {
        self.tools.over |= matches!(command, Command::HangUp(_) | Command::Leave(_) | Command::Close(_));
    }

    pub(super) fn after_tools(&mut self, now: u64, plan: &Plan) {
        let Some(ready) = self.tools.ready_since.filter(|_| !self.tools.over) else { return };
        let longest = plan.limits.tool_deadline.as_millis() as u64;
        let late = self.tools.open.iter().find(|(call, since)| {
            let asked = self.tools.runs.get(*call).map_or(**since, |(_, asked)| *asked);
            now > ready.max(asked + longest) + 10
        });
        let late = late.map(|(call, _)| call.clone());
        self.keep(Promise::ToolsAreAnswered, now, late.is_none(), || format!("{late:?} is not answered"));
    }
}
