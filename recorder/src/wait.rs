//! How long to wait before the same is tried again, and how a stop cuts it short.

use backon::{BackoffBuilder, ExponentialBuilder};
use common::lifecycle::Lifecycle;
use std::time::Duration;

/// First wait. Shorter hammers a database that is starting; longer delays records after a hiccup.
const FIRST: Duration = Duration::from_millis(200);
/// Longest wait: how late the recorder may notice that a database is back.
const LONGEST: Duration = Duration::from_secs(10);

/// The recorder is to stop: what is at hand stays on the bus.
pub(crate) struct Stopped;

/// Growing waits with jitter, so that recorders that lost the same database do not come back in step.
pub(crate) struct Waits {
    next: backon::ExponentialBackoff,
}

impl Waits {
    /// From the first wait on.
    pub(crate) fn new() -> Self {
        let waits = ExponentialBuilder::new()
            .with_min_delay(FIRST)
            .with_max_delay(LONGEST)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        Self { next: waits.build() }
    }

    /// Waits for the next time; fails when a stop is asked for meanwhile.
    pub(crate) async fn wait(&mut self, lifecycle: &Lifecycle) -> Result<(), Stopped> {
        // Jitter is added on top of a delay that is at its limit already.
        let delay = self.next.next().unwrap_or(LONGEST).min(LONGEST);
        pause(delay, lifecycle).await
    }
}

/// Waits; fails when a stop is asked for meanwhile.
pub(crate) async fn pause(delay: Duration, lifecycle: &Lifecycle) -> Result<(), Stopped> {
    tokio::select! {
        biased;
        () = lifecycle.stopped() => Err(Stopped),
        () = tokio::time::sleep(delay) => Ok(()),
    }
}
