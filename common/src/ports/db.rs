//! The record: CDRs, turns, events, quarantine. Adapters: Postgres, SQLite.
//!
//! Contract: [`Db::record`] stores each event key exactly once and folds only what is new, all in one transaction;
//! repeating it changes nothing. Two recorders may do so at the same time.

use super::Health;
use crate::cdr::{Cdr, StoredTurn};
use crate::event::{Direction, Envelope};
use crate::ids::{AgentId, BatchId, CallId, CompanyId};
use crate::private::PhoneNumber;
use async_trait::async_trait;

/// Why the record could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// It does not answer, is full, restarts or cut us off: the same again later.
    #[error("database is away: {0}")]
    Away(String),
    /// A conflict with another transaction: the same again now.
    #[error("database had a conflict: {0}")]
    Conflict(String),
    /// It refuses this very content: never the same again.
    #[error("database refuses: {0}")]
    Refused(String),
    /// The tables are not those this build knows: run `patchbay migrate`, or the other build.
    #[error("database schema is {found}, this build needs {needed}: run `patchbay migrate`")]
    Schema {
        /// What is there.
        found: i64,
        /// What is needed.
        needed: i64,
    },
}

/// Merges one new event into a call's record; pure and order-free.
pub type Fold<'f> = &'f (dyn Fn(&mut Cdr, &Envelope) + Send + Sync);

/// Which calls are looked for; `None` is any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Whose.
    pub company: Option<CompanyId>,
    /// Who answered.
    pub agent: Option<AgentId>,
    /// Caller or called person.
    pub number: Option<PhoneNumber>,
    /// How it ended; `open` for those that go on.
    pub end_reason: Option<String>,
    /// Direction.
    pub direction: Option<Direction>,
    /// Of this batch.
    pub batch: Option<BatchId>,
    /// Begun at or after, milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Begun before.
    pub until_ms: Option<u64>,
    /// Those that stand after this one in the list: for the next page.
    pub after: Option<CallId>,
}

/// What [`Db::record`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Events that were new.
    pub fresh: usize,
    /// Events that were there already.
    pub repeated: usize,
}

/// The record.
#[async_trait]
pub trait Db: Send + Sync + 'static {
    /// Whether it answers and has the right tables.
    async fn check(&self) -> Result<Health, DbError>;
    /// Creates or expands the tables.
    async fn migrate(&self) -> Result<(), DbError>;
    /// Stores events and folds the new ones into `calls` and `turns`, in one transaction.
    async fn record(&self, events: &[Envelope], fold: Fold<'_>) -> Result<Recorded, DbError>;
    /// Keeps what cannot be stored as an event, with the reason, for a person to look at. Repeats are one row.
    async fn quarantine(&self, payload: &[u8], reason: &str) -> Result<(), DbError>;
    /// How many payloads are in quarantine.
    async fn quarantined(&self) -> Result<u64, DbError>;
    /// One call's record.
    async fn cdr(&self, call: &CallId) -> Result<Option<Cdr>, DbError>;
    /// The newest calls first.
    async fn calls(&self, max: u32) -> Result<Vec<Cdr>, DbError>;
    /// The newest calls that fit, newest first. With [`CallFilter::after`] the next page of the same list: a call that
    /// is there all the while stands on exactly one page.
    async fn find(&self, filter: &CallFilter, max: u32) -> Result<Vec<Cdr>, DbError>;
    /// Events of all calls seen at or after this, by time: for people who watch.
    async fn events_since(&self, since_ms: u64, max: u32) -> Result<Vec<Envelope>, DbError>;
    /// A call's turns in the order heard.
    async fn turns(&self, call: &CallId) -> Result<Vec<StoredTurn>, DbError>;
    /// A call's events by time.
    async fn events(&self, call: &CallId) -> Result<Vec<Envelope>, DbError>;
}
