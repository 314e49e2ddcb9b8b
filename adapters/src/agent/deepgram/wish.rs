//! What the agent is asked to say: words of ours, until they are begun; lines written for the caller; keys.

use super::DeepgramLink;
use super::speech::Owed;
use call::{Digit, ReplyOutcome};
use common::ports::agent::AgentIo;
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;

/// Waited before words that were refused are asked for again. The server refuses them while somebody speaks.
const AGAIN: Duration = Duration::from_millis(500);

/// How often words may be refused; then the core hears that they failed, and decides. Together with [`AGAIN`] well below
/// the core's patience with an answer.
const REFUSALS: u32 = 8;

/// A row of keys is over when none came for so long. Lower answers a number while it is being typed.
const ROW: Duration = Duration::from_secs(2);

/// The longest row of keys: a card number and its date, several times over.
const LONGEST_ROW: usize = 128;

/// Lines of ours that the server may still repeat to us as the caller's.
const MOST_WRITTEN: usize = 8;

/// Wishes of one link.
#[derive(Default)]
pub(super) struct Wish {
    words: Option<Words>,
    written: VecDeque<String>,
    keys: String,
    /// When the last key was pressed.
    pressed: Duration,
}

/// Words the agent is to say and has not begun.
struct Words {
    words: String,
    refusals: u32,
    /// When they are to be asked for again; `None` while they are on their way.
    again: Option<Duration>,
}

impl Wish {
    /// An answer has begun: the words are being said.
    pub(super) fn begun(&mut self) {
        self.words = None;
    }

    /// The words will not be said; `true` when there were any.
    pub(super) fn dropped(&mut self) -> bool {
        self.words.take().is_some()
    }

    /// Whether words wait to be said.
    pub(super) fn is_pending(&self) -> bool {
        self.words.is_some()
    }

    /// Whether the server repeats a line of ours.
    pub(super) fn was_written(&mut self, text: &str) -> bool {
        let place = self.written.iter().position(|written| written == text);
        place.and_then(|place| self.written.remove(place)).is_some()
    }
}

impl DeepgramLink {
    /// Has these words said. Behind what is already being said, because they are asked for when nobody speaks.
    pub(super) fn wish(&mut self, words: String, io: &mut AgentIo) {
        self.wish.words = Some(Words { words, refusals: 0, again: None });
        self.inject(io);
    }

    /// The words were refused: somebody speaks.
    pub(super) fn wish_refused(&mut self, io: &mut AgentIo) {
        let again = self.clock.now() + AGAIN;
        let Some(words) = self.wish.words.as_mut().filter(|words| words.again.is_none()) else { return };
        words.refusals += 1;
        words.again = Some(again);
        if words.refusals > REFUSALS {
            self.empty_answer(ReplyOutcome::Failed, io);
        }
    }

    /// Asks again for words that were refused.
    pub(super) fn wish_again(&mut self, io: &mut AgentIo) {
        let now = self.clock.now();
        if let Some(words) = self.wish.words.as_mut().filter(|words| words.again.is_some_and(|at| now >= at)) {
            words.again = None;
            self.inject(io);
        }
    }

    /// Writes a line as if the caller had said it: the agent answers it.
    pub(super) fn write(&mut self, line: String, io: &mut AgentIo) {
        Self::send(io, &json!({"type": "InjectUserMessage", "content": line}));
        self.wish.written.push_back(line);
        if self.wish.written.len() > MOST_WRITTEN {
            self.wish.written.pop_front();
        }
        self.speech.owe(Owed::Answer);
    }

    /// The caller pressed a key; the row is told when it is over.
    pub(super) fn pressed(&mut self, digit: Digit) {
        self.wish.pressed = self.clock.now();
        if self.wish.keys.len() < LONGEST_ROW {
            self.wish.keys.push(digit.0);
        }
    }

    /// Tells a row of keys that is over, when nobody speaks and nothing is due.
    pub(super) fn tell_keys(&mut self, io: &mut AgentIo) {
        let is_over = self.wish.keys.ends_with('#') || self.clock.now() >= self.wish.pressed + ROW;
        let is_free = self.speech.is_free() && !self.caller.speaks() && self.requests.are_answered();
        if !self.wish.keys.is_empty() && is_over && is_free && !self.wish.is_pending() {
            self.write_keys(io);
        }
    }

    /// Tells the keys pressed so far; `false` when there are none.
    pub(super) fn write_keys(&mut self, io: &mut AgentIo) -> bool {
        let keys = std::mem::take(&mut self.wish.keys);
        if keys.is_empty() {
            return false;
        }
        let spaced: Vec<String> = keys.chars().map(String::from).collect();
        self.write(format!("(The caller pressed these keys on the telephone: {})", spaced.join(" ")), io);
        true
    }

    fn inject(&mut self, io: &mut AgentIo) {
        if let Some(Words { words, .. }) = &self.wish.words {
            Self::send(io, &json!({"type": "InjectAgentMessage", "message": words, "behavior": "queue"}));
        }
    }
}
