//! The stores go away in mid-call: the call does not notice, and every event arrives once when they are back.

use crate::support::speech::{caller_turn, recording};
use crate::support::telephone::Telephone;
use crate::support::{Bench, are_whole, call, kinds};
use common::event::Envelope;
use common::ports::{SessionStatus, State};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Copy)]
struct Away {
    state: bool,
    bus: bool,
}

#[tokio::test]
async fn a_call_goes_on_without_the_state_store() {
    let (mut bench, telephone) = talk_while(Away { state: true, bus: false }).await;
    finish(&bench, telephone).await;
    check_events(&bench.events_until("ended").await, 3);
}

#[tokio::test]
async fn a_call_goes_on_without_the_bus() {
    let (bench, telephone) = talk_while(Away { state: false, bus: true }).await;
    finish(&bench, telephone).await;
    // The bus was away when they were written: they wait in the outbox until they are in the record.
    let outbox = bench.state.outbox(Duration::ZERO, 1_000).await.unwrap();
    check_events(&outbox.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), 3);
}

#[tokio::test]
async fn a_call_goes_on_without_both() {
    let (mut bench, telephone) = talk_while(Away { state: true, bus: true }).await;
    finish(&bench, telephone).await;
    check_events(&bench.events_until("ended").await, 3);
}

#[tokio::test]
async fn a_call_that_ends_without_the_stores_is_closed_at_once_and_recorded_later() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    bench.events_until("first_word").await;
    set(&bench, Away { state: true, bus: true });
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000);
    set(&bench, Away { state: false, bus: false });
    check_events(&bench.events_until("ended").await, 1);
    assert_eq!(bench.session(&call(1)).await.status, SessionStatus::Ended);
}

#[tokio::test]
async fn a_store_that_forgot_everything_is_told_again() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    bench.events_until("first_word").await;
    let epoch = bench.session(&call(1)).await.epoch;
    bench.state.flush();
    telephone.speak(&caller_turn()).await;
    let answer = recording("breakfast");
    assert!(telephone.hear(answer.len()).await == answer, "forgetting is no fence");
    finish(&bench, telephone).await;
    let session = bench.session(&call(1)).await;
    assert_eq!((session.epoch, session.status), (epoch, SessionStatus::Ended));
    check_events(&bench.events_until("ended").await, 3);
}

/// A call in which the agent greets, the stores go away, and the caller asks and is answered. They come back after it.
async fn talk_while(away: Away) -> (Bench, Telephone) {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    bench.events_until("first_word").await;
    set(&bench, away);
    telephone.speak(&caller_turn()).await;
    let answer = recording("breakfast");
    assert!(telephone.hear(answer.len()).await == answer, "the call does not notice");
    if away.state {
        set(&bench, Away { state: false, bus: false });
    }
    (bench, telephone)
}

async fn finish(bench: &Bench, mut telephone: Telephone) {
    telephone.stop().await;
    assert_eq!(telephone.closed().await.0, 1000);
    let ended = async || bench.session(&call(1)).await.status == SessionStatus::Ended;
    crate::support::eventually("the session's end is written", ended).await;
}

fn set(bench: &Bench, away: Away) {
    bench.log.expect_errors(&["the state store is away"]);
    bench.state.set_away(away.state);
    bench.bus.set_away(away.bus);
}

/// Every event once; in which order they come is not promised across an absence.
fn check_events(events: &[Envelope], turns: usize) {
    let sorted: BTreeSet<_> = events.iter().map(|event| event.key.sequence).collect();
    assert_eq!(sorted.len(), events.len(), "one came twice: {:?}", kinds(events));
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.key.sequence);
    assert!(are_whole(&events), "{:?}", kinds(&events));
    assert_eq!(kinds(&events).last(), Some(&"ended"));
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == "turn").count(), turns);
}
