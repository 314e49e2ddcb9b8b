//! The far end's loudspeaker: a queue of audio and marks that plays on the clock.
//!
//! Fed with what the server sends (`stream.rs`), it says which marks have been reached, what `clear` threw away and
//! what the caller heard when. It is told the time and never asks for it, so a test can move time as it likes.
//!
//! The rules: <https://www.twilio.com/docs/voice/media-streams/websocket-messages> (mark, clear; read 2026-11).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::truth::{ClearTruth, HeardSpan, MarkFate, MarkTruth, ReceivedMedia, nanos};
use crate::network::{Channel, Network};
use crate::watermark::SILENCE;

/// Time one byte of mu-law takes to play.
const BYTE_NANOS: u64 = 125_000;

enum Item {
    Audio { message: usize, left: u32, audio: Option<Bytes> },
    Mark { index: usize },
}

/// Whether the audio itself is kept, or only its sizes and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Only sizes, times and fingerprints: a few bytes a message.
    #[default]
    Sizes,
    /// Also what was heard, 8,000 bytes a second.
    Heard,
}

/// Plays one stream.
pub(crate) struct Player {
    begun: Instant,
    queue: VecDeque<Item>,
    /// When the first byte not yet played is due, or was, if nothing waits.
    head_at: Instant,
    queued_bytes: u64,
    due: VecDeque<Instant>,
    reached: Vec<String>,
    heard_bytes: u64,
    pub(crate) received: Vec<ReceivedMedia>,
    pub(crate) marks: Vec<MarkTruth>,
    pub(crate) clears: Vec<ClearTruth>,
    pub(crate) spans: Vec<HeardSpan>,
    pub(crate) tape: Option<Vec<u8>>,
    /// Where what is played goes, if the network may be asked to record it.
    pub(crate) recorded: Option<Recorded>,
}

/// The call whose sound the network may be asked to record.
pub(crate) struct Recorded {
    pub(crate) network: Network,
    pub(crate) call_sid: String,
}

fn lasting(bytes: u64) -> Duration {
    Duration::from_nanos(bytes * BYTE_NANOS)
}

impl Player {
    /// An idle player; `begun` is where all its times count from, `now` is the present.
    pub(crate) fn new(begun: Instant, now: Instant, keep: Keep) -> Self {
        Self {
            begun,
            queue: VecDeque::new(),
            head_at: now,
            queued_bytes: 0,
            due: VecDeque::new(),
            reached: Vec::new(),
            heard_bytes: 0,
            received: Vec::new(),
            marks: Vec::new(),
            clears: Vec::new(),
            spans: Vec::new(),
            tape: (keep == Keep::Heard).then(Vec::new),
            recorded: None,
        }
    }

    /// Queues a piece of audio.
    pub(crate) fn audio(&mut self, now: Instant, fingerprint: u64, mulaw: &[u8]) {
        self.advance(now);
        let message = self.received.len();
        let bytes = u32::try_from(mulaw.len()).unwrap_or(u32::MAX);
        self.received.push(ReceivedMedia { at_ns: nanos(self.begun, now), fingerprint, bytes, played: 0 });
        if bytes == 0 {
            return;
        }
        if self.queue.is_empty() {
            self.head_at = now;
            self.spans.push(HeardSpan { from_ns: nanos(self.begun, now), bytes: 0, first_message: message });
        }
        let audio = (self.tape.is_some() || self.recorded.is_some()).then(|| Bytes::copy_from_slice(mulaw));
        self.queue.push_back(Item::Audio { message, left: bytes, audio });
        self.queued_bytes += u64::from(bytes);
    }

    /// Queues a mark behind the audio that waits.
    pub(crate) fn mark(&mut self, now: Instant, name: &str) {
        self.advance(now);
        if self.queue.is_empty() {
            self.head_at = now;
        }
        let index = self.marks.len();
        let received_ns = nanos(self.begun, now);
        self.marks.push(MarkTruth { name: name.to_owned(), received_ns, echoed_ns: None, fate: MarkFate::Lost });
        self.due.push_back(self.head_at + lasting(self.queued_bytes));
        self.queue.push_back(Item::Mark { index });
        self.advance(now);
    }

