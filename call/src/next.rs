//! The way out: why the call leaves, where to, what has to be heard before, and who may still stop it.
//!
//! Before it: whoever wants the call to leave. After it: [`crate::life`], which holds the departure, and [`crate::call`],
//! which waits for the farewell. The order at the end is the one Twilio needs: last audio, its mark back, a tail for the
//! far phone's jitter buffer, then the hang-up (`docs/protocols/twilio.md`, farewell).

use crate::{EndBy, EndReason, NextStep};

/// How the stream is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The telephone call ends.
    HangUp,
    /// The telephone call goes on with the step the call has noted.
    Leave(Step),
}

/// What kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Another worker goes on.
    Worker,
    /// Somebody or something else: a person, a room, a queue, keys.
    Place,
    /// Words of regret.
    Apology,
}

/// Who may still stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stoppable {
    /// A caller who speaks before the farewell was heard. One who says goodbye back does not.
    BeforeTail,
    /// A caller who speaks at any time.
    Always,
    /// Nobody.
    Not,
}

/// What has to be over, besides all audio being heard, before the call leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// What the agent is saying or was asked to say.
    Words,
    /// Also tools that run, a caller who speaks and the answer they wait for: the farewell may come with it.
    Answers,
    /// Also the transcript of the caller's words: another worker has to know them.
    Pause,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Last words are said.
    Saying,
    /// They were played; the far phone may still hold them.
    Tail,
}

/// A call on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) reason: EndReason,
    pub(crate) way: Way,
    pub(crate) stoppable: Stoppable,
    pub(crate) patience: Patience,
    pub(crate) stage: Stage,
}

impl Departure {
    /// The agent said goodbye, or a person at the console ends the call politely.
    pub(crate) fn finish(by: EndBy) -> Self {
        match by {
            EndBy::Agent => Self::hang_up(EndReason::AgentHungUp, Stoppable::BeforeTail, Patience::Answers),
            EndBy::Operator => Self::hang_up(EndReason::OperatorHungUp, Stoppable::Not, Patience::Words),
            EndBy::Budget => Self::hang_up(EndReason::Budget, Stoppable::Not, Patience::Words),
        }
    }

    /// Whether the agent has been asked to say that time is up.
    pub(crate) fn is_out_of_time(&self) -> bool {
        matches!(self.reason, EndReason::TimeLimit | EndReason::Budget)
    }

    /// It was silent for too long.
    pub(crate) fn silence() -> Self {
        Self::hang_up(EndReason::Silence, Stoppable::Always, Patience::Words)
    }

    /// The call reached its maximum length.
    pub(crate) fn time_limit() -> Self {
        Self::hang_up(EndReason::TimeLimit, Stoppable::Not, Patience::Words)
    }

    /// There is no agent any more; what it said before is still being played. The telephone network apologises: a line
    /// that just goes dead says nothing.
    pub(crate) fn agent_gone() -> Self {
        let step = Way::Leave(Step::Apology);
        Self { way: step, ..Self::hang_up(EndReason::AgentUnavailable, Stoppable::Not, Patience::Words) }
    }

    /// The call goes elsewhere. Another worker has to know what the caller is saying; a place the agent announced only
    /// wants the announcement heard. A caller who interrupts it is answered and then put through all the same: the agent
    /// has no means to take back a step it was told will be taken.
    pub(crate) fn to(step: &NextStep) -> Self {
        let (step, patience) = match step {
            NextStep::Resume => (Step::Worker, Patience::Pause),
            NextStep::Apologize => (Step::Apology, Patience::Answers),
            NextStep::HangUp
            | NextStep::Transfer { .. }
            | NextStep::Conference { .. }
            | NextStep::Queue { .. }
            | NextStep::Digits { .. } => (Step::Place, Patience::Answers),
        };
        Self { way: Way::Leave(step), ..Self::hang_up(EndReason::Moved, Stoppable::Not, patience) }
    }

    fn hang_up(reason: EndReason, stoppable: Stoppable, patience: Patience) -> Self {
        Self { reason, way: Way::HangUp, stoppable, patience, stage: Stage::Saying }
    }

    /// Whether a caller who begins to speak now stops it.
    pub(crate) fn yields_to_caller(&self) -> bool {
        match self.stoppable {
            Stoppable::BeforeTail => self.stage == Stage::Saying,
            Stoppable::Always => true,
            Stoppable::Not => false,
        }
    }

    /// Who wins when the call leaves already. Of two wishes of the agent the first counts; a place is better than another
    /// worker or an apology; an operator overrules the agent; and a departure the caller could stop gives way to one
    /// nobody can.
    pub(crate) fn gives_way_to(&self, other: &Departure) -> bool {
        let to_place = other.way == Way::Leave(Step::Place);
        let by_operator = other.reason == EndReason::OperatorHungUp;
        match (self.way, self.reason) {
            (_, EndReason::AgentHungUp) if to_place => false,
            (Way::Leave(Step::Place), _) => by_operator,
            (Way::Leave(Step::Worker), _) => to_place || by_operator,
            (Way::Leave(Step::Apology), _) => to_place,
            (Way::HangUp, _) => self.stoppable != Stoppable::Not && other.stoppable == Stoppable::Not,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_said_back_does_not_stop_the_agent_but_any_word_ends_a_silence() {
        let tail = |departure: Departure| Departure { stage: Stage::Tail, ..departure };
        assert!(Departure::finish(EndBy::Agent).yields_to_caller());
        assert!(!tail(Departure::finish(EndBy::Agent)).yields_to_caller());
        assert!(tail(Departure::silence()).yields_to_caller());
        assert!(!Departure::time_limit().yields_to_caller());
    }

    #[test]
    fn an_operator_overrules_the_agent_and_not_the_reverse() {
        let agent = Departure::finish(EndBy::Agent);
        let operator = Departure::finish(EndBy::Operator);
        assert!(agent.gives_way_to(&operator));
        assert!(!operator.gives_way_to(&agent));
        assert!(!agent.gives_way_to(&agent));
        assert!(!operator.gives_way_to(&Departure::to(&NextStep::Resume)));
    }

    #[test]
    fn of_two_wishes_of_the_agent_the_first_counts_and_a_place_is_better_than_another_worker() {
        let goodbye = Departure::finish(EndBy::Agent);
        let place = Departure::to(&NextStep::Queue { queue: "support".to_owned() });
        let worker = Departure::to(&NextStep::Resume);
        assert!(!goodbye.gives_way_to(&place));
        assert!(!place.gives_way_to(&goodbye));
        assert!(!place.gives_way_to(&place));
        assert!(!place.gives_way_to(&worker));
        assert!(worker.gives_way_to(&place));
        assert!(Departure::agent_gone().gives_way_to(&place));
        assert!(Departure::silence().gives_way_to(&place));
        assert!(place.gives_way_to(&Departure::finish(EndBy::Operator)));
        assert!(worker.gives_way_to(&Departure::finish(EndBy::Operator)));
        assert!(!place.gives_way_to(&Departure::time_limit()));
    }
}
