//! Decides what a tool call does: whether it may run at all, and what it comes to.
//!
//! Before it: the session driver, with what the agent [`Asked`]. After it: a [`Plan`]. It never waits and sends nothing;
//! reading arguments and filling templates is all it takes.

mod prepare;

use crate::answer::Slip;
use crate::arguments::Schemas;
use crate::breaker::Breakers;
use crate::built_in::{Outcome, Undone};
use crate::effects::Stage;
use crate::errors::{ErrorCode, Problem};
use crate::guard::Guard;
use crate::http::Repeat;
use crate::mcp::Sessions;
use crate::plan::{Job, Plan};
use crate::rate::Rates;
use crate::texting::Texter;
use crate::{Memory, Secrets, numbers};
use call::{Conversation, Spoken, ToolCallId, ToolOutcome};
use common::company::{AgentSnapshot, BuiltIn, Confirm, Keep, Tool, ToolKind};
use common::ids::{CallId, Epoch};
use common::ports::directory::Directory;
use common::private::PhoneNumber;
use prepare::{Prepared, repeat};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Runs tools. Shared by all calls of a worker.
pub struct Toolbox {
    secrets: Secrets,
    directory: Arc<dyn Directory>,
    guard: Guard,
    schemas: Schemas,
    rates: Rates,
    breakers: Breakers,
    sessions: Sessions,
    texter: Option<Arc<Texter>>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// What a toolbox is told at its start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Secrets by name.
    pub secrets: Secrets,
    /// `host:port` that tools may reach though not public or not https.
    pub private_hosts: Vec<String>,
}

/// Why a toolbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ToolboxError {
    /// The HTTP client could not be made.
    #[error("make the client for tools")]
    Client(#[from] reqwest::Error),
}

/// A tool call as the agent made it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// In which call.
    pub call: &'a CallId,
    /// Under which claim.
    pub epoch: Epoch,
    /// The agent as this call uses it.
    pub agent: &'a AgentSnapshot,
    /// Who calls, where the network said so.
    pub caller: Option<&'a PhoneNumber>,
    /// Our number in the call.
    pub ours: Option<&'a PhoneNumber>,
    /// The provider's name of the tool call.
    pub id: &'a ToolCallId,
    /// The tool's name.
    pub name: &'a str,
    /// Its arguments, JSON as the model wrote it.
    pub arguments: &'a Spoken,
    /// What was said so far, and the journal.
    pub conversation: &'a Conversation,
}

type Arguments = Map<String, Value>;

impl Toolbox {
    /// A toolbox that looks records up in `directory`. A TLS provider must be installed.
    pub fn new(settings: Settings, directory: Arc<dyn Directory>) -> Result<Self, ToolboxError> {
        // The numbering plans are unpacked at the first question; no call is to wait for that.
        let _ = numbers::classify("+12025550143", None);
        Ok(Self {
            secrets: settings.secrets,
            directory,
            guard: Guard::new(&settings.private_hosts)?,
            schemas: Schemas::default(),
            rates: Rates::default(),
            breakers: Breakers::default(),
            sessions: Sessions::default(),
            texter: None,
        })
    }

    /// The same, which can send text messages.
    pub fn with_texter(self, texter: Arc<Texter>) -> Self {
        Self { texter: Some(texter), ..self }
    }

    /// Decides what a tool call does. Never waits, runs nothing.
    pub fn plan(&self, asked: &Asked<'_>, memory: &mut Memory) -> Plan {
        let tool = asked.agent.tool(asked.name).filter(|tool| tool.enabled);
        let slip = Slip {
            call: asked.call.clone(),
            id: asked.id.clone(),
            tool: asked.name.to_owned(),
            arguments: asked.arguments.clone(),
            keep: tool.map_or(Keep::Name, |tool| tool.keep),
        };
        let decided = tool.ok_or_else(|| Undone::from(Problem::from(ErrorCode::UnknownTool)));
        match decided.and_then(|tool| self.decide(tool, asked, memory, &slip)) {
            Ok(Decision::Now(outcome)) => {
                Plan::Now { answer: slip.answered(&outcome.output, outcome.facts), wants: outcome.wants }
            }
            Ok(Decision::Later(job)) => Plan::Later(*job),
            Err(undone) => Plan::Now { answer: slip.problem(&undone.problem, undone.facts), wants: None },
        }
    }

    fn decide(&self, tool: &Tool, asked: &Asked<'_>, memory: &mut Memory, slip: &Slip) -> Result<Decision, Undone> {
        let arguments = self.schemas.read(asked.agent, tool, asked.arguments.reveal())?;
        may_be_repeated(tool, &arguments, asked, memory)?;
        if tool.confirm == Confirm::ReadBack && !memory.confirmed(&tool.name, &arguments, asked.conversation) {
            let details = json!({"read_back": arguments});
            return Err(Problem::new(ErrorCode::ConfirmationNeeded, details).into());
        }
        if !memory.count(&tool.name, tool.rate.per_call)
            || !self.rates.take(&asked.agent.company, &tool.name, tool.rate.per_minute)
        {
            return Err(Problem::from(ErrorCode::RateLimited).into());
        }
        let prepared = match &tool.kind {
            ToolKind::BuiltIn(does) => self.built_in(does, asked, arguments, memory)?,
            ToolKind::Http(http) => self.http(tool, http, asked, &arguments, memory)?,
            ToolKind::Mcp(mcp) => self.mcp(tool, mcp, asked, &arguments, memory)?,
        };
        let (work, effect) = match prepared {
            Prepared::Now(outcome) => return Ok(Decision::Now(outcome)),
            Prepared::Later(work, effect) => (work, effect),
        };
        let permit = self.breakers.permit(&asked.agent.company, &tool.name).ok_or_else(left_alone)?;
        Ok(Decision::Later(Box::new(Job {
            journal_first: effect.is_some(),
            filler: filler(tool, asked.agent),
            timeout: Duration::from_millis(tool.timeout_ms),
            company: asked.agent.company.clone(),
            slip: slip.clone(),
            work,
            permit,
            effect,
        })))
    }
}

enum Decision {
    Now(Outcome),
    Later(Box<Job>),
}

/// A request that must not be repeated is not under way, and none like it is of unknown outcome.
fn may_be_repeated(tool: &Tool, arguments: &Arguments, asked: &Asked<'_>, memory: &Memory) -> Result<(), Problem> {
    let sends = tool.kind == ToolKind::BuiltIn(BuiltIn::SendSms);
    if repeat(tool) == Repeat::Safe || (matches!(tool.kind, ToolKind::BuiltIn(_)) && !sends) {
        return Ok(());
    }
    match memory.stage(&tool.name, arguments, asked.conversation, asked.id) {
        None => Ok(()),
        Some(Stage::Running) => Err(ErrorCode::AlreadyRunning.into()),
        Some(Stage::Unknown) => Err(Problem::from(ErrorCode::OutcomeUnknown).counted(ToolOutcome::Refused)),
    }
}

/// It failed too often lately: nobody waits for it now.
fn left_alone() -> Problem {
    Problem::from(ErrorCode::Unavailable).counted(ToolOutcome::Refused)
}

/// What is said when the tool takes long, in the language of the conversation.
fn filler(tool: &Tool, agent: &AgentSnapshot) -> Option<Spoken> {
    let text = tool.filler.get(&agent.spoken().tag).unwrap_or(&agent.phrases().filler);
    Some(Spoken::new(text.clone())).filter(|text| !text.is_empty())
}
