//! The one place that asks the machine what time it is.

use std::time::Duration;

/// Milliseconds since 1970, UTC. For timestamps that leave the process; durations come from [`tokio::time::Instant`].
pub fn unix_ms() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}
