//! Names of things, as types: a call is never mistaken for a worker, and what came from outside was checked once.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is not a valid id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub struct InvalidId {
    what: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidId { what: $what }) }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn sid(text: &str, prefix: &str) -> bool {
    text.len() == 34 && text.starts_with(prefix) && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// Lower-case letters, digits and dashes, 1 to 63: fits a URL path, a NATS subject, a Redis key and a pod name.
fn slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

id!(
    /// Twilio's call sid: `CA` and 32 hex digits. The identity of a call everywhere in the system.
    CallId, "call sid: CA and 32 hexadecimal digits", |t| sid(t, "CA")
);
id!(
    /// A batch of outbound calls; one call alone is a batch of one.
    BatchId, "batch id: lower-case letters, digits, - and _, at most 63", slug
);
id!(
    /// A recording: Twilio's sid, or our own name for one that a worker made.
    RecordingId, "recording id: letters, digits, - and _, at most 63", |t| word(t)
);
id!(
    /// Twilio's sid of a text message.
    MessageId, "message sid: letters and digits, at most 63", |t| word(t)
);

/// Letters, digits, dashes and underscores, 1 to 63.
fn word(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// One try to call one person of a batch: `{batch}.{row}.{attempt}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptId {
    /// Which batch.
    pub batch: BatchId,
    /// Which row of it: the line of its file.
    pub row: u32,
    /// Which try, from 1.
    pub attempt: u32,
}

impl AttemptId {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { what: "attempt: batch.row.number" };
        let mut parts = text.split('.');
        let (Some(batch), Some(row), Some(attempt), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| invalid());
        Ok(Self { batch: BatchId::parse(batch)?, row: number(row)?, attempt: number(attempt)? })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.batch, self.row, self.attempt)
    }
}

impl TryFrom<String> for AttemptId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> String {
        id.to_string()
    }
}

id!(
    /// Twilio's stream sid: `MZ` and 32 hex digits. New for every media stream of a call.
    StreamId, "stream sid: MZ and 32 hexadecimal digits", |t| sid(t, "MZ")
);
id!(
    /// A worker's name: lower-case letters, digits and dashes; on Kubernetes the pod's name.
    WorkerId, "worker id: 1 to 63 lower-case letters, digits or dashes", slug
);
id!(
    /// One start of a worker process.
    BootId, "boot id: 1 to 63 lower-case letters, digits or dashes", slug
);
id!(
    /// A company whose calls are answered.
    CompanyId, "company id: 1 to 63 lower-case letters, digits or dashes", slug
);
id!(
    /// A voice agent of a company.
    AgentId, "agent id: 1 to 63 lower-case letters, digits or dashes", slug
);

impl BootId {
    /// A new one, unique and ascending with time.
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }
}

/// Which claim of a call is in force. It only grows; whoever holds an older one is fenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sid_is_ca_and_32_hex_digits() {
        assert!(CallId::parse("CA00000000000000000000000000000002").is_ok());
        for wrong in [
            "",
            "CA",
            "CA0000000000000000000000000000000g",
            "MZ00000000000000000000000000000002",
            "CAé0000000000000000000000000000000",
        ] {
            assert!(CallId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_cannot_smuggle_separators() {
        for wrong in ["a.b", "a*", "A", "a/b", "a:b", "{a}", " a", ""] {
            assert!(WorkerId::parse(wrong).is_err(), "{wrong}");
        }
        assert!(BootId::parse(BootId::fresh().as_str()).is_ok());
    }
}
