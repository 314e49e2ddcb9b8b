//! Tool calls in flight: each runs once, is answered once, and the agent goes on when all of its answer's are in.
//!
//! Tools are gathered by the reply that asked for them, because the provider wants one request to go on after all outputs
//! of that reply are in *and* the reply is complete (`docs/protocols/openai-realtime.md`, function calls). When the link is
//! lost its tools run on: they become one batch, whose results the next link wants.
//!
//! Before it: the agent, which asks. After it: [`crate::call`], which runs, answers and cancels. It never reads arguments
//! or outputs.

use crate::{At, ReplyId, ToolCallId};
use std::collections::VecDeque;
use std::time::Duration;

/// Tools that may run at the same time. A model that asks for more is told so. Higher lets one confused answer start a
/// flood of requests; lower refuses honest parallel look-ups.
const MOST_RUNNING: usize = 16;

/// How many names of tool calls are remembered so that a repeated one is not run again. Providers repeat a call within
/// the answer that made it, so this is far more than needed.
const REMEMBERED: usize = 256;

/// A tool that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) call: ToolCallId,
    pub(crate) name: String,
    pub(crate) asked: At,
    deadline: At,
    reply: Option<ReplyId>,
    filler: Filler,
}

/// Whether the caller was told that this tool takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filler {
    Unsaid,
    Said,
}

/// What to do about a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Run it.
    Run,
    /// It was asked for before.
    Repeated,
    /// Too many are running: say so instead.
    TooMany,
}

/// A reply whose tool results the agent waits for.
#[derive(Debug)]
struct Batch {
    reply: Option<ReplyId>,
    generating: bool,
    results: Results,
}

/// Whether the agent was told anything it has to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Results {
    None,
    Some,
}

/// The tools of one call.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    running: Vec<Running>,
    batches: Vec<Batch>,
    seen: VecDeque<ToolCallId>,
}

