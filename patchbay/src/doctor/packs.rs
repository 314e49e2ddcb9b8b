//! Whether agents are known, from where, and whether their tools have what they need.

use super::{Finding, sick, well};
use crate::{assemble, source, tools};
use common::config::Config;
use std::collections::BTreeSet;

/// Where companies and agents come from, and how many there are.
pub(super) async fn agents(config: &Config) -> Finding {
    let advice = "mend the files named above; PATCHBAY_AGENTS__DIR names the folder";
    let source = match look(config).await {
        Ok(source) => source,
        Err(error) => return sick("agents", format!("{error:#}"), advice),
    };
    let (companies, agents) = (source.roster.companies.len(), source.roster.agents().count());
    let folder = config.agents_dir.display();
    let from = match (source.origin, config.database_url.is_some()) {
        (source::Origin::Database, _) => format!("in the database (revision {})", source.revision),
        (source::Origin::Folder, false) => format!("in {folder}"),
        (source::Origin::Folder, true) => format!("in {folder}; the database holds none"),
        (source::Origin::Nowhere, _) => "anywhere".to_owned(),
    };
    let records = match &source.packs {
        Some(packs) => Some(packs.records.len()),
        None => stored_records(config, &source).await.ok(),
    };
    let records = records.map(|records| format!(", {records} records")).unwrap_or_default();
    let found = format!("{companies} companies, {agents} agents{records} {from}");
    if let Some(error) = source.away {
        return sick("agents", format!("{found}; the database cannot be asked: {error}"), "see `record` below");
    }
    let warnings: Vec<String> =
        source.packs.iter().flat_map(|packs| &packs.warnings).map(ToString::to_string).collect();
    let mut advice = warnings;
    if source.origin == source::Origin::Folder && config.database_url.is_some() {
        advice.push(format!("`patchbay agents apply {folder}` puts them into the database, with their records"));
    }
    Finding { advice: advice.join("\n                → "), ..well("agents", found) }
}

/// Whether tools have their secrets and their services an address. What is missing is unavailable in calls, no more.
pub(super) async fn tools(config: &Config) -> Finding {
    let Ok(source) = look(config).await else { return well("tools", "not looked at: the agents cannot be read") };
    let mut count = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for (company, agent) in source.roster.agents() {
        for tool in &agent.tools {
            count.insert((&company.id, &tool.name));
            for what in tools::missing(config, tool, &company.services) {
                missing.insert(format!("{}/{} has no {what}", company.id, tool.name));
            }
        }
    }
    let found = format!("{} tools, {} not complete", count.len(), missing.len());
    let advice: Vec<String> = missing.into_iter().collect();
    let how = "PATCHBAY_SERVICES__NAME is an address, PATCHBAY_SECRET_NAME a secret";
    let advice = if advice.is_empty() { String::new() } else { format!("{}; {how}", advice.join("; ")) };
    Finding { advice, ..well("tools", found) }
}

/// How many records the database holds for the companies in force.
async fn stored_records(config: &Config, source: &source::Source) -> anyhow::Result<usize> {
    let directory = assemble::database(config)?.directory;
    let mut count = 0;
    for company in source.roster.companies.keys() {
        for kind in directory.record_kinds(company).await? {
            count += directory.records(company, &kind).await?.len();
        }
    }
    Ok(count)
}

/// The agents in force.
pub(super) async fn look(config: &Config) -> anyhow::Result<source::Source> {
    let directory = assemble::database(config)?.directory;
    source::look(config, directory.as_ref()).await
}
