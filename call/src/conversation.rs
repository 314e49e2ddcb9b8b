//! What a rebuilt conversation starts from: the turns heard so far.
//!
//! The core keeps it up to date; the driver stores it at every [`crate::Command::Checkpoint`], gives it to a new link of
//! the agent after a [`crate::Command::Dial`], and another worker starts from it with [`crate::Call::resume`].

use crate::{Spoken, ToolCallId, Turn};
use serde::{Deserialize, Serialize};

/// The turns heard so far, in the order in which they began to be heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// Final turns only; at most [`Conversation::LONGEST`], the oldest are dropped first.
    pub turns: Vec<Turn>,
    /// How many numbers were given out: the next turn gets this plus one.
    pub numbered: u32,
    /// Tool calls, in the order asked: at most [`Conversation::MOST_TOOLS`], those that ended are dropped first.
    pub tools: Vec<Journal>,
}

/// A tool call as a rebuilt conversation knows it. It is stored before the tool's request goes out, so that a call that
/// another worker takes over never runs it twice without knowing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The provider's name of the tool call; together with the call's sid the key under which it runs once.
    pub call: ToolCallId,
    /// The tool's name.
    pub name: String,
    /// JSON as the model wrote it.
    pub arguments: Spoken,
    /// Numbers given out when it was asked for: it stands behind the turn of this number.
    pub after: u32,
    /// How far it is.
    pub stage: ToolStage,
}

/// How far a tool call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStage {
    /// Its request may have gone out.
    Started,
    /// It ended.
    Done {
        /// JSON as the model got it.
        output: Spoken,
    },
    /// It was started and nobody knows how it ended: it may or may not have taken effect.
    Unknown,
}

impl Conversation {
    /// How many turns are kept. A call of an hour has about 400; more than the last 200 neither fit a checkpoint of some
    /// tens of kilobytes nor help the agent to go on. Lower forgets what the caller said at the beginning.
    pub const LONGEST: usize = 200;

    /// How many tool calls are kept. Lower forgets what the agent looked up; higher makes checkpoints large.
    pub const MOST_TOOLS: usize = 64;

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
