//! What a gateway does about changes: it listens for a word on the bus and looks at the database now and then.
//!
//! A database that is away changes nothing: what is in force stays, and it is said once.

use super::{Origin, Source, of_database};
use common::company::{Roster, Services};
use common::config::Config;
use common::control;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::bus::futures::BoxStream;
use common::ports::{Bus, Configuration, DbError, Directory, Ports};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// The gateway's condition: companies and agents are known.
pub(crate) const CONDITION: &str = "agents";

/// How often the database is asked, besides at every word on the bus. Longer leaves a lost word unnoticed longer.
const EVERY: Duration = Duration::from_secs(10);

/// The same while nobody is known yet.
const SOON: Duration = Duration::from_secs(1);

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
                if changed.is_none() && self.waiting == Waiting::Yes {
                    self.readiness.waiting(CONDITION, "the database holds no agents; `patchbay agents apply`".into());
                }
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

#[cfg(test)]
mod tests;
