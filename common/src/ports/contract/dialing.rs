//! What every database must do with rows of a batch that are being called. `outbound` holds what is said of whole
//! batches. Each function takes an empty, migrated database.

use super::outbound::{NOW_MS, begun, status};
use super::{event, fresh_call};
use crate::cdr::Cdr;
use crate::event::Envelope;
use crate::ids::{AttemptId, Epoch};
use crate::ports::Db;
use crate::ports::outbound::*;
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Many claim at the same time: every row is claimed, by one of them.
pub async fn a_row_is_claimed_once_by_many_at_the_same_time(store: &impl Outbound) {
    let batch = begun(store, "spring", 60).await;
    let claimer = async || {
        let mut mine = Vec::new();
        loop {
            let claimed = claim(store, &batch, 3).await;
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed);
        }
    };
    let claimed: Vec<_> = join_all((0..16).map(|_| claimer())).await.into_iter().flatten().collect();
    let rows: BTreeSet<_> = claimed.iter().map(|attempt| attempt.row).collect();
    assert_eq!((claimed.len(), rows.len()), (60, 60));
    assert!(claimed.iter().all(|attempt| attempt.attempt == 1 && attempt.batch == batch.id), "{claimed:?}");
}

/// Who is due first is claimed first, and of those due together the smaller line; never more than asked for.
pub async fn the_earliest_are_claimed_first(store: &impl Outbound) {
    let batch = begun(store, "spring", 6).await;
    let attempts = claim(store, &batch, 6).await;
    assert_eq!(lines(&attempts), [1, 2, 3, 4, 5, 6]);
    for (attempt, due_ms) in attempts.iter().zip([30, 10, 20, 10, 0, 31]) {
        store.unclaim(attempt, NOW_MS - 30 + due_ms).await.expect("put back");
    }
    assert_eq!(lines(&claim(store, &batch, 0).await), Vec::<u32>::new());
    assert_eq!(lines(&claim(store, &batch, 2).await), [5, 2]);
    assert_eq!(lines(&claim(store, &batch, 10).await), [4, 3, 1], "the last one is not due");
}

/// Who claims a row gets it as it was begun, and the row says so.
pub async fn a_claimed_row_is_being_placed(store: &impl Outbound) {
    let batch = begun(store, "spring", 1).await;
    let (attempt, row) = store.claim(&batch.id, NOW_MS, 1).await.expect("claim").pop().expect("one is due");
    let state = state(store, &attempt).await;
    assert_eq!(state.row, row);
    assert_eq!((state.status, state.attempts, state.claimed_ms), (RowStatus::Placing, 1, Some(NOW_MS)));
    let under_way = store.under_way(&batch.id).await.expect("under way");
    assert_eq!(under_way, [UnderWay { attempt, to: row.to, claimed_ms: NOW_MS, call: None }]);
}

/// While a batch is paused nobody is claimed; resumed, it goes on.
pub async fn a_paused_batch_gives_no_rows(store: &impl Outbound) {
    let batch = begun(store, "spring", 2).await;
    store.set_status(&batch.id, BatchStatus::Paused).await.expect("pause");
    assert_eq!(claim(store, &batch, 10).await, []);
    store.set_status(&batch.id, BatchStatus::Running).await.expect("resume");
    assert_eq!(claim(store, &batch, 10).await.len(), 2);
}

/// A row that was not called after all is as it was before, and its next claim has the same number.
pub async fn a_claimed_row_put_back_keeps_its_attempt_number(store: &impl Outbound) {
    let batch = begun(store, "spring", 1).await;
    let first = claim(store, &batch, 1).await.remove(0);
    store.unclaim(&first, NOW_MS).await.expect("put back");
    assert_eq!(state(store, &first).await.claimed_ms, None);
    assert_eq!(store.row_of(&first).await.expect("row"), None, "there was no such attempt");
    assert_eq!(claim(store, &batch, 1).await, std::slice::from_ref(&first));
    let call = fresh_call();
    store.placed(&first, &call).await.expect("placed");
    settle_again(store, &first, Outcome::Busy, NOW_MS).await;
    let before = state(store, &first).await;
    let second = claim(store, &batch, 1).await.remove(0);
    assert_eq!((second.attempt, state(store, &second).await.call), (2, None));
    store.unclaim(&second, NOW_MS).await.expect("put back");
    assert_eq!(state(store, &first).await, before);
    assert_eq!(before.call, Some(call));
    assert_eq!(claim(store, &batch, 1).await, [second]);
}

