//! `patchbay tools run`: one tool as a call would run it. The caller's consent is taken for given: whoever types the
//! command gives it.

use super::{in_force, kind, settings};
use crate::agents::parse_company;
use crate::say::parse_call;
use anyhow::Context;
use call::{Conversation, Spoken, ToolAnswer, ToolCallId};
use clap::Args;
use common::company::{Agent, Company, Confirm, Roster};
use common::config::Config;
use common::ids::{AgentId, BootId, CallId, CompanyId, Epoch};
use serde_json::{Value, json};
use tokio::time::Instant;
use tools::{Asked, Memory, Plan, Toolbox, Want};

#[derive(Args)]
pub(crate) struct RunArgs {
    /// The tool
    #[arg(value_name = "NAME")]
    name: String,
    /// Its arguments, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// Whose; needed where several companies have a tool of this name
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: Option<CompanyId>,
    /// Which agent's
    #[arg(long, value_name = "AGENT", value_parser = parse_agent)]
    agent: Option<AgentId>,
    /// As if in this call: a service that knows the call's key sees the same one again
    #[arg(long, value_name = "CALL_SID", value_parser = parse_call)]
    call: Option<CallId>,
    /// Prints request and answer as JSON and nothing else
    #[arg(long)]
    json: bool,
}

fn parse_agent(text: &str) -> Result<AgentId, String> {
    AgentId::parse(text).map_err(|error| error.to_string())
}

/// What there is to show.
struct Tried {
    request: Option<Value>,
    answer: ToolAnswer,
    wants: Option<Want>,
    took_ms: u128,
}

/// Runs it; fails when the tool does.
pub(crate) async fn run(config: &Config, args: &RunArgs) -> anyhow::Result<()> {
    let (roster, directory) = in_force(config).await?;
    let (company, agent) = whose(&roster, args)?;
    let toolbox = Toolbox::new(settings(config), directory).context("failed to prepare the tools")?;
    let tried = tried(&toolbox, company, agent, args).await?;
    let output: Value = serde_json::from_str(tried.answer.output.reveal()).unwrap_or_default();
    let wants = tried.wants.as_ref().map(|wants| format!("{wants:?}"));
    if args.json {
        let document = json!({
            "company": company.id, "agent": agent.id, "tool": args.name, "request": tried.request,
            "took_ms": tried.took_ms as u64, "outcome": tried.answer.outcome, "answer": output, "wants": wants,
        });
        println!("{document:#}");
    } else {
        show(company, agent, args, &tried);
        println!("{output:#}");
        if let Some(wants) = wants {
            println!("in a call it would now: {wants}");
        }
    }
    match tried.answer.error {
        None => Ok(()),
        Some(error) => anyhow::bail!("{} ended with {error}", args.name),
    }
}

/// The agent that has the tool.
fn whose<'r>(roster: &'r Roster, args: &RunArgs) -> anyhow::Result<(&'r Company, &'r Agent)> {
    let wanted = |company: &Company, agent: &Agent| {
        args.company.as_ref().is_none_or(|id| *id == company.id) && args.agent.as_ref().is_none_or(|id| *id == agent.id)
    };
    let has = |agent: &Agent| agent.tools.iter().any(|tool| tool.name == args.name);
    let mut found = roster.agents().filter(|(company, agent)| wanted(company, agent) && has(agent));
    let Some((company, agent)) = found.next() else {
        let tools =
            roster.agents().filter(|(company, agent)| wanted(company, agent)).flat_map(|(_, agent)| &agent.tools);
        let known = common::mistakes::unknown(&args.name, tools.map(|tool| tool.name.as_str()));
        anyhow::bail!("the tool {} {known}; `patchbay tools list` shows all", args.name);
    };
    let others: Vec<&str> =
        found.map(|(company, _)| company.id.as_str()).filter(|id| *id != company.id.as_str()).collect();
    anyhow::ensure!(
        others.is_empty(),
        "{} and {} have a tool {}; --company says whose is meant",
        company.id,
        others.join(", "),
        args.name
    );
    Ok((company, agent))
}

async fn tried(toolbox: &Toolbox, company: &Company, agent: &Agent, args: &RunArgs) -> anyhow::Result<Tried> {
    let mut snapshot = agent.snapshot(company, None);
    snapshot.tools.iter_mut().for_each(|tool| tool.confirm = Confirm::No);
    let made_up = || CallId::parse(format!("CA{:032x}", 0)).expect("a valid call sid");
    let call = args.call.clone().unwrap_or_else(made_up);
    let (id, arguments) = (ToolCallId(BootId::fresh().to_string()), Spoken::new(args.args.as_str()));
    let conversation = Conversation::default();
    let asked = Asked {
        call: &call,
        epoch: Epoch(0),
        agent: &snapshot,
        caller: None,
        ours: None,
        id: &id,
        name: &args.name,
        arguments: &arguments,
        conversation: &conversation,
    };
    let began = Instant::now();
    match toolbox.plan(&asked, &mut Memory::default()) {
        Plan::Now { answer, wants } => Ok(Tried { request: None, answer, wants, took_ms: began.elapsed().as_millis() }),
        Plan::Later(job) => {
            let request = job.request();
            let answer = job.run().await;
            Ok(Tried { request, answer, wants: None, took_ms: began.elapsed().as_millis() })
        }
    }
}

fn show(company: &Company, agent: &Agent, args: &RunArgs, tried: &Tried) {
    let tool = agent.tools.iter().find(|tool| tool.name == args.name);
    println!("{}/{}  {}  {}", company.id, agent.id, args.name, tool.map(kind).unwrap_or_default());
    if let Some(request) = &tried.request {
        let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
        println!("\n{} {}", text("method"), text("url"));
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            println!("{name}: {}", value.as_str().unwrap_or_default());
        }
        let body = if request["arguments"].is_null() { &request["body"] } else { &request["arguments"] };
        if !body.is_null() {
            println!("\n{body:#}");
        }
    }
    let outcome = serde_json::to_value(tried.answer.outcome).unwrap_or_default();
    println!("\n{} after {} ms", outcome.as_str().unwrap_or_default(), tried.took_ms);
}
