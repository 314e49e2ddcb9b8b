//! What the agent is to be asked to say: one thing at a time, when nobody speaks and nothing is owed.
//!
//! Providers refuse a request while an answer is being generated, and one made while the caller speaks makes the agent talk
//! over them. So requests wait here. An answer that begins meanwhile overtakes those that only wanted the agent to go on.
//!
//! Before it: watchdogs, tools, operators. After it: [`crate::call`], which sends what is taken.

use crate::{AgentCommand, Cue};
use std::collections::VecDeque;

/// Requests that may wait; more are refused. An operator would have to type that many sentences during one answer.
const MOST_WAITING: usize = 16;

/// What an answer answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// A request.
    Wish(AgentCommand),
    /// Words while a tool runs: never repeated, and no answer to anything else that was asked.
    Filler,
}

/// Requests waiting, sent and being answered.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    waiting: VecDeque<AgentCommand>,
    /// Sent; its answer has not begun.
    sent: Option<Ask>,
    /// What the running answer answers, when it was asked for.
    answered: Option<Ask>,
}

impl Asks {
    /// Adds a request, once; `false` when too many wait.
    pub(crate) fn push(&mut self, ask: AgentCommand) -> bool {
        if is_occasion(&ask) && self.waiting.contains(&ask) {
            return true;
        }
        let fits = self.waiting.len() < MOST_WAITING;
        if fits {
            self.waiting.push_back(ask);
        }
        fits
    }

    /// Adds a request before all others.
    pub(crate) fn push_first(&mut self, ask: AgentCommand) {
        if !self.waiting.contains(&ask) {
            self.waiting.push_front(ask);
            self.waiting.truncate(MOST_WAITING);
        }
    }

    /// The next request; it counts as sent.
    pub(crate) fn send_next(&mut self) -> Option<AgentCommand> {
        let ask = self.waiting.pop_front()?;
        self.sent = Some(Ask::Wish(ask.clone()));
        Some(ask)
    }

    /// A filler is sent, past all that waits.
    pub(crate) fn filler_sent(&mut self) {
        self.sent = Some(Ask::Filler);
    }

    /// What was sent is given up: the next answer is not it.
    pub(crate) fn give_up(&mut self) {
        self.sent = None;
    }

    /// The next request.
    pub(crate) fn peek(&self) -> Option<&AgentCommand> {
        self.waiting.front()
    }

    /// Drops the next request unsent.
    pub(crate) fn skip(&mut self) {
        self.waiting.pop_front();
    }

    /// An answer begins; gives what it answers, if it was asked for.
    pub(crate) fn answer_began(&mut self) -> Option<Ask> {
        self.answered = self.sent.take();
        if self.answered != Some(Ask::Filler) {
            self.waiting.retain(outlives_an_answer);
        }
        self.answered.clone()
    }

    /// An answer is complete; gives what it answered.
    pub(crate) fn answer_done(&mut self) -> Option<Ask> {
        self.answered.take()
    }

    /// The caller's words will be answered next: what was sent before them is not told from that answer.
    pub(crate) fn caller_stopped(&mut self) {
        self.sent = None;
    }

    /// The caller is there: nobody needs to be asked about it, nor be taken leave of for silence.
    pub(crate) fn caller_started(&mut self) {
        self.waiting.retain(|ask| !is_about_silence(ask));
    }

    /// The agent is lost. A sentence it was asked to say and had not begun waits again.
    pub(crate) fn agent_lost(&mut self) {
        self.answered = None;
        let sent = self.sent.take();
        self.waiting.retain(|ask| outlives_an_answer(ask) && !is_about_silence(ask));
        if let Some(Ask::Wish(ask @ AgentCommand::Say(_))) = sent {
            self.push_first(ask);
        }
    }

    /// Forgets all that waits.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Requests that make no sense twice.
fn is_occasion(ask: &AgentCommand) -> bool {
    matches!(ask, AgentCommand::Cue(_) | AgentCommand::Reply)
}

/// Requests another answer does not make superfluous.
fn outlives_an_answer(ask: &AgentCommand) -> bool {
    matches!(ask, AgentCommand::Say(_) | AgentCommand::Cue(Cue::TimeLimit | Cue::SilenceFarewell))
}

fn is_about_silence(ask: &AgentCommand) -> bool {
    matches!(ask, AgentCommand::Cue(Cue::SilencePrompt | Cue::SilenceFarewell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spoken;

    fn say() -> AgentCommand {
        AgentCommand::Say(Spoken::new("Your taxi is here."))
    }

    #[test]
    fn an_answer_that_begins_overtakes_a_request_to_go_on_but_not_a_sentence() {
        let mut asks = Asks::default();
        asks.push(AgentCommand::Reply);
        asks.push(say());
        asks.push(AgentCommand::Reply);
        assert_eq!(asks.answer_began(), None);
        assert_eq!(asks.send_next(), Some(say()));
        assert_eq!(asks.send_next(), None);
    }

    #[test]
    fn a_sentence_not_begun_when_the_agent_is_lost_is_asked_for_again() {
        let mut asks = Asks::default();
        asks.push(say());
        asks.send_next();
        asks.agent_lost();
        assert_eq!(asks.send_next(), Some(say()));
        asks.answer_began();
        asks.agent_lost();
        assert!(asks.is_empty());
    }

    #[test]
    fn a_filler_overtakes_nothing_and_is_not_said_again() {
        let mut asks = Asks::default();
        asks.filler_sent();
        asks.push(AgentCommand::Reply);
        assert_eq!(asks.answer_began(), Some(Ask::Filler));
        assert_eq!(asks.peek(), Some(&AgentCommand::Reply));
        asks.filler_sent();
        asks.agent_lost();
        assert!(asks.is_empty());
    }

    #[test]
    fn too_many_requests_are_refused() {
        let mut asks = Asks::default();
        for _ in 0..MOST_WAITING {
            assert!(asks.push(say()));
        }
        assert!(!asks.push(say()));
    }
}
