//! NATS goes away and comes back: nobody waits long, and what was acknowledged is still there.

use adapters::bus::Nats;
use adapters::bus::nats::Options;
use common::ids::Epoch;
use common::ports::contract::{PATIENCE, events, fresh_call};
use common::ports::{Bus, BusError};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use xtask::servers::{Server, Servers};

/// The longest a caller may be held up: the time-out of an answer and a slow machine's share.
const HELD_UP_MAX: Duration = Duration::from_millis(2500);

/// One after another they take them away. A busy machine sometimes needs another try to start them.
static SERVERS: LazyLock<Mutex<Servers>> = LazyLock::new(|| {
    let started = std::iter::repeat_with(Servers::start).take(5).find_map(Result::ok);
    Mutex::new(started.expect("no servers"))
});

#[tokio::test]
async fn a_nats_that_is_killed_is_away_in_time_and_comes_back_with_everything() {
    let servers = SERVERS.lock().await;
    let bus = Nats::connect(&servers.nats_url, Options::default()).await.unwrap();
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let all = events(&fresh_call(), Epoch(1), 30);
    for event in &all[..10] {
        bus.publish(event, None).await.unwrap();
    }

    servers.kill(Server::Nats);
    for event in &all[10..20] {
        let asked = Instant::now();
        assert!(matches!(bus.publish(event, None).await, Err(BusError::Away(_))));
        assert!(asked.elapsed() < HELD_UP_MAX, "{:?}", asked.elapsed());
    }
    let asked = Instant::now();
    assert!(matches!(consumer.batch(10, Duration::from_millis(100)).await, Err(BusError::Away(_))));
    assert!(asked.elapsed() < HELD_UP_MAX, "{:?}", asked.elapsed());

    servers.restart(Server::Nats).unwrap();
    until_it_answers(&bus).await;
    for event in &all[10..] {
        bus.publish(event, None).await.unwrap();
    }
    let mut given = 0;
    while given < all.len() {
        let batch = consumer.batch(10, PATIENCE).await.unwrap();
        assert!(!batch.is_empty(), "only {given} came");
        consumer.ack(&batch).await.unwrap();
        given += batch.len();
    }
}

#[tokio::test]
async fn a_nats_that_comes_later_is_found() {
    let servers = SERVERS.lock().await;
    servers.kill(Server::Nats);
    let bus = Nats::connect(&servers.nats_url, Options::default()).await.unwrap();
    assert!(matches!(bus.check().await, Err(BusError::Away(_))));
    servers.restart(Server::Nats).unwrap();
    until_it_answers(&bus).await;
}

async fn until_it_answers(bus: &Nats) {
    let answers = async {
        while bus.check().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answers).await.expect("nats never came back");
}
