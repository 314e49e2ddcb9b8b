//! Call control at the telephone network. Adapter: Twilio REST.

use crate::ids::CallId;
use crate::private::PhoneNumber;
use async_trait::async_trait;

/// Why call control failed.
#[derive(Debug, thiserror::Error)]
pub enum TelephoneError {
    /// The call is not in progress any more: what was wanted has happened, or cannot.
    #[error("the call is already over")]
    AlreadyOver,
    /// The network's answer, with its code where it gave one.
    #[error("the telephone network refuses, code {code:?}, status {status}")]
    Refused {
        /// Twilio's error code.
        code: Option<u32>,
        /// HTTP status.
        status: u16,
    },
    /// It does not answer.
    #[error("the telephone network is away: {0}")]
    Away(String),
}

/// Call control.
#[async_trait]
pub trait Telephone: Send + Sync + 'static {
    /// Ends a call.
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
    /// Whether the credentials are good: for `doctor`.
    async fn check(&self) -> Result<super::Health, TelephoneError>;
}
