//! What a rebuilt conversation starts from: the turns heard so far and the tools that were run.
//!
//! The core keeps it up to date; the driver stores it at every [`crate::Command::Checkpoint`], gives it to a new link of
//! the agent after a [`crate::Command::Dial`], and another worker starts from it with [`crate::Call::resume`].

use crate::journal::{self, Journal};
use crate::{RecordingState, Spoken, ToolCallId, ToolStage, Turn};
use serde::{Deserialize, Serialize};

/// The turns heard so far, in the order in which they began to be heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// Final turns only; at most [`Conversation::LONGEST`], the oldest are dropped first.
    pub turns: Vec<Turn>,
    /// How many numbers were given out: the next turn gets this plus one.
    pub numbered: u32,
    /// Number of what the caller said last, known by its sound: the words may still be on their way. 0 for nothing yet.
    pub caller_spoke: u32,
    /// Tool calls, in the order asked: at most [`Conversation::MOST_TOOLS`], those that ended are dropped first.
    pub tools: Vec<Journal>,
    /// BCP 47 language spoken last, where somebody said: whoever goes on speaks it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What was wanted last of the recording: it holds for whoever goes on. The core only carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingState>,
}

impl Conversation {
    /// How many turns are kept. A call of an hour has about 400; more than the last 200 neither fit a checkpoint of some
    /// tens of kilobytes nor help the agent to go on. Lower forgets what the caller said at the beginning.
    pub const LONGEST: usize = 200;

    /// How many tool calls are kept. Lower forgets what the agent looked up; higher makes checkpoints large.
    pub const MOST_TOOLS: usize = 64;

    /// The conversation as whoever takes the call over knows it: of a tool that was running nobody will say any more how
    /// it ended. [`crate::Call::resume`] begins with this; so does a link of the agent that is dialled ahead of it.
    pub fn taken_over(mut self) -> Self {
        for entry in &mut self.tools {
            entry.lose();
        }
        self
    }

    /// A tool is about to run.
    pub(crate) fn tool_starts(&mut self, call: ToolCallId, name: String, arguments: &Spoken) {
        self.tools.push(Journal::started(call, name, arguments, self.numbered));
        journal::bound(&mut self.tools);
    }

    /// A tool answered. A call that counted as lost is known again; one that ended well keeps its first answer.
    /// Gives what it was before; `None` when nobody asked for it.
    pub(crate) fn tool_done(&mut self, call: &ToolCallId, output: &Spoken) -> Option<ToolStage> {
        let before = self.entry(call)?.end(output);
        journal::bound(&mut self.tools);
        Some(before)
    }

    /// Nobody will know how a tool ended.
    pub(crate) fn tool_lost(&mut self, call: &ToolCallId) {
        if let Some(entry) = self.entry(call) {
            entry.lose();
        }
    }

    fn entry(&mut self, call: &ToolCallId) -> Option<&mut Journal> {
        self.tools.iter_mut().rev().find(|entry| entry.call == *call)
    }

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
