//! What a tool call comes to: an answer at once, or a job for a task of its own.
//!
//! Before it: [`crate::Toolbox::plan`]. After it: the session driver.

use call::{ControlInput, Spoken, ToolAnswer};
use std::time::Duration;

/// What a tool call comes to.
#[derive(Debug)]
pub enum Plan {
    /// Known at once: refused, or a built-in that needs nobody.
    Now {
        /// For the agent.
        answer: ToolAnswer,
        /// What the call is to do.
        wants: Option<Want>,
    },
    /// To be run on a task of its own.
    Later(Job),
}

/// What a tool wants of the call.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// Give this to the core, after the answer.
    Control(ControlInput),
    /// Go on in this language, one of the agent's, spelt as the agent spells it.
    Language(String),
}

/// A tool call to be run. Dropping it, or the future of [`Job::run`], takes it back: a request under way is aborted.
#[derive(Debug)]
pub struct Job {
    /// Running it twice is not the same as once: the journal must be stored before it runs.
    pub journal_first: bool,
    /// Said when it takes long.
    pub filler: Option<Spoken>,
    /// It answers within this time, well or badly.
    pub timeout: Duration,
    pub(crate) answer: ToolAnswer,
}

impl Job {
    /// Runs it. Always answers, at the latest after `timeout`.
    pub async fn run(self) -> ToolAnswer {
        self.answer
    }
}
