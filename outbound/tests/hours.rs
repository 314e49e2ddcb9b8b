//! People are called in their hours, and not at all when they do not want it.

use crate::support::{HOUR, MINUTE, NOON, SECOND, World, number, plan, row};
use common::ports::outbound::{BatchStatus, DialPlan, Outcome, Window};
use common::testing::company_id;

fn nine_to_eight() -> DialPlan {
    DialPlan { window: Window { from_minute: 540, until_minute: 1_200, days: [true; 7] }, ..plan() }
}

#[tokio::test]
async fn whoever_is_asleep_is_called_in_the_morning() {
    let mut world = World::new().await;
    let mut far = row(3, 2);
    far.zones = vec!["America/New_York".into(), "America/Los_Angeles".into()];
    let batch = world.begin_rows(nine_to_eight(), &[row(2, 1), far]).await;
    world.until_done(&batch, MINUTE, 24 * 60).await;
    let times: Vec<u64> = world.network.calls().iter().map(|call| call.at_ms).collect();
    // Nine in Los Angeles is five in the afternoon in London.
    assert_eq!(times, [NOON, NOON + 5 * HOUR]);
    assert_eq!(world.rows(&batch).await[1].attempts, 1, "waiting is no attempt");
}

#[tokio::test]
async fn a_batch_whose_dialer_slept_does_not_call_at_night() {
    let mut world = World::new().await;
    let batch = world.begin(nine_to_eight(), &[1]).await;
    world.now_ms = NOON + 9 * HOUR;
    world.for_time(11 * HOUR, 5 * MINUTE).await;
    assert_eq!(world.network.asked(), 0, "from nine in the evening to eight in the morning");
    world.until_done(&batch, 5 * MINUTE, 20).await;
    assert_eq!(world.network.calls()[0].at_ms, NOON + 21 * HOUR);
}

#[tokio::test]
async fn when_its_time_is_over_nobody_is_called_any_more() {
    let mut world = World::new().await;
    let plan = DialPlan { until_ms: Some(NOON + 10 * SECOND), concurrency: 1, ..plan() };
    let batch = world.begin(plan, &[1, 2, 3, 4, 5]).await;
    world.until_done(&batch, SECOND, 60).await;
    let outcomes = world.outcomes(&batch).await;
    let expired = outcomes.iter().filter(|outcome| **outcome == Some(Outcome::Expired)).count();
    assert_eq!(expired + world.network.calls().len(), 5, "{outcomes:?}");
    assert!(expired > 0 && world.network.calls().iter().all(|call| call.at_ms <= NOON + 10 * SECOND));
}

#[tokio::test]
async fn zones_that_share_no_hour_are_not_called() {
    let mut world = World::new().await;
    let mut nowhere = row(2, 1);
    nowhere.zones = vec!["Europe/London".into(), "Pacific/Auckland".into()];
    let narrow = DialPlan { window: Window { from_minute: 540, until_minute: 720, days: [true; 7] }, ..plan() };
    let batch = world.begin_rows(narrow, &[nowhere]).await;
    world.until_done(&batch, SECOND, 5).await;
    assert_eq!((world.outcomes(&batch).await, world.network.asked()), (vec![Some(Outcome::Expired)], 0));
}

#[tokio::test]
async fn whoever_has_opted_out_is_not_called() {
    let mut world = World::new().await;
    let mut slow = plan();
    slow.concurrency = 1;
    let batch = world.begin(slow, &[1, 2]).await;
    world.round().await;
    // While the first is being called the second says no.
    world.outbound.opt_out(&company_id(), &[number(2)], "call").await.unwrap();
    world.until_done(&batch, 5 * SECOND, 20).await;
    assert_eq!(world.outcomes(&batch).await, [Some(Outcome::Answered), Some(Outcome::OptedOut)]);
    assert_eq!(world.network.asked(), 1);
}

#[tokio::test]
async fn a_paused_batch_calls_nobody_and_goes_on_where_it_was() {
    let mut world = World::new().await;
    let mut slow = plan();
    slow.concurrency = 1;
    let batch = world.begin(slow, &[1, 2, 3]).await;
    world.round().await;
    world.outbound.set_status(&batch, BatchStatus::Paused).await.unwrap();
    world.for_time(HOUR, MINUTE).await;
    assert_eq!(world.network.asked(), 1);
    assert_eq!(world.outcomes(&batch).await[0], Some(Outcome::Answered), "the call under way was followed");
    world.restart();
    world.outbound.set_status(&batch, BatchStatus::Running).await.unwrap();
    world.until_done(&batch, SECOND, 60).await;
    assert_eq!(world.network.asked(), 3);
}
