//! What a tool call comes to: an answer at once, or a job for a task of its own.
//!
//! Before it: [`crate::Toolbox::plan`]. After it: the session driver, which runs the job and hands the answer to the call.

use crate::answer::Slip;
use crate::breaker::Permit;
use crate::built_in::message::Message;
use crate::built_in::records::Lookup;
use crate::effects::Effect;
use crate::errors::{ErrorCode, Problem};
use crate::{http, mcp, moments};
use call::{ControlInput, Fact, RecordingState, Spoken, ToolAnswer, ToolOutcome};
use common::ids::CompanyId;
use common::ports::directory::Directory;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
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
    /// Give this to the core, before the answer: a call that leaves needs no more words.
    Control(ControlInput),
    /// Go on in this language, one of the agent's, spelt as the agent spells it.
    Language(String),
    /// Do this with the recording.
    Recording(RecordingState),
}

/// A tool call to be run. Dropping it, or the future of [`Job::run`], takes it back: a request under way is aborted, and
/// one that must not be repeated is remembered as of unknown outcome.
pub struct Job {
    /// Running it twice is not the same as once: the journal must be stored before it runs.
    pub journal_first: bool,
    /// Said when it takes long.
    pub filler: Option<Spoken>,
    /// It answers within this time, well or badly.
    pub timeout: Duration,
    pub(crate) company: CompanyId,
    pub(crate) slip: Slip,
    pub(crate) work: Work,
    pub(crate) permit: Permit,
    /// For work that must not be done twice.
    pub(crate) effect: Option<Effect>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tool = &self.slip.tool;
        f.debug_struct("Job").field("tool", tool).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// What is done.
pub(crate) enum Work {
    Http(Box<http::Exchange>),
    Mcp(Box<mcp::Exchange>),
    Lookup(Lookup, Arc<dyn Directory>),
    Message(Box<Message>),
}

impl Job {
    /// Runs it. Always answers, at the latest after `timeout`.
    pub async fn run(self) -> ToolAnswer {
        let Self { timeout, company, slip, work, permit, mut effect, .. } = self;
        let ended = tokio::time::timeout(timeout, work.run(&company, &mut effect)).await;
        let ended = ended.unwrap_or_else(|_| Err(late(effect.as_ref())));
        match &ended {
            Err(problem) if problem.blames_service() => permit.failed(),
            Err(Problem { forbidden: Some(why), .. }) => moments::address_forbidden(&company, &slip.tool, why),
            _ => permit.worked(),
        }
        let open = matches!(&ended, Err(problem) if problem.code == ErrorCode::OutcomeUnknown);
        if let Some(effect) = effect.as_mut().filter(|_| !open) {
            effect.settled();
        }
        slip.ended(ended)
    }

    /// The request as a person who tries a tool may see it: no secrets. `None` for a look-up in the company's records.
    pub fn request(&self) -> Option<Value> {
        match &self.work {
            Work::Http(exchange) => Some(exchange.shown()),
            Work::Mcp(exchange) => Some(exchange.shown()),
            Work::Lookup(..) | Work::Message(_) => None,
        }
    }
}

impl Work {
    /// What the model gets, and what the record is to know.
    async fn run(&self, company: &CompanyId, effect: &mut Option<Effect>) -> Result<(Value, Vec<Fact>), Problem> {
        let output = match self {
            Self::Http(exchange) => exchange.run(effect).await,
            Self::Mcp(exchange) => exchange.run(effect).await,
            Self::Lookup(lookup, directory) => lookup.run(directory.as_ref(), company).await,
            Self::Message(message) => return message.send(effect).await,
        };
        output.map(|output| (output, Vec::new()))
    }
}

/// It did not answer in time.
fn late(effect: Option<&Effect>) -> Problem {
    let open = effect.is_some_and(Effect::may_be_done);
    let code = if open { ErrorCode::OutcomeUnknown } else { ErrorCode::Timeout };
    Problem::from(code).counted(ToolOutcome::TimedOut)
}
