//! Companies, agents and records as the database keeps them: what `patchbay agents apply` and `patchbay import` write,
//! gateways load and tools look things up in. The same stores as [`super::Db`], another part of them.
//!
//! Versions are never changed: applying makes a new one current, and a call goes on with the snapshot it has even when
//! its version is gone. Asking is cheap and bounded (10 s at most); no live call waits for an answer.

use super::DbError;
use crate::company::{Company, Roster};
use crate::ids::{AgentId, CallId, CompanyId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Grows with every change.
    pub revision: u64,
    /// Everybody.
    pub roster: Roster,
}

/// A version of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentVersion {
    /// Which agent.
    pub agent: AgentId,
    /// Hash of its configuration.
    pub version: String,
    /// When it was first applied, milliseconds since 1970.
    pub applied_ms: u64,
    /// Whether it answers calls now.
    pub current: Current,
}

/// Whether a version answers calls now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Current {
    /// It does.
    Yes,
    /// It did.
    No,
}

/// Something a company knows: an order, a product, an article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Whose.
    pub company: CompanyId,
    /// What it is: `order`, `product`, `loan`, `customer`, `article`, ...
    pub kind: String,
    /// Unique within company and kind; compared without regard to case and spaces.
    pub key: String,
    /// Its fields, a JSON object.
    pub body: Value,
}

/// What storing records did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Records that were new.
    pub added: u64,
    /// Records that were there with other fields.
    pub changed: u64,
    /// Records that were there as they are.
    pub same: u64,
}

/// A ticket as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Told to the caller.
    pub number: String,
    /// In which call it was opened.
    pub call: CallId,
    /// Whose.
    pub company: Option<CompanyId>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: String,
    /// What it is about, one word.
    pub category: String,
    /// One line. Personal data.
    pub subject: String,
    /// All of it. Personal data.
    pub details: String,
    /// When, milliseconds since 1970.
    pub opened_ms: u64,
}

/// A transfer as stored: one row a place the call was sent to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which call.
    pub call: CallId,
    /// Under which claim it left.
    pub epoch: u64,
    /// `transfer`, `conference`, `queue` or `digits`.
    pub kind: String,
    /// Name of the place.
    pub target: String,
    /// When it was asked for, milliseconds since 1970; `None` while only its end is known.
    pub asked_ms: Option<u64>,
    /// How it ended: `answered`, `no_answer`, `busy`, `failed`, `declined`, `left`; `None` while under way.
    pub outcome: Option<String>,
    /// Connected time.
    pub talked_s: Option<u64>,
}

/// A tool run as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolRun {
    /// The provider's name of the tool call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// From asking to answer.
    pub took_ms: u64,
    /// `answered`, `failed`, `timed_out`, `cancelled` or `refused`.
    pub outcome: String,
    /// The typed error the model was given.
    pub error: Option<String>,
    /// Arguments, where they may be kept. Personal data.
    pub arguments: Option<String>,
    /// Output, where it may be kept. Personal data.
    pub output: Option<String>,
    /// When it ended, milliseconds since 1970.
    pub at_ms: u64,
}

/// Who did what that a person may ask about later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audited {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// Whose.
    pub company: Option<CompanyId>,
    /// In which call, if in one.
    pub call: Option<CallId>,
    /// Who: `agent`, `apply`, `import`, ...
    pub actor: String,
    /// What: `refused transfer_call`, `applied reception`, ...
    pub action: String,
    /// More about it; no personal data.
    pub detail: String,
}

/// Configuration and records.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// The revision in force; 0 while nothing was applied. Cheap: it is asked every few seconds.
    async fn revision(&self) -> Result<u64, DbError>;
    /// Everything in force.
    async fn configuration(&self) -> Result<Configuration, DbError>;
    /// Puts a company into force as it is given: agents it does not name any more answer no calls. In one transaction,
    /// with an audit row by `actor`. A number another company's agent answers is [`DbError::Refused`] with both named.
    /// Applying what is in force already changes nothing. Gives the revision in force.
    async fn apply(&self, company: &Company, actor: &str) -> Result<u64, DbError>;
    /// Every version of a company's agents, newest first.
    async fn versions(&self, company: &CompanyId) -> Result<Vec<AgentVersion>, DbError>;
    /// Removes a version that is not current, for ever.
    async fn forget_version(&self, company: &CompanyId, agent: &AgentId, version: &str) -> Result<(), DbError>;

    /// Adds or changes records, in one transaction.
    async fn store(&self, records: &[Record]) -> Result<Stored, DbError>;
    /// The record of this key.
    async fn record_of(&self, company: &CompanyId, kind: &str, key: &str) -> Result<Option<Record>, DbError>;
    /// Records of a kind that hold one of these words, best first.
    async fn search(&self, company: &CompanyId, kind: &str, words: &str, most: u32) -> Result<Vec<Record>, DbError>;
    /// Records of a kind by key, for export.
    async fn records(&self, company: &CompanyId, kind: &str) -> Result<Vec<Record>, DbError>;
    /// Kinds of records a company has, by name.
    async fn record_kinds(&self, company: &CompanyId) -> Result<Vec<String>, DbError>;

    /// Tickets opened in a call, by time.
    async fn tickets(&self, call: &CallId) -> Result<Vec<Ticket>, DbError>;
    /// Places a call was sent to, by time.
    async fn transfers(&self, call: &CallId) -> Result<Vec<Transfer>, DbError>;
    /// Tools run in a call, by time.
    async fn tool_runs(&self, call: &CallId) -> Result<Vec<ToolRun>, DbError>;
    /// The newest audit rows of a company, newest first.
    async fn audit(&self, company: &CompanyId, most: u32) -> Result<Vec<Audited>, DbError>;
}
