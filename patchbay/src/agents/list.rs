//! `patchbay agents list` and `agents versions`.

use super::{asked, directory, table};
use clap::Args;
use common::company::{Agent, Company};
use common::config::Config;
use common::ids::{AgentId, CompanyId};
use common::ports::{AgentVersion, Current};
use common::private::PhoneNumber;
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct VersionsArgs {
    /// The company
    #[arg(value_name = "COMPANY", value_parser = parse_company)]
    company: CompanyId,
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// For arguments.
pub(crate) fn parse_company(text: &str) -> Result<CompanyId, String> {
    CompanyId::parse(text).map_err(|error| error.to_string())
}

/// Shows who is in force.
pub(crate) async fn run(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let directory = directory(config)?;
    let found = asked(directory.configuration().await)?;
    let mut rows = vec![["COMPANY", "AGENT", "NUMBERS", "LANGUAGES", "VERSION", "SINCE"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    for company in found.roster.companies.values() {
        let versions = asked(directory.versions(&company.id).await)?;
        for agent in company.agents.values() {
            rows.push(row(company, agent, &versions));
            documents.push(document(company, agent, &versions));
        }
    }
    if args.json {
        println!("{:#}", json!({"revision": found.revision, "agents": documents}));
    } else if documents.is_empty() {
        println!("the database holds no agents; `patchbay agents apply agents` puts those of a folder there");
    } else {
        print!("{}", table(&rows));
    }
    Ok(())
}

fn row(company: &Company, agent: &Agent, versions: &[AgentVersion]) -> Vec<String> {
    vec![
        company.id.to_string(),
        agent.id.to_string(),
        numbers(agent).join(" "),
        tags(agent).join(" "),
        agent.version.clone(),
        since(versions, &agent.id).map(shown).unwrap_or_default(),
    ]
}

fn document(company: &Company, agent: &Agent, versions: &[AgentVersion]) -> Value {
    json!({
        "company": company.id, "agent": agent.id, "numbers": numbers(agent), "languages": tags(agent),
        "version": agent.version, "since": since(versions, &agent.id).map(shown),
    })
}

fn numbers(agent: &Agent) -> Vec<&str> {
    agent.numbers.iter().map(PhoneNumber::reveal).collect()
}

fn tags(agent: &Agent) -> Vec<&str> {
    agent.languages.iter().map(|language| language.tag.as_str()).collect()
}

fn since(versions: &[AgentVersion], agent: &AgentId) -> Option<u64> {
    versions.iter().find(|own| own.agent == *agent && own.current == Current::Yes).map(|own| own.applied_ms)
}

fn shown(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| format!("{at:.0}")).unwrap_or_default()
}

/// Shows every version.
pub(crate) async fn versions(config: &Config, args: &VersionsArgs) -> anyhow::Result<()> {
    let versions = asked(directory(config)?.versions(&args.company).await)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&versions)?);
        return Ok(());
    }
    anyhow::ensure!(!versions.is_empty(), "the database knows no company {}; `patchbay agents list`", args.company);
    let mut rows = vec![["AGENT", "VERSION", "APPLIED", ""].map(str::to_owned).to_vec()];
    for version in versions {
        let now = if version.current == Current::Yes { "answers calls" } else { "" };
        rows.push(vec![version.agent.to_string(), version.version, shown(version.applied_ms), now.to_owned()]);
    }
    print!("{}", table(&rows));
    Ok(())
}
