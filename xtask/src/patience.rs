//! Waiting for another process, always with a deadline. The one place of this crate with a clock.

use std::time::{Duration, Instant};

/// Between two looks. Servers are ready after 12 to 700 ms: longer adds to each start, shorter burns CPU they need.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks again and again until `look` sees something or `limit` is over.
#[allow(clippy::disallowed_methods, reason = "other processes run on the machine's clock")]
pub(crate) fn wait_for<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up_at = Instant::now() + limit;
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if Instant::now() >= give_up_at {
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
