//! What must outlive a worker: the pool, call sessions, stream tokens, webhook answers and the outbox of events.
//!
//! Contract: every method is one atomic step. Every key expires. A method that fails changed nothing or is safe to
//! repeat. No caller in the media path ever waits for it. Adapters: Redis, in-process.

use super::Health;
use crate::event::Envelope;
use crate::ids::{BootId, CallId, CompanyId, Epoch, WorkerId};
use async_trait::async_trait;
use bytes::Bytes;
use call::NextStep;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why the state could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It does not answer, or not in time: go on without it, try again later.
    #[error("state store is away: {0}")]
    Away(String),
    /// It answers, but refuses: full, read-only, wrong type. Trying again at once does not help.
    #[error("state store refuses: {0}")]
    Refused(String),
}

/// A worker as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// Its name.
    pub id: WorkerId,
    /// This start of it.
    pub boot: BootId,
    /// Base URL of its listener for gateways, `http://10.0.0.7:8090`.
    pub address: String,
    /// Version of the program.
    pub version: String,
    /// How busy it is.
    pub load: WorkerLoad,
}

/// How busy a worker is; with each beat, from the media loops' own counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLoad {
    /// Calls it may carry.
    pub seats: u32,
    /// Live and reserved calls.
    pub taken: u32,
    /// Whether it takes no new calls.
    pub draining: bool,
    /// Audio frames that passed since start, both ways: the proof that media moves.
    pub frames: u64,
}

/// A worker in the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolEntry {
    /// The worker.
    pub worker: WorkerRecord,
    /// When it was last given a call, store's milliseconds; 0 for never.
    pub last_assigned_ms: u64,
}

/// Answer to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Still known.
    Held,
    /// The store has forgotten this worker: register again.
    Forgotten,
}

/// Where a call's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Claimed; no stream yet.
    Reserved,
    /// A worker carries it.
    Live,
    /// Over.
    Ended,
}

/// A call's session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The claim in force.
    pub epoch: Epoch,
    /// Where it stands.
    pub status: SessionStatus,
    /// Who has it.
    pub worker: Option<WorkerId>,
    /// The step after the stream.
    pub next: Option<NextStep>,
    /// How often it was claimed again.
    pub resumes: u32,
    /// What the gateway needs to answer again: JSON, opaque here.
    pub dossier: Option<Bytes>,
    /// The conversation, as the worker stored it: JSON, opaque here.
    pub checkpoint: Option<Bytes>,
}

/// One fenced write: changes and events in one atomic step. `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct SessionWrite {
    /// Which call.
    pub call: CallId,
    /// The writer's claim.
    pub epoch: Epoch,
    /// New status.
    pub status: Option<SessionStatus>,
    /// New worker.
    pub worker: Option<WorkerId>,
    /// New next step.
    pub next: Option<NextStep>,
    /// New dossier.
    pub dossier: Option<Bytes>,
    /// New checkpoint.
    pub checkpoint: Option<Bytes>,
    /// Events to put into the outbox.
    pub events: Vec<Envelope>,
}

impl SessionWrite {
    /// A write that changes nothing yet.
    pub fn new(call: CallId, epoch: Epoch) -> Self {
        Self {
            call,
            epoch,
            status: None,
            worker: None,
            next: None,
            dossier: None,
            checkpoint: None,
            events: Vec::new(),
        }
    }
}

/// Whether the writer still owns the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Written.
    Held,
    /// The store had forgotten the call or knew only an older claim: it was written anew under this one.
    Recreated,
    /// A newer claim exists: nothing was written. Fall silent.
    Fenced,
}

/// Answer to a [`SessionWrite`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whether the writer still owns the call.
    pub fence: Fence,
    /// Where the events stand in the outbox, in order; empty when fenced.
    pub outbox: Vec<OutboxId>,
}

/// A place in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutboxId(pub String);

/// Who answers a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// You do.
    Yours,
    /// Somebody else is at it; ask again shortly.
    Underway,
    /// It was answered with this.
    Given(Bytes),
}

/// Whether a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// For the first time.
    First,
    /// It was used before.
    Again,
}

/// Whether a company may have one more call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It counts from now on.
    Admitted,
    /// The company has as many as it may have.
    Full,
}

/// What must outlive a worker.
#[async_trait]
pub trait State: Send + Sync + 'static {
    /// Whether it answers, and whether its settings are safe (Redis: eviction `noeviction`).
    async fn check(&self) -> Result<Health, StateError>;

    /// Puts a worker into the pool with its full record, for `ttl`.
    async fn register(&self, worker: &WorkerRecord, ttl: Duration) -> Result<(), StateError>;
    /// Renews the lease only; must work on a full store.
    async fn renew(&self, worker: &WorkerId, boot: &BootId, ttl: Duration) -> Result<Lease, StateError>;
    /// Takes a worker out of the pool, if it is still this start of it.
    async fn retire(&self, worker: &WorkerId, boot: &BootId) -> Result<(), StateError>;
    /// Everybody whose lease is in force, by name.
    async fn pool(&self) -> Result<Vec<PoolEntry>, StateError>;
    /// Notes that a worker was given a call now.
    async fn assigned(&self, worker: &WorkerId) -> Result<(), StateError>;

    /// Counts a call among its company's, at most `most` at once; a call that is counted already stays. Forgotten after
    /// `ttl`, should nobody dismiss it.
    async fn admit(
        &self,
        company: &CompanyId,
        call: &CallId,
        most: u32,
        ttl: Duration,
    ) -> Result<Admission, StateError>;
    /// A call of the company is over; dismissing it again changes nothing.
    async fn dismiss(&self, company: &CompanyId, call: &CallId) -> Result<(), StateError>;

    /// Claims a call: a new epoch, `max(previous + 1, store's unix ms)`; a first claim creates the session.
    async fn claim(&self, call: &CallId) -> Result<Session, StateError>;
    /// Writes changes and events in one step if the claim is still in force.
    async fn write(&self, write: &SessionWrite) -> Result<Written, StateError>;
    /// Reads a session.
    async fn session(&self, call: &CallId) -> Result<Option<Session>, StateError>;

    /// Puts events into the outbox outside any session.
    async fn enqueue(&self, events: &[Envelope]) -> Result<Vec<OutboxId>, StateError>;
    /// Entries of the outbox older than `age`, oldest first, at most `max`. An entry that cannot be read is skipped and
    /// counted, never returned.
    async fn outbox(&self, age: Duration, max: usize) -> Result<Vec<(OutboxId, Envelope)>, StateError>;
    /// Forgets entries: they are in the record.
    async fn forget(&self, ids: &[OutboxId]) -> Result<(), StateError>;

    /// Asks who answers the webhook `key`. `Yours` holds for `hold` and is then given to the next who asks.
    async fn begin_answer(&self, key: &str, hold: Duration) -> Result<Answer, StateError>;
    /// Keeps the answer for `ttl`; repeats get it byte for byte.
    async fn give_answer(&self, key: &str, answer: &[u8], ttl: Duration) -> Result<(), StateError>;
    /// Uses a single-use token.
    async fn spend(&self, token: &str, ttl: Duration) -> Result<Spend, StateError>;
}
