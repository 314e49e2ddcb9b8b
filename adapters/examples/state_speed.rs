//! How fast the state takes a fenced write with one event, and the bus an event: the two steps behind every turn.
//!
//! `cargo run --release -p adapters --example state_speed [REDIS_URL] [NATS_URL]`; without addresses in this process.

use adapters::{bus, state};
use bytes::Bytes;
use common::ids::{CallId, Epoch};
use common::ports::contract::{event, fresh_call};
use common::ports::{Bus, OutboxId, SessionWrite, State};
use futures_util::stream::{self, StreamExt};
use std::cell::RefCell;
use std::time::Duration;
use tokio::time::Instant;

/// How many of each; enough for a p99 that is not one accident.
const COUNT: u64 = 20_000;

#[tokio::main]
async fn main() {
    let mut addresses = std::env::args().skip(1);
    let state: Box<dyn State> = match addresses.next() {
        Some(url) => Box::new(state::Redis::connect(&url, "pb-speed").await.expect("a redis URL")),
        None => Box::new(state::Embedded::new()),
    };
    let bus: Box<dyn Bus> = match addresses.next() {
        Some(url) => {
            let options = bus::nats::Options {
                stream: "PATCHBAY_SPEED".into(),
                subject_root: "pb-speed".into(),
                ..bus::nats::Options::default()
            };
            Box::new(bus::Nats::connect(&url, options).await.expect("a nats URL"))
        }
        None => Box::new(bus::Embedded::new()),
    };
    let call = fresh_call();
    let epoch = state.claim(&call).await.expect("a state").epoch;
    println!("state: {}", state.check().await.expect("a state").server);
    println!("bus:   {}", bus.check().await.expect("a bus").server);
    let waiting = RefCell::new(Vec::new());
    for at_once in [1, 32] {
        let written = measured(at_once, |n| write(&*state, &call, epoch, n, &waiting)).await;
        println!("write with an event, {at_once:>3} at once: {written}");
    }
    for part in waiting.take().chunks(500) {
        state.forget(part).await.expect("a state");
    }
    for at_once in [1, 256] {
        let call = fresh_call();
        let published = measured(at_once, |n| publish(&*bus, &call, n)).await;
        println!("publish an event,    {at_once:>3} at once: {published}");
    }
    println!("deliver and acknowledge, by 500:  {}", consume(&*bus).await);
}

async fn write(state: &dyn State, call: &CallId, epoch: Epoch, n: u64, waiting: &RefCell<Vec<OutboxId>>) {
    let checkpoint = Some(Bytes::from(vec![b'x'; 4096]));
    let events = vec![event(call, epoch, n)];
    let write = SessionWrite { checkpoint, events, ..SessionWrite::new(call.clone(), epoch) };
    let written = state.write(&write).await.expect("a state");
    waiting.borrow_mut().extend(written.outbox);
}

async fn publish(bus: &dyn Bus, call: &CallId, n: u64) {
    bus.publish(&event(call, Epoch(1), n), None).await.expect("a bus");
}

async fn consume(bus: &dyn Bus) -> String {
    let mut consumer = bus.consumer("speed").await.expect("a bus");
    let began = Instant::now();
    let mut given = 0;
    while given < 2 * COUNT {
        let batch = consumer.batch(500, Duration::from_secs(1)).await.expect("a bus");
        if batch.is_empty() {
            break;
        }
        consumer.ack(&batch).await.expect("a bus");
        given += batch.len() as u64;
    }
    format!("{:.0} a second", given as f64 / began.elapsed().as_secs_f64())
}

async fn measured<F: Future<Output = ()>>(at_once: usize, step: impl Fn(u64) -> F) -> String {
    let began = Instant::now();
    let timed = stream::iter(0..COUNT).map(|n| {
        let step = step(n);
        async {
            let began = Instant::now();
            step.await;
            began.elapsed()
        }
    });
    let mut took: Vec<Duration> = timed.buffer_unordered(at_once).collect().await;
    let rate = COUNT as f64 / began.elapsed().as_secs_f64();
    took.sort();
    let at = |share: f64| took[(share * (took.len() - 1) as f64) as usize];
    format!("p50 {:?}, p99 {:?}, {rate:.0} a second", at(0.5), at(0.99))
}
