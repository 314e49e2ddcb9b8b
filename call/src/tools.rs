//! Tool calls in flight: each runs once, is answered once, and the agent goes on when all of its answer's are in.
//!
//! Tools are gathered by the reply that asked for them, because the provider wants one request to go on after all outputs
//! of that reply are in *and* the reply is complete (`docs/protocols/openai-realtime.md`, function calls).
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
}

/// The tools of one call.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    running: Vec<Running>,
    batches: Vec<Batch>,
    seen: VecDeque<ToolCallId>,
}

impl Tools {
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
            self.batches.push(Batch { reply, generating: reply.is_some() });
        }
        if self.running.len() >= MOST_RUNNING {
            return Asked::TooMany;
        }
        let deadline = at.saturating_add(longest);
        self.running.push(Running { call: call.clone(), name: name.to_owned(), asked: at, deadline, reply });
        Asked::Run
    }

    /// A tool answered; `None` when nobody waits for it.
    pub(crate) fn answered(&mut self, call: &ToolCallId) -> Option<Running> {
        let place = self.running.iter().position(|running| running.call == *call)?;
        Some(self.running.remove(place))
    }

    /// Takes a tool that has run for too long.
    pub(crate) fn take_overdue(&mut self, at: At) -> Option<Running> {
        let place = self.running.iter().position(|running| running.deadline <= at)?;
        Some(self.running.remove(place))
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
            batch.generating = false;
        }
    }

    /// Takes the replies whose results are all in; `true` when there was one: the agent may go on.
    pub(crate) fn take_complete(&mut self) -> bool {
        let before = self.batches.len();
        let running = &self.running;
        self.batches.retain(|batch| batch.generating || running.iter().any(|tool| tool.reply == batch.reply));
        self.batches.len() < before
    }

    /// Nobody waits for any of them any more; gives those to cancel.
    pub(crate) fn take_all(&mut self) -> Vec<Running> {
        self.batches.clear();
        std::mem::take(&mut self.running)
    }

    /// Whether nothing runs and no result is waited for.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.batches.is_empty()
    }

    /// When the first one has run for too long.
    pub(crate) fn deadline(&self) -> Option<At> {
        self.running.iter().map(|running| running.deadline).min()
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
    fn too_many_at_once_are_refused() {
        let mut tools = Tools::default();
        for n in 0..MOST_RUNNING {
            assert_eq!(ask(&mut tools, &n.to_string(), 1), Asked::Run);
        }
        assert_eq!(ask(&mut tools, "one more", 1), Asked::TooMany);
        assert_eq!(tools.take_all().len(), MOST_RUNNING);
    }
}
