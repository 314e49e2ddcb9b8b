//! Attempts under way: what became of them, and what to do about those of which nothing is heard. Pure; `chase` asks and
//! writes.
//!
//! Before it: the dialer, which claims rows and asks the network to call them, and may die at any moment in between.
//! After it: every attempt has its end, or is put back because it certainly was not called. The rule for an attempt
//! whose call is not known: the network's list decides, asked late enough and twice. Only a list without the call puts
//! the row back; silence never does.

use crate::outcome::{self, Ended};
use crate::patience::{Patience, ms};
use common::cdr::Cdr;
use common::ids::CallId;
use common::ports::outbound::{DialPlan, Outcome, UnderWay};

/// Lists without the call that prove there is none. One could be older than the call it lacks.
const LISTS: u32 = 2;

/// What this process knows from asking about an attempt. Whoever takes over begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// When the network was last heard on it; before that, when it was first asked.
    pub(crate) heard_ms: u64,
    /// When it may be asked again.
    pub(crate) next_ms: u64,
    /// Lists in a row that lack it.
    pub(crate) lists_without: u32,
}

/// What is to be done about an attempt now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing.
    Wait,
    /// The record knows its call: the row shall know it too.
    Bind(CallId),
    /// It has ended.
    Settle(Ended, Option<CallId>),
    /// Ask the network for the call.
    Look(CallId),
    /// Ask the network for calls to this person.
    Find,
    /// It certainly was not called.
    PutBack,
}

/// Decides. `asked` is what asking has brought so far.
pub(crate) fn step(
    way: &UnderWay,
    cdr: Option<&Cdr>,
    asked: Option<Asked>,
    plan: &DialPlan,
    now_ms: u64,
    patience: &Patience,
) -> Step {
    let call = way.call.clone().or_else(|| cdr.map(|cdr| cdr.call.clone()));
    if let Some(ended) = cdr.and_then(|cdr| outcome::of_record(cdr, &plan.machine, now_ms, patience)) {
        return Step::Settle(ended, call);
    }
    match call {
        Some(call) if way.call.is_none() => Step::Bind(call),
        Some(call) => placed(way, call, cdr, asked, plan, now_ms, patience),
        None => placing(way, asked, now_ms, patience),
    }
}

/// The network has taken it: the callbacks tell, and where they do not, the network is asked.
fn placed(
    way: &UnderWay,
    call: CallId,
    cdr: Option<&Cdr>,
    asked: Option<Asked>,
    plan: &DialPlan,
    now_ms: u64,
    patience: &Patience,
) -> Step {
    let is_answered = cdr.is_some_and(|cdr| cdr.accepted_ms.is_some() || cdr.answered_ms.is_some());
    let talk_s = if is_answered { plan.most_s } else { 0 };
    let quiet_ms = u64::from(plan.ring_s + talk_s) * 1_000 + ms(patience.ring_margin);
    if now_ms < way.claimed_ms.saturating_add(quiet_ms) {
        return Step::Wait;
    }
    match asked {
        Some(asked) if now_ms >= asked.heard_ms + ms(patience.give_up) => {
            // Somebody was on the line, by our own record: only the end of the talk is not known.
            let outcome = if is_answered { Outcome::Answered } else { Outcome::Unknown };
            Step::Settle(Ended::new(outcome, "its end is not known"), Some(call))
        }
        Some(asked) if now_ms < asked.next_ms => Step::Wait,
        _ => Step::Look(call),
    }
}

/// The network was asked to call, or was about to be, and nothing is known of it.
fn placing(way: &UnderWay, asked: Option<Asked>, now_ms: u64, patience: &Patience) -> Step {
    if now_ms < way.claimed_ms.saturating_add(ms(patience.ask_after)) {
        return Step::Wait;
    }
    match asked {
        Some(asked) if asked.lists_without >= LISTS => Step::PutBack,
        Some(asked) if now_ms >= asked.heard_ms + ms(patience.give_up) => {
            Step::Settle(Ended::new(Outcome::Unknown, "the network could not be asked"), None)
        }
        Some(asked) if now_ms < asked.next_ms => Step::Wait,
        _ => Step::Find,
    }
}

impl Asked {
    /// The network has said that it knows nothing of the call, or did not answer at all.
    pub(crate) fn unheard(before: Option<Self>, now_ms: u64, patience: &Patience) -> Self {
        let before = before.unwrap_or(Self { heard_ms: now_ms, next_ms: 0, lists_without: 0 });
        Self { next_ms: now_ms + ms(patience.look_again), ..before }
    }

    /// The network has said that the call goes on.
    pub(crate) fn alive(now_ms: u64, patience: &Patience) -> Self {
        Self { heard_ms: now_ms, next_ms: now_ms + ms(patience.look_again), lists_without: 0 }
    }

    /// The network's list does not hold the call.
    pub(crate) fn not_listed(before: Option<Self>, now_ms: u64, patience: &Patience) -> Self {
        let lists_without = before.map_or(0, |before| before.lists_without) + 1;
        Self { heard_ms: now_ms, next_ms: now_ms + ms(patience.ask_again), lists_without }
    }
}

#[cfg(test)]
mod tests;
