//! What the core promises, checked against what really happened.
//!
//! Here: the end, silence, bounds, one at a time. What was heard is in `promises/heard.rs`, tools in `promises/tools.rs`, the
//! agent's providers and the places a call goes to in `promises/ways.rs`.

mod heard;
mod tools;
mod ways;

use crate::line::{Line, Utterance};
use crate::plan::{LONGEST_STALL, Plan};
use call::{
    AgentCommand, AgentInput, CallEvent, Command, ControlInput, Conversation, Cue, EndReason, Input, LineInput, Pass,
    Turn,
};
use std::collections::{BTreeMap, BTreeSet};

/// A promise of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    EndsOnce,
    SilentWhenOver,
    EndsInTime,
    NoLateAudio,
    ToolsAreAnswered,
    FencedIsSilent,
    Bounded,
    HeardIsTrue,
    HeardIsClose,
    TurnsInOrder,
    SilenceIsSilence,
    FarewellIsHeard,
    OneAtATime,
    TurnsAreStored,
    ToolsRunOnce,
    ToolsAreWrittenDown,
    ResultsAreUsed,
    FillersAreAsides,
    FallbacksInOrder,
    NobodyIsLeftInSilence,
    PlacesAreReached,
    VersionsAreTrue,
}

impl Promise {
    pub(crate) const ALL: [Promise; 22] = [
        Promise::EndsOnce,
        Promise::SilentWhenOver,
        Promise::EndsInTime,
        Promise::NoLateAudio,
        Promise::ToolsAreAnswered,
        Promise::FencedIsSilent,
        Promise::Bounded,
        Promise::HeardIsTrue,
        Promise::HeardIsClose,
        Promise::TurnsInOrder,
        Promise::SilenceIsSilence,
        Promise::FarewellIsHeard,
        Promise::OneAtATime,
        Promise::TurnsAreStored,
        Promise::ToolsRunOnce,
        Promise::ToolsAreWrittenDown,
        Promise::ResultsAreUsed,
        Promise::FillersAreAsides,
        Promise::FallbacksInOrder,
        Promise::NobodyIsLeftInSilence,
        Promise::PlacesAreReached,
        Promise::VersionsAreTrue,
    ];
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "shown by Debug")]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) at: u64,
    pub(crate) why: String,
}

/// What has been seen of one call.
#[derive(Default)]
pub(crate) struct Promises {
    pub(crate) broken: Option<Broken>,
    fenced: bool,
    ended: u32,
    closed: Option<u64>,
    started: bool,
    /// Whether the agent's session is.
    ready: bool,
    line_gone: Option<u64>,
    tools: tools::Seen,
    ways: ways::Seen,
    /// Answers begun, in the agent's current session, and those that were cut.
    begun: BTreeSet<(u32, u32)>,
    cut: BTreeSet<(u32, u32)>,
    running: Option<u32>,
    session: u32,
    caller_speaks: Option<call::ItemId>,
    leaving_since: Option<u64>,
    last_heard: u64,
    received: BTreeMap<Utterance, u64>,
    turns: BTreeMap<u32, Turn>,
    unstored: bool,
    commands_at_once: usize,
}

impl Promises {
    fn keep(&mut self, promise: Promise, at: u64, kept: bool, why: impl FnOnce() -> String) {
        if !kept && self.broken.is_none() {
            self.broken = Some(Broken { promise, at, why: why() });
        }
    }

    /// An input is about to be handed in. The session is the agent's.
    pub(crate) fn before(&mut self, now: u64, input: &Input, session: u32) {
        self.commands_at_once = 0;
        if self.session != session {
            self.session = session;
            self.agent_gone(now);
        }
        self.before_tools(now, input);
        self.before_ways(now, input);
        match input {
            Input::Control(ControlInput::Fenced) => self.fenced |= self.closed.is_none(),
            Input::Control(ControlInput::Finish(_) | ControlInput::Leave(_)) => {
                self.leaving_since.get_or_insert(now);
            }
            Input::Line(LineInput::Stopped | LineInput::Lost) => {
                self.line_gone.get_or_insert(now);
            }
            Input::Line(LineInput::Started) if !self.started => (self.started, self.last_heard) = (true, now),
            Input::Line(LineInput::Pressed(_)) => self.last_heard = now,
            Input::Agent(AgentInput::Ready) => self.ready = true,
            Input::Agent(input) if self.ready => self.before_agent(now, input),
            Input::Agent(_) => {}
            Input::Tool(_) | Input::Line(_) | Input::Control(_) | Input::Timeout => {}
        }
    }

