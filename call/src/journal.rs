//! The journal of tool calls: what may have been done, kept so that nothing is done twice without knowing.
//!
//! ```text
//! Started ──answered──▶ Done
//!    └──timed out, taken back, lost with its worker──▶ Unknown ──its answer comes late──▶ Done
//! ```
//!
//! Before it: [`crate::tools`], which runs them. After it: the checkpoint, stored before a tool's request goes out, and the
//! agent's next link, which learns from it what it has asked for. It never decides what runs.

use crate::{Conversation, Spoken, ToolCallId};
use serde::{Deserialize, Serialize};

/// Kept of a tool call's arguments, and as much of its output, in bytes. What is longer is replaced by [`TOO_LONG`]: half
/// a document helps nobody. The agent that asked is told the whole.
const LONGEST: usize = 8 * 1024;

/// Kept of all of them, in bytes. More, and what a tool answered an hour ago makes every checkpoint slow.
const LARGEST: usize = 64 * 1024;

/// What stands for a text that is too long.
const TOO_LONG: &str = r#"{"error":"too_long_to_keep"}"#;

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

impl Journal {
    pub(crate) fn started(call: ToolCallId, name: String, arguments: &Spoken, after: u32) -> Self {
        Self { call, name, arguments: kept(arguments), after, stage: ToolStage::Started }
    }

    /// It ended; gives how far it was before.
    pub(crate) fn end(&mut self, output: &Spoken) -> ToolStage {
        let done = match self.stage {
            ToolStage::Started | ToolStage::Unknown => ToolStage::Done { output: kept(output) },
            ToolStage::Done { .. } => self.stage.clone(),
        };
        std::mem::replace(&mut self.stage, done)
    }

    /// Nobody will say how it ended.
    pub(crate) fn lose(&mut self) {
        if self.stage == ToolStage::Started {
            self.stage = ToolStage::Unknown;
        }
    }

    fn bytes(&self) -> usize {
        let output = match &self.stage {
            ToolStage::Done { output } => output.reveal().len(),
            ToolStage::Started | ToolStage::Unknown => 0,
        };
        self.call.0.len() + self.name.len() + self.arguments.reveal().len() + output
    }
}

/// Forgets the oldest calls that ended, until the rest fits. One that runs is never forgotten.
pub(crate) fn bound(journal: &mut Vec<Journal>) {
    while journal.len() > Conversation::MOST_TOOLS || journal.iter().map(Journal::bytes).sum::<usize>() > LARGEST {
        let Some(oldest) = journal.iter().position(|entry| entry.stage != ToolStage::Started) else { return };
        journal.remove(oldest);
    }
}

fn kept(text: &Spoken) -> Spoken {
    if text.reveal().len() > LONGEST { Spoken::new(TOO_LONG) } else { text.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> ToolCallId {
        ToolCallId(n.to_string())
    }

    fn started(n: usize, arguments: &str) -> Journal {
        Journal::started(id(n), "look_up".to_owned(), &Spoken::new(arguments), 0)
    }

    #[test]
    fn the_oldest_that_ended_is_forgotten_first_and_one_that_runs_never() {
        let mut journal: Vec<Journal> = (0..Conversation::MOST_TOOLS).map(|n| started(n, "{}")).collect();
        journal[3].end(&Spoken::new("{}"));
        journal[7].lose();
        for n in 100..103 {
            journal.push(started(n, "{}"));
            bound(&mut journal);
        }
        assert!(!journal.iter().any(|entry| [id(3), id(7)].contains(&entry.call)));
        assert_eq!(journal.len(), Conversation::MOST_TOOLS + 1, "all of them run");
    }

    #[test]
    fn a_text_that_is_too_long_is_replaced_and_their_sum_is_bounded() {
        let long = "x".repeat(LONGEST);
        let mut journal: Vec<Journal> = (0..20).map(|n| started(n, &long)).collect();
        for entry in &mut journal {
            assert_eq!(entry.arguments.reveal().len(), LONGEST);
            entry.end(&Spoken::new(format!("{long}x")));
            assert_eq!(entry.stage, ToolStage::Done { output: Spoken::new(TOO_LONG) });
        }
        bound(&mut journal);
        assert!(journal.iter().map(Journal::bytes).sum::<usize>() <= LARGEST);
        assert_eq!(journal.last().map(|entry| &entry.call), Some(&id(19)));
    }

    #[test]
    fn a_late_answer_makes_an_unknown_end_known_and_a_second_one_changes_nothing() {
        let mut entry = started(1, "{}");
        entry.lose();
        assert_eq!(entry.end(&Spoken::new("1")), ToolStage::Unknown);
        assert_eq!(entry.end(&Spoken::new("2")), ToolStage::Done { output: Spoken::new("1") });
        entry.lose();
        assert_eq!(entry.stage, ToolStage::Done { output: Spoken::new("1") });
    }
}
