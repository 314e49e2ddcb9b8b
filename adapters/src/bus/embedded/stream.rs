//! The stream behind the bus in this process: what was published, and how far each durable consumer is. No waiting,
//! no clock: the time comes in.

use super::super::{ACK_WAIT, DUPLICATE_WINDOW, HELD_MAX};
use bytes::Bytes;
use common::ports::OutboxId;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use tokio::time::Instant;

/// An awkward stream delivers each so-many-th message once more although it was acknowledged. Prime, so that it does
/// not fall in step with anything.
const TWICE_EVERY: u64 = 7;

/// An awkward stream holds each so-many-th message back until those behind it were delivered.
const LATE_EVERY: u64 = 11;

/// A published message.
#[derive(Clone)]
pub(super) struct Message {
    /// By which repeats are known.
    pub(super) key: Option<String>,
    pub(super) payload: Bytes,
    pub(super) outbox: Option<OutboxId>,
}

/// A message on its way to a consumer.
pub(super) struct Handed {
    pub(super) sequence: u64,
    pub(super) attempt: u64,
    pub(super) message: Message,
}

/// See the file.
pub(super) struct Stream {
    room: usize,
    manners: Manners,
    messages: BTreeMap<u64, Message>,
    next: u64,
    recent: HashSet<String>,
    recent_order: VecDeque<(Instant, String)>,
    consumers: BTreeMap<String, Progress>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    Plain,
    Awkward,
}

/// How far a durable consumer is.
#[derive(Default)]
struct Progress {
    /// The next message it was never given.
    next: u64,
    /// Given and not acknowledged.
    held: BTreeMap<u64, Held>,
    /// The same, by when they come again.
    due: BTreeSet<(Instant, u64)>,
}

struct Held {
    due: Instant,
    attempt: u64,
}

/// The stream has no room for one more.
#[derive(Debug, thiserror::Error)]
#[error("stream is full")]
pub(super) struct Full;

impl Stream {
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            manners: Manners::Plain,
            messages: BTreeMap::new(),
            next: 0,
            recent: HashSet::new(),
            recent_order: VecDeque::new(),
            consumers: BTreeMap::new(),
        }
    }

    pub(super) fn awkward(room: usize) -> Self {
        Self { manners: Manners::Awkward, ..Self::new(room) }
    }

    /// Stores a message unless its key was seen within the window.
    pub(super) fn publish(&mut self, message: Message, now: Instant) -> Result<(), Full> {
        self.forget_keys(now);
        if message.key.as_ref().is_some_and(|key| self.recent.contains(key)) {
            return Ok(());
        }
        if self.messages.len() >= self.room {
            self.drop_oldest_done()?;
        }
        if let Some(key) = &message.key {
            self.recent.insert(key.clone());
            self.recent_order.push_back((now, key.clone()));
        }
        self.messages.insert(self.next, message);
        self.next += 1;
        Ok(())
    }

    /// Makes a consumer that starts at the oldest message, if there is none of this name.
    pub(super) fn open(&mut self, name: &str) {
        self.consumers.entry(name.to_owned()).or_default();
    }

    /// Up to `max` messages for a consumer, and when the next one comes again by itself.
    pub(super) fn take(&mut self, name: &str, max: usize, now: Instant) -> (Vec<Handed>, Option<Instant>) {
        let Some(progress) = self.consumers.get_mut(name) else { return (Vec::new(), None) };
        let mut batch = Vec::new();
        while batch.len() < max
            && let Some(&(_, sequence)) = progress.due.first().filter(|(due, _)| *due <= now)
        {
            let attempt = progress.held.get(&sequence).map_or(1, |held| held.attempt + 1);
            progress.hold(sequence, attempt, now + ACK_WAIT);
            batch.extend(handed(&self.messages, sequence, attempt));
        }
        while batch.len() < max
            && progress.held.len() < HELD_MAX
            && let Some((&sequence, _)) = self.messages.range(progress.next..).next()
        {
            progress.next = sequence + 1;
            if self.manners == Manners::Awkward && sequence % LATE_EVERY == LATE_EVERY - 1 {
                progress.hold(sequence, 0, now);
            } else {
                progress.hold(sequence, 1, now + ACK_WAIT);
                batch.extend(handed(&self.messages, sequence, 1));
            }
        }
        (batch, progress.due.first().map(|(due, _)| *due))
    }

    /// The consumer is done with a message; an awkward stream does not always hear it the first time.
    pub(super) fn ack(&mut self, name: &str, sequence: u64, now: Instant) {
        let manners = self.manners;
        let Some(progress) = self.consumers.get_mut(name) else { return };
        let unheard = manners == Manners::Awkward && sequence % TWICE_EVERY == TWICE_EVERY - 1;
        match progress.held.get(&sequence) {
            Some(held) if unheard && held.attempt == 1 => progress.hold(sequence, 1, now),
            _ => progress.release(sequence),
        }
    }

    /// The consumer wants a message again at `due`.
    pub(super) fn again(&mut self, name: &str, sequence: u64, due: Instant) {
        if let Some(progress) = self.consumers.get_mut(name)
            && let Some(attempt) = progress.held.get(&sequence).map(|held| held.attempt)
        {
            progress.hold(sequence, attempt, due);
        }
    }

    fn forget_keys(&mut self, now: Instant) {
        while let Some((_, key)) =
            self.recent_order.pop_front_if(|(seen, _)| now.duration_since(*seen) >= DUPLICATE_WINDOW)
        {
            self.recent.remove(&key);
        }
    }

    /// Makes room by the oldest message that every consumer is done with.
    fn drop_oldest_done(&mut self) -> Result<(), Full> {
        let oldest = self.messages.first_key_value().map(|(sequence, _)| *sequence).ok_or(Full)?;
        let done = |progress: &Progress| progress.next > oldest && !progress.held.contains_key(&oldest);
        if self.consumers.is_empty() || !self.consumers.values().all(done) {
            return Err(Full);
        }
        self.messages.remove(&oldest);
        Ok(())
    }
}

impl Progress {
    fn hold(&mut self, sequence: u64, attempt: u64, due: Instant) {
        self.release(sequence);
        self.held.insert(sequence, Held { due, attempt });
        self.due.insert((due, sequence));
    }

    fn release(&mut self, sequence: u64) {
        if let Some(held) = self.held.remove(&sequence) {
            self.due.remove(&(held.due, sequence));
        }
    }
}

fn handed(messages: &BTreeMap<u64, Message>, sequence: u64, attempt: u64) -> Option<Handed> {
    messages.get(&sequence).map(|message| Handed { sequence, attempt, message: message.clone() })
}
