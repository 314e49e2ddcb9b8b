//! What is done after a call, and what became of it: jobs, summaries, text messages, recordings. The database keeps it.
//!
//! Contract: a job is stored once under its key, however often it is asked for; it is handed to one worker at a time and
//! again when that one is lost; it ends as done or as a dead letter that people can see and revive. Nothing here changes
//! a call detail record. Times are milliseconds since 1970.

use super::DbError;
use crate::ids::{CallId, CompanyId, MessageId, RecordingId};
use crate::summary::Summary;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Something to be done after a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What it is known by: the same work has the same key.
    pub key: String,
    /// After which call.
    pub call: CallId,
    /// Whose.
    pub company: CompanyId,
    /// What.
    pub work: JobWork,
    /// Not before.
    pub due_ms: u64,
    /// How often it was begun.
    pub attempts: u32,
    /// Why it failed last; no personal data.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub created_ms: u64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum JobWork {
    /// A model sums the call up.
    Summarize,
    /// One of the company's systems is told.
    Webhook {
        /// The company's name of it.
        hook: String,
        /// The kind of event: `call.ended`, ...
        event: String,
        /// The body, as it is signed and sent. Personal data.
        body: Value,
    },
    /// A text message is sent.
    Message {
        /// Name of its template.
        template: String,
    },
    /// A recording is fetched from Twilio, and deleted there where the company wants that.
    FetchRecording {
        /// Which.
        recording: RecordingId,
    },
    /// A recording is deleted, here and at Twilio.
    DeleteRecording {
        /// Which.
        recording: RecordingId,
        /// Why: `retention`, `refused`, `asked`.
        why: String,
    },
}

impl JobWork {
    /// Its name in columns and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Summarize => "summarize",
            Self::Webhook { .. } => "webhook",
            Self::Message { .. } => "message",
            Self::FetchRecording { .. } => "fetch_recording",
            Self::DeleteRecording { .. } => "delete_recording",
        }
    }
}

/// A text message as the record knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Twilio's id of it.
    pub message: MessageId,
    /// In or after which call.
    pub call: CallId,
    /// Name of its template; `None` while only its fate is known.
    pub template: Option<String>,
    /// Twilio's last word: `sent`, `delivered`, ... Final states stand over others.
    pub status: Option<String>,
    /// Twilio's error code.
    pub error_code: Option<u32>,
    /// Parts it was cut into.
    pub segments: u32,
    /// When it was sent.
    pub sent_ms: Option<u64>,
}

/// A recording as the record knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRecording {
    /// Which.
    pub recording: RecordingId,
    /// Of which call.
    pub call: CallId,
    /// Whose.
    pub company: Option<CompanyId>,
    /// `twilio` or `patchbay`.
    pub source: String,
    /// Its name in the store of recordings; `None` while it is not there.
    pub place: Option<String>,
    /// When its first sample was heard; of Twilio's, when it was complete.
    pub began_ms: Option<u64>,
    /// How long it is.
    pub length_ms: Option<u64>,
    /// How large.
    pub bytes: Option<u64>,
    /// How much of the length was not kept.
    pub silent_ms: u64,
    /// `in_progress`, `complete`, `stored`, `lost`, `deleted`.
    pub status: String,
    /// Why it was lost or deleted.
    pub why: Option<String>,
}

/// What is done after calls.
#[async_trait]
pub trait Aftercare: Send + Sync + 'static {
    /// Calls that are over and that nobody has looked after yet, oldest first: ended at least `settled` ago, by the
    /// database's clock, or complete.
    async fn to_look_after(&self, settled: Duration, most: u32) -> Result<Vec<CallId>, DbError>;
    /// The call is looked after: stores its jobs, in one transaction. Again changes nothing.
    async fn look_after(&self, call: &CallId, jobs: &[Job]) -> Result<(), DbError>;
    /// Stores jobs; those whose keys are known are left as they are. Gives how many were new.
    async fn add_jobs(&self, jobs: &[Job]) -> Result<u64, DbError>;
    /// Takes jobs that are due, oldest first, and keeps them for `hold`; whoever does not say how they ended by then
    /// loses them to the next who asks. Each counts an attempt.
    async fn take_jobs(&self, hold: Duration, most: u32) -> Result<Vec<Job>, DbError>;
    /// It is done.
    async fn job_done(&self, key: &str) -> Result<(), DbError>;
    /// It failed: again at `again_ms`, or never, and is a dead letter then.
    async fn job_failed(&self, key: &str, why: &str, again_ms: Option<u64>) -> Result<(), DbError>;
    /// They were taken and not begun after all: the attempt does not count; due again at `again_ms`.
    async fn put_back_jobs(&self, keys: &[String], again_ms: u64) -> Result<(), DbError>;
    /// Dead letters, newest first.
    async fn dead_jobs(&self, most: u32) -> Result<Vec<Job>, DbError>;
    /// Dead letters of this key, or all for `None`, are tried again from the beginning. Gives how many.
    async fn revive_jobs(&self, key: Option<&str>) -> Result<u64, DbError>;
    /// How many jobs wait, and how many are dead.
    async fn jobs(&self) -> Result<(u64, u64), DbError>;

    /// Stores what a model made of a call; a newer one stands over it.
    async fn store_summary(&self, summary: &Summary) -> Result<(), DbError>;
    /// What a model made of a call.
    async fn summary(&self, call: &CallId) -> Result<Option<Summary>, DbError>;

    /// Text messages of a call, by time.
    async fn messages(&self, call: &CallId) -> Result<Vec<StoredMessage>, DbError>;
    /// Recordings of a call, by time.
    async fn recordings(&self, call: &CallId) -> Result<Vec<StoredRecording>, DbError>;
    /// Recordings of a company that began before this, exist still and are not being deleted, oldest first.
    async fn recordings_before(
        &self,
        company: &CompanyId,
        before_ms: u64,
        most: u32,
    ) -> Result<Vec<StoredRecording>, DbError>;
}
