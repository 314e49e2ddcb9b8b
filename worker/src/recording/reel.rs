//! One recording in the making: reads what the tap noted, and appends what is settled to its file.
//!
//! Before it: the writer. After it: the spool. Pure but for the file.

use super::block::Record;
use super::channels::{Channel, Channels};
use super::playout::{Playout, Sound};
use super::spool::{Label, NoRoom, Spool};
use super::tap::Over;
use super::{Claim, Position};
use crate::moments::{self, LiveRecording};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// What became of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its sound waits for the keeper.
    Finished,
    /// It could not be kept; the keeper tells so.
    Lost,
    /// There is nothing: nothing was ever kept, or nothing may be.
    Nothing,
}

/// One recording.
pub(super) struct Reel {
    claim: Arc<Claim>,
    playout: Playout,
    /// Where the caller's audio so far ends.
    caller: Position,
    /// The latest that is known to have happened.
    now: Position,
    tape: Tape,
    decoded: Vec<u8>,
}

/// What is kept.
enum Tape {
    /// Nothing yet.
    Blank,
    Running(Box<Running>),
    /// Nothing any more: there was no room.
    Lost,
}

struct Running {
    channels: Channels,
    file: File,
    label: Label,
    _live: LiveRecording,
}

impl Running {
    fn write(&mut self, until: Position, spool: &Spool) -> Result<(), NoRoom> {
        let (file, rested) = (&mut self.file, self.channels.rested());
        let mut appended = Ok(());
        while appended.is_ok() && self.channels.take(until, |sound| appended = spool.append(file, sound)) {}
        appended?;
        if self.channels.rested() != rested {
            // Should the worker be lost, whoever finds the file knows it from here.
            self.label.silent_ms = self.channels.rested() / 8;
            spool.note(&self.label)?;
        }
        Ok(())
    }
}

impl Reel {
    pub(super) fn new(claim: Arc<Claim>) -> Self {
        Self { claim, playout: Playout::default(), caller: 0, now: 0, tape: Tape::Blank, decoded: Vec::new() }
    }

    /// Takes in what happened next.
    pub(super) fn block(&mut self, block: &[u8], spool: &Spool) {
        for record in Record::all(block) {
            self.record(record, spool);
        }
        let Tape::Running(running) = &self.tape else { return };
        // While nothing is kept no caller audio is handed over; and should it never be again, the recording ends there.
        let until = running.channels.rests_since().unwrap_or(self.caller).min(self.playout.settled(self.now));
        self.write(until, spool);
    }

    /// The recording is over.
    pub(super) fn end(mut self, over: Over, spool: &Spool) -> io::Result<Ended> {
        let at = match over {
            Over::At(at) => at,
            Over::Refused => return self.discard(spool),
        };
        self.place(|playout, place| playout.finish(at, place));
        self.write(at, spool);
        match self.tape {
            Tape::Blank => Ok(Ended::Nothing),
            Tape::Lost => Ok(Ended::Lost),
            Tape::Running(running) => {
                spool.finish(&running.label, running.file)?;
                Ok(Ended::Finished)
            }
        }
    }

    fn discard(self, spool: &Spool) -> io::Result<Ended> {
        if !matches!(self.tape, Tape::Blank) {
            spool.remove(&Label::new(&self.claim, 0))?;
        }
        moments::recording_refused(&self.claim.call);
        Ok(Ended::Nothing)
    }

    fn record(&mut self, record: Record<'_>, spool: &Spool) {
        let (before, at) = (self.now, record.at());
        self.now = self.now.max(at);
        match record {
            Record::Caller(at, text) => self.caller(at, text),
            Record::Agent(at, text) => {
                if decode(text, &mut self.decoded) {
                    self.playout.sent(at, Sound::Heard(Bytes::copy_from_slice(&self.decoded)));
                }
            }
            Record::Unkept(at, samples) => self.playout.sent(at, Sound::Unkept(samples)),
            Record::Marked(_, mark) => self.playout.marked(mark),
            Record::Returned(at, mark) => self.place(|playout, place| playout.returned(at, mark, place)),
            Record::Cleared(at) => self.place(|playout, place| playout.cleared(at, place)),
            Record::Kept(at, unix_ms) => self.keep(at, unix_ms, spool),
            Record::Rested(at) => {
                if let Tape::Running(running) = &mut self.tape {
                    running.channels.rest(at);
                }
            }
            Record::Missed(at) => self.miss(before, at),
        }
    }

    fn caller(&mut self, at: Position, text: &[u8]) {
        if decode(text, &mut self.decoded) {
            self.caller = at + self.decoded.len() as Position;
            if let Tape::Running(running) = &mut self.tape {
                running.channels.place(Channel::Caller, at, &self.decoded);
            }
        }
        self.place(|playout, place| playout.passed(at, place));
    }

    fn keep(&mut self, at: Position, unix_ms: u64, spool: &Spool) {
        match &mut self.tape {
            Tape::Running(running) => running.channels.resume(at),
            Tape::Lost => {}
            Tape::Blank => {
                let label = Label::new(&self.claim, unix_ms);
                match spool.begin(&label) {
                    Ok(file) => {
                        let (channels, _live) = (Channels::from(at), moments::recording_began());
                        self.tape = Tape::Running(Box::new(Running { channels, file, label, _live }));
                    }
                    Err(fault) => self.lose(label, &fault, spool),
                }
            }
        }
    }

    /// What was sent and cleared meanwhile is not known: what was foretold until then is believed, the rest forgotten.
    fn miss(&mut self, from: Position, to: Position) {
        self.place(|playout, place| playout.finish(from, place));
        if let Tape::Running(running) = &mut self.tape {
            running.channels.miss(from, to);
        }
    }

    /// Appends what lies before `until`.
    fn write(&mut self, until: Position, spool: &Spool) {
        let Tape::Running(running) = &mut self.tape else { return };
        if let Err(fault) = running.write(until, spool) {
            let label = running.label.clone();
            self.lose(label, &fault, spool);
        }
    }

    fn lose(&mut self, label: Label, fault: &NoRoom, spool: &Spool) {
        self.tape = Tape::Lost;
        moments::recording_lost(&self.claim.call, fault);
        let label = Label { lost: Some("no_space".into()), ..label };
        if let Err(error) = spool.lose(&label) {
            moments::recording_unwritable(&self.claim.call, &error);
        }
    }

    /// Lets the queue place what is sure now.
    fn place(&mut self, advance: impl FnOnce(&mut Playout, &mut dyn FnMut(Position, &[u8]))) {
        let Self { playout, tape, .. } = self;
        advance(playout, &mut |at, sound| {
            if let Tape::Running(running) = tape {
                running.channels.place(Channel::Agent, at, sound);
            }
        });
    }
}

/// Mu-law from base64; whether it was any.
fn decode(text: &[u8], sound: &mut Vec<u8>) -> bool {
    sound.clear();
    STANDARD.decode_vec(text, sound).is_ok()
}
