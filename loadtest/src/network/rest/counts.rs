//! What the REST API has answered, counted.
//!
//! `rest.rs` counts while it answers; a load run or a test reads the sums.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the REST API has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RestCounts {
    /// All requests.
    pub requests: u64,
    /// Calls created.
    pub created: u64,
    /// Calls fetched.
    pub fetched: u64,
    /// Lists of calls.
    pub listed: u64,
    /// Text messages taken.
    pub texted: u64,
    /// Recordings started.
    pub recorded: u64,
    /// Calls completed or called off.
    pub completed: u64,
    /// Calls sent elsewhere.
    pub redirected: u64,
    /// Requests with wrong credentials: 401.
    pub unauthorized: u64,
    /// Requests answered with 429.
    pub busy: u64,
    /// All other requests that were refused.
    pub refused: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(in crate::network) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) created: AtomicU64,
    pub(super) fetched: AtomicU64,
    pub(super) listed: AtomicU64,
    pub(super) texted: AtomicU64,
    pub(super) recorded: AtomicU64,
    pub(super) completed: AtomicU64,
    pub(super) redirected: AtomicU64,
    pub(super) unauthorized: AtomicU64,
    pub(super) busy: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Counters {
    pub(in crate::network) fn read(&self) -> RestCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RestCounts {
            requests: of(&self.requests),
            created: of(&self.created),
            fetched: of(&self.fetched),
            listed: of(&self.listed),
            texted: of(&self.texted),
            recorded: of(&self.recorded),
            completed: of(&self.completed),
            redirected: of(&self.redirected),
            unauthorized: of(&self.unauthorized),
            busy: of(&self.busy),
            refused: of(&self.refused),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
