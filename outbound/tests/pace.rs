//! No more calls a minute and at once than were asked for.

use crate::support::{MINUTE, SECOND, World, plan};
use common::ports::outbound::DialPlan;

#[tokio::test]
async fn calls_begin_at_the_pace_of_their_batch() {
    let mut world = World::new().await;
    let people: Vec<u32> = (1..=120).collect();
    let batch = world.begin(DialPlan { per_minute: 60, ..plan() }, &people).await;
    world.until_done(&batch, 500, 400).await;
    let times: Vec<u64> = world.network.calls().iter().map(|call| call.at_ms).collect();
    assert_eq!(times.len(), 120);
    for window in times.windows(11) {
        assert!(window[10] - window[0] >= 9 * SECOND, "ten seconds hold ten calls: {window:?}");
    }
    let took = times[119] - times[0];
    assert!((115 * SECOND..125 * SECOND).contains(&took), "{took} ms");
}

#[tokio::test]
async fn starting_again_makes_it_no_faster() {
    let mut world = World::new().await;
    let people: Vec<u32> = (1..=50).collect();
    world.begin(DialPlan { per_minute: 6, ..plan() }, &people).await;
    let end = world.now_ms + MINUTE;
    while world.now_ms < end {
        world.restart();
        world.round().await;
        world.now_ms += SECOND;
    }
    // A call lasts four seconds here: whoever comes after that knows nothing of it.
    assert!(world.network.asked() <= 15, "{}", world.network.asked());
}

#[tokio::test]
async fn no_more_calls_at_once_than_were_asked_for() {
    let mut world = World::new().await;
    let people: Vec<u32> = (1..=40).collect();
    let batch = world.begin(DialPlan { concurrency: 5, ..plan() }, &people).await;
    world.until_done(&batch, SECOND, 200).await;
    let calls = world.network.calls();
    for call in &calls {
        let at_once = calls.iter().filter(|other| (call.at_ms..call.at_ms + 4 * SECOND).contains(&other.at_ms));
        assert!(at_once.count() <= 5);
    }
}
