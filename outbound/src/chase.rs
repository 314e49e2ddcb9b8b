//! Does what [`crate::follow`] decides: asks the network, writes to the database.
//!
//! Before it: the dialer's round. After it: rows that have their outcome or wait again. It never places a call.

use crate::follow::{self, Asked, Step};
use crate::outcome::{self, Ended};
use crate::patience::{Patience, ms};
use crate::{Reach, moments, plan};
use common::cdr::Cdr;
use common::event::Direction;
use common::ids::{AttemptId, CallId};
use common::ports::outbound::{Batch, BatchStatus, Settled, UnderWay};
use common::ports::telephone::CallState;
use common::ports::{DbError, TelephoneError};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Questions to the network in one round. More would crowd out the calls themselves, which are asked for by the same
/// account; fewer would take long after a crash in the middle of many placements.
const QUESTIONS: usize = 8;
/// Longest wait for one answer; the adapter's own limits are shorter.
const ANSWER: Duration = Duration::from_secs(15);
/// How far our clock may be ahead of the network's: a call that seems older than its claim by less may still be its own.
/// Wider takes the call before for this one, which calls nobody twice; narrower calls again where clocks disagree.
const CLOCKS_APART: Duration = Duration::from_secs(120);

/// What asking has brought, by attempt.
#[derive(Default)]
pub(crate) struct Chase {
    asked: BTreeMap<AttemptId, Asked>,
}

/// A batch and its attempts without an end.
pub(crate) struct Live {
    pub(crate) batch: Batch,
    pub(crate) ways: Vec<UnderWay>,
}

/// A question to the network, and its answer.
enum Answer {
    Look(Result<Option<CallState>, TelephoneError>),
    Find(Result<Vec<CallState>, TelephoneError>),
}

impl Chase {
    /// One look at every attempt under way; those that have ended are taken out of `live`.
    pub(crate) async fn round(
        &mut self,
        reach: &Reach,
        live: &mut [Live],
        now_ms: u64,
        patience: &Patience,
    ) -> Result<(), DbError> {
        self.forget_all_but(live);
        let mut taken: BTreeSet<CallId> =
            live.iter().flat_map(|live| &live.ways).filter_map(|way| way.call.clone()).collect();
        let mut questions = QUESTIONS;
        for Live { batch, ways } in live.iter_mut() {
            let attempts: Vec<AttemptId> = ways.iter().map(|way| way.attempt.clone()).collect();
            if attempts.is_empty() {
                continue;
            }
            let known: BTreeMap<AttemptId, Cdr> = reach.outbound.calls_of(&attempts).await?.into_iter().collect();
            let (mut over, mut to_ask) = (BTreeSet::new(), Vec::new());
            for way in ways.iter() {
                let (cdr, asked) = (known.get(&way.attempt), self.asked.get(&way.attempt).copied());
                match follow::step(way, cdr, asked, &batch.plan, now_ms, patience) {
                    Step::Wait => {}
                    Step::Bind(call) => bind(reach, &way.attempt, &call, &mut taken).await?,
                    Step::Settle(ended, call) => {
                        settle(reach, batch, &way.attempt, ended, call, now_ms).await?;
                        over.insert(way.attempt.clone());
                    }
                    Step::PutBack => {
                        reach.outbound.unclaim(&way.attempt, now_ms).await?;
                        moments::put_back(&way.attempt, "never_placed");
                        over.insert(way.attempt.clone());
                    }
                    step @ (Step::Look(_) | Step::Find) if questions > 0 => {
                        questions -= 1;
                        to_ask.push((way.clone(), step));
                    }
                    Step::Look(_) | Step::Find => {}
                }
            }
            let answers = join_all(to_ask.iter().map(|(way, step)| ask(reach, batch, way, step))).await;
            for ((way, _), answer) in to_ask.iter().zip(answers) {
                let cdr = known.get(&way.attempt);
                let heard = Heard { reach, batch, way, cdr, now_ms, patience };
                if self.hear(&heard, answer, &mut taken).await? {
                    over.insert(way.attempt.clone());
                }
            }
            // What was asked about it must not speak of the row's next attempt, which may bear the same number.
            self.asked.retain(|attempt, _| !over.contains(attempt));
            ways.retain(|way| !over.contains(&way.attempt));
        }
        Ok(())
    }

    fn forget_all_but(&mut self, live: &[Live]) {
        let all: BTreeSet<&AttemptId> = live.iter().flat_map(|live| &live.ways).map(|way| &way.attempt).collect();
        self.asked.retain(|attempt, _| all.contains(attempt));
    }

