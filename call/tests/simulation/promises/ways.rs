//! Ways: which provider is dialled, where the call goes, and which version of the agent spoke.

use super::{Promise, Promises};
use crate::line::Line;
use crate::plan::Plan;
use call::{AgentInput, ControlInput, EndReason, Input, LineInput, LinkFault, NextStep, Turn};
use std::collections::BTreeMap;

/// What has been seen of ways.
#[derive(Default)]
pub(super) struct Seen {
    provider: u32,
    dials: u32,
    refused: bool,
    /// When the agent was lost last.
    gone_since: Option<u64>,
    /// Somebody wanted to leave in another way than for a place.
    leaves_otherwise: bool,
    /// When somebody first wanted the call to go elsewhere.
    moves_since: Option<u64>,
    /// The place the call was to go to, before anything else was wanted, and since when.
    place: Option<(NextStep, u64)>,
    /// An operator wanted the end.
    operator: bool,
    over: bool,
    version: Option<String>,
    spoken: BTreeMap<(u32, u32), Option<String>>,
}

impl Seen {
    pub(super) fn agent_gone(&mut self, now: u64) {
        self.gone_since = Some(now);
    }

    pub(super) fn reply_began(&mut self, reply: (u32, u32)) {
        self.spoken.insert(reply, self.version.clone());
    }
}

impl Promises {
    pub(super) fn before_ways(&mut self, now: u64, input: &Input) {
        if let Input::Control(ControlInput::Leave(_)) = input {
            self.ways.moves_since.get_or_insert(now);
        }
        match input {
            Input::Agent(AgentInput::Lost(fault)) => self.ways.refused = *fault == LinkFault::Refused,
            Input::Line(LineInput::Stopped | LineInput::Lost) => self.ways.over = true,
            Input::Control(ControlInput::Fenced) => self.ways.over = true,
            Input::Control(ControlInput::HangUp) => self.ways.operator = true,
            Input::Control(ControlInput::Finish(by)) => {
                self.ways.leaves_otherwise = true;
                self.ways.operator |= *by == call::EndBy::Operator;
            }
            Input::Control(ControlInput::Leave(step @ NextStep::Queue { .. }))
                if !self.ways.leaves_otherwise && !self.ways.over =>
            {
                self.ways.place.get_or_insert((step.clone(), now));
            }
            Input::Control(ControlInput::Configured { version, .. }) => self.ways.version = Some(version.clone()),
            _ => {}
        }
    }

    pub(super) fn dials(&mut self, now: u64, provider: u32, plan: &Plan) {
        let Seen { provider: last, dials, refused, .. } = self.ways;
        let next =
            provider == last + 1 && provider < plan.limits.providers && (refused || dials >= plan.limits.redials);
        let kept = provider == last || next;
        self.keep(Promise::FallbacksInOrder, now, kept, || format!("{provider} after {dials} dials of {last}"));
        self.ways.dials = if provider == last { dials + 1 } else { 1 };
        self.ways.provider = provider;
    }

    /// What was said before is heard first, for as long as the call waits for any farewell.
    pub(super) fn leaves(&mut self, now: u64, step: &NextStep, line: &Line, plan: &Plan) {
        if let Some((place, _)) = self.ways.place.clone() {
            self.keep(Promise::PlacesAreReached, now, *step == place, || format!("{step:?} instead of {place:?}"));
        }
        let since = match step {
            NextStep::Apologize => self.ways.gone_since,
            NextStep::Queue { .. } => self.ways.place.as_ref().map(|(_, since)| *since),
            _ => self.ways.moves_since,
        };
        let deadline = plan.limits.farewell_deadline.as_millis() as u64;
        let late = since.is_none_or(|since| now >= since + deadline);
        let rest = line.quiet_from().saturating_sub(now);
        self.keep(Promise::FarewellIsHeard, now, late || rest == 0, || format!("left {rest} ms before the last word"));
        self.ways.over = true;
    }

    pub(super) fn hangs_up(&mut self, now: u64, reason: EndReason) {
        let silent = reason == EndReason::AgentUnavailable && self.started;
        self.keep(Promise::NobodyIsLeftInSilence, now, !silent, || "no agent, and no apology".to_owned());
        let reached = self.ways.place.is_none() || self.ways.operator;
        self.keep(Promise::PlacesAreReached, now, reached, || format!("hung up for {reason:?} instead"));
        self.ways.over = true;
    }

    /// Silence and the time limit lead elsewhere, too.
    pub(super) fn leaves_otherwise(&mut self) {
        self.ways.leaves_otherwise = true;
    }

    pub(super) fn spoke_with(&mut self, now: u64, reply: (u32, u32), turn: &Turn) {
        let version = self.ways.spoken.get(&reply).cloned().flatten();
        self.keep(Promise::VersionsAreTrue, now, turn.version == version, || {
            format!("{version:?} spoke, not {turn:?}")
        });
    }

    pub(super) fn after_ways(&mut self, now: u64, plan: &Plan) {
        let deadline = plan.limits.farewell_deadline.as_millis() as u64;
        let late = self.ways.place.as_ref().is_some_and(|(_, since)| now > since + deadline + 10);
        let late = late && self.closed.is_none() && !self.ways.over && !self.ways.operator;
        self.keep(Promise::PlacesAreReached, now, !late, || "the call never gets there".to_owned());
        if now >= plan.limits.max_call.as_millis() as u64 {
            self.leaves_otherwise();
        }
    }
}
