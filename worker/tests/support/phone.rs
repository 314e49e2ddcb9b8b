//! A telephone that plays 20 ms at a time, and a caller who does what a test says. It keeps what it sent and what it
//! played, each at its place in the stream.

use super::studio::Wav;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// 20 ms.
const FRAME: u64 = 160;
const TICK: Duration = Duration::from_millis(20);
const SILENCE: u8 = 0xFF;

/// The most the recording may be off: 40 ms.
pub(crate) const OFF: i64 = 320;

/// What a caller does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// Is quiet for so many frames; a line is never silent.
    Quiet(u64),
    /// Speaks for so many frames.
    Speak(u64),
    /// Speaks for so many frames that the network loses.
    Lost(u64),
    /// Listens until so many samples were heard in all.
    Hear(usize),
    /// Listens until the agent has spoken and been silent for 400 ms.
    Listen,
}

enum Waiting {
    Sample(u8),
    Mark(String),
}

/// A stretch of agent audio without a pause, as it was played.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) at: u64,
    pub(crate) sound: Vec<u8>,
    /// Whether a clear ended it.
    pub(crate) cut: bool,
}

/// What the telephone sent and played.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Caller frames that were sent, by place.
    pub(crate) said: BTreeMap<u64, Vec<u8>>,
    pub(crate) spans: Vec<Span>,
    /// Where the stream ended.
    pub(crate) length: u64,
}

pub(crate) struct Phone {
    socket: WebSocketStream<DuplexStream>,
    queue: VecDeque<Waiting>,
    /// Marks whose audio is being played: they return when the tick is over.
    due: Vec<String>,
    tick: u64,
    next: Instant,
    quiet: u64,
    heard: usize,
    played: Played,
}

impl Phone {
    pub(crate) fn new(socket: WebSocketStream<DuplexStream>) -> Self {
        let (queue, due, next) = (VecDeque::new(), Vec::new(), Instant::now());
        Self { socket, queue, due, tick: 0, next, quiet: 0, heard: 0, played: Played::default() }
    }

    /// Carries the call, then hangs up.
    pub(crate) async fn talk(mut self, caller: &[Caller]) -> Played {
        for step in caller {
            match *step {
                Caller::Quiet(frames) => self.frames(frames, Self::quiet).await,
                Caller::Speak(frames) => self.frames(frames, Self::speech).await,
                Caller::Lost(frames) => self.frames(frames, |_| None).await,
                Caller::Hear(samples) => {
                    while self.heard < samples {
                        self.frames(1, Self::quiet).await;
                    }
                }
                Caller::Listen => {
                    let before = self.heard;
                    while self.heard == before || self.quiet < 20 {
                        self.frames(1, Self::quiet).await;
                    }
                }
            }
        }
        self.played.length = self.tick * FRAME;
        self.send(json!({"event": "stop", "streamSid": "MZ00000000000000000000000000000001", "stop": {}})).await;
        while let Some(Ok(_)) = self.socket.next().await {}
        self.played
    }

    /// Sound that is nowhere else in the call, quiet.
    fn quiet(at: u64) -> Option<u8> {
        Some([0xFF, 0x7F, 0xFE, 0x7E][(noise(at) & 3) as usize])
    }

    /// The same, loud.
    fn speech(at: u64) -> Option<u8> {
        Some(0x80 | (noise(at) & 0x1F) as u8)
    }

    async fn frames(&mut self, frames: u64, sample: impl Fn(u64) -> Option<u8>) {
        for _ in 0..frames {
            let at = self.tick * FRAME;
            let frame: Option<Vec<u8>> = (at..at + FRAME).map(&sample).collect();
            self.tick(at, frame).await;
        }
    }

    async fn tick(&mut self, at: u64, frame: Option<Vec<u8>>) {
        self.until_next().await;
        for mark in std::mem::take(&mut self.due) {
            self.mark(&mark).await;
        }
        if let Some(frame) = frame {
            let payload = STANDARD.encode(&frame);
            let media = json!({"track": "inbound", "timestamp": (at / 8 + 65).to_string(), "payload": payload});
            self.send(json!({"event": "media", "media": media, "streamSid": "MZ1"})).await;
            self.played.said.insert(at, frame);
        }
        // What is played from now on is heard while the caller's next frame is.
        self.play(at + FRAME);
        self.tick += 1;
    }

    /// Reads what comes until the next tick.
    async fn until_next(&mut self) {
        let next = self.next;
        self.next += TICK;
        while let Ok(Some(Ok(message))) = tokio::time::timeout_at(next, self.socket.next()).await {
            if let Message::Text(text) = message {
                self.take(serde_json::from_str(&text).unwrap()).await;
            }
        }
        tokio::time::sleep_until(next).await;
    }