/// What the network has taken is not put back.
pub async fn a_placed_row_is_not_put_back(store: &impl Outbound) {
    let batch = begun(store, "spring", 1).await;
    let attempt = claim(store, &batch, 1).await.remove(0);
    let call = fresh_call();
    store.placed(&attempt, &call).await.expect("placed");
    store.unclaim(&attempt, NOW_MS).await.expect("put back");
    let state = state(store, &attempt).await;
    assert_eq!((state.status, state.attempts, &state.call), (RowStatus::Placed, 1, &Some(call.clone())));
    assert_eq!(store.under_way(&batch.id).await.expect("under way")[0].call, Some(call));
    assert_eq!(claim(store, &batch, 1).await, []);
}

/// Who was claimed first is followed first.
pub async fn attempts_under_way_are_listed_oldest_first(store: &impl Outbound) {
    let batch = begun(store, "spring", 4).await;
    let mut claimed = Vec::new();
    for now_ms in [NOW_MS + 9, NOW_MS + 5, NOW_MS + 7] {
        claimed.extend(store.claim(&batch.id, now_ms, 1).await.expect("claim").into_iter().map(|(attempt, _)| attempt));
    }
    let under_way = store.under_way(&batch.id).await.expect("under way");
    let listed: Vec<_> = under_way.into_iter().map(|under_way| under_way.attempt).collect();
    assert_eq!(listed, [claimed[1].clone(), claimed[2].clone(), claimed[0].clone()]);
}

/// An attempt ends once; what is said of it later, or of an attempt that is not in force, changes nothing.
pub async fn settling_twice_changes_nothing(store: &impl Outbound) {
    let batch = begun(store, "spring", 2).await;
    let attempt = claim(store, &batch, 1).await.remove(0);
    let call = fresh_call();
    let settled = Settled { call: Some(call.clone()), detail: "486 \0".into(), ..outcome(Outcome::Busy) };
    assert!(store.settle(&attempt, &settled).await.expect("settle"));
    let before = state(store, &attempt).await;
    assert_eq!((before.status, before.outcome, &before.call), (RowStatus::Done, Some(Outcome::Busy), &Some(call)));
    assert_eq!(before.detail, "486 \u{fffd}");
    let next = AttemptId { attempt: 2, ..attempt.clone() };
    let waiting = AttemptId { row: 2, ..attempt.clone() };
    let nothing = AttemptId { row: 3, ..attempt.clone() };
    for attempt in [&attempt, &next, &waiting, &nothing] {
        assert!(!store.settle(attempt, &outcome(Outcome::Answered)).await.expect("settle"), "{attempt}");
        store.unclaim(attempt, NOW_MS).await.expect("put back");
        store.placed(attempt, &fresh_call()).await.expect("placed");
    }
    assert_eq!(state(store, &attempt).await, before);
    let progress = store.progress(&batch.id).await.expect("progress");
    assert_eq!((progress.waiting, progress.under_way, progress.outcomes[&Outcome::Busy]), (1, 0, 1));
}

/// Many settle the same attempt at once: one does.
pub async fn of_many_who_settle_an_attempt_one_does(store: &impl Outbound) {
    let batch = begun(store, "spring", 2).await;
    let attempt = claim(store, &batch, 1).await.remove(0);
    let settled = outcome(Outcome::NoAnswer);
    let asked = join_all((0..12).map(|_| store.settle(&attempt, &settled))).await;
    assert_eq!(asked.into_iter().filter(|done| *done.as_ref().expect("settle")).count(), 1);
    assert_eq!(store.progress(&batch.id).await.expect("progress").outcomes[&Outcome::NoAnswer], 1);
}

