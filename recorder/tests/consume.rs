//! The recorder on the embedded stores: repeats, disorder, poison, a database that goes away, a crash at the worst
//! moment. However it comes, each event is in the record exactly once.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/stores.rs"]
mod stores;
#[path = "support/story.rs"]
mod story;

use call::{CallEvent, Speaker};
use common::ports::State;
use recorder::sweep::Sweep;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stores::{Deaf, World, eventually};
use story::{EPOCH, call, folded, gateway, turn, whole_call, worker};
use tokio::sync::Notify;

/// The calls' records are whole, and making them again from the stored events gives the same.
async fn check_exactly_once(world: &World, calls: u32) {
    for n in 1..=calls {
        let told = whole_call(n);
        eventually("all is stored", async || world.events(&call(n)).await.len() >= told.len()).await;
        assert_eq!(world.cdr(&call(n)).await, Some(folded(&told)), "call {n}");
        let stored = world.events(&call(n)).await;
        assert_eq!(stored.len(), told.len(), "call {n}");
        assert_eq!(folded(&stored), folded(&told), "call {n}");
    }
}

#[tokio::test]
async fn published_events_become_records() {
    let world = World::new().await;
    let recorder = world.recorder();
    for n in 1..=5 {
        world.publish(&whole_call(n)).await;
    }
    check_exactly_once(&world, 5).await;
    eventually("it is ready", async || recorder.readiness.report().ready).await;
    recorder.stop().await;
}

