//! Makes what a tool does of what it is and what it was asked: the request, the look-up, or the answer itself.
//!
//! Before it: [`super`], which has found that it may run as far as arguments, the caller and the journal go. After it:
//! [`crate::Job`]. Nothing is sent here.

use super::{Arguments, Asked, Toolbox};
use crate::answer::{Source, wrapped};
use crate::built_in::{self, Done, Outcome, Undone, given, records::Lookup};
use crate::effects::Effect;
use crate::errors::{ErrorCode, Problem};
use crate::http::{self, Address, Repeat};
use crate::plan::Work;
use crate::template::Filling;
use crate::{Memory, mcp, moments};
use common::company::{BuiltIn, HttpTool, McpTool, Sample, Tool};
use common::private::PhoneNumber;

/// What text messages of a call are counted under, whatever their tool is called: no tool has this name.
const MESSAGES: &str = "text messages";

/// What is to be done.
pub(super) enum Prepared {
    Now(Outcome),
    Later(Work, Option<Effect>),
}

impl Toolbox {
    pub(super) fn built_in(
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
            Done::Message => {
                let message = built_in::message::prepare(self.texter.as_ref(), asked, &arguments)?;
                if !memory.count(MESSAGES, asked.agent.texting.per_call) {
                    return Err(Problem::from(ErrorCode::RateLimited).into());
                }
                Ok(Prepared::Later(Work::Message(Box::new(message)), Some(memory.begin(asked.name, &arguments))))
            }
            Done::Now(outcome) => {
                if *does == BuiltIn::CreateTicket {
                    memory.opened(asked.name, arguments, outcome.output.clone());
                }
                Ok(Prepared::Now(outcome))
            }
        }
    }

    pub(super) fn http(
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

    pub(super) fn mcp(
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

/// Whether a tool's request may be made twice.
pub(super) fn repeat(tool: &Tool) -> Repeat {
    if tool.idempotent { Repeat::Safe } else { Repeat::Never }
}

/// The name under which a service recognises a repeat.
fn key(asked: &Asked<'_>) -> String {
    format!("{}:{}", asked.call, asked.id.0)
}
