//! What was heard, and the transcript of it.

use super::{Promise, Promises, slack};
use crate::line::{Line, Utterance};
use crate::plan::Plan;
use call::{Heard, Speaker, Turn};

impl Promises {
    pub(super) fn truncate(&mut self, now: u64, item: u32, heard: u64, line: &Line, plan: &Plan) {
        let utterances: Vec<Utterance> =
            self.received.keys().filter(|(session, _, it)| *session == self.session && *it == item).copied().collect();
        let truth: u64 = utterances.iter().map(|utterance| line.heard(*utterance, now + plan.latency)).sum();
        let received: u64 = utterances.iter().filter_map(|utterance| self.received.get(utterance)).sum();
        self.keep(Promise::HeardIsTrue, now, heard <= truth + slack(plan) && heard <= received, || {
            format!("truncated at {heard} ms of {received}, heard {truth}")
        });
        if plan.lost_marks == 0 {
            let close = truth <= heard + 2 * plan.latency + 2;
            self.keep(Promise::HeardIsClose, now, close, || format!("truncated at {heard} ms, heard {truth}"));
        }
    }

    pub(super) fn turn(&mut self, now: u64, turn: &Turn, line: &Line, plan: &Plan) {
        self.unstored = true;
        if turn.speaker == Speaker::Agent {
            self.agent_turn(now, turn, line, plan);
        }
        let before = self.turns.range(..turn.number).next_back().map(|(_, turn)| turn.started_ms);
        let after = self.turns.range(turn.number..).next().map(|(_, turn)| turn.started_ms);
        let ordered =
            before.is_none_or(|before| before <= turn.started_ms) && after.is_none_or(|after| turn.started_ms <= after);
        let sound = turn.started_ms <= turn.ended_ms && turn.ended_ms <= now;
        self.keep(Promise::TurnsInOrder, now, ordered && sound, || format!("{turn:?}"));
        let new = self.turns.insert(turn.number, turn.clone()).is_none();
        self.keep(Promise::TurnsInOrder, now, new, || format!("{turn:?} twice"));
    }

    fn agent_turn(&mut self, now: u64, turn: &Turn, line: &Line, plan: &Plan) {
        let Some(text) = turn.text.as_ref() else { return };
        let name = text.reveal().split_whitespace().next().unwrap_or_default();
        let Some(&utterance) = self.received.keys().find(|(s, r, i)| format!("u{s}-{r}-{i}") == name) else {
            return self.keep(Promise::HeardIsTrue, now, false, || format!("words nobody said: {turn:?}"));
        };
        self.spoke_with(now, (utterance.0, utterance.1), turn);
        let received = self.received.get(&utterance).copied().unwrap_or_default();
        let heard = match turn.heard {
            Heard::Whole => received,
            Heard::Part { heard_ms, .. } => heard_ms,
        };
        let truth = line.heard(utterance, now + plan.latency);
        let most = truth + slack(plan) + 2 * plan.latency;
        self.keep(Promise::HeardIsTrue, now, heard <= most, || format!("{turn:?}, but heard {truth} of {received}"));
    }
}