#[tokio::test]
async fn repeats_and_disorder_change_nothing() {
    let world = World::new().await;
    let mut events: Vec<_> = (1..=5).flat_map(whole_call).collect();
    events.reverse();
    events.extend((1..=5).flat_map(whole_call));
    for event in &events {
        // Past the bus' own window a repeat is a message like any other.
        world.bus.inject(serde_json::to_vec(event).unwrap().into()).unwrap();
    }
    let (one, other) = (world.recorder(), world.recorder());
    check_exactly_once(&world, 5).await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn poison_goes_to_quarantine_and_stops_nobody() {
    let world = World::new().await;
    let poison = worker(EPOCH, 77, 0, turn(9, Speaker::Caller, "\0"));
    world.bus.inject("{\"version\":1,".into()).unwrap();
    world.publish(&whole_call(1)).await;
    world.publish(&[poison]).await;
    world.bus.inject(vec![0xff, 0x00].into()).unwrap();
    world.publish(&whole_call(2)).await;
    let recorder = world.recorder();
    check_exactly_once(&world, 2).await;
    eventually("three payloads are in quarantine", async || quarantined(&world).await == 3).await;
    recorder.stop().await;
}

async fn quarantined(world: &World) -> u64 {
    common::ports::Db::quarantined(world.db.as_ref()).await.unwrap()
}

#[tokio::test]
async fn a_database_that_goes_away_is_waited_for() {
    let world = World::new().await;
    world.db.set_away(true);
    let recorder = world.recorder();
    eventually("it says what it waits for", async || recorder.waits_for("db").is_some_and(|r| r.contains("wire")))
        .await;
    world.db.set_away(false);
    world.publish(&whole_call(1)).await;
    check_exactly_once(&world, 1).await;

    world.db.set_away(true);
    world.publish(&whole_call(2)).await;
    eventually("it is not ready", async || recorder.waits_for("db").is_some()).await;
    assert_eq!(world.cdr(&call(2)).await, None);
    world.db.set_away(false);
    check_exactly_once(&world, 2).await;
    eventually("it is ready again", async || recorder.readiness.report().ready).await;
    recorder.stop().await;
}

#[tokio::test]
async fn a_bus_that_goes_away_is_waited_for() {
    let world = World::new().await;
    world.bus.set_away(true);
    let recorder = world.recorder();
    eventually("it says what it waits for", async || recorder.waits_for("bus").is_some_and(|r| r.contains("away")))
        .await;
    world.bus.set_away(false);
    world.publish(&whole_call(1)).await;
    check_exactly_once(&world, 1).await;
    recorder.stop().await;
}

#[tokio::test]
async fn a_conflict_is_tried_again_at_once() {
    let world = World::new().await;
    world.db.conflict(5);
    world.publish(&whole_call(1)).await;
    let recorder = world.recorder();
    check_exactly_once(&world, 1).await;
    assert_eq!(recorder.waits_for("db"), None);
    recorder.stop().await;
}

#[tokio::test]
async fn a_crash_between_commit_and_acknowledgement_stores_nothing_twice() {
    let world = World::new().await;
    let tried = Arc::new(Notify::new());
    let mut stores = world.stores();
    stores.bus = Arc::new(Deaf { inner: stores.bus, tried: tried.clone() });
    world.publish(&whole_call(1)[..8]).await;
    let first = world.recorder_on(stores);
    tried.notified().await;
    assert!(!world.events(&call(1)).await.is_empty(), "it acknowledges what it has not stored");
    first.kill().await;

    let before = world.db.records.load(Ordering::SeqCst);
    let second = world.recorder();
    world.publish(&whole_call(1)[8..]).await;
    pass_time(adapters::bus::ACK_WAIT).await;
    check_exactly_once(&world, 1).await;
    eventually("the old events came again", async || world.db.records.load(Ordering::SeqCst) >= before + 2).await;
    check_exactly_once(&world, 1).await;
    second.stop().await;
}

/// Lets the bus believe that so much time has passed.
async fn pass_time(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_stop_while_the_database_is_away_loses_nothing() {
    let world = World::new().await;
    let first = world.recorder();
    eventually("it is ready", async || first.readiness.report().ready).await;
    world.db.set_away(true);
    world.publish(&whole_call(1)).await;
    eventually("it holds a batch", async || first.waits_for("db").is_some()).await;
    first.stop().await;

    world.db.set_away(false);
    let second = world.recorder();
    eventually("it is ready", async || second.readiness.report().ready).await;
    pass_time(adapters::bus::ACK_WAIT).await;
    check_exactly_once(&world, 1).await;
    second.stop().await;
}

#[tokio::test]
async fn the_outbox_is_swept_and_emptied() {
    let world = World::new().await;
    let (state, stores) = (world.state.clone(), world.stores());
    state.enqueue(&whole_call(1)).await.unwrap();
    let mut sweep = Sweep::default();
    assert_eq!(sweep.once(stores.state.as_ref(), stores.bus.as_ref(), Duration::ZERO).await, whole_call(1).len());
    let recorder = world.recorder();
    check_exactly_once(&world, 1).await;
    eventually("the outbox is empty", async || state.outbox(Duration::ZERO, 100).await.unwrap().is_empty()).await;
    recorder.stop().await;
}

#[tokio::test]
async fn the_sweep_lets_rest_what_it_has_published() {
    let world = World::new().await;
    let stores = world.stores();
    let mut sweep = Sweep::default();
    let mut sweep = async || sweep.once(stores.state.as_ref(), stores.bus.as_ref(), Duration::ZERO).await;
    world.state.enqueue(&whole_call(1)).await.unwrap();
    assert_eq!(sweep().await, whole_call(1).len());
    assert_eq!(sweep().await, 0, "nobody has recorded them yet, and the bus has them");
    world.state.enqueue(&whole_call(2)).await.unwrap();
    assert_eq!(sweep().await, whole_call(2).len());
    pass_time(Duration::from_secs(60)).await;
    world.bus.set_away(true);
    assert_eq!(sweep().await, 0);
    world.bus.set_away(false);
    assert_eq!(sweep().await, whole_call(1).len() + whole_call(2).len());
}

#[tokio::test]
async fn an_event_in_quarantine_leaves_the_outbox_too() {
    let world = World::new().await;
    let (state, stores) = (world.state.clone(), world.stores());
    let poison = worker(EPOCH, 0, 0, CallEvent::AgentComplained { code: "\0".into() });
    state.enqueue(&[poison, gateway(EPOCH, 0, 0, story::accepted())]).await.unwrap();
    Sweep::default().once(stores.state.as_ref(), stores.bus.as_ref(), Duration::ZERO).await;
    let recorder = world.recorder();
    eventually("the outbox is empty", async || state.outbox(Duration::ZERO, 100).await.unwrap().is_empty()).await;
    assert_eq!(quarantined(&world).await, 1);
    recorder.stop().await;
}
