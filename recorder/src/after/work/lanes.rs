//! Who may begin: so many jobs at once, and of these so many for one webhook, or of one other kind.

use common::ports::aftercare::{Job, JobWork};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a job is passed over at least and at most.
const PASSED_OVER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a lane's jobs take while none has ended.
const UNKNOWN: Duration = Duration::from_millis(250);

/// Jobs under way, by lane.
pub(super) struct Lanes {
    at_once: usize,
    per_lane: usize,
    taken: Taken,
}

type Taken = Arc<Mutex<BTreeMap<String, Lane>>>;

/// There are as many as there are webhooks.
struct Lane {
    under_way: usize,
    /// How long the last job took.
    took: Duration,
}

/// The right to run, until it is dropped.
pub(super) struct Seat {
    lane: String,
    since: Instant,
    taken: Taken,
}

impl Lanes {
    pub(super) fn new(at_once: usize, per_lane: usize) -> Self {
        Self { at_once, per_lane, taken: Arc::default() }
    }

    /// How many may begin.
    pub(super) fn free(&self) -> usize {
        self.at_once.saturating_sub(lock(&self.taken).values().map(|lane| lane.under_way).sum())
    }

    /// Whether a lane is full, so that some that are due may have to be passed over.
    pub(super) fn is_crowded(&self) -> bool {
        lock(&self.taken).values().any(|lane| lane.under_way >= self.per_lane)
    }

    /// A seat for this job, if there is one.
    pub(super) fn seat(&self, job: &Job) -> Option<Seat> {
        let name = name(job);
        let mut taken = lock(&self.taken);
        let all: usize = taken.values().map(|lane| lane.under_way).sum();
        let lane = taken.entry(name.clone()).or_insert(Lane { under_way: 0, took: UNKNOWN });
        if all >= self.at_once || lane.under_way >= self.per_lane {
            return None;
        }
        lane.under_way += 1;
        Some(Seat { lane: name, since: Instant::now(), taken: self.taken.clone() })
    }

    /// Jobs that found no seat, by lane, and when each lane may have come to them.
    pub(super) fn passed_over(&self, jobs: &[Job]) -> Vec<(Vec<String>, Duration)> {
        let mut lanes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for job in jobs {
            lanes.entry(name(job)).or_default().push(job.key.clone());
        }
        let taken = lock(&self.taken);
        let wait = |lane: &str, count: usize| {
            let took = taken.get(lane).map_or(UNKNOWN, |lane| lane.took);
            (took * (count / self.per_lane + 1) as u32).clamp(PASSED_OVER.0, PASSED_OVER.1)
        };
        lanes.into_iter().map(|(lane, keys)| (keys.clone(), wait(&lane, keys.len()))).collect()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(lane) = lock(&self.taken).get_mut(&self.lane) {
            lane.under_way -= 1;
            lane.took = self.since.elapsed();
        }
    }
}

fn lock(taken: &Taken) -> MutexGuard<'_, BTreeMap<String, Lane>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(job: &Job) -> String {
    match &job.work {
        JobWork::Webhook { hook, .. } => format!("webhook {} {hook}", job.company),
        JobWork::Summarize
        | JobWork::Message { .. }
        | JobWork::FetchRecording { .. }
        | JobWork::DeleteRecording { .. } => job.work.kind().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::{call_id, company_id};
    use serde_json::Value;

    fn letter(hook: &str) -> Job {
        let work = JobWork::Webhook { hook: hook.into(), event: "call.ended".into(), body: Value::Null };
        let (call, company) = (call_id(1), company_id());
        Job { key: hook.into(), call, company, work, due_ms: 0, attempts: 1, last_error: None, created_ms: 0 }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_lane_leaves_seats_to_others_until_all_are_taken() {
        let lanes = Lanes::new(3, 2);
        let slow: Vec<_> = (0..3).filter_map(|_| lanes.seat(&letter("slow"))).collect();
        assert_eq!((slow.len(), lanes.free(), lanes.is_crowded()), (2, 1, true));
        let fast = lanes.seat(&letter("fast"));
        assert!(fast.is_some() && lanes.seat(&letter("third")).is_none());
        drop(slow);
        assert_eq!((lanes.free(), lanes.is_crowded()), (2, false));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_passed_over_comes_again_when_the_lane_may_have_got_there() {
        let lanes = Lanes::new(8, 2);
        let seat = lanes.seat(&letter("slow"));
        tokio::time::advance(Duration::from_millis(400)).await;
        drop(seat);
        let wait = |jobs: usize| lanes.passed_over(&vec![letter("slow"); jobs])[0].1;
        assert_eq!(wait(1), Duration::from_millis(400));
        assert_eq!(wait(8), Duration::from_secs(2));
        assert_eq!(wait(1_000), PASSED_OVER.1);
    }
}
