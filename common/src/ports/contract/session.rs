//! Sessions: claims whose epochs only grow, and writes that a newer claim fences off.

use super::{event, events, fresh_call};
use crate::ids::{CallId, Epoch, WorkerId};
use crate::ports::{Fence, Session, SessionStatus, SessionWrite, State, Written};
use bytes::Bytes;
use call::NextStep;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many do the same thing at once where that must not matter.
const CROWD: usize = 100;

/// A claim is all it takes.
pub async fn a_first_claim_creates_the_session(state: &dyn State) {
    let call = fresh_call();
    let claimed = state.claim(&call).await.unwrap();
    assert!(claimed.epoch.0 > 1_600_000_000_000, "an epoch is no older than the store's clock: {}", claimed.epoch);
    assert_eq!(claimed, bare(claimed.epoch));
    assert_eq!(state.session(&call).await.unwrap(), Some(claimed));
}

/// Also within one millisecond; and each counts as another try to go on.
pub async fn every_claim_is_newer_than_the_one_before(state: &dyn State) {
    let call = fresh_call();
    let mut last = Epoch(0);
    for resumes in 0..20 {
        let claimed = state.claim(&call).await.unwrap();
        assert!(claimed.epoch > last, "{} after {last}", claimed.epoch);
        assert_eq!(claimed.resumes, resumes);
        last = claimed.epoch;
    }
}

/// No two gateways ever hold the same claim.
pub async fn claims_at_the_same_time_are_all_different(state: &dyn State) {
    let call = fresh_call();
    let claims = join_all((0..CROWD).map(|_| state.claim(&call))).await;
    let epochs: BTreeSet<_> = claims.into_iter().map(|claim| claim.unwrap().epoch).collect();
    assert_eq!(epochs.len(), CROWD);
    let session = state.session(&call).await.unwrap().unwrap();
    assert_eq!(Some(&session.epoch), epochs.last());
    assert_eq!(session.resumes as usize, CROWD - 1);
}

/// Asking creates nothing.
pub async fn an_unknown_call_has_no_session(state: &dyn State) {
    let call = fresh_call();
    assert_eq!(state.session(&call).await.unwrap(), None);
    assert_eq!(state.session(&call).await.unwrap(), None);
}

/// Every field comes back as it was written, bytes that are no text too.
pub async fn a_write_under_the_claim_in_force_is_held(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    let write = full_write(&call, epoch);
    assert_eq!(state.write(&write).await.unwrap(), Written { fence: Fence::Held, outbox: Vec::new() });
    let expected = Session {
        status: SessionStatus::Live,
        worker: write.worker,
        next: write.next,
        dossier: write.dossier,
        checkpoint: write.checkpoint,
        ..bare(epoch)
    };
    assert_eq!(state.session(&call).await.unwrap(), Some(expected));
}

/// A checkpoint does not carry the gateway's dossier, nor the other way round.
pub async fn a_write_leaves_what_it_does_not_name(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    state.write(&full_write(&call, epoch)).await.unwrap();
    let before = state.session(&call).await.unwrap().unwrap();
    let checkpoint = Some(Bytes::from_static(b""));
    let write = SessionWrite { checkpoint: checkpoint.clone(), ..SessionWrite::new(call.clone(), epoch) };
    assert_eq!(state.write(&write).await.unwrap().fence, Fence::Held);
    assert_eq!(state.session(&call).await.unwrap(), Some(Session { checkpoint, ..before }));
}

/// A worker that was stopped and woke up changes nothing, and nobody hears of its events.
pub async fn a_stale_epoch_writes_nothing(state: &dyn State) {
    let call = fresh_call();
    let stale = state.claim(&call).await.unwrap().epoch;
    let current = state.claim(&call).await.unwrap();
    let write = SessionWrite { events: events(&call, stale, 3), ..full_write(&call, stale) };
    assert_eq!(state.write(&write).await.unwrap(), Written { fence: Fence::Fenced, outbox: Vec::new() });
    assert_eq!(state.session(&call).await.unwrap(), Some(current));
    assert_eq!(state.outbox(Duration::ZERO, 10).await.unwrap(), []);
}

/// A store that lost a session is no reason to stop a call.
pub async fn a_forgotten_call_is_written_anew(state: &dyn State) {
    let call = fresh_call();
    let epoch = Epoch(1_764_000_000_000);
    let write = SessionWrite { events: vec![event(&call, epoch, 0)], ..full_write(&call, epoch) };
    let written = state.write(&write).await.unwrap();
    assert_eq!(written.fence, Fence::Recreated);
    assert_eq!(written.outbox.len(), 1);
    assert_eq!(state.write(&SessionWrite::new(call.clone(), epoch)).await.unwrap().fence, Fence::Held);
    let session = state.session(&call).await.unwrap().unwrap();
    assert_eq!((session.epoch, session.checkpoint), (epoch, write.checkpoint));
}

