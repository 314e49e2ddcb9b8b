//! What the network answers, and what becomes of the row.

use crate::support::network::{Deed, Wire};
use crate::support::{HOUR, MINUTE, SECOND, World, number, plan};
use common::ports::outbound::{BatchStatus, Outcome, RowStatus};

#[tokio::test]
async fn a_number_that_is_refused_is_not_tried_again() {
    let mut world = World::new().await;
    world.network.when_called(number(1), &[Deed::Refuse(21_217, 400)]);
    let batch = world.begin(plan(), &[1, 2]).await;
    world.until_done(&batch, 5 * SECOND, 10).await;
    assert_eq!(world.outcomes(&batch).await, [Some(Outcome::Refused), Some(Outcome::Answered)]);
    assert_eq!(world.rows(&batch).await[0].detail, "21217");
}

#[tokio::test]
async fn a_network_that_is_busy_is_left_alone_for_a_while() {
    for deed in [Deed::Busy, Deed::Away] {
        let mut world = World::new().await;
        world.network.when_called(number(1), &[deed; 4]);
        let batch = world.begin(plan(), &[1]).await;
        world.for_time(10 * SECOND, 100).await;
        // After 1, 2 and 4 seconds.
        assert_eq!(world.network.asked(), 4, "{deed:?}");
        world.until_done(&batch, SECOND, 30).await;
        let row = &world.rows(&batch).await[0];
        assert_eq!((row.outcome, row.attempts), (Some(Outcome::Answered), 1), "what was not called does not count");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_account_pauses_the_batch_and_spends_no_row() {
    let mut world = World::new().await;
    world.network.when_called(number(1), &[Deed::Refuse(20_003, 401)]);
    let batch = world.begin(plan(), &[1, 2]).await;
    world.round().await;
    assert_eq!(world.status(&batch).await, BatchStatus::Paused);
    assert_eq!(world.log.take_errors().len(), 1, "a person must act");
    assert_eq!(world.rows(&batch).await[0].status, RowStatus::Waiting);
    world.for_time(MINUTE, SECOND).await;
    assert_eq!(world.network.asked(), 1, "nobody is called after that");
    world.outbound.set_status(&batch, BatchStatus::Running).await.unwrap();
    world.until_done(&batch, SECOND, 20).await;
    assert_eq!(world.outcomes(&batch).await, [Some(Outcome::Answered); 2]);
}

#[tokio::test]
async fn a_list_of_which_every_number_is_refused_pauses_the_batch() {
    let mut world = World::new().await;
    let people: Vec<u32> = (1..=60).collect();
    for person in &people {
        world.network.when_called(number(*person), &[Deed::Refuse(99_999, 400)]);
    }
    let batch = world.begin(plan(), &people).await;
    world.for_time(MINUTE, SECOND).await;
    assert_eq!(world.status(&batch).await, BatchStatus::Paused);
    assert_eq!(world.log.take_errors().len(), 1);
    assert!(world.network.asked() <= 40, "{}", world.network.asked());
}

#[tokio::test]
async fn a_lost_answer_is_found_in_the_networks_list() {
    let mut world = World::new().await;
    world.network.set_wire(Wire::NoCallbacks);
    world.network.when_called(number(1), &[Deed::CallAndLie("completed")]);
    let batch = world.begin(plan(), &[1]).await;
    world.for_time(29 * SECOND, SECOND).await;
    assert_eq!(world.network.lists(), 0, "the network has its time to show the call");
    world.for_time(3 * SECOND, SECOND).await;
    assert_eq!(world.rows(&batch).await[0].status, RowStatus::Placed);
    world.until_done(&batch, 5 * SECOND, 20).await;
    assert_eq!((world.network.calls().len(), world.network.asked()), (1, 1));
}

#[tokio::test]
async fn a_call_that_was_never_placed_is_placed_after_two_lists_without_it() {
    let mut world = World::new().await;
    world.network.when_called(number(1), &[Deed::Lie]);
    let batch = world.begin(plan(), &[1]).await;
    world.for_time(44 * SECOND, SECOND).await;
    assert_eq!((world.network.lists(), world.network.asked()), (1, 1));
    world.until_done(&batch, SECOND, 20).await;
    assert_eq!((world.network.lists(), world.network.asked()), (2, 2));
    assert_eq!(world.rows(&batch).await[0].attempts, 1);
}

#[tokio::test]
async fn when_the_network_cannot_be_asked_nobody_is_called_again() {
    let mut world = World::new().await;
    world.network.set_wire(Wire::Mute);
    world.network.when_called(number(1), &[Deed::CallAndLie("completed")]);
    world.network.when_called(number(2), &[Deed::Lie]);
    let batch = world.begin(plan(), &[1, 2]).await;
    world.for_time(15 * MINUTE, 5 * SECOND).await;
    assert_eq!(world.outcomes(&batch).await, [None, None]);
    world.for_time(2 * MINUTE, 5 * SECOND).await;
    assert_eq!(world.outcomes(&batch).await, [Some(Outcome::Unknown); 2]);
    world.network.set_wire(Wire::Open);
    world.for_time(2 * HOUR, MINUTE).await;
    assert_eq!((world.network.asked(), world.network.calls().len()), (2, 1));
    assert_eq!(world.status(&batch).await, BatchStatus::Done);
}

#[tokio::test]
async fn calls_to_the_same_person_by_two_batches_are_told_apart() {
    let mut world = World::new().await;
    world.network.set_wire(Wire::NoCallbacks);
    world.network.when_called(number(1), &[Deed::CallAndLie("busy"), Deed::CallAndLie("completed")]);
    let mut calm = plan();
    calm.retries.clear();
    let first = world.begin(calm.clone(), &[1]).await;
    let second = common::ports::outbound::Batch {
        id: common::ids::BatchId::parse("summer").unwrap(),
        ..crate::support::batch(calm)
    };
    world.outbound.begin_batch(&second, &[crate::support::row(2, 1)]).await.unwrap();
    world.for_time(3 * MINUTE, 5 * SECOND).await;
    let mut outcomes = world.outcomes(&first).await;
    outcomes.extend(world.outcomes(&second.id).await);
    outcomes.sort();
    assert_eq!(outcomes, [Some(Outcome::Answered), Some(Outcome::Busy)]);
    assert_eq!(world.network.asked(), 2);
}

#[tokio::test]
async fn a_busy_line_is_tried_as_often_as_was_asked_for() {
    let mut world = World::new().await;
    world.network.when_called(number(1), &[Deed::Call("busy"); 9]);
    let batch = world.begin(plan(), &[1]).await;
    world.until_done(&batch, 5 * SECOND, 100).await;
    let row = &world.rows(&batch).await[0];
    assert_eq!((row.outcome, row.attempts), (Some(Outcome::Busy), 3));
    let times: Vec<u64> = world.network.calls().iter().map(|call| call.at_ms).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE), "{times:?}");
}

#[tokio::test]
async fn a_cancelled_batch_follows_its_calls_and_calls_nobody() {
    let mut world = World::new().await;
    let mut slow = plan();
    slow.concurrency = 1;
    world.network.when_called(number(1), &[Deed::Call("busy")]);
    let batch = world.begin(slow, &[1, 2, 3]).await;
    world.round().await;
    world.outbound.set_status(&batch, BatchStatus::Cancelled).await.unwrap();
    world.for_time(3 * MINUTE, 5 * SECOND).await;
    let cancelled = Some(Outcome::Cancelled);
    assert_eq!(world.outcomes(&batch).await, [Some(Outcome::Busy), cancelled, cancelled]);
    assert_eq!(world.network.asked(), 1);
}
