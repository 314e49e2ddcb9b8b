//! Prints what recording costs: `cargo run --release -p worker --example tap_speed`.
//!
//! Two figures. What the media loop spends on a frame, by a stopwatch around the tap alone; and what all of it costs, the
//! writer and the file included, as the process's CPU time for a minute of a call. Calls are recorded faster than they
//! are spoken, with both sides speaking all the time and a mark every 200 ms; nothing is lost, or it fails.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a stopwatch")]

use adapters::agent::Providers;
use adapters::db::Opened;
use adapters::line::TwilioLines;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::MarkId;
use common::event::{Envelope, Event, TapEvent};
use common::ids::{CompanyId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::{Bus, Ports};
use common::testing;
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::publish::Identity;
use worker::recording::{Recordings, Tap};

const CALLS: u64 = 100;
const SECONDS: u64 = 120;
const FRAMES: u64 = 50;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let under = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (kept, spool) = (under("kept"), under("spool"));
    let config = testing::config(&[
        ("recordings.url", &kept),
        ("recordings.spool_dir", &spool),
        ("recordings.spool_mib", "100000"),
        ("worker.seats", "100"),
    ]);
    let Opened { db, directory, outbound, aftercare } = adapters::db::open(None).unwrap();
    let bus = adapters::bus::Embedded::new();
    let ports = Ports {
        state: Arc::new(adapters::state::Embedded::new()),
        bus: Arc::new(bus.clone()),
        db,
        directory,
        agents: Arc::new(Providers::new(config.openai.clone())),
        lines: Arc::new(TwilioLines),
        outbound,
        aftercare,
        vault: Arc::new(adapters::vault::Store::open(&config.recordings).unwrap()),
        summarizer: Arc::new(adapters::summary::Scripted),
        telephone: None,
        messages: None,
        recordings: None,
        numbers: None,
    };
    let lifecycle = Lifecycle::new();
    let recordings = Recordings::start(&config, &ports, &lifecycle);
    let taps: Vec<Tap> = (0..CALLS).map(|number| recordings.tap(&identity(number)).unwrap()).collect();
    let before = cpu();
    let in_loop = speak(taps).await;
    drop(recordings);
    lifecycle.stop_and_join(Duration::from_secs(60)).await;
    let all = cpu() - before;

    check(&bus).await;
    let (frames, minutes) = (CALLS * SECONDS * FRAMES * 2, CALLS * SECONDS / 60);
    println!("{CALLS} calls of {SECONDS} s, 50 frames a second each way, a mark every 200 ms, {} cores", cores());
    println!("the tap in the media loop   {:>6} ns a frame", in_loop.as_nanos() / u128::from(frames));
    println!("all of it, CPU              {:>6} ns a frame", all.as_nanos() / u128::from(frames));
    println!("all of it, CPU              {:>6.1} ms a call minute", all.as_secs_f64() * 1e3 / minutes as f64);
}

/// Every call speaks, a second at a time; how long the taps took.
async fn speak(mut taps: Vec<Tap>) -> Duration {
    let audio: Vec<u8> = (0..160).map(|sample| 0x80 | (sample as u8 & 0x3F)).collect();
    let payload = Bytes::from(STANDARD.encode(&audio));
    let length = Duration::from_millis(20);
    let began = tokio::time::Instant::now();
    let mut spent = Duration::ZERO;
    taps.iter_mut().for_each(|tap| tap.keep(began));
    for second in 0..SECONDS {
        let watch = Instant::now();
        for tap in &mut taps {
            for frame in second * FRAMES..(second + 1) * FRAMES {
                let (stamp, mark) = (length * frame as u32, MarkId { generation: 0, number: (frame / 10) as u32 });
                let now = began + stamp;
                tap.caller(&payload, length, Some(stamp), now);
                tap.agent(&payload, length, now);
                if frame % 10 == 9 {
                    tap.marked(mark, now);
                }
                if frame % 10 == 0 && frame > 0 {
                    tap.returned(MarkId { number: mark.number - 1, ..mark }, now);
                }
            }
        }
        spent += watch.elapsed();
        // The writer has a second for this in a live worker.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let end = began + Duration::from_secs(SECONDS);
    taps.iter_mut().for_each(|tap| tap.end(end));
    spent
}

fn identity(number: u64) -> Identity {
    let company = CompanyId::parse("harbour").unwrap();
    Identity { call: testing::call_id(number), epoch: Epoch(1), company, trace: String::new() }
}

/// Every recording is there, whole.
async fn check(bus: &adapters::bus::Embedded) {
    let mut consumer = bus.consumer("tap_speed").await.unwrap();
    let batch = consumer.batch(10_000, Duration::ZERO).await.unwrap();
    let whole = batch.iter().filter(|delivery| {
        let event: Envelope = serde_json::from_slice(&delivery.payload).unwrap();
        matches!(event.event, Event::Tap(TapEvent::Stored { silent_ms: 0, length_ms, .. }) if length_ms >= SECONDS * 1_000)
    });
    assert_eq!(whole.count() as u64, CALLS, "recordings are missing or have holes");
}

/// CPU time of this process so far: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html> (read 2026-11).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|field: &usize| fields[*field].parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
