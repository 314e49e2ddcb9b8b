//! Where companies and agents come from: the database if it holds any, else the folder of packs. And what a gateway does
//! about changes.
//!
//! Before it: `patchbay agents apply`, which writes the database. After it: the gateway, whose roster is replaced for the
//! calls that come in from then on. A database that is away changes nothing: what is in force stays.

use anyhow::Context;
use common::company::load::{self, Packs};
use common::company::{Roster, Services, Tool};
use common::config::Config;
use common::control;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::mistakes::{Mistakes, unknown};
use common::ports::bus::futures::BoxStream;
use common::ports::{Bus, Configuration, Db, DbError, Directory, Ports};
use futures_util::StreamExt;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The gateway's condition: companies and agents are known.
pub(crate) const CONDITION: &str = "agents";

/// How often the database is asked, besides at every word on the bus. Longer leaves a lost word unnoticed longer.
const EVERY: Duration = Duration::from_secs(10);

/// The same while nobody is known yet.
const SOON: Duration = Duration::from_secs(1);

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
            let source = packs(config).map_or(nowhere, Source::of_folder);
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

/// Keeps a gateway's roster up to date until the lifecycle stops.
pub(crate) struct Follower {
    directory: Arc<dyn Directory>,
    bus: Arc<dyn Bus>,
    services: Services,
    readiness: Readiness,
    known: u64,
    waiting: Waiting,
    away: Away,
}

/// Whether anybody is known.
#[derive(PartialEq)]
enum Waiting {
    Yes,
    No,
}

/// Whether the database was away when it was last asked: it is said once.
#[derive(PartialEq)]
enum Away {
    Yes,
    No,
}

impl Follower {
    /// One that goes on from a start.
    pub(crate) fn new(config: &Config, ports: &Ports, readiness: Readiness, source: &Source) -> Self {
        let waiting = if source.origin == Origin::Nowhere { Waiting::Yes } else { Waiting::No };
        match (&waiting, &source.away) {
            (Waiting::No, _) => readiness.ready(CONDITION),
            (Waiting::Yes, error) => {
                readiness.waiting(CONDITION, error.as_ref().map(ToString::to_string).unwrap_or_default());
            }
        }
        Self {
            directory: ports.directory.clone(),
            bus: ports.bus.clone(),
            services: config.services.clone(),
            readiness,
            known: source.revision,
            waiting,
            away: if source.away.is_some() { Away::Yes } else { Away::No },
        }
    }

    /// Hands every new roster to `put`.
    pub(crate) async fn follow(mut self, put: impl Fn(Roster) + Send, lifecycle: Lifecycle) {
        let mut words = self.listen().await;
        loop {
            let pause = if self.waiting == Waiting::Yes { SOON } else { EVERY };
            tokio::select! {
                word = next(&mut words) => if word.is_none() { words = None; continue },
                () = tokio::time::sleep(pause) => if words.is_none() { words = self.listen().await },
                () = lifecycle.stopped() => return,
            }
            if let Some(roster) = self.look().await {
                put(roster);
            }
        }
    }

    async fn listen(&self) -> Option<BoxStream<bytes::Bytes>> {
        self.bus.listen(control::CONFIG).await.ok()
    }

    /// The roster, if another one is in force.
    async fn look(&mut self) -> Option<Roster> {
        match self.changed().await {
            Ok(changed) => {
                if self.away == Away::Yes {
                    tracing::info!("the database answers for agents again");
                }
                self.away = Away::No;
                let source = of_database(changed?, &self.services);
                self.known = source.revision;
                self.waiting = Waiting::No;
                self.readiness.ready(CONDITION);
                let (companies, agents) = (source.roster.companies.len(), source.roster.agents().count());
                tracing::info!(companies, agents, revision = source.revision, "another configuration is in force");
                Some(source.roster)
            }
            Err(error) => {
                if self.away == Away::No {
                    tracing::warn!(%error, "the database cannot be asked for agents; those known go on answering");
                }
                self.away = Away::Yes;
                if self.waiting == Waiting::Yes {
                    self.readiness.waiting(CONDITION, error.to_string());
                }
                None
            }
        }
    }

    async fn changed(&self) -> Result<Option<Configuration>, DbError> {
        if self.directory.revision().await? == self.known {
            return Ok(None);
        }
        let found = self.directory.configuration().await?;
        Ok((!found.roster.companies.is_empty()).then_some(found))
    }
}

/// The next word; for ever where nobody can be listened to.
async fn next(words: &mut Option<BoxStream<bytes::Bytes>>) -> Option<bytes::Bytes> {
    match words {
        Some(words) => words.next().await,
        None => std::future::pending().await,
    }
}