impl Tools {
    /// None runs; these calls were asked for before, at another worker.
    pub(crate) fn knowing<'a>(calls: impl Iterator<Item = &'a ToolCallId>) -> Self {
        Self { seen: calls.cloned().collect(), ..Self::default() }
    }

    /// The agent asks for a tool within `reply`; `None` when it is not within an answer being generated.
    pub(crate) fn ask(
        &mut self,
        at: At,
        call: &ToolCallId,
        name: &str,
        reply: Option<ReplyId>,
        longest: Duration,
    ) -> Asked {
        if self.seen.contains(call) {
            return Asked::Repeated;
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(call.clone());
        if !self.batches.iter().any(|batch| batch.reply == reply) {
            self.batches.push(Batch { reply, generating: reply.is_some(), results: Results::None });
        }
        if self.running.len() >= MOST_RUNNING {
            self.has_result(reply);
            return Asked::TooMany;
        }
        let deadline = at.saturating_add(longest);
        let (call, name) = (call.clone(), name.to_owned());
        self.running.push(Running { call, name, asked: at, deadline, reply, filler: Filler::Unsaid });
        Asked::Run
    }

    /// A tool answered; `None` when nobody waits for it.
    pub(crate) fn answered(&mut self, call: &ToolCallId) -> Option<Running> {
        let tool = self.cancelled(call)?;
        self.has_result(tool.reply);
        Some(tool)
    }

    /// A tool is not wanted any more; `None` when it does not run.
    pub(crate) fn cancelled(&mut self, call: &ToolCallId) -> Option<Running> {
        let place = self.running.iter().position(|running| running.call == *call)?;
        Some(self.running.remove(place))
    }

    /// Takes a tool that has run for too long; the agent is told so.
    pub(crate) fn take_overdue(&mut self, at: At) -> Option<Running> {
        let overdue = self.running.iter().find(|running| running.deadline <= at)?.call.clone();
        self.answered(&overdue)
    }

    /// Whether the caller is to hear that this tool takes a while: it runs, and they have not heard so.
    pub(crate) fn lacks_filler(&self, call: &ToolCallId) -> bool {
        self.running.iter().any(|running| running.call == *call && running.filler == Filler::Unsaid)
    }

    /// The caller is told that this tool takes a while.
    pub(crate) fn filler_said(&mut self, call: &ToolCallId) {
        for running in self.running.iter_mut().filter(|running| running.call == *call) {
            running.filler = Filler::Said;
        }
    }

    /// The link is lost: its answers are over, its tools run on, and whoever comes next wants the results.
    pub(crate) fn agent_lost(&mut self) {
        if self.is_idle() {
            return;
        }
        let some = self.batches.iter().any(|batch| batch.results == Results::Some);
        let results = if some { Results::Some } else { Results::None };
        self.batches = vec![Batch { reply: None, generating: false, results }];
        for running in &mut self.running {
            running.reply = None;
        }
    }

    /// The reply is complete and asks for no more tools.
    pub(crate) fn reply_done(&mut self, reply: ReplyId) {
        for batch in &mut self.batches {
            if batch.reply == Some(reply) {
                batch.generating = false;
            }
        }
    }

    /// A newer reply began: it knows all results that are in, and those before it are complete, though nobody said so.
    pub(crate) fn reply_began(&mut self) {
        let running = &self.running;
        self.batches.retain(|batch| running.iter().any(|tool| tool.reply == batch.reply));
        for batch in &mut self.batches {
            (batch.generating, batch.results) = (false, Results::None);
        }
    }

    /// Takes the replies whose results are all in; `true` when there was a result: the agent may go on.
    pub(crate) fn take_complete(&mut self) -> bool {
        let running = &self.running;
        let is_complete = |batch: &Batch| !batch.generating && !running.iter().any(|tool| tool.reply == batch.reply);
        let some = self.batches.iter().any(|batch| is_complete(batch) && batch.results == Results::Some);
        self.batches.retain(|batch| !is_complete(batch));
        some
    }

    /// Nobody waits for any of them any more; gives those to cancel.
    pub(crate) fn take_all(&mut self) -> Vec<Running> {
        self.batches.clear();
        std::mem::take(&mut self.running)
    }

    /// Whether any tool runs.
    pub(crate) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether nothing runs and no result is waited for.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.batches.is_empty()
    }

    /// When the first one has run for too long.
    pub(crate) fn deadline(&self) -> Option<At> {
        self.running.iter().map(|running| running.deadline).min()
    }

    fn has_result(&mut self, reply: Option<ReplyId>) {
        for batch in self.batches.iter_mut().filter(|batch| batch.reply == reply) {
            batch.results = Results::Some;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn id(name: &str) -> ToolCallId {
        ToolCallId(name.to_owned())
    }

    fn ask(tools: &mut Tools, name: &str, reply: u32) -> Asked {
        tools.ask(SECOND, &id(name), "look_up", Some(ReplyId(reply)), SECOND)
    }

    #[test]
    fn the_agent_goes_on_when_all_results_are_in_and_the_reply_is_done() {
        let mut tools = Tools::default();
        ask(&mut tools, "a", 1);
        ask(&mut tools, "b", 1);
        assert!(tools.answered(&id("a")).is_some());
        assert!(!tools.take_complete());
        assert!(tools.answered(&id("b")).is_some());
        assert!(!tools.take_complete());
        tools.reply_done(ReplyId(1));
        assert!(tools.take_complete());
        assert!(!tools.take_complete());
        assert!(tools.is_idle());
    }

    #[test]
    fn a_tool_call_runs_once_however_often_it_is_named() {
        let mut tools = Tools::default();
        assert_eq!(ask(&mut tools, "a", 1), Asked::Run);
        assert_eq!(ask(&mut tools, "a", 1), Asked::Repeated);
        tools.answered(&id("a"));
        assert_eq!(ask(&mut tools, "a", 2), Asked::Repeated);
        assert_eq!(tools.answered(&id("a")), None);
    }

    #[test]
    fn replies_wait_for_their_own_tools_only() {
        let mut tools = Tools::default();
        ask(&mut tools, "slow", 1);
        tools.reply_done(ReplyId(1));
        ask(&mut tools, "fast", 2);
        tools.reply_done(ReplyId(2));
        tools.answered(&id("fast"));
        assert!(tools.take_complete());
        assert!(!tools.is_idle());
        assert_eq!(tools.take_overdue(SECOND), None);
        assert_eq!(tools.take_overdue(2 * SECOND).map(|tool| tool.call), Some(id("slow")));
        assert!(tools.take_complete());
    }

    #[test]
    fn a_tool_taken_back_is_not_waited_for_and_alone_is_nothing_to_go_on_from() {
        let mut tools = Tools::default();
        ask(&mut tools, "a", 1);
        ask(&mut tools, "b", 1);
        tools.reply_done(ReplyId(1));
        tools.answered(&id("a"));
        assert!(tools.cancelled(&id("b")).is_some());
        assert!(tools.take_complete());
        ask(&mut tools, "c", 2);
        tools.reply_done(ReplyId(2));
        tools.cancelled(&id("c"));
        assert!(!tools.take_complete());
        assert!(tools.is_idle());
    }

    #[test]
    fn tools_of_a_lost_link_run_on_and_the_next_one_waits_for_them() {
        let mut tools = Tools::default();
        ask(&mut tools, "a", 1);
        ask(&mut tools, "b", 2);
        tools.agent_lost();
        tools.answered(&id("a"));
        assert!(!tools.take_complete());
        ask(&mut tools, "c", 1);
        tools.answered(&id("b"));
        assert!(tools.take_complete());
        assert!(tools.is_running());
    }

    #[test]
    fn too_many_at_once_are_refused() {
        let mut tools = Tools::default();
        for n in 0..MOST_RUNNING {
            assert_eq!(ask(&mut tools, &n.to_string(), 1), Asked::Run);
        }
        assert_eq!(ask(&mut tools, "one more", 1), Asked::TooMany);
        assert_eq!(tools.take_all().len(), MOST_RUNNING);
    }
}
