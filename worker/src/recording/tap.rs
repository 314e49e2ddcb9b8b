//! What the media loop does for a recording: append to a buffer, and once a second give it away.
//!
//! Before it: the session. After it: the writer. Nothing here waits, locks, decodes or, after the first second, allocates. A
//! block the writer cannot take is forgotten; the next begins with a word about it. Room for the last word is held from
//! the beginning, so that the end of a recording, and a caller who refuses it, are always heard.

use super::block::Record;
use super::clock::StreamClock;
use super::{Claim, Position, samples};
use crate::moments;
use bytes::Bytes;
use call::MarkId;
use common::clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::time::Instant;

/// Size of a block: a second of both sides as base64, with what is noted of each frame, is 23 KB.
const BLOCK: usize = 24 * 1024;

/// Longest time a block gathers.
const SECOND: Position = 8_000;

/// What the writer is told.
pub(super) enum Word {
    /// What happened next.
    Block(Arc<Claim>, Vec<u8>),
    /// The last block, and how it ends.
    Over(Arc<Claim>, Vec<u8>, Over),
}

/// How a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// There.
    At(Position),
    /// Nothing of it may be kept.
    Refused,
}

/// The tap of one claim of a call.
pub struct Tap {
    claim: Arc<Claim>,
    clock: StreamClock,
    block: Vec<u8>,
    /// When the block began.
    since: Position,
    ear: Ear,
    words: mpsc::Sender<Word>,
    spares: mpsc::Receiver<Vec<u8>>,
    /// `None` once it is over.
    last: Option<OwnedPermit<Word>>,
}

/// Whether what is heard is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ear {
    /// Nothing was kept yet.
    Waiting,
    Open,
    /// Shut, since then.
    Shut(Position),
}

impl Tap {
    pub(super) fn new(claim: Arc<Claim>, words: mpsc::Sender<Word>, spares: mpsc::Receiver<Vec<u8>>) -> Option<Self> {
        let last = words.clone().try_reserve_owned().ok()?;
        let (clock, block) = (StreamClock::default(), Vec::with_capacity(BLOCK));
        Some(Self { claim, clock, block, since: 0, ear: Ear::Waiting, words, spares, last: Some(last) })
    }

    /// Caller audio came, with the line's timestamp.
    pub fn caller(&mut self, payload: &Bytes, length: Duration, timestamp: Option<Duration>, now: Instant) {
        let at = self.clock.caller(timestamp, length, now);
        if self.ear == Ear::Open {
            self.note(Record::Caller(at, payload));
        }
    }

    /// Agent audio was sent.
    pub fn agent(&mut self, payload: &Bytes, length: Duration, now: Instant) {
        let at = self.clock.now(now);
        self.note(match self.ear {
            Ear::Open => Record::Agent(at, payload),
            Ear::Waiting | Ear::Shut(_) => Record::Unkept(at, samples(length) as u32),
        });
    }

    /// A mark was sent.
    pub fn marked(&mut self, mark: MarkId, now: Instant) {
        self.note(Record::Marked(self.clock.now(now), mark));
    }

    /// A mark came back.
    pub fn returned(&mut self, mark: MarkId, now: Instant) {
        self.note(Record::Returned(self.clock.now(now), mark));
    }

    /// A clear was sent.
    pub fn cleared(&mut self, now: Instant) {
        self.note(Record::Cleared(self.clock.now(now)));
    }

    /// What is heard from now on is kept.
    pub fn keep(&mut self, now: Instant) {
        if self.ear != Ear::Open {
            self.ear = Ear::Open;
            self.note(Record::Kept(self.clock.now(now), clock::unix_ms()));
        }
    }

    /// Nothing that is heard from now on is kept.
    pub fn rest(&mut self, now: Instant) {
        if self.ear == Ear::Open {
            let at = self.clock.now(now);
            self.ear = Ear::Shut(at);
            self.note(Record::Rested(at));
        }
    }

    /// The recording ends now.
    pub fn end(&mut self, now: Instant) {
        let at = self.clock.now(now);
        self.over(Over::At(at));
    }

    /// The recording ended when the tap was last shut; where it is open, now.
    pub fn end_at_rest(&mut self, now: Instant) {
        let at = match self.ear {
            Ear::Shut(at) => at,
            Ear::Waiting | Ear::Open => self.clock.now(now),
        };
        self.over(Over::At(at));
    }

    /// Nothing of it may be kept.
    pub fn refuse(&mut self) {
        self.over(Over::Refused);
    }

    fn over(&mut self, over: Over) {
        if let Some(last) = self.last.take() {
            last.send(Word::Over(self.claim.clone(), std::mem::take(&mut self.block), over));
        }
    }

    fn note(&mut self, record: Record<'_>) {
        if self.last.is_none() {
            return;
        }
        if self.block.is_empty() {
            self.since = record.at();
        }
        record.write(&mut self.block);
        let seconds_old = self.ear != Ear::Waiting && record.at() >= self.since + SECOND;
        if seconds_old || self.block.len() >= BLOCK {
            self.hand_over(record.at());
        }
    }

