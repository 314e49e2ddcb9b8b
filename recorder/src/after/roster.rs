//! Companies and agents as they are configured now: what is wanted after a call is what is in force when it is looked
//! after. The database's if it holds any, else those of the folder, as gateways have it.

use super::moments;
use common::company::{Company, Roster, Services, load};
use common::ids::CompanyId;
use common::ports::{DbError, Directory};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long what was read is taken as it is. Longer, and a company waits for its new webhook; the question is cheap.
const FRESH: Duration = Duration::from_secs(2);

/// The roster, read again when it has changed.
pub(super) struct Known {
    directory: Arc<dyn Directory>,
    services: Services,
    folder: PathBuf,
    last: Mutex<Option<Read>>,
}

struct Read {
    at: Instant,
    revision: u64,
    roster: Arc<Roster>,
}

impl Known {
    pub(super) fn new(directory: Arc<dyn Directory>, services: Services, folder: PathBuf) -> Self {
        Self { directory, services, folder, last: Mutex::new(None) }
    }

    /// Everybody, at most some seconds old; older while the database is away.
    pub(super) async fn roster(&self) -> Result<Arc<Roster>, DbError> {
        let mut last = self.last.lock().await;
        if let Some(read) = last.as_ref().filter(|read| read.at.elapsed() < FRESH) {
            return Ok(read.roster.clone());
        }
        match (self.read(last.as_ref()).await, last.as_mut()) {
            (Ok(read), _) => Ok(last.insert(read).roster.clone()),
            (Err(error), Some(read)) => {
                moments::waits_for("db", &error);
                read.at = Instant::now();
                Ok(read.roster.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn read(&self, last: Option<&Read>) -> Result<Read, DbError> {
        let revision = self.directory.revision().await?;
        if let Some(last) = last.filter(|last| last.revision == revision) {
            return Ok(Read { at: Instant::now(), revision, roster: last.roster.clone() });
        }
        let found = self.directory.configuration().await?;
        let mut roster = found.roster;
        if roster.companies.is_empty() {
            roster = self.of_the_folder();
        } else {
            self.services.lay_over(&mut roster);
        }
        Ok(Read { at: Instant::now(), revision: found.revision, roster: Arc::new(roster) })
    }

    /// The packs. Mistakes in them were told to whoever started the gateway.
    fn of_the_folder(&self) -> Roster {
        load::load(&self.folder, &self.services).map(|packs| packs.roster).unwrap_or_default()
    }

    /// A company, where it is still known.
    pub(super) async fn company(&self, id: &CompanyId) -> Result<Option<Company>, DbError> {
        Ok(self.roster().await?.companies.get(id).cloned())
    }
}