    fn before_agent(&mut self, now: u64, input: &AgentInput) {
        match input {
            AgentInput::CallerStarted { item } => {
                (self.caller_speaks, self.last_heard) = (Some(*item), now);
                self.leaving_since = None;
            }
            AgentInput::CallerStopped { item } if self.caller_speaks == Some(*item) => {
                (self.caller_speaks, self.last_heard) = (None, now);
            }
            AgentInput::ReplyStarted { reply } if self.is_newest(reply.0) => {
                self.begun.insert((self.session, reply.0));
                self.running = Some(reply.0);
                self.caller_speaks = None;
                self.reply_began(reply.0);
            }
            AgentInput::ReplyDone { reply, .. } if self.running == Some(reply.0) => self.running = None,
            AgentInput::ReplyDone { reply, .. } if self.is_newest(reply.0) => {
                self.begun.insert((self.session, reply.0));
            }
            AgentInput::Lost(_) => self.agent_gone(now),
            _ => {}
        }
    }

    fn agent_gone(&mut self, now: u64) {
        (self.ready, self.running, self.caller_speaks) = (false, None, None);
        self.tools.agent_gone();
        self.ways.agent_gone(now);
    }

    /// An answer begins; the caller's wait, and the agent's for something to go on from, is over.
    fn reply_began(&mut self, reply: u32) {
        self.tools.reply_began();
        self.ways.reply_began((self.session, reply));
    }

    fn is_newest(&self, reply: u32) -> bool {
        self.begun.range((self.session, reply)..=(self.session, u32::MAX)).next().is_none()
    }

    /// A piece of the agent's audio was decided about.
    pub(crate) fn audio(&mut self, now: u64, utterance: Utterance, length: u64, pass: Pass, line: &Line, plan: &Plan) {
        *self.received.entry(utterance).or_default() += length;
        if pass == Pass::Drop {
            return;
        }
        let reply = (utterance.0, utterance.1);
        self.keep(Promise::SilentWhenOver, now, self.closed.is_none(), || "audio after the end".to_owned());
        self.keep(Promise::NoLateAudio, now, !self.cut.contains(&reply), || {
            format!("audio of {reply:?}, which was cut")
        });
        let waits = line.quiet_from().saturating_sub(now);
        // A stall that has just begun is in the line's end already.
        let stall = if plan.stalls > 0 { LONGEST_STALL } else { 0 };
        let most = plan.limits.max_queued.as_millis() as u64 + slack(plan) + plan.latency + stall;
        self.keep(Promise::Bounded, now, waits <= most, || format!("{waits} ms wait at the line"));
    }

    /// A command came, and the world has done it.
    pub(crate) fn command(&mut self, now: u64, command: &Command, line: &Line, plan: &Plan) {
        self.commands_at_once += 1;
        self.keep(Promise::Bounded, now, self.commands_at_once < 300, || "a flood of commands".to_owned());
        self.keep(Promise::SilentWhenOver, now, self.closed.is_none(), || format!("{command:?} after the end"));
        if self.fenced {
            let silent =
                matches!(command, Command::CancelTool { .. } | Command::DropAgent | Command::Close(EndReason::Fenced));
            self.keep(Promise::FencedIsSilent, now, silent, || format!("{command:?} though fenced"));
        }
        self.tools_end(command);
        match command {
            Command::Clear => self.cut.extend(self.begun.iter().copied()),
            Command::Agent(command) => self.agent_command(now, command, line, plan),
            Command::RunTool { call, .. } => self.tool_runs(now, call),
            Command::CancelTool { call } => self.tool_cancelled(now, call),
            Command::Publish(event) => self.event(now, event, line, plan),
            Command::Checkpoint => self.unstored = false,
            Command::HangUp(reason) => self.hang_up(now, *reason, line, plan),
            Command::Close(reason) => self.close(now, *reason),
            Command::Dial { provider, .. } => {
                self.agent_gone(now);
                self.dials(now, *provider, plan);
            }
            Command::DropAgent => self.agent_gone(now),
            Command::Leave(step) => self.leaves(now, step, line, plan),
            Command::Mark(_) => {}
        }
        self.keep(Promise::Bounded, now, line.marks_out() < 2000, || "marks without end".to_owned());
    }

    fn agent_command(&mut self, now: u64, command: &AgentCommand, line: &Line, plan: &Plan) {
        match command {
            AgentCommand::Cue(cue) => {
                if matches!(cue, Cue::SilencePrompt | Cue::SilenceFarewell) {
                    self.silence(now, line, plan);
                }
                if matches!(cue, Cue::SilenceFarewell | Cue::TimeLimit) {
                    self.leaving_since = Some(now);
                    self.leaves_otherwise();
                }
                self.asks(now, command);
            }
            AgentCommand::Say(words) => {
                self.says(now, words, line);
                self.asks(now, command);
            }
            AgentCommand::Reply => {
                self.tools.goes_on();
                self.asks(now, command);
            }
            AgentCommand::Truncate { item, heard_ms } => self.truncate(now, item.0, u64::from(*heard_ms), line, plan),
            AgentCommand::Cancel { reply } => {
                self.cut.insert((self.session, reply.0));
            }
            AgentCommand::ToolOutput { call, .. } => self.tool_told(now, call),
            AgentCommand::Pressed(_) => {}
        }
    }

