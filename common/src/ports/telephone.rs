//! The telephone network beside its media streams: calls, text messages, recordings, numbers. Adapter: Twilio REST.
//!
//! Contract: every method answers within its own time (some seconds). What only reads, or sets a state that may already
//! be in force, is tried again where a try certainly did nothing or may safely be repeated. What creates something
//! ([`Telephone::call`], [`Telephone::place`], [`Messages::send`]) is never sent twice once it may have been taken: then
//! the error is [`TelephoneError::Unknown`], and whoever asked finds out before asking again.

use crate::event::Direction;
use crate::ids::{CallId, MessageId, RecordingId};
use crate::private::{PhoneNumber, Spoken};
use async_trait::async_trait;
use bytes::Bytes;

/// Why the telephone network did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelephoneError {
    /// The call is not in progress any more: what was wanted has happened, or cannot.
    #[error("the call is already over")]
    AlreadyOver,
    /// The network's answer, with its code where it gave one. Nothing was done.
    #[error("Twilio refuses with {}{status}: {advice}", code.map(|code| format!("code {code}, status ")).unwrap_or_else(|| "status ".into()))]
    Refused {
        /// Twilio's error code.
        code: Option<u32>,
        /// HTTP status.
        status: u16,
        /// What it means and what to do, in a sentence; no personal data.
        advice: String,
    },
    /// Too many requests or calls: nothing was done; the same again later.
    #[error("Twilio is asked too often (code {code:?}); try again later or slower")]
    Busy {
        /// Twilio's error code.
        code: Option<u32>,
    },
    /// It does not answer; nothing was done.
    #[error("Twilio is away: {0}")]
    Away(String),
    /// It was asked and did not say whether it did it.
    #[error("Twilio did not say whether it was done: {0}")]
    Unknown(String),
}

/// A call to be placed.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// Who is called.
    pub to: PhoneNumber,
    /// Our number.
    pub from: PhoneNumber,
    /// Asked for its document when somebody answers.
    pub url: String,
    /// Told of every state of the call.
    pub status_url: String,
    /// Told whether a person or a machine has answered; `None` does not tell them apart.
    pub answered_by_url: Option<String>,
    /// How long it rings.
    pub ring_s: u32,
    /// Longest call.
    pub most_s: u32,
}

/// A call as the network knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallState {
    /// Which.
    pub call: CallId,
    /// `queued`, `ringing`, `in-progress`, `completed`, `busy`, `failed`, `no-answer`, `canceled`.
    pub status: String,
    /// Direction.
    pub direction: Direction,
    /// Who is called.
    pub to: PhoneNumber,
    /// Who calls.
    pub from: PhoneNumber,
    /// When it was created, milliseconds since 1970; 0 where the network does not say.
    pub created_ms: u64,
    /// Length, when it is over.
    pub duration_s: Option<u64>,
    /// Verdict of the answering-machine detection.
    pub answered_by: Option<String>,
}

impl CallState {
    /// Whether the call is over.
    pub fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "busy" | "failed" | "no-answer" | "canceled")
    }
}

/// Call control.
#[async_trait]
pub trait Telephone: Send + Sync + 'static {
    /// Ends a call, also one that still rings.
    async fn hang_up(&self, call: &CallId) -> Result<(), TelephoneError>;
    /// Lets a live call ask `url` for its next document.
    async fn redirect(&self, call: &CallId, url: &str) -> Result<(), TelephoneError>;
    /// Calls somebody: `to` hears what the document at `url` says. Gives the new call.
    async fn call(
        &self,
        to: &PhoneNumber,
        from: &PhoneNumber,
        url: &str,
        ring_s: u32,
    ) -> Result<CallId, TelephoneError>;
    /// Calls somebody and says what becomes of it. Gives the new call.
    async fn place(&self, placement: &Placement) -> Result<CallId, TelephoneError>;
    /// A call as the network knows it now; `None` for one it does not know.
    async fn look(&self, call: &CallId) -> Result<Option<CallState>, TelephoneError>;
    /// Calls between these two since then, newest first, at most a page.
    async fn calls_between(
        &self,
        from: &PhoneNumber,
        to: &PhoneNumber,
        since_ms: u64,
    ) -> Result<Vec<CallState>, TelephoneError>;
    /// Whether the credentials are good: for `doctor`.
    async fn check(&self) -> Result<super::Health, TelephoneError>;
}

/// A text message to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMessage {
    /// Who gets it.
    pub to: PhoneNumber,
    /// Our number.
    pub from: PhoneNumber,
    /// At most 1,600 characters.
    pub body: Spoken,
    /// Told of every state of the message.
    pub status_url: Option<String>,
}

/// A text message as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The network's id of it.
    pub message: MessageId,
    /// Parts it was cut into.
    pub segments: u32,
}

/// Text messages.
#[async_trait]
pub trait Messages: Send + Sync + 'static {
    /// Sends one.
    async fn send(&self, message: &TextMessage) -> Result<SentMessage, TelephoneError>;
}

/// What a recording under way is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingOrder {
    /// Keep silence instead of what is said.
    Pause,
    /// Keep what is said.
    Resume,
    /// Keep nothing more.
    Stop,
}

/// Recordings that the network makes.
#[async_trait]
pub trait Recordings: Send + Sync + 'static {
    /// Records both sides of a live call, a channel each, from now on; `status_url` is told when it is complete.
    async fn start(&self, call: &CallId, status_url: &str) -> Result<RecordingId, TelephoneError>;
    /// Changes the recording of a live call.
    async fn order(&self, call: &CallId, order: RecordingOrder) -> Result<(), TelephoneError>;
    /// The sound, a WAV file; `None` for a recording the network does not have.
    async fn fetch(&self, recording: &RecordingId) -> Result<Option<Bytes>, TelephoneError>;
    /// Deletes it; one that is gone already is deleted.
    async fn delete(&self, recording: &RecordingId) -> Result<(), TelephoneError>;
}

/// A number of the account, and how it is set.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OwnNumber {
    /// The network's id of it, `PN…`.
    pub sid: String,
    /// E.164.
    pub number: PhoneNumber,
    /// Its name in the network's console.
    pub name: String,
    /// How it is set.
    pub setup: NumberSetup,
    /// What overrides the setup: a trunk or an application; empty for nothing.
    pub overridden_by: String,
}

/// Where the network asks and tells about calls to a number. Empty texts are unset.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NumberSetup {
    /// Asked for a document when the number is called.
    pub voice_url: String,
    /// `POST` or `GET`.
    pub voice_method: String,
    /// Asked when `voice_url` fails.
    pub fallback_url: String,
    /// `POST` or `GET`.
    pub fallback_method: String,
    /// Told when a call is over.
    pub status_url: String,
    /// `POST` or `GET`.
    pub status_method: String,
}

/// The account's numbers.
#[async_trait]
pub trait Numbers: Send + Sync + 'static {
    /// All of them, by number.
    async fn list(&self) -> Result<Vec<OwnNumber>, TelephoneError>;
    /// Sets one; empty texts unset.
    async fn set(&self, sid: &str, setup: &NumberSetup) -> Result<(), TelephoneError>;
}
