//! `patchbay tools`: what agents may ask for, and one of them tried by hand: the request, the answer, how long it took.

mod run;

use crate::agents::table;
use crate::cli::Settings;
use crate::{assemble, process, source};
use adapters::db::Opened;
use anyhow::Context;
use clap::{Args, Subcommand};
use common::company::{HttpTool, McpTool, Roster, SecretRef, Tool, ToolKind};
use common::config::{self, Config};
use common::ports::Directory;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Subcommand)]
pub(crate) enum ToolsCommand {
    /// Shows the tools of every agent, and what is missing to run them
    #[command(after_help = "Examples:\n  patchbay tools list\n  patchbay tools list --json")]
    List(ListArgs),
    /// Runs one as a call would, and shows request and answer; fails when the tool does
    #[command(
        after_help = "Examples:\n  patchbay tools run lookup_order --args '{\"order_id\": \"ABC123\"}'\n  patchbay tools run lookup_loan --args '{\"loan_number\": \"100234\"}' --company loans --agent desk"
    )]
    Run(run::RunArgs),
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: &ToolsCommand) -> anyhow::Result<()> {
    let config = settings.load(&[], &[])?;
    process::runtime()?.block_on(async {
        match command {
            ToolsCommand::List(args) => list(&config, args).await,
            ToolsCommand::Run(args) => run::run(&config, args).await,
        }
    })
}

/// The agents in force, and the directory their tools look things up in: the database, or one of this process that holds
/// the packs.
async fn in_force(config: &Config) -> anyhow::Result<(Roster, Arc<dyn Directory>)> {
    let Opened { db, directory, .. } = assemble::database(config)?;
    let source = source::begin(config, db.as_ref(), directory.as_ref()).await?;
    match source.away {
        Some(error) => Err(error).context("failed to use the database of DATABASE_URL; `patchbay doctor` says more"),
        None => Ok((source.roster, directory)),
    }
}

async fn list(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let (roster, _) = in_force(config).await?;
    let mut rows = vec![["COMPANY", "AGENT", "TOOL", "KIND", "MISSING"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    for (company, agent) in roster.agents() {
        for tool in &agent.tools {
            let mut missing = missing(config, tool, &company.services);
            if !tool.enabled {
                missing.push("not enabled".to_owned());
            }
            documents.push(json!({
                "company": company.id, "agent": agent.id, "tool": tool.name, "kind": kind(tool),
                "enabled": tool.enabled, "description": tool.description, "parameters": tool.parameters,
                "missing": missing,
            }));
            let names = [company.id.as_str(), agent.id.as_str(), &tool.name, kind(tool), &missing.join(", ")];
            rows.push(names.map(str::to_owned).to_vec());
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&documents)?);
    } else {
        print!("{}", table(&rows));
    }
    Ok(())
}

/// What a tool is, in packs.
fn kind(tool: &Tool) -> &'static str {
    match tool.kind {
        ToolKind::BuiltIn(_) => "built_in",
        ToolKind::Http(_) => "http",
        ToolKind::Mcp(_) => "mcp",
    }
}

/// What a tool needs and this installation does not have: secrets, addresses of services.
pub(crate) fn missing(config: &Config, tool: &Tool, services: &BTreeMap<String, String>) -> Vec<String> {
    let mut missing: Vec<String> =
        secrets(tool).filter(|secret| !is_known(config, secret)).map(|secret| format!("secret {}", secret.0)).collect();
    if let Some(service) = tools::service_of(tool).filter(|service| services.get(*service).is_none_or(String::is_empty))
    {
        let sampled = matches!(&tool.kind, ToolKind::Http(HttpTool { sample: Some(_), .. }));
        let instead = if sampled { " (a sample answers)" } else { "" };
        missing.push(format!("address of {service}{instead}"));
    }
    missing
}

fn secrets(tool: &Tool) -> impl Iterator<Item = &SecretRef> {
    let (header, sign) = match &tool.kind {
        ToolKind::BuiltIn(_) => (None, None),
        ToolKind::Http(HttpTool { secret, sign, .. }) => (secret.as_ref(), sign.as_ref()),
        ToolKind::Mcp(McpTool { secret, .. }) => (secret.as_ref(), None),
    };
    header.map(|header| &header.secret).into_iter().chain(sign)
}

fn is_known(config: &Config, secret: &SecretRef) -> bool {
    let config::Tools { secrets_dir, secrets, .. } = &config.tools;
    secrets.contains_key(&secret.0) || secrets_dir.as_ref().is_some_and(|dir| dir.join(&secret.0).is_file())
}

/// What the toolbox of this installation is told.
fn settings(config: &Config) -> tools::Settings {
    tools::Settings {
        secrets: tools::Secrets::new(config.tools.secrets_dir.clone(), config.tools.secrets.clone()),
        private_hosts: config.tools.private_hosts.clone(),
    }
}
