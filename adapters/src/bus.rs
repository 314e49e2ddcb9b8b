//! Adapters of the bus port: NATS JetStream for a cluster, in-process for a laptop and for tests.
//!
//! Both keep the same promises, checked by one contract suite; how an event is named and timed stands here.

use common::ports::BusError;
use std::time::Duration;

pub mod embedded;
pub mod nats;

pub use embedded::Embedded;
pub use nats::Nats;

/// How long a consumer may be silent about a message before it is delivered again. Shorter than a recorder's slowest
/// batch, and everything is recorded twice; longer, and what a dead recorder held waits longer.
pub const ACK_WAIT: Duration = Duration::from_secs(10);

/// How many messages a consumer may hold unacknowledged. Fewer, and a batch waits for the one before; more, and a
/// recorder that has stopped hoards what another could record.
pub const HELD_MAX: usize = 10_000;

/// For how long repeats of a key are recognised. The record recognises them for ever; this only saves work.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

fn away(reason: impl std::fmt::Display) -> BusError {
    BusError::Away(reason.to_string())
}

fn refused(reason: impl std::fmt::Display) -> BusError {
    BusError::Refused(reason.to_string())
}

/// A topic goes into a subject: dots part its levels, nothing in it may be a wildcard or end the subject.
fn checked_topic(topic: &str) -> Result<&str, BusError> {
    let part_is_safe = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'>'))
    };
    if topic.split('.').all(part_is_safe) { Ok(topic) } else { Err(refused("not a topic")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_cannot_smuggle_a_wildcard() {
        for topic in ["drain", "drain.worker-1", "config_changed"] {
            assert!(checked_topic(topic).is_ok(), "{topic}");
        }
        for topic in ["", ".", "a.", "a..b", "a.*", "a.>", "a b", "a\r\nPUB x", "é"] {
            assert!(checked_topic(topic).is_err(), "{topic:?}");
        }
    }
}
