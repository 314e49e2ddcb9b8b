//! What a rebuilt conversation starts from: the turns heard so far.
//!
//! The core keeps it up to date; the driver stores it at every [`crate::Command::Checkpoint`], gives it to a new link of
//! the agent after a [`crate::Command::Dial`], and another worker starts from it with [`crate::Call::resume`].

use crate::Turn;
use serde::{Deserialize, Serialize};

/// The turns heard so far, in the order in which they began to be heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// Final turns only; at most [`Conversation::LONGEST`], the oldest are dropped first.
    pub turns: Vec<Turn>,
    /// How many numbers were given out: the next turn gets this plus one.
    pub numbered: u32,
}

impl Conversation {
    /// How many turns are kept. A call of an hour has about 400; more than the last 200 neither fit a checkpoint of some
    /// tens of kilobytes nor help the agent to go on. Lower forgets what the caller said at the beginning.
    pub const LONGEST: usize = 200;

    /// The number of the next turn.
    pub(crate) fn next_number(&mut self) -> u32 {
        self.numbered = self.numbered.saturating_add(1);
        self.numbered
    }

    /// Puts a final turn at its place: turns become final out of order, because transcripts of the caller come late.
    pub(crate) fn add(&mut self, turn: Turn) {
        let place = self.turns.partition_point(|t| t.number < turn.number);
        self.turns.insert(place, turn);
        if self.turns.len() > Self::LONGEST {
            self.turns.remove(0);
        }
    }
}
