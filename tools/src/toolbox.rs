//! Decides what a tool call does: whether it may run at all, and what it comes to.
//!
//! Before it: the session driver, with what the agent [`Asked`]. After it: a [`Plan`]. It never waits and sends nothing;
//! reading arguments and filling templates is all it takes.

use crate::answer::{Slip, Source, wrapped};
use crate::arguments::Schemas;
use crate::breaker::Breakers;
use crate::built_in::{self, Done, Outcome, Undone, given, records::Lookup};
use crate::effects::Stage;
use crate::errors::{ErrorCode, Problem};
use crate::guard::Guard;
use crate::http::{self, Address, Repeat};
use crate::mcp::{self, Sessions};
use crate::plan::{Job, Plan, Work};
use crate::rate::Rates;
use crate::template::Filling;
use crate::{Memory, Secrets, moments, numbers};
use call::{Conversation, Spoken, ToolCallId, ToolOutcome};
use common::company::{AgentSnapshot, BuiltIn, Confirm, HttpTool, Keep, McpTool, Sample, Tool, ToolKind};
use common::ids::{CallId, Epoch};
use common::ports::directory::Directory;
use common::private::PhoneNumber;
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
        })
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

    fn built_in(
        &self,
        does: &BuiltIn,
        asked: &Asked<'_>,
        arguments: Arguments,
        memory: &mut Memory,
    ) -> Result<Prepared, Undone> {
        if let Some(output) = memory.ticket(asked.name, &arguments).filter(|_| *does == BuiltIn::CreateTicket) {
            return Ok(Prepared::Now(Outcome { output: output.clone(), wants: None, facts: Vec::new() }));
        }
        match built_in::run(does, asked, &arguments)? {
            Done::Lookup(lookup) => Ok(self.lookup(lookup)),
            Done::Now(outcome) => {
                if *does == BuiltIn::CreateTicket {
                    memory.opened(asked.name, arguments, outcome.output.clone());
                }
                Ok(Prepared::Now(outcome))
            }
        }
    }

    fn http(
        &self,
        tool: &Tool,
        http: &HttpTool,
        asked: &Asked<'_>,
        arguments: &Arguments,
        memory: &Memory,
    ) -> Result<Prepared, Problem> {
        let (base, rest) = match http::address(&http.url, &asked.agent.services) {
            Address::At(base, rest) => (base, rest),
            Address::Missing(service) => return self.sample(tool, http, asked, arguments, service),
        };
        let filling = Filling {
            arguments,
            schema: &tool.parameters,
            caller: asked.caller.map(PhoneNumber::reveal),
            call: asked.call.as_str(),
            language: &asked.agent.language,
        };
        let url = http::url(base, rest, filling)?;
        let shared = (&self.guard, &self.secrets);
        let exchange = http::exchange(http, url, filling, &key(asked), repeat(tool), shared)?;
        let effect = (repeat(tool) == Repeat::Never).then(|| memory.begin(&tool.name, arguments));
        Ok(Prepared::Later(Work::Http(Box::new(exchange)), effect))
    }

    fn sample(
        &self,
        tool: &Tool,
        http: &HttpTool,
        asked: &Asked<'_>,
        arguments: &Arguments,
        service: &str,
    ) -> Result<Prepared, Problem> {
        match &http.sample {
            Some(Sample::Answer(answer)) => {
                let output = wrapped(answer.clone(), Source::Sample);
                Ok(Prepared::Now(Outcome { output, wants: None, facts: Vec::new() }))
            }
            Some(Sample::Record { record, argument }) => {
                let caller = || asked.caller.map(|caller| caller.reveal().to_owned());
                let key = given(arguments, argument).or_else(caller).ok_or(ErrorCode::NotFound)?;
                Ok(self.lookup(Lookup::One { kind: record.clone(), key, source: Source::Sample }))
            }
            None => {
                moments::service_missing(&asked.agent.company, &tool.name, service);
                Err(ErrorCode::Unavailable.into())
            }
        }
    }

    fn mcp(
        &self,
        tool: &Tool,
        mcp: &McpTool,
        asked: &Asked<'_>,
        arguments: &Arguments,
        memory: &Memory,
    ) -> Result<Prepared, Problem> {
        let (base, rest) = match http::address(&mcp.url, &asked.agent.services) {
            Address::At(base, rest) => (base, rest),
            Address::Missing(service) => {
                moments::service_missing(&asked.agent.company, &tool.name, service);
                return Err(ErrorCode::Unavailable.into());
            }
        };
        let url = reqwest::Url::parse(&format!("{base}{rest}")).map_err(|_| ErrorCode::Unavailable)?;
        let exchange = mcp::Exchange {
            guard: self.guard.clone(),
            secrets: self.secrets.clone(),
            slot: self.sessions.slot(&asked.agent.company, &url, mcp),
            url,
            secret: mcp.secret.clone(),
            tool: mcp.tool.clone(),
            arguments: arguments.clone(),
            key: key(asked),
            repeat: repeat(tool),
        };
        let effect = (repeat(tool) == Repeat::Never).then(|| memory.begin(&tool.name, arguments));
        Ok(Prepared::Later(Work::Mcp(Box::new(exchange)), effect))
    }

    fn lookup(&self, lookup: Lookup) -> Prepared {
        Prepared::Later(Work::Lookup(lookup, self.directory.clone()), None)
    }
}

/// What is to be done, before it is known whether it may be.
enum Prepared {
    Now(Outcome),
    Later(Work, Option<crate::effects::Effect>),
}

enum Decision {
    Now(Outcome),
    Later(Box<Job>),
}

/// A request that must not be repeated is not under way, and none like it is of unknown outcome.
fn may_be_repeated(tool: &Tool, arguments: &Arguments, asked: &Asked<'_>, memory: &Memory) -> Result<(), Problem> {
    if repeat(tool) == Repeat::Safe || matches!(tool.kind, ToolKind::BuiltIn(_)) {
        return Ok(());
    }
    match memory.stage(&tool.name, arguments, asked.conversation, asked.id) {
        None => Ok(()),
        Some(Stage::Running) => Err(ErrorCode::AlreadyRunning.into()),
        Some(Stage::Unknown) => Err(Problem::from(ErrorCode::OutcomeUnknown).counted(ToolOutcome::Refused)),
    }
}

fn repeat(tool: &Tool) -> Repeat {
    if tool.idempotent { Repeat::Safe } else { Repeat::Never }
}

/// The name under which a service recognises a repeat.
fn key(asked: &Asked<'_>) -> String {
    format!("{}:{}", asked.call, asked.id.0)
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