    /// Takes an answer in; gives whether the attempt has ended by it.
    async fn hear(&mut self, heard: &Heard<'_>, answer: Answer, taken: &mut BTreeSet<CallId>) -> Result<bool, DbError> {
        let Heard { reach, batch, way, cdr, now_ms, patience } = *heard;
        let before = self.asked.get(&way.attempt).copied();
        let asked = match answer {
            Answer::Look(Ok(Some(state))) => match outcome::of_state(&state, cdr) {
                Some(ended) => {
                    settle(reach, batch, &way.attempt, ended, Some(state.call), now_ms).await?;
                    return Ok(true);
                }
                None => Asked::alive(now_ms, patience),
            },
            Answer::Look(Ok(None)) => Asked::unheard(before, now_ms, patience),
            Answer::Find(Ok(states)) => match ours(reach, way, states, taken).await? {
                Some(call) => {
                    bind(reach, &way.attempt, &call, taken).await?;
                    Asked { next_ms: now_ms, ..Asked::alive(now_ms, patience) }
                }
                None => Asked::not_listed(before, now_ms, patience),
            },
            Answer::Look(Err(error)) | Answer::Find(Err(error)) => {
                moments::not_asked(&way.attempt, &error);
                Asked::unheard(before, now_ms, patience)
            }
        };
        self.asked.insert(way.attempt.clone(), asked);
        Ok(false)
    }
}

/// Of whom an answer speaks.
#[derive(Clone, Copy)]
struct Heard<'a> {
    reach: &'a Reach,
    batch: &'a Batch,
    way: &'a UnderWay,
    cdr: Option<&'a Cdr>,
    now_ms: u64,
    patience: &'a Patience,
}

async fn ask(reach: &Reach, batch: &Batch, way: &UnderWay, step: &Step) -> Answer {
    match step {
        Step::Look(call) => Answer::Look(in_time(reach.telephone.look(call)).await),
        _ => {
            let since_ms = way.claimed_ms.saturating_sub(ms(CLOCKS_APART));
            Answer::Find(in_time(reach.telephone.calls_between(&batch.from, &way.to, since_ms)).await)
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, TelephoneError>>) -> Result<T, TelephoneError> {
    let late = |_| Err(TelephoneError::Away("no answer in time".into()));
    tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(late)
}

/// The call of an attempt among those the network lists, newest first: one that we made and that is no other attempt's
/// as far as is known. The newest: of an earlier attempt nothing may be known if its callbacks were lost, and a call that
/// was answered must not pass for one that was not.
async fn ours(
    reach: &Reach,
    way: &UnderWay,
    states: Vec<CallState>,
    taken: &BTreeSet<CallId>,
) -> Result<Option<CallId>, DbError> {
    for state in states {
        if state.direction != Direction::Outbound || taken.contains(&state.call) {
            continue;
        }
        let whose = reach.db.cdr(&state.call).await?.and_then(|cdr| cdr.attempt);
        if whose.is_none_or(|whose| whose == way.attempt) {
            return Ok(Some(state.call));
        }
    }
    Ok(None)
}

async fn bind(reach: &Reach, attempt: &AttemptId, call: &CallId, taken: &mut BTreeSet<CallId>) -> Result<(), DbError> {
    reach.outbound.placed(attempt, call).await?;
    taken.insert(call.clone());
    moments::found(attempt, call);
    Ok(())
}

/// Gives an attempt its end, and its row the time of its next one.
pub(crate) async fn settle(
    reach: &Reach,
    batch: &Batch,
    attempt: &AttemptId,
    ended: Ended,
    call: Option<CallId>,
    now_ms: u64,
) -> Result<(), DbError> {
    let again_ms = match batch.status {
        BatchStatus::Cancelled | BatchStatus::Done => None,
        BatchStatus::Running | BatchStatus::Paused => next_try(reach, batch, attempt, &ended, now_ms).await?,
    };
    let Ended { outcome, detail } = ended;
    if reach.outbound.settle(attempt, &Settled { outcome, detail, call, again_ms }).await? {
        moments::settled(attempt, outcome, again_ms);
        if outcome == common::ports::outbound::Outcome::Unknown {
            moments::unknown(attempt);
        }
    }
    Ok(())
}

async fn next_try(
    reach: &Reach,
    batch: &Batch,
    attempt: &AttemptId,
    ended: &Ended,
    now_ms: u64,
) -> Result<Option<u64>, DbError> {
    if !batch.plan.retries.contains_key(&ended.outcome) || !plan::may_be_tried_again(ended.outcome) {
        return Ok(None);
    }
    let Some((_, row)) = reach.outbound.row_of(attempt).await? else { return Ok(None) };
    Ok(plan::again(&batch.plan, ended.outcome, attempt.attempt, &row.zones, now_ms))
}
