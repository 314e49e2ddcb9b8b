//! Where companies and agents come from: the database if it holds any, else the folder of packs.
//!
//! Before it: people's packs, and `patchbay agents apply`, which puts them into the database. After it: the gateway, and
//! [`Follower`], which gives it what changes.

mod follow;

pub(crate) use follow::{CONDITION, Follower};

use anyhow::Context;
use common::company::load::{self, Packs};
use common::company::{Roster, Services, Tool};
use common::config::Config;
use common::mistakes::{Mistakes, unknown};
use common::ports::{Configuration, Db, DbError, Directory};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where a configuration was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Packs of a folder.
    Folder,
    /// The database.
    Database,
    /// Nowhere yet: the database is away, and there are no packs.
    Nowhere,
}

/// A configuration, and where it was read.
pub(crate) struct Source {
    pub(crate) origin: Origin,
    /// Of the database; 0 for a folder.
    pub(crate) revision: u64,
    pub(crate) roster: Roster,
    /// The packs, where they were read.
    pub(crate) packs: Option<Packs>,
    /// Why the database was not asked, if it was to be.
    pub(crate) away: Option<DbError>,
}

impl Source {
    fn of_folder(packs: Packs) -> Self {
        Self { origin: Origin::Folder, revision: 0, roster: packs.roster.clone(), packs: Some(packs), away: None }
    }
}

/// The packs of the configured folder with this installation's addresses; every mistake in them at once.
pub(crate) fn packs(config: &Config) -> anyhow::Result<Packs> {
    checked(load::load(&config.agents_dir, &config.services).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?)
}

/// The packs, if their tools can be run: every mistake in them at once.
pub(crate) fn checked(packs: Packs) -> anyhow::Result<Packs> {
    let mut seen = BTreeSet::new();
    let mut mistakes = Mistakes::default();
    for (company, agent) in packs.roster.agents() {
        for tool in &agent.tools {
            for fault in faults(tool, &company.services) {
                if seen.insert((company.id.clone(), tool.name.clone(), fault.clone())) {
                    // The tools say `url: what is wrong`.
                    let (key, fault) = fault.split_once(": ").unwrap_or(("tool", &fault));
                    mistakes.add(packs.tool_mistake(&company.id, &tool.name, key, fault, ""));
                }
            }
        }
    }
    mistakes.or(packs).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
}

fn faults(tool: &Tool, services: &BTreeMap<String, String>) -> Vec<String> {
    let mut faults = tools::check(tool);
    if let Some(service) = tools::service_of(tool).filter(|service| !services.contains_key(*service)) {
        let known = unknown(service, services.keys().map(String::as_str));
        faults.push(format!("url: names the service {service:?}, which {known} in [services] of company.toml"));
    }
    faults
}

/// What is in force, without changing anything.
pub(crate) async fn look(config: &Config, directory: &dyn Directory) -> anyhow::Result<Source> {
    if config.database_url.is_none() {
        return Ok(Source::of_folder(packs(config)?));
    }
    match directory.configuration().await {
        Ok(found) if !found.roster.companies.is_empty() => Ok(of_database(found, &config.services)),
        Ok(_) => Ok(Source::of_folder(packs(config)?)),
        Err(away) => {
            let nowhere =
                Source { origin: Origin::Nowhere, revision: 0, roster: Roster::default(), packs: None, away: None };
            let source = match packs(config) {
                Ok(packs) => Source::of_folder(packs),
                Err(error) => {
                    tracing::warn!("the folder of packs is of no help: {error:#}");
                    nowhere
                }
            };
            Ok(Source { away: Some(away), ..source })
        }
    }
}

fn of_database(found: Configuration, services: &Services) -> Source {
    let Configuration { revision, mut roster } = found;
    services.lay_over(&mut roster);
    Source { origin: Origin::Database, revision, roster, packs: None, away: None }
}

/// What a process starts with. A database of its own gets the packs and what their companies know.
pub(crate) async fn begin(config: &Config, db: &dyn Db, directory: &dyn Directory) -> anyhow::Result<Source> {
    let source = look(config, directory).await?;
    told(config, &source);
    let Some(packs) = source.packs.as_ref().filter(|_| config.database_url.is_none()) else { return Ok(source) };
    db.migrate().await.context("failed to create the tables")?;
    put(directory, packs).await?;
    let revision = directory.revision().await.context("failed to look at the agents put into force")?;
    Ok(Source { revision, ..source })
}

async fn put(directory: &dyn Directory, packs: &Packs) -> anyhow::Result<()> {
    for company in packs.roster.companies.values() {
        let applied = directory.apply(company, "start").await;
        applied.with_context(|| format!("failed to put {} into force", company.id))?;
    }
    directory.store(&packs.records).await.context("failed to store the records of the packs")?;
    Ok(())
}

/// Says where the configuration comes from, and what is odd about it.
fn told(config: &Config, source: &Source) {
    let (companies, agents) = (source.roster.companies.len(), source.roster.agents().count());
    for warning in source.packs.iter().flat_map(|packs| &packs.warnings) {
        tracing::warn!("{warning}");
    }
    let folder = config.agents_dir.display();
    match (source.origin, &source.away) {
        (Origin::Database, _) => {
            tracing::info!(companies, agents, revision = source.revision, "the agents come from the database");
        }
        (Origin::Folder, Some(error)) => {
            tracing::warn!(companies, agents, %folder, %error, "the database cannot be asked for agents yet; those of the folder answer until then");
        }
        (Origin::Folder, None) if config.database_url.is_some() => {
            tracing::info!(companies, agents, %folder, "the agents come from the folder: the database holds none; `patchbay agents apply {folder}` puts them there, with their records");
        }
        (Origin::Folder, None) => tracing::info!(companies, agents, %folder, "the agents come from the folder"),
        (Origin::Nowhere, error) => {
            let error = error.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%folder, error, "no agents yet: the database cannot be asked, and the folder holds none");
        }
    }
}
