//! Two processes that both believe they lead, and one after the other.

use crate::support::{NOON, SECOND, World, plan};
use common::lifecycle::Lifecycle;
use common::ports::outbound::BatchStatus;
use std::collections::BTreeSet;

#[tokio::test]
async fn two_dialers_at_once_call_nobody_twice() {
    let mut world = World::new().await;
    let people: Vec<u32> = (1..=200).collect();
    let batch = world.begin(plan(), &people).await;
    let (mut one, mut two) = (world.another(), world.another());
    for _ in 0..200 {
        world.network.set_now(world.now_ms);
        let (first, second) = tokio::join!(one.round(world.now_ms), two.round(world.now_ms));
        // A conflict of two transactions ends a round as a kill does.
        let _ = (first, second);
        world.tell().await;
        world.now_ms += SECOND;
        if world.status(&batch).await == BatchStatus::Done {
            break;
        }
    }
    assert_eq!(world.status(&batch).await, BatchStatus::Done);
    let calls = world.network.calls();
    let people: BTreeSet<&str> = calls.iter().map(|call| call.to.reveal()).collect();
    assert_eq!((calls.len(), people.len()), (200, 200));
}

#[tokio::test]
async fn the_lease_goes_to_the_next_when_it_is_given_up() {
    let world = World::new().await;
    world.begin(plan(), &[1]).await;
    world.network.set_now(NOON);
    let lifecycle = Lifecycle::new();
    lifecycle.start("outbound", world.lead(&lifecycle));
    while world.network.asked() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(!world.outbound.lead("somebody else", std::time::Duration::from_secs(10)).await.unwrap());
    lifecycle.stop_and_join(std::time::Duration::from_secs(5)).await;
    assert!(world.outbound.lead("somebody else", std::time::Duration::from_secs(10)).await.unwrap());
}
