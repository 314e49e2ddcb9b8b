//! The near end of the relay: telephones that send a frame every 20 ms and listen, nothing more.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_tungstenite::{connect_async_with_config, tungstenite::Message};

use super::{socket_config, stamp};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(20);
/// A frame's audio in base64: 160 bytes.
const PAYLOAD_CHARS: usize = 216;

/// What the lines are to do.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Where they connect.
    pub url: String,
    /// How many.
    pub count: usize,
    /// How long each speaks.
    pub duration: Duration,
}

/// What one end of the relay saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// How long each received message took.
    pub delays: Vec<Duration>,
}

impl Seen {
    pub(super) fn receive(&mut self, message: &str) {
        self.received += 1;
        self.delays.extend(stamp::age(message));
    }

    /// Adds another end's.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.delays.extend(other.delays);
    }
}

/// Runs all lines to their end; each starts at its own part of the 20 ms.
///
/// # Errors
/// When a line cannot connect or breaks.
pub async fn run(lines: &Lines) -> Result<Seen> {
    let mut running = JoinSet::new();
    let lines = Arc::new(lines.clone());
    for number in 0..lines.count {
        let lines = Arc::clone(&lines);
        let offset = FRAME.mul_f64(number as f64 / lines.count as f64);
        running.spawn(async move { line(&lines, number, offset).await });
    }
    let mut seen = Seen::default();
    while let Some(ended) = running.join_next().await {
        seen.add(ended.context("run a line")??);
    }
    Ok(seen)
}

async fn line(lines: &Lines, number: usize, offset: Duration) -> Result<Seen> {
    let connected = connect_async_with_config(&lines.url, Some(socket_config()), true).await;
    let (mut socket, _) = connected.with_context(|| format!("connect line {number} to {}", lines.url))?;
    let payload = "/".repeat(PAYLOAD_CHARS - 3) + "w==";
    let start = Instant::now() + offset;
    let mut ticks = interval_at(start, FRAME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut seen = Seen::default();
    loop {
        tokio::select! {
            tick = ticks.tick() => {
                if tick - start >= lines.duration {
                    break;
                }
                seen.sent += 1;
                let text = frame(number, seen.sent, &payload);
                socket.send(Message::text(text)).await.context("send a frame")?;
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => seen.receive(&text),
                Some(Ok(_)) => {}
                Some(Err(problem)) => return Err(problem).context("receive at a line"),
                None => break,
            },
        }
    }
    // The far end may close first; the line has done its work.
    let _closed = socket.close(None).await;
    Ok(seen)
}

/// A frame as the telephone network writes it.
fn frame(number: usize, count: u64, payload: &str) -> String {
    let stamp = stamp::now();
    format!(
        "{{\"event\":\"media\",\"sequenceNumber\":\"{count}\",\"media\":{{\"track\":\"inbound\",\"chunk\":\"{count}\",\
         \"timestamp\":\"{stamp}\",\"payload\":\"{payload}\"}},\"streamSid\":\"MZ{number:032x}\"}}"
    )
}
