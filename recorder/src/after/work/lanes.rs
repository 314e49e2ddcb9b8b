//! Who may begin: so many jobs at once, and of these so many for one webhook, or of one other kind.

use common::ports::aftercare::{Job, JobWork};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Jobs under way, by lane.
pub(super) struct Lanes {
    at_once: usize,
    per_lane: usize,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// The right to run, until it is dropped.
pub(super) struct Seat {
    lane: String,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Lanes {
    pub(super) fn new(at_once: usize, per_lane: usize) -> Self {
        Self { at_once, per_lane, taken: Arc::default() }
    }

    /// How many may begin.
    pub(super) fn free(&self) -> usize {
        self.at_once.saturating_sub(self.with(|taken| taken.values().sum()))
    }

    /// Whether a lane is full, so that some that are due may have to be passed over.
    pub(super) fn is_crowded(&self) -> bool {
        self.with(|taken| taken.values().any(|count| *count >= self.per_lane))
    }

    /// A seat for this job, if there is one.
    pub(super) fn seat(&self, job: &Job) -> Option<Seat> {
        let lane = lane(job);
        self.with(|taken| {
            let all: usize = taken.values().sum();
            let here = taken.entry(lane.clone()).or_default();
            if all >= self.at_once || *here >= self.per_lane {
                return None;
            }
            *here += 1;
            Some(Seat { lane, taken: self.taken.clone() })
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, usize>) -> T) -> T {
        look(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = taken.get_mut(&self.lane) {
            *here -= 1;
            if *here == 0 {
                taken.remove(&self.lane);
            }
        }
    }
}

fn lane(job: &Job) -> String {
    match &job.work {
        JobWork::Webhook { hook, .. } => format!("webhook {} {hook}", job.company),
        JobWork::Summarize
        | JobWork::Message { .. }
        | JobWork::FetchRecording { .. }
        | JobWork::DeleteRecording { .. } => job.work.kind().to_owned(),
    }
}
