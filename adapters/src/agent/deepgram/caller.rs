//! The caller's utterances: begun, ended and written down by messages that come in any order, or not at all.
//!
//! Flux ends a turn with `EndOfTurn`, right behind the words or before them; Nova only with the words. Noise may begin an
//! utterance that nothing ends: then the caller's own silence does.

use super::speech::Owed;
use super::{DeepgramLink, settings, tell};
use crate::wire::mulaw;
use call::{AgentInput, ItemId, ReplyOutcome, Spoken};
use common::ports::agent::AgentIo;
use std::time::Duration;

/// Loudness (RMS) from which on a frame may be speech: telephone speech is above 1,000, line noise below 200.
const LOUD: u64 = 500;

/// Waited beyond the longest pause within a turn before an utterance without words is taken for noise.
const MARGIN: Duration = Duration::from_secs(1);

/// However loud it is: an utterance without words for so long is none.
const LONGEST: Duration = Duration::from_secs(60);

/// What the caller is saying.
#[derive(Debug, Default)]
pub(super) struct Caller {
    /// Being spoken.
    speaking: Option<ItemId>,
    /// Spoken, but its words have not come.
    unwritten: Option<ItemId>,
    /// How long the utterance lasts, and how long it has been silent.
    lasts: Duration,
    quiet: Duration,
    /// What it interrupted.
    cut: Cut,
}

/// What an utterance interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cut {
    #[default]
    Nothing,
    /// Words of the agent, or an answer that was due: they have to be had again if there was only noise.
    Words,
}

impl Caller {
    /// Listens whether the caller is silent; only while it matters.
    pub(super) fn listen(&mut self, audio: &[u8], length: Duration) {
        if self.speaking.is_none() {
            return;
        }
        self.lasts += length;
        let is_loud = mulaw::energy(audio) >= LOUD * LOUD * audio.len() as u64;
        self.quiet = if is_loud { Duration::ZERO } else { self.quiet + length };
    }

    /// Whether the caller speaks.
    pub(super) fn speaks(&self) -> bool {
        self.speaking.is_some()
    }

    /// The core has told that words of the agent were cut.
    pub(super) fn cut_words(&mut self) {
        self.cut = Cut::Words;
    }
}

impl DeepgramLink {
    pub(super) fn caller_started(&mut self, io: &mut AgentIo) {
        let was_due = self.speech.owed() == Owed::Answer;
        self.interrupted();
        self.caller.quiet = Duration::ZERO;
        if self.caller.speaks() {
            return;
        }
        if let Some(item) = self.caller.unwritten.take() {
            Self::input(io, AgentInput::CallerSaid { item, text: None });
        }
        let item = self.item();
        let cut = if was_due { Cut::Words } else { Cut::Nothing };
        self.caller = Caller { speaking: Some(item), cut, ..Caller::default() };
        Self::input(io, AgentInput::CallerStarted { item });
        self.history_is_late(io);
        // The server drops what it was to say; the core decides whether to ask again.
        if self.wish.dropped() {
            self.empty_answer(ReplyOutcome::Failed, io);
        }
    }

    pub(super) fn caller_stopped(&mut self, io: &mut AgentIo) {
        self.new_answer(io);
        if let Some(item) = self.caller.speaking.take() {
            self.caller.unwritten = Some(item);
            Self::input(io, AgentInput::CallerStopped { item });
            self.speech.owe(Owed::Answer);
        }
    }

    pub(super) fn caller_said(&mut self, text: &str, io: &mut AgentIo) {
        if self.wish.was_written(text) {
            return self.end_silent_utterance(io);
        }
        if !self.caller.speaks() && self.caller.unwritten.is_none() && self.speech.is_running() {
            // Nobody was heard to begin. Told now, it would cut the answer to it.
            return Self::input(io, AgentInput::Complained { code: "words_out_of_turn".into() });
        }
        self.new_answer(io);
        if !self.caller.speaks() && self.caller.unwritten.is_none() {
            let item = self.item();
            self.caller.speaking = Some(item);
            Self::input(io, AgentInput::CallerStarted { item });
        }
        self.end_utterance(text, io);
        if !self.speech.is_running() {
            self.speech.owe(Owed::Answer);
        }
    }

    /// An answer begins: so the caller has stopped, though nobody said so.
    pub(super) fn overtake_caller(&mut self, io: &mut AgentIo) {
        if let Some(item) = self.caller.speaking.take() {
            self.caller.unwritten = Some(item);
            Self::input(io, AgentInput::CallerStopped { item });
        }
    }

    /// Ends an utterance in which nothing was said, and gets the agent to go on if it was interrupted by it.
    pub(super) fn end_noise(&mut self, io: &mut AgentIo) {
        let pause = settings::longest_pause(&self.agent, self.voice) + MARGIN;
        if !self.caller.speaks() || (self.caller.quiet < pause && self.caller.lasts < LONGEST) {
            return;
        }
        let cut = self.caller.cut;
        self.new_answer(io);
        self.end_utterance("", io);
        if cut == Cut::Words && self.requests.are_answered() {
            self.write(tell::NOISE.to_owned(), io);
        } else {
            self.empty_answer(ReplyOutcome::Completed, io);
        }
    }

    /// A line of ours may begin an utterance as if the caller had spoken; it ends here.
    fn end_silent_utterance(&mut self, io: &mut AgentIo) {
        if self.caller.speaks() && self.caller.quiet >= self.caller.lasts {
            self.new_answer(io);
            self.end_utterance("", io);
        }
        if self.speech.is_free() && !self.caller.speaks() {
            self.speech.owe(Owed::Answer);
        }
    }

    /// The words of what the caller has been saying; none were said if they are empty.
    fn end_utterance(&mut self, words: &str, io: &mut AgentIo) {
        let item = match self.caller.speaking.take() {
            Some(item) => {
                Self::input(io, AgentInput::CallerStopped { item });
                item
            }
            None => match self.caller.unwritten.take() {
                Some(item) => item,
                None => return,
            },
        };
        Self::input(io, AgentInput::CallerSaid { item, text: Some(Spoken::new(words)) });
    }
}
