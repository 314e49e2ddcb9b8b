//! The outside world: one trait for each thing that is not ours. Adapters implement them, roles know nothing else.

pub mod aftercare;
pub mod agent;
pub mod bus;
pub mod db;
pub mod directory;
pub mod line;
pub mod outbound;
pub mod state;
pub mod summarizer;
pub mod telephone;
pub mod vault;

#[cfg(feature = "contract")]
pub mod contract;

pub use aftercare::Aftercare;
pub use agent::{AgentCodec, AgentEvent, AgentIo, AgentRoute, Agents, Dial};
pub use bus::{Bus, BusError, Consumer, Delivery};
pub use db::{CallFilter, Db, DbError, Fold, Recorded};
pub use directory::{
    AgentVersion, Audited, Configuration, Current, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};
pub use line::{LineCodec, LineEvent, LineFault, LineStart, Lines};
pub use outbound::Outbound;
pub use state::{
    Admission, Answer, Fence, Lease, OutboxId, PoolEntry, Session, SessionStatus, SessionWrite, Spend, State,
    StateError, WorkerLoad, WorkerRecord, Written,
};
pub use summarizer::{Summarizer, SummaryError};
pub use telephone::{Messages, Numbers, Recordings, Telephone, TelephoneError};
pub use vault::{Vault, VaultError};

use std::sync::Arc;

/// What an adapter says of itself when asked: for readiness, `doctor` and the start-up log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Which server, for example `redis 7.0.15` or `in-process`.
    pub server: String,
    /// What is wrong with its settings though it answers, for example an eviction policy that loses keys; empty is well.
    pub faults: Vec<String>,
}

/// Everything a role may reach. Each role takes what it needs.
#[derive(Clone)]
pub struct Ports {
    /// What must outlive a worker.
    pub state: Arc<dyn State>,
    /// Events and control messages.
    pub bus: Arc<dyn Bus>,
    /// The record.
    pub db: Arc<dyn Db>,
    /// Configuration and what companies know.
    pub directory: Arc<dyn Directory>,
    /// Voice agents.
    pub agents: Arc<dyn Agents>,
    /// The telephone line's protocol.
    pub lines: Arc<dyn Lines>,
    /// Batches of outbound calls.
    pub outbound: Arc<dyn Outbound>,
    /// What is done after calls.
    pub aftercare: Arc<dyn Aftercare>,
    /// Where recordings are kept.
    pub vault: Arc<dyn Vault>,
    /// Reads calls that are over.
    pub summarizer: Arc<dyn Summarizer>,
    /// Call control at the telephone network; `None` without credentials, as with the next three.
    pub telephone: Option<Arc<dyn Telephone>>,
    /// Text messages.
    pub messages: Option<Arc<dyn Messages>>,
    /// Recordings that the network makes.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// The account's numbers.
    pub numbers: Option<Arc<dyn Numbers>>,
}