    async fn take(&mut self, message: Value) {
        match message["event"].as_str().unwrap() {
            "media" => {
                let sound = STANDARD.decode(message["media"]["payload"].as_str().unwrap()).unwrap();
                self.queue.extend(sound.into_iter().map(Waiting::Sample));
            }
            "mark" => self.queue.push_back(Waiting::Mark(message["mark"]["name"].as_str().unwrap().to_owned())),
            "clear" => {
                let cut = self.queue.iter().any(|waiting| matches!(waiting, Waiting::Sample(_)));
                if cut && let Some(span) = self.played.spans.last_mut() {
                    span.cut = true;
                }
                for waiting in std::mem::take(&mut self.queue) {
                    if let Waiting::Mark(mark) = waiting {
                        self.mark(&mark).await;
                    }
                }
            }
            other => panic!("{other}"),
        }
    }

    fn play(&mut self, at: u64) {
        let before = self.heard;
        let mut played = 0;
        while let Some(waiting) = self.queue.front() {
            match waiting {
                Waiting::Sample(_) if played == FRAME => break,
                Waiting::Sample(sample) => {
                    self.played.hear(at + played, *sample);
                    (played, self.heard) = (played + 1, self.heard + 1);
                }
                Waiting::Mark(mark) => self.due.push(mark.clone()),
            }
            self.queue.pop_front();
        }
        self.quiet = if self.heard == before { self.quiet + 1 } else { 0 };
    }

    async fn mark(&mut self, name: &str) {
        self.send(json!({"event": "mark", "mark": {"name": name}, "streamSid": "MZ1"})).await;
    }

    async fn send(&mut self, message: Value) {
        // A session that is over reads no more.
        let _ = self.socket.send(Message::text(message.to_string())).await;
    }
}

/// <https://prng.di.unimi.it/splitmix64.c> (read 2026-11).
fn noise(at: u64) -> u64 {
    let mixed = at.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Played {
    fn hear(&mut self, at: u64, sample: u8) {
        match self.spans.last_mut() {
            Some(span) if span.at + span.sound.len() as u64 == at && !span.cut => span.sound.push(sample),
            _ => self.spans.push(Span { at, sound: vec![sample], cut: false }),
        }
    }

    /// Where in the stream the recording begins, by the caller's sound.
    pub(crate) fn begins(&self, wav: &Wav) -> u64 {
        let first: Vec<u8> = wav.caller.iter().copied().take(FRAME as usize).collect();
        let track = self.track(0, self.length);
        let found = track.windows(first.len()).position(|window| window == first);
        found.expect("the recording begins somewhere in the call") as u64
    }

    /// The caller's sound between these places, with silence for what was lost.
    fn track(&self, from: u64, to: u64) -> Vec<u8> {
        let mut track = vec![SILENCE; self.length as usize];
        for (at, frame) in &self.said {
            track[*at as usize..*at as usize + frame.len()].copy_from_slice(frame);
        }
        track[from as usize..to as usize].to_vec()
    }

    /// Both channels are what was sent and played, but for stretches that were not kept; gives how far the agent's places
    /// are off at most, in samples.
    pub(crate) fn check(&self, wav: &Wav, unkept: &[(u64, u64)]) -> u64 {
        let begins = self.begins(wav);
        let ends = begins + wav.caller.len() as u64;
        assert!(ends.abs_diff(self.length) <= FRAME, "{ends} of {}", self.length);
        let mut caller = self.track(begins, self.length.min(ends));
        caller.resize(wav.caller.len(), SILENCE);
        for (from, to) in unkept {
            caller[(*from - begins) as usize..(*to - begins) as usize].fill(SILENCE);
        }
        let differ = caller.iter().zip(&wav.caller).position(|(said, kept)| said != kept);
        assert_eq!(differ, None, "the caller is not the same from there on");
        self.check_agent(wav, begins)
    }

    fn check_agent(&self, wav: &Wav, begins: u64) -> u64 {
        let mut silent = wav.agent.clone();
        let mut worst = 0;
        for span in self.spans.iter().filter(|span| span.at >= begins) {
            let sure = if span.cut { span.sound.len().saturating_sub(OFF as usize) } else { span.sound.len() };
            let place = |off: i64| (span.at - begins).checked_add_signed(off).unwrap_or(0) as usize;
            let fits = |off: &i64| wav.agent.get(place(*off)..place(*off) + sure) == Some(&span.sound[..sure]);
            let Some(off) = (-OFF..=OFF).filter(fits).min_by_key(|off| off.abs()) else {
                panic!("what was played at {} for {} samples is not there", span.at, span.sound.len());
            };
            worst = worst.max(off.unsigned_abs());
            let from = place(off);
            let slack = if span.cut { OFF as usize * 2 } else { 0 };
            let to = (from + sure + slack).min(silent.len());
            if span.cut {
                let kept = silent[from..to].iter().rposition(|sample| *sample != SILENCE).map_or(0, |at| at + 1);
                worst = worst.max((kept as u64).abs_diff(span.sound.len() as u64));
            }
            silent[from..to].fill(SILENCE);
        }
        let stray = silent.iter().position(|sample| *sample != SILENCE);
        assert_eq!(stray, None, "something stands there that was not played");
        worst
    }
}
