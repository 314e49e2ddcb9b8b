//! A newer claim exists: the session falls silent and says nothing more to anybody.

use crate::support::speech::{caller_turn, recording};
use crate::support::{Bench, call, demo_agent, kinds};
use common::ports::State;

#[tokio::test]
async fn a_session_falls_silent_when_its_call_was_claimed_elsewhere() {
    let mut bench = Bench::new().await;
    let mut telephone = bench.call(&call(1)).await;
    telephone.hear(recording("greeting").len()).await;
    let old = bench.session(&call(1)).await.epoch;
    bench.events_until("turn").await;
    let before = bench.events().await;

    let newer = bench.state.claim(&call(1)).await.unwrap().epoch;
    // The next write meets the fence.
    telephone.speak(&caller_turn()).await;

    assert_eq!(telephone.closed().await, (1001, "moved".to_owned()));
    let published = bench.events().await;
    assert_eq!(kinds(&published), kinds(&before), "nothing more is published under {old}");
    let session = bench.session(&call(1)).await;
    assert_eq!((session.epoch, session.next), (newer, None), "what belongs to the newer claim is not touched");
}

#[tokio::test]
async fn a_session_falls_silent_when_its_call_comes_back_to_the_same_worker() {
    let mut bench = Bench::new().await;
    let mut old = bench.call(&call(1)).await;
    old.hear(recording("greeting").len()).await;
    bench.events_until("turn").await;

    let seat = bench.reserve_for(&call(1), demo_agent()).await;

    assert_eq!(old.closed().await, (1001, "moved".to_owned()));
    let mut new = bench.dial(&seat).await;
    new.start(&call(1)).await;
    let greeting = recording("greeting");
    assert!(new.hear(greeting.len()).await == greeting, "the newer stream has the call");
    new.stop().await;
    new.closed().await;
    let events = bench.events_until("ended").await;
    let ends: Vec<_> = events.iter().filter(|event| event.event.kind() == "ended").collect();
    assert_eq!(ends.iter().map(|event| event.key.epoch).collect::<Vec<_>>(), [seat.epoch]);
}