/// A row that is called again waits until its time; its last attempt says what became of it.
pub async fn a_retry_becomes_due_at_its_time(store: &impl Outbound) {
    let batch = begun(store, "spring", 1).await;
    let first = claim(store, &batch, 1).await.remove(0);
    settle_again(store, &first, Outcome::Busy, NOW_MS + 300).await;
    let waiting = state(store, &first).await;
    assert_eq!((waiting.status, waiting.outcome, waiting.due_ms), (RowStatus::Waiting, None, NOW_MS + 300));
    let due = async |now_ms: u64| store.claim(&batch.id, now_ms, 1).await.expect("claim");
    assert_eq!(due(NOW_MS + 299).await, []);
    let (second, _) = due(NOW_MS + 300).await.remove(0);
    assert_eq!(second, AttemptId { attempt: 2, ..first.clone() });
    assert!(!store.settle(&first, &outcome(Outcome::Failed)).await.expect("settle"), "it is over");
    settle(store, &second, Outcome::Answered).await;
    assert_eq!(state(store, &second).await.outcome, Some(Outcome::Answered));
    assert_eq!(store.progress(&batch.id).await.expect("progress").attempts, 2);
}

/// A batch is done with its last row, running or paused, and not before.
pub async fn the_last_row_settled_ends_the_batch(store: &impl Outbound) {
    let batch = begun(store, "spring", 3).await;
    let attempts = claim(store, &batch, 2).await;
    settle(store, &attempts[0], Outcome::Answered).await;
    settle_again(store, &attempts[1], Outcome::Busy, NOW_MS).await;
    assert_eq!(status(store, &batch).await, BatchStatus::Running);
    let attempts = claim(store, &batch, 2).await;
    store.set_status(&batch.id, BatchStatus::Paused).await.expect("pause");
    settle(store, &attempts[0], Outcome::Unknown).await;
    assert_eq!(status(store, &batch).await, BatchStatus::Paused);
    settle(store, &attempts[1], Outcome::Refused).await;
    assert_eq!(status(store, &batch).await, BatchStatus::Done);
    assert_eq!(store.live_batches().await.expect("live"), []);
}

/// Those who settle the last rows at the same time do not both think that the other's is still under way.
pub async fn the_last_rows_settled_at_once_end_the_batch(store: &impl Outbound) {
    for round in 0..10 {
        let batch = begun(store, &format!("spring-{round}"), 4).await;
        let attempts = claim(store, &batch, 4).await;
        let settled = outcome(Outcome::Answered);
        for done in join_all(attempts.iter().map(|attempt| store.settle(attempt, &settled))).await {
            assert!(done.expect("settle"));
        }
        assert_eq!(status(store, &batch).await, BatchStatus::Done);
    }
}

/// Calls under way when a batch is cancelled go on to their end. Nobody is called again, nor after all.
pub async fn calls_under_way_outlive_a_cancelled_batch(store: &impl Outbound) {
    let batch = begun(store, "spring", 3).await;
    let attempts = claim(store, &batch, 3).await;
    store.placed(&attempts[0], &fresh_call()).await.expect("placed");
    store.set_status(&batch.id, BatchStatus::Cancelled).await.expect("cancel");
    assert_eq!(store.live_batches().await.expect("live").len(), 1);
    settle(store, &attempts[0], Outcome::Answered).await;
    settle_again(store, &attempts[1], Outcome::Busy, NOW_MS).await;
    store.unclaim(&attempts[2], NOW_MS).await.expect("put back");
    let mut outcomes = Vec::new();
    for attempt in &attempts {
        outcomes.push(state(store, attempt).await.outcome.expect("an outcome"));
    }
    assert_eq!(outcomes, [Outcome::Answered, Outcome::Busy, Outcome::Cancelled]);
    assert_eq!(status(store, &batch).await, BatchStatus::Cancelled);
    assert_eq!(store.live_batches().await.expect("live"), []);
}