/// A store that went back in time knows only an older claim; what else it knows is still good.
pub async fn an_older_claim_in_the_store_gives_way(state: &dyn State) {
    let call = fresh_call();
    let older = state.claim(&call).await.unwrap().epoch;
    state.write(&full_write(&call, older)).await.unwrap();
    let before = state.session(&call).await.unwrap().unwrap();
    let newer = Epoch(older.0 + 10);
    assert_eq!(state.write(&SessionWrite::new(call.clone(), newer)).await.unwrap().fence, Fence::Recreated);
    assert_eq!(state.session(&call).await.unwrap(), Some(Session { epoch: newer, ..before }));
    assert_eq!(state.write(&SessionWrite::new(call.clone(), older)).await.unwrap().fence, Fence::Fenced);
}

/// A store's clock that was put back does not let an old claim win.
pub async fn a_claim_passes_even_an_epoch_from_the_future(state: &dyn State) {
    let call = fresh_call();
    let now = state.claim(&call).await.unwrap().epoch;
    let future = Epoch(now.0 + 3_600_000);
    state.write(&SessionWrite::new(call.clone(), future)).await.unwrap();
    assert_eq!(state.claim(&call).await.unwrap().epoch, Epoch(future.0 + 1));
}

/// The next worker must know what was said, and by whom the call was carried.
pub async fn a_claim_keeps_what_the_call_needs_to_go_on(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    let write = full_write(&call, epoch);
    state.write(&write).await.unwrap();
    let again = state.claim(&call).await.unwrap();
    assert_eq!(again.status, SessionStatus::Reserved);
    assert_eq!((&again.worker, &again.dossier), (&write.worker, &write.dossier));
    assert_eq!(again.checkpoint, write.checkpoint);
    assert_eq!(state.session(&call).await.unwrap(), Some(again));
}

/// The step was taken; a worker that dies after it must not lead to it again.
pub async fn a_new_claim_has_no_next_step(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    state
        .write(&SessionWrite { next: Some(NextStep::Resume), ..SessionWrite::new(call.clone(), epoch) })
        .await
        .unwrap();
    assert_eq!(state.session(&call).await.unwrap().unwrap().next, Some(NextStep::Resume));
    assert_eq!(state.claim(&call).await.unwrap().next, None);
}

/// Whoever claims a call that has just ended is told, and need not have asked before.
pub async fn a_claim_does_not_bring_an_ended_call_back(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    let over = SessionWrite {
        status: Some(SessionStatus::Ended),
        next: Some(NextStep::HangUp),
        ..SessionWrite::new(call.clone(), epoch)
    };
    state.write(&over).await.unwrap();
    let again = state.claim(&call).await.unwrap();
    assert!(again.epoch > epoch);
    assert_eq!((again.status, again.next), (SessionStatus::Ended, Some(NextStep::HangUp)));
}

/// Forgetting everything must not let an old claim come back to life. `flush` makes the store forget.
pub async fn epochs_grow_across_a_flush(state: &dyn State, flush: impl AsyncFnOnce()) {
    let call = fresh_call();
    let before = state.claim(&call).await.unwrap().epoch;
    flush().await;
    assert_eq!(state.session(&call).await.unwrap(), None);
    // Without a previous epoch the store's clock alone decides, and it counts milliseconds.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let after = state.claim(&call).await.unwrap().epoch;
    assert!(after > before, "{after} after {before}");
}

/// A store that forgets everything fences nobody: every live call is written anew and goes on.
pub async fn no_live_call_is_fenced_by_a_flush(state: &dyn State, flush: impl AsyncFnOnce()) {
    let mut live = Vec::new();
    for _ in 0..50 {
        let call = fresh_call();
        let epoch = state.claim(&call).await.unwrap().epoch;
        live.push(SessionWrite { status: Some(SessionStatus::Live), ..SessionWrite::new(call, epoch) });
    }
    flush().await;
    for write in &live {
        assert_eq!(state.write(write).await.unwrap().fence, Fence::Recreated);
        assert_eq!(state.write(write).await.unwrap().fence, Fence::Held);
    }
}

fn bare(epoch: Epoch) -> Session {
    Session {
        epoch,
        status: SessionStatus::Reserved,
        worker: None,
        next: None,
        resumes: 0,
        dossier: None,
        checkpoint: None,
    }
}

fn full_write(call: &CallId, epoch: Epoch) -> SessionWrite {
    SessionWrite {
        status: Some(SessionStatus::Live),
        worker: Some(WorkerId::parse("worker-3").expect("a slug")),
        next: Some(NextStep::Resume),
        dossier: Some(Bytes::from_static(b"{\"agent\":\"front-desk\"}")),
        checkpoint: Some(Bytes::from_static(b"\x00\xff\r\n$5\r\n\xc3\x28")),
        ..SessionWrite::new(call.clone(), epoch)
    }
}
