//! Words somebody spoke. A type of its own so that no log line can print them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What somebody said, as text. `Debug` shows only its length: speech is personal data and never reaches a log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spoken(String);

impl Spoken {
    /// Wraps text that somebody said or is to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words themselves. Call it only where they are sent to a provider, stored or shown to an authorised person.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Appends more of the same utterance.
    pub fn push(&mut self, more: &Spoken) {
        self.0.push_str(&more.0);
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spoken({} bytes)", self.0.len())
    }
}