    fn hand_over(&mut self, at: Position) {
        let fresh = self.spares.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK));
        let block = std::mem::replace(&mut self.block, fresh);
        if let Err(error) = self.words.try_send(Word::Block(self.claim.clone(), block)) {
            let (mpsc::error::TrySendError::Full(word) | mpsc::error::TrySendError::Closed(word)) = error;
            if let Word::Block(_, mut block) = word {
                block.clear();
                self.block = block;
            }
            moments::recording_block_dropped();
            self.missed(at);
        }
    }

    /// The writer must know that something is missing, and where things stand now.
    fn missed(&mut self, at: Position) {
        self.since = at;
        Record::Missed(at).write(&mut self.block);
        match self.ear {
            Ear::Open => Record::Kept(at, clock::unix_ms()).write(&mut self.block),
            Ear::Shut(since) => Record::Rested(since).write(&mut self.block),
            Ear::Waiting => {}
        }
    }
}

/// Whatever becomes of the session, what was kept is finished.
impl Drop for Tap {
    fn drop(&mut self) {
        self.end(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::ids::{CallId, CompanyId, Epoch, RecordingId};

    const FRAME: Duration = Duration::from_millis(20);

    fn tap(room: usize) -> (Tap, mpsc::Receiver<Word>) {
        let (spare, spares) = mpsc::channel(2);
        let claim = Claim {
            recording: RecordingId::parse("CA1-1").unwrap(),
            call: CallId::parse("CA00000000000000000000000000000001").unwrap(),
            epoch: Epoch(1),
            company: CompanyId::parse("harbour").unwrap(),
            trace: String::new(),
            spare,
        };
        // One place is for the last word.
        let (words, receiver) = mpsc::channel(room + 1);
        (Tap::new(Arc::new(claim), words, spares).unwrap(), receiver)
    }

    /// So many frames of the caller, from this one on; every call returns at once, or this would not end.
    fn speak(tap: &mut Tap, began: Instant, frames: std::ops::Range<u32>) {
        let payload = Bytes::from_static(b"f39/");
        for frame in frames {
            tap.caller(&payload, FRAME, Some(FRAME * frame), began + FRAME * frame);
        }
    }

    #[test]
    fn what_a_writer_that_stands_still_cannot_take_is_missing_and_the_rest_is_not() {
        let began = Instant::now();
        let (mut tap, mut words) = tap(2);
        tap.keep(began);
        speak(&mut tap, began, 0..500);
        let mut blocks = Vec::new();
        while let Ok(Word::Block(_, block)) = words.try_recv() {
            blocks.push(block);
        }
        assert_eq!(blocks.len(), 2, "ten seconds, and room for two");
        speak(&mut tap, began, 500..520);
        tap.end(began + FRAME * 520);
        let mut rest = Vec::new();
        while let Ok(word) = words.try_recv() {
            match word {
                Word::Block(_, block) => rest.extend(block),
                Word::Over(_, block, over) => {
                    assert_eq!(over, Over::At(521 * 160));
                    rest.extend(block);
                }
            }
        }
        let records: Vec<_> = Record::all(&rest).collect();
        assert!(matches!(records[..2], [Record::Missed(_), Record::Kept(..)]), "{:?}", &records[..2]);
        assert_eq!(records.last(), Some(&Record::Caller(519 * 160, b"f39/")));
    }

    #[test]
    fn a_pause_is_known_though_its_block_was_lost() {
        let began = Instant::now();
        let (mut tap, mut words) = tap(1);
        tap.keep(began);
        speak(&mut tap, began, 0..120);
        tap.rest(began + FRAME * 120);
        // What is sent in a pause is noted without its sound: it fills blocks too.
        for _ in 0..5_000 {
            tap.agent(&Bytes::from_static(b"f39/"), FRAME, began + FRAME * 200);
        }
        let Ok(Word::Block(..)) = words.try_recv() else { panic!("the first block is missing") };
        drop(tap);
        let Ok(Word::Over(_, last, _)) = words.try_recv() else { panic!("the last word is missing") };
        let mut records = Record::all(&last);
        assert!(matches!(records.next(), Some(Record::Missed(_))));
        assert!(matches!(records.next(), Some(Record::Rested(_))));
        assert!(records.all(|record| matches!(record, Record::Unkept(..))), "sound of a pause was handed over");
    }

    #[test]
    fn buffers_are_used_again() {
        let began = Instant::now();
        let (mut tap, mut words) = tap(2);
        tap.keep(began);
        let mut seen = std::collections::BTreeSet::new();
        for second in 0..20 {
            speak(&mut tap, began, second * 50..(second + 1) * 50);
            while let Ok(Word::Block(claim, mut block)) = words.try_recv() {
                seen.insert(block.as_ptr() as usize);
                block.clear();
                claim.spare.try_send(block).unwrap();
            }
        }
        assert!(seen.len() <= 2, "{} buffers", seen.len());
    }
}
