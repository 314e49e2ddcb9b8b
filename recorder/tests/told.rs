//! What the recorder tells people: that it is stuck, and that a record stays incomplete. Once, with the call's id, and
//! without a word of what was said.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/stores.rs"]
mod stores;
#[path = "support/story.rs"]
mod story;

use call::CallEvent;
use common::event::Event;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stores::{World, eventually};
use story::{call, whole_call};
use tracing_subscriber::fmt::MakeWriter;

#[tokio::test]
async fn a_recorder_that_is_stuck_says_so() {
    let world = World::new().await;
    let recorder = world.recorder();
    eventually("it is ready", async || recorder.readiness.report().ready).await;
    world.db.set_silent(true);
    world.publish(&whole_call(1)).await;
    eventually("it holds a batch", async || world.db.records.load(std::sync::atomic::Ordering::SeqCst) > 0).await;
    assert_eq!(recorder.waits_for("recorder"), None);
    pass_time(Duration::from_secs(31)).await;
    eventually("it is not ready", async || recorder.waits_for("recorder").is_some()).await;
    world.db.set_silent(false);
    eventually("it is ready again", async || recorder.readiness.report().ready).await;
    recorder.stop().await;
}

#[tokio::test]
async fn a_record_that_stays_incomplete_is_told_once() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let recorder = world.recorder();
    let lost = |event: &Event| matches!(event, Event::Worker(CallEvent::Interrupted { .. }));
    let mut partial = whole_call(1);
    partial.retain(|event| !lost(&event.event));
    for events in [partial, whole_call(2)] {
        world.publish(&events).await;
        let call = &events[0].key.call;
        eventually("all is stored", async || world.events(call).await.len() == events.len()).await;
    }
    pass_time(Duration::from_secs(61)).await;
    eventually("it is told", async || log.text().contains("incomplete")).await;
    pass_time(Duration::from_secs(61)).await;
    recorder.stop().await;

    let log = log.text();
    let told: Vec<_> = log.lines().filter(|line| line.contains("incomplete")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(told[0].contains(call(1).as_str()) && told[0].contains("missing=1"), "{log}");
    assert!(!log.contains("appointment") && !log.contains("5005550006"), "{log}");
}

/// Lets the recorder believe that so much time has passed.
async fn pass_time(time: Duration) {
    // Whoever has work does it first: then nothing but time is waited for.
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
