//! What one call remembers of its tools.

use call::Conversation;

/// What one call remembers of its tools: how often each ran, what the caller was asked to confirm, and what was sent
/// without its outcome being known.
#[derive(Debug, Default)]
pub struct Memory {}

impl Memory {
    /// What is known of the tools of a call that another worker began.
    pub fn resume(_conversation: &Conversation) -> Self {
        Self::default()
    }
}
