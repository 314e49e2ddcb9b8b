//! The outside world: one trait for each thing that is not ours. Adapters implement them, roles know nothing else.

pub mod agent;
pub mod bus;
pub mod db;
pub mod directory;
pub mod line;
pub mod state;
pub mod telephone;

#[cfg(feature = "contract")]
pub mod contract;

pub use agent::{AgentCodec, AgentEvent, AgentIo, AgentRoute, Agents, Dial};
pub use bus::{Bus, BusError, Consumer, Delivery};
pub use db::{Db, DbError, Fold, Recorded};
pub use directory::{
    AgentVersion, Audited, Configuration, Current, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};
pub use line::{LineCodec, LineEvent, LineFault, LineStart, Lines};
pub use state::{
    Admission, Answer, Fence, Lease, OutboxId, PoolEntry, Session, SessionStatus, SessionWrite, Spend, State,
    StateError, WorkerLoad, WorkerRecord, Written,
};
pub use telephone::{Telephone, TelephoneError};

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
    /// Call control at the telephone network; `None` without credentials.
    pub telephone: Option<Arc<dyn Telephone>>,
}
