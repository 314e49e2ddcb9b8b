//! A dialer that is killed, at whatever line: nobody is called twice, and every row has its outcome.

use crate::support::network::{Deed, Wire};
use crate::support::{SECOND, World, number, plan};
use common::ports::outbound::{BatchStatus, Outcome};
use std::collections::BTreeMap;

/// A batch in which everything happens once: an answer, a busy line and another try, a lost answer of a call that was
/// placed and of one that was not, a refusal, a network that is busy.
async fn everything(world: &mut World, wire: Wire) {
    let network = &world.network;
    network.set_wire(wire);
    network.when_called(number(2), &[Deed::Call("busy"), Deed::Call("completed")]);
    network.when_called(number(3), &[Deed::CallAndLie("no-answer")]);
    network.when_called(number(4), &[Deed::Lie, Deed::Call("completed")]);
    network.when_called(number(5), &[Deed::Refuse(21_211, 400); 9]);
    network.when_called(number(6), &[Deed::Busy, Deed::Call("failed")]);
    let batch = world.begin(plan(), &[1, 2, 3, 4, 5, 6]).await;
    world.until_done(&batch, 5 * SECOND, 200).await;
    check(world).await;
}

async fn check(world: &World) {
    let whence = world.trap.whence();
    let mut by_attempt: BTreeMap<_, u32> = BTreeMap::new();
    let mut by_person: BTreeMap<_, u32> = BTreeMap::new();
    for call in world.network.calls() {
        *by_attempt.entry(call.attempt).or_default() += 1;
        *by_person.entry(call.to.reveal().to_owned()).or_default() += 1;
    }
    assert!(by_attempt.values().all(|calls| *calls == 1), "{whence}: called twice: {by_attempt:?}");
    let calls = |person| by_person.get(number(person).reveal()).copied().unwrap_or_default();
    let outcomes = world.outcomes(&common::ids::BatchId::parse("spring").unwrap()).await;
    use Outcome::{Answered, Failed, NoAnswer, Refused};
    let expected = [Answered, Answered, NoAnswer, Answered, Refused, Failed].map(Some);
    assert_eq!(outcomes, expected, "{whence}");
    assert_eq!([1, 2, 3, 4, 5, 6].map(calls), [1, 2, 1, 1, 0, 1], "{whence}");
}

#[tokio::test]
async fn a_dialer_may_die_at_any_moment() {
    for wire in [Wire::Open, Wire::NoCallbacks] {
        let mut died = Vec::new();
        for step in 1.. {
            let mut world = World::new().await;
            world.trap.arm(step);
            everything(&mut world, wire).await;
            if world.trap.whence().is_empty() {
                break;
            }
            died.push(world.trap.whence());
        }
        assert!(died.len() > 30, "{} moments: {died:#?}", died.len());
    }
}

#[tokio::test]
async fn a_dialer_may_die_again_and_again() {
    let mut world = World::new().await;
    let batch = world.begin(plan(), &(1..=40).collect::<Vec<_>>()).await;
    for round in 0..400 {
        // At another step each time, late enough for something to be done.
        world.trap.arm(3 + round % 11);
        world.round_or_death().await;
        world.now_ms += 5 * SECOND;
        if world.status(&batch).await == BatchStatus::Done {
            break;
        }
    }
    world.trap.disarm();
    world.until_done(&batch, 5 * SECOND, 100).await;
    let calls = world.network.calls();
    let people: std::collections::BTreeSet<_> = calls.iter().map(|call| call.to.reveal()).collect();
    assert_eq!((calls.len(), people.len()), (40, 40));
    assert!(world.outcomes(&batch).await.iter().all(|outcome| *outcome == Some(Outcome::Answered)));
}