/// Whoever answers the call of an attempt finds who is called and by which batch, as long as the batch is there.
pub async fn the_row_of_an_attempt_is_found(store: &impl Outbound) {
    let batch = begun(store, "spring", 2).await;
    let (attempt, row) = store.claim(&batch.id, NOW_MS, 1).await.expect("claim").remove(0);
    let found = Some((batch.clone(), row));
    assert_eq!(store.row_of(&attempt).await.expect("row"), found);
    settle_again(store, &attempt, Outcome::Busy, NOW_MS - 5_000).await;
    assert_eq!(lines(&claim(store, &batch, 1).await), [attempt.row]);
    assert_eq!(store.row_of(&attempt).await.expect("row"), found, "its webhook came late");
    for (row, number) in [(attempt.row, 3), (attempt.row, 0), (2, 1), (3, 1)] {
        let other = AttemptId { row, attempt: number, ..attempt.clone() };
        assert_eq!(store.row_of(&other).await.expect("row"), None, "{other}");
    }
}

/// The record of a call is found by its attempt.
pub async fn calls_are_found_by_their_attempt(store: &(impl Db + Outbound)) {
    let batch = begun(store, "spring", 3).await;
    let attempts = claim(store, &batch, 3).await;
    let calls = [fresh_call(), fresh_call(), fresh_call()];
    let fold = |cdr: &mut Cdr, envelope: &Envelope| {
        let place = calls.iter().position(|call| *call == envelope.key.call).expect("one of the calls");
        cdr.attempt = (place < 2).then(|| attempts[place].clone());
    };
    let told: Vec<_> = calls.iter().map(|call| event(call, Epoch(1), 0)).collect();
    store.record(&told, &fold).await.expect("record");
    let mut found = store.calls_of(&attempts).await.expect("calls");
    found.sort_by_key(|(attempt, _)| attempt.row);
    let found: Vec<_> = found.into_iter().map(|(attempt, cdr)| (attempt, cdr.call)).collect();
    assert_eq!(found, [(attempts[0].clone(), calls[0].clone()), (attempts[1].clone(), calls[1].clone())]);
    assert_eq!(store.calls_of(&attempts[2..]).await.expect("calls"), []);
    assert_eq!(store.calls_of(&[]).await.expect("calls"), []);
}

/// Claims rows that are due now.
pub async fn claim(store: &impl Outbound, batch: &Batch, most: u32) -> Vec<AttemptId> {
    let claimed = store.claim(&batch.id, NOW_MS, most).await.expect("claim");
    claimed.into_iter().map(|(attempt, _)| attempt).collect()
}

/// Ends an attempt and its row.
pub async fn settle(store: &impl Outbound, attempt: &AttemptId, how: Outcome) {
    assert!(store.settle(attempt, &outcome(how)).await.expect("settle"), "{attempt} was not in force");
}

/// Ends an attempt; its row is called again.
pub(super) async fn settle_again(store: &impl Outbound, attempt: &AttemptId, how: Outcome, again_ms: u64) {
    let settled = Settled { again_ms: Some(again_ms), ..outcome(how) };
    assert!(store.settle(attempt, &settled).await.expect("settle"), "{attempt} was not in force");
}

fn outcome(outcome: Outcome) -> Settled {
    Settled { outcome, detail: String::new(), call: None, again_ms: None }
}

async fn state(store: &impl Outbound, attempt: &AttemptId) -> RowState {
    let state = store.rows(&attempt.batch, attempt.row, 1).await.expect("rows").pop().expect("a row");
    assert_eq!(state.row.row, attempt.row);
    state
}

fn lines(attempts: &[AttemptId]) -> Vec<u32> {
    attempts.iter().map(|attempt| attempt.row).collect()
}
