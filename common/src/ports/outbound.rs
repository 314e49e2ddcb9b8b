//! Batches of outbound calls: what is to be called, how far it is, who must not be called. The database keeps it.
//!
//! Contract: a row is claimed by one process only, however many ask; every attempt has its own number and is settled
//! once; a row that has its outcome never changes again. All of it survives any process. Times are milliseconds since
//! 1970.

use super::DbError;
use crate::cdr::Cdr;
use crate::ids::{AgentId, AttemptId, BatchId, CallId, CompanyId};
use crate::private::PhoneNumber;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A batch of calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Its name, for people.
    pub name: String,
    /// Whose.
    pub company: CompanyId,
    /// Who speaks.
    pub agent: AgentId,
    /// Our number: one of the agent's.
    pub from: PhoneNumber,
    /// On what ground these people may be called; for whoever asks later.
    pub consent: String,
    /// How it is called.
    pub plan: DialPlan,
    /// Where it stands.
    pub status: BatchStatus,
    /// Who began it.
    pub by: String,
    /// When it was begun.
    pub created_ms: u64,
}

/// How a batch is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialPlan {
    /// Calls begun a minute, at most.
    pub per_minute: u32,
    /// Calls at the same time, at most.
    pub concurrency: u32,
    /// When people are called, by their own clocks.
    pub window: Window,
    /// How often and when a row is called again, by the outcome of its last attempt.
    pub retries: BTreeMap<Outcome, Retry>,
    /// What is done when a machine answers.
    pub machine: OnMachine,
    /// How long it rings.
    pub ring_s: u32,
    /// Longest call.
    pub most_s: u32,
    /// After this nobody is called any more.
    pub until_ms: Option<u64>,
}

/// A time of day in which people may be called, by their own clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Minutes since midnight.
    pub from_minute: u16,
    /// Minutes since midnight; more than `from_minute`, at most 1,440.
    pub until_minute: u16,
    /// Days of the week, Monday first.
    pub days: [bool; 7],
}

/// How often, and when, a row is called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How often after the first attempt.
    pub times: u32,
    /// How long after the last attempt.
    pub after_s: u32,
}

/// What is done when a machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMachine {
    /// The call is ended.
    HangUp,
    /// This is spoken after the beep, `{column}` replaced; then the call is ended.
    LeaveMessage(String),
    /// The agent talks to it; nobody tells machines from people.
    GoOn,
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// Its rows are called.
    Running,
    /// Nobody is called; calls under way go on.
    Paused,
    /// Nobody is called any more; rows that wait have the outcome `cancelled`.
    Cancelled,
    /// Every row has its outcome.
    Done,
}

/// What became of a row, or of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person answered, or nobody could tell.
    Answered,
    /// A machine answered; no message was left.
    Machine,
    /// A machine answered and was spoken to.
    MessageLeft,
    /// It rang and nobody answered.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// The network could not put it through.
    Failed,
    /// The network refuses this number or this call for good.
    Refused,
    /// The person does not want to be called.
    OptedOut,
    /// The time for the batch was over before the row's turn came.
    Expired,
    /// The batch was cancelled before the row's turn came.
    Cancelled,
    /// Nobody can say whether the network placed the call: it is not placed again.
    Unknown,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::MessageLeft,
        Self::Machine,
        Self::NoAnswer,
        Self::Busy,
        Self::Failed,
        Self::Refused,
        Self::OptedOut,
        Self::Expired,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// Its name in columns, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Machine => "machine",
            Self::MessageLeft => "message_left",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::OptedOut => "opted_out",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// Somebody to be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRow {
    /// The line of the file it stands in.
    pub row: u32,
    /// E.164.
    pub to: PhoneNumber,
    /// IANA time zones their clock may show; a call must be within the window in all of them.
    pub zones: Vec<String>,
    /// BCP 47 language; `None` for the agent's own.
    pub language: Option<String>,
    /// What else the file says of them, by column: the agent may use it. Personal data.
    pub columns: BTreeMap<String, String>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// It is to be called at its time.
    Waiting,
    /// The network is being asked to place the call.
    Placing,
    /// The network has taken it.
    Placed,
    /// It has its outcome.
    Done,
}

/// A row and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowState {
    /// Who.
    pub row: BatchRow,
    /// Where it stands.
    pub status: RowStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// When it may be called next.
    pub due_ms: u64,
    /// When its last attempt was claimed.
    pub claimed_ms: Option<u64>,
    /// The call of its last attempt.
    pub call: Option<CallId>,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// Why, where that says more: the network's code or status.
    pub detail: String,
}

