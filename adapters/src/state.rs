//! Adapters of the state port: Redis for a cluster, in-process for a laptop and for tests.
//!
//! Both keep the same promises, checked by one contract suite; what they must agree on stands here: how long things
//! are kept and where an event stands in the outbox.

use common::ports::StateError;
use std::time::Duration;

pub mod embedded;
mod expiring;
mod place;
pub mod redis;

pub use embedded::Embedded;
pub use redis::Redis;

/// How long a session is kept after its last claim or write. A call lasts an hour at most and writes far more often;
/// a day leaves time to look at one that was abandoned. Shorter than a call's pauses, and live calls are forgotten.
pub const SESSION_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long an ended session is kept: repeats of Twilio's webhooks arrive within minutes and must find it ended.
pub const ENDED_KEPT: Duration = Duration::from_secs(3600);

/// How long the outbox waits for a recorder: as long as the bus keeps events. A shard that was not written to for this
/// long is dropped with everything in it; this is the only way an event leaves the outbox unrecorded.
pub const OUTBOX_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

fn away(reason: impl std::fmt::Display) -> StateError {
    StateError::Away(reason.to_string())
}

fn refused(reason: impl std::fmt::Display) -> StateError {
    StateError::Refused(reason.to_string())
}

/// An outbox entry that cannot be read is set aside; somebody should look at it.
fn unreadable_entry(place: place::Place) {
    metrics::counter!("patchbay_outbox_unreadable_total").increment(1);
    tracing::error!(outbox.id = %place, "an outbox entry cannot be read and was set aside");
}