    /// Drops what waits. Every mark that waited comes back at once.
    pub(crate) fn clear(&mut self, now: Instant) -> ClearTruth {
        self.advance(now);
        let at_ns = nanos(self.begun, now);
        let playing = self.queue.iter().find_map(|item| match item {
            Item::Audio { message, .. } => Some(*message),
            Item::Mark { .. } => None,
        });
        let mut marks = 0;
        for item in self.queue.drain(..) {
            let Item::Mark { index } = item else { continue };
            let mark = &mut self.marks[index];
            (mark.echoed_ns, mark.fate) = (Some(at_ns), MarkFate::Cleared);
            self.reached.push(mark.name.clone());
            marks += 1;
        }
        self.due.clear();
        let played_bytes = playing.map_or(0, |message| self.received[message].played);
        let truth = ClearTruth { at_ns, playing, played_bytes, dropped_bytes: self.queued_bytes, marks };
        self.queued_bytes = 0;
        self.clears.push(truth.clone());
        truth
    }

    /// Plays up to `now`.
    pub(crate) fn advance(&mut self, now: Instant) {
        while let Some(item) = self.queue.front_mut() {
            match item {
                Item::Mark { index } => {
                    let mark = &mut self.marks[*index];
                    (mark.echoed_ns, mark.fate) = (Some(nanos(self.begun, self.head_at)), MarkFate::Played);
                    self.reached.push(mark.name.clone());
                    self.due.pop_front();
                }
                Item::Audio { message, left, audio } => {
                    let elapsed = nanos(self.head_at, now) / BYTE_NANOS;
                    let bytes = u32::try_from(elapsed).unwrap_or(u32::MAX).min(*left);
                    let done = bytes == *left;
                    *left -= bytes;
                    let message = *message;
                    let piece = audio.as_mut().map(|audio| audio.split_to(bytes as usize));
                    self.played(message, bytes, piece);
                    if !done {
                        return;
                    }
                }
            }
            self.queue.pop_front();
        }
    }

    fn played(&mut self, message: usize, bytes: u32, piece: Option<Bytes>) {
        if let (Some(recorded), Some(piece)) = (&self.recorded, &piece) {
            recorded.network.record(&recorded.call_sid, Channel::Application, self.head_at, piece);
        }
        if let (Some(tape), Some(piece)) = (&mut self.tape, piece) {
            let position = usize::try_from(nanos(self.begun, self.head_at) / BYTE_NANOS).unwrap_or(usize::MAX);
            if tape.len() < position {
                tape.resize(position, SILENCE);
            }
            tape.extend_from_slice(&piece);
        }
        self.received[message].played += bytes;
        self.heard_bytes += u64::from(bytes);
        self.queued_bytes -= u64::from(bytes);
        self.head_at += lasting(u64::from(bytes));
        if let Some(span) = self.spans.last_mut() {
            span.bytes += u64::from(bytes);
        }
    }

    /// The marks to be sent back now, oldest first.
    pub(crate) fn take_reached(&mut self) -> std::vec::Drain<'_, String> {
        self.reached.drain(..)
    }

    /// When the next mark is reached.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.front().copied()
    }

    /// Whether audio was waiting or playing when the player last advanced.
    pub(crate) fn is_playing(&self) -> bool {
        self.queued_bytes > 0
    }

    /// All the audio played so far, in bytes.
    pub(crate) fn heard_bytes(&self) -> u64 {
        self.heard_bytes
    }

    /// When the last audio was played or cleared, if any ever was and none is playing.
    pub(crate) fn quiet_since(&self) -> Option<Instant> {
        if self.is_playing() || self.spans.is_empty() {
            return None;
        }
        Some(self.head_at)
    }
}

#[cfg(test)]
mod tests;