/// An attempt of which the end is not known yet.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderWay {
    /// Which.
    pub attempt: AttemptId,
    /// Who is called.
    pub to: PhoneNumber,
    /// When it was claimed.
    pub claimed_ms: u64,
    /// The call, once the network has said which.
    pub call: Option<CallId>,
}

/// How an attempt ended, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where that says more.
    pub detail: String,
    /// The call, where there was one.
    pub call: Option<CallId>,
    /// When the row is called again; `None`: the outcome is the row's.
    pub again_ms: Option<u64>,
}

/// Whether a batch is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was stored.
    New,
    /// It was stored before, with the same rows; nothing changed.
    Before,
}

/// How far a batch is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows.
    pub rows: u64,
    /// Rows that wait for their turn or their next attempt.
    pub waiting: u64,
    /// Rows being called.
    pub under_way: u64,
    /// Rows that have their outcome, by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Attempts made.
    pub attempts: u64,
    /// The earliest time at which a waiting row may be called.
    pub next_due_ms: Option<u64>,
}

/// Batches of outbound calls.
#[async_trait]
pub trait Outbound: Send + Sync + 'static {
    /// Stores a batch and its rows, in one transaction; a batch of this id is left as it is. Another batch of the same
    /// id, but with other rows, is [`DbError::Refused`].
    async fn begin_batch(&self, batch: &Batch, rows: &[BatchRow]) -> Result<Begun, DbError>;
    /// A batch.
    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, DbError>;
    /// The newest batches, of one company or of all.
    async fn batches(&self, company: Option<&CompanyId>, most: u32) -> Result<Vec<Batch>, DbError>;
    /// Batches whose rows are to be called or followed: running ones, and others with attempts under way.
    async fn live_batches(&self) -> Result<Vec<Batch>, DbError>;
    /// How far it is.
    async fn progress(&self, id: &BatchId) -> Result<Progress, DbError>;
    /// Its rows by line, from this line on.
    async fn rows(&self, id: &BatchId, from_row: u32, most: u32) -> Result<Vec<RowState>, DbError>;
    /// Pauses, resumes or cancels it; gives where it stands now. A batch that is done or cancelled stays so. Cancelling
    /// gives every waiting row its outcome.
    async fn set_status(&self, id: &BatchId, status: BatchStatus) -> Result<Option<BatchStatus>, DbError>;

    /// Whether this process dials now: one at a time holds the lease, and renews it by asking again.
    async fn lead(&self, who: &str, for_time: Duration) -> Result<bool, DbError>;
    /// Gives the lease up.
    async fn resign(&self, who: &str) -> Result<(), DbError>;
    /// Claims up to `most` waiting rows of a running batch that are due at `now_ms`, earliest first: each begins its
    /// next attempt and is `placing` from now on. No row is ever claimed twice for the same attempt.
    async fn claim(&self, id: &BatchId, now_ms: u64, most: u32) -> Result<Vec<(AttemptId, BatchRow)>, DbError>;
    /// Puts a claimed row back that certainly was not called: the attempt does not count.
    async fn unclaim(&self, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError>;
    /// The network has taken the call.
    async fn placed(&self, attempt: &AttemptId, call: &CallId) -> Result<(), DbError>;
    /// Attempts without an end, oldest first.
    async fn under_way(&self, id: &BatchId) -> Result<Vec<UnderWay>, DbError>;
    /// What the record knows of the calls of these attempts.
    async fn calls_of(&self, attempts: &[AttemptId]) -> Result<Vec<(AttemptId, Cdr)>, DbError>;
    /// An attempt has ended. Settling it again changes nothing; `false` then. A batch whose last row gets its outcome
    /// is done.
    async fn settle(&self, attempt: &AttemptId, settled: &Settled) -> Result<bool, DbError>;
    /// The row of an attempt, with its batch: for whoever answers its call.
    async fn row_of(&self, attempt: &AttemptId) -> Result<Option<(Batch, BatchRow)>, DbError>;

    /// These people are not called any more by this company. `source` says by whose word: `call`, `file`, `command`.
    async fn opt_out(&self, company: &CompanyId, numbers: &[PhoneNumber], source: &str) -> Result<u64, DbError>;
    /// They may be called again.
    async fn opt_in(&self, company: &CompanyId, numbers: &[PhoneNumber]) -> Result<u64, DbError>;
    /// Who of these must not be called.
    async fn opted_out(&self, company: &CompanyId, numbers: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, DbError>;
}