    fn asks(&mut self, now: u64, command: &AgentCommand) {
        let free = self.running.is_none() && self.caller_speaks.is_none();
        self.keep(Promise::OneAtATime, now, free, || format!("{command:?} while somebody speaks"));
    }

    fn silence(&mut self, now: u64, line: &Line, plan: &Plan) {
        let playing = line.quiet_from() > now;
        let busy = self.caller_speaks.is_some() || self.running.is_some();
        let tool = self.tools.is_running();
        self.keep(Promise::SilenceIsSilence, now, !playing && !busy && !tool, || {
            format!("silence, but playing: {playing}, speaking: {busy}, tool: {tool}")
        });
        let shortest = plan.limits.silence_prompt.min(plan.limits.silence_end).as_millis() as u64;
        let silent = now - self.last_heard;
        self.keep(Promise::SilenceIsSilence, now, silent >= shortest, || format!("silence after {silent} ms"));
    }

    fn event(&mut self, now: u64, event: &CallEvent, line: &Line, plan: &Plan) {
        match event {
            CallEvent::Turn(turn) => self.turn(now, turn, line, plan),
            CallEvent::SilencePrompted { .. } => {
                self.nothing_to_go_on_from(now);
                self.silence(now, line, plan);
            }
            CallEvent::ToolRun { call, .. } => self.tool_ran(call),
            CallEvent::Ended { .. } => {
                self.ended += 1;
                self.keep(Promise::EndsOnce, now, self.ended == 1, || "it ended twice".to_owned());
            }
            _ => {}
        }
    }

    fn hang_up(&mut self, now: u64, reason: EndReason, line: &Line, plan: &Plan) {
        let polite = matches!(reason, EndReason::AgentHungUp | EndReason::Silence);
        let deadline = plan.limits.farewell_deadline.as_millis() as u64;
        let late = self.leaving_since.is_none_or(|since| now >= since + deadline);
        let heard = line.quiet_from() <= now;
        self.keep(Promise::FarewellIsHeard, now, !polite || late || heard, || {
            format!("hung up {} ms before the last word", line.quiet_from() - now)
        });
        self.leaving_since = None;
        self.hangs_up(now, reason);
    }

    fn close(&mut self, now: u64, reason: EndReason) {
        let (ended, due) = (self.ended, u32::from(!self.fenced));
        self.keep(Promise::EndsOnce, now, ended == due, || format!("ended {ended} times"));
        let fenced = self.fenced == (reason == EndReason::Fenced);
        self.keep(Promise::FencedIsSilent, now, fenced, || format!("closed for {reason:?}"));
        self.keep(Promise::TurnsAreStored, now, self.fenced || !self.unstored, || {
            "a turn without a checkpoint".to_owned()
        });
        self.tools_closed(now);
        self.closed = Some(now);
    }

    /// All commands of an input, or of a piece of audio, were taken.
    pub(crate) fn after(&mut self, now: u64, plan: &Plan) {
        self.after_tools(now, plan);
        self.after_ways(now, plan);
        self.keep(Promise::TurnsAreStored, now, self.fenced || !self.unstored, || {
            "a turn without a checkpoint".to_owned()
        });
        let latest = plan.limits.max_call + plan.limits.farewell_deadline;
        let latest = latest.as_millis() as u64 + 5000 + 10;
        let in_time = now <= latest && self.line_gone.is_none_or(|gone| now <= gone + 1510);
        self.keep(Promise::EndsInTime, now, self.closed.is_some() || in_time, || "the call goes on and on".to_owned());
    }

    /// How large the core has become.
    pub(crate) fn size(&mut self, now: u64, conversation: &Conversation, shown: usize) {
        let turns = conversation.turns.len();
        self.keep(Promise::Bounded, now, turns <= Conversation::LONGEST, || format!("{turns} turns"));
        let tools = conversation.tools.len();
        self.keep(Promise::Bounded, now, tools <= Conversation::MOST_TOOLS, || format!("{tools} tool calls"));
        self.keep(Promise::Bounded, now, shown < 300_000, || format!("{shown} bytes when shown"));
    }
}

/// How far ahead of the ear the core may be: where playing stalls, it learns so only at the next mark.
fn slack(plan: &Plan) -> u64 {
    if plan.stalls > 0 { 2 * plan.latency + plan.chunk + plan.limits.mark_every.as_millis() as u64 } else { 2 }
}
