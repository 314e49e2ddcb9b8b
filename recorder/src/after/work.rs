//! Does jobs: takes those that are due, runs a bounded number at a time, and says how each ended.
//!
//! A job that fails is tried again after a wait that doubles up to an hour, and is a dead letter in the end: `patchbay
//! jobs` shows and revives it. A job whose process is killed is taken by another once its hold has passed. So a job may
//! run more than once; what each kind does about that stands with it:
//!
//! | kind | twice is |
//! |---|---|
//! | webhook | the same letter with the same key, which the company's system knows |
//! | summarize | the same summary; a model that answered is billed, and that is recorded |
//! | message | not sent: it may have been, and a person decides |
//! | fetch, delete | the same |

mod lanes;
mod message;
mod recording;
mod summarize;
mod transcript;
mod webhook;

use self::lanes::{Lanes, Seat};
use super::{Care, moments};
use crate::wait::{Stopped, Waits, pause};
use backon::{BackoffBuilder, ExponentialBuilder};
use common::clock::unix_ms;
use common::ports::aftercare::{Job, JobWork};
use common::ports::{DbError, VaultError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Jobs taken at once while a lane is full: those behind a slow system are passed over.
const CROWDED: usize = 256;
/// Between two rounds while a lane is full: each passes over all that wait for it. Shorter asks the database more often,
/// longer leaves a fast system's seats empty.
const CROWDED_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait between two tries: how late a system may hear after it is back.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Tries of a letter: with waits that double from ten seconds to an hour, about a day.
const LETTER_TRIES: u32 = 30;
/// Tries of everything else: one to three hours.
const TRIES: u32 = 10;
/// After a stop was asked for, how long a job under way may go on. It is shorter than any role is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Why a job is not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may be another time.
    Again(String),
    /// It will not be before a person has seen to it.
    Never(String),
    /// Nothing was begun and nothing is counted; it may be after this time.
    NotBegun(Duration),
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Refused(_) => Self::Never("the database refuses what came of it".into()),
            DbError::Away(_) | DbError::Conflict(_) | DbError::Schema { .. } => Self::Again("database is away".into()),
        }
    }
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Self::Again(error.to_string())
    }
}

/// Works until the lifecycle is stopped.
pub(super) async fn run(care: Arc<Care>) {
    let lanes = Lanes::new(care.pace.at_once, care.pace.per_lane);
    loop {
        let taken = care.round(&lanes).await.unwrap_or_else(|error| {
            moments::waits_for("db", &error);
            Taken::AllThereWas
        });
        if care.wait(taken, &lanes).await.is_err() {
            return;
        }
    }
}

/// Whether more jobs may be due.
#[derive(PartialEq, Eq)]
enum Taken {
    AllThereWas,
    AsMuchAsWent,
}

impl Care {
    /// Waits for the next round; fails when a stop is asked for.
    async fn wait(&self, taken: Taken, lanes: &Lanes) -> Result<(), Stopped> {
        if lanes.is_crowded() {
            pause(CROWDED_PAUSE.min(self.pace.every), &self.lifecycle).await?;
        }
        if taken == Taken::AsMuchAsWent && lanes.free() > 0 {
            return pause(Duration::ZERO, &self.lifecycle).await;
        }
        tokio::select! {
            biased;
            () = self.lifecycle.stopped() => Err(Stopped),
            () = self.work.notified() => Ok(()),
            () = tokio::time::sleep(self.pace.every) => Ok(()),
        }
    }

    /// Takes jobs and begins them.
    async fn round(self: &Arc<Self>, lanes: &Lanes) -> Result<Taken, DbError> {
        let free = lanes.free();
        if free == 0 {
            return Ok(Taken::AllThereWas);
        }
        let most = if lanes.is_crowded() { CROWDED } else { free };
        let jobs = self.means.aftercare.take_jobs(self.pace.hold, most as u32).await?;
        let taken = if jobs.len() < most { Taken::AllThereWas } else { Taken::AsMuchAsWent };
        let mut passed_over = Vec::new();
        for job in jobs {
            match lanes.seat(&job) {
                Some(seat) => self.begin(job, seat),
                None => passed_over.push(job),
            }
        }
        for (keys, wait) in lanes.passed_over(&passed_over) {
            self.means.aftercare.put_back_jobs(&keys, later(wait)).await?;
        }
        Ok(taken)
    }

    fn begin(self: &Arc<Self>, job: Job, seat: Seat) {
        let care = self.clone();
        self.lifecycle.start("job after a call", async move {
            let began = Instant::now();
            let Some(ended) = care.in_time(&job).await else { return };
            care.conclude(&job, ended, began.elapsed()).await;
            drop(seat);
            care.work.notify_one();
        });
    }

    /// Runs a job within its time. `None` when a stop came between: whoever takes it next does it.
    async fn in_time(&self, job: &Job) -> Option<Result<(), Trouble>> {
        if job.attempts > tries(&job.work) {
            let why = format!("it was begun {} times and did not end: {}", job.attempts, last_error(job));
            return Some(Err(Trouble::Never(why)));
        }
        let stopped = async {
            self.lifecycle.stopped().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            ended = tokio::time::timeout(self.pace.deadline, self.run(job)) => {
                Some(ended.unwrap_or_else(|_| Err(self.overdue(job))))
            }
            () = stopped => None,
        }
    }

    async fn run(&self, job: &Job) -> Result<(), Trouble> {
        match &job.work {
            JobWork::Webhook { hook, event, body } => self.deliver(job, hook, event, body).await,
            JobWork::Summarize => self.summarize(job).await,
            JobWork::Message { template } => self.send(job, template).await,
            JobWork::FetchRecording { recording } => self.fetch(job, recording).await,
            JobWork::DeleteRecording { recording, why } => self.delete(job, recording, why).await,
        }
    }

    fn overdue(&self, job: &Job) -> Trouble {
        let why = format!("it took longer than {} s", self.pace.deadline.as_secs());
        match &job.work {
            JobWork::Message { .. } => Trouble::Never(format!("{}: {why}", message::MAYBE)),
            JobWork::Summarize
            | JobWork::Webhook { .. }
            | JobWork::FetchRecording { .. }
            | JobWork::DeleteRecording { .. } => Trouble::Again(why),
        }
    }

    /// Says how a job ended. While the database does not take it, nobody else has the job until its hold has passed.
    async fn conclude(&self, job: &Job, ended: Result<(), Trouble>, took: Duration) {
        let ended = match ended {
            Err(Trouble::Again(why)) if job.attempts >= tries(&job.work) => Err(Trouble::Never(why)),
            ended => ended,
        };
        let say = async {
            let mut waits = Waits::new();
            while let Err(error) = self.say(job, &ended).await {
                moments::waits_for("db", &error);
                if waits.wait(&self.lifecycle).await.is_err() {
                    return;
                }
            }
            moments::job_ended(job, &ended, took);
        };
        // Past the hold somebody else has it.
        let _ = tokio::time::timeout(self.pace.hold, say).await;
    }

    async fn say(&self, job: &Job, ended: &Result<(), Trouble>) -> Result<(), DbError> {
        let aftercare = &self.means.aftercare;
        match ended {
            Ok(()) => aftercare.job_done(&job.key).await,
            Err(Trouble::Again(why)) => {
                let again = later(wait(job.attempts, self.pace.first_wait));
                aftercare.job_failed(&job.key, why, Some(again)).await
            }
            Err(Trouble::Never(why)) => aftercare.job_failed(&job.key, why, None).await,
            Err(Trouble::NotBegun(wait)) => aftercare.put_back_jobs(std::slice::from_ref(&job.key), later(*wait)).await,
        }
    }
}

fn later(wait: Duration) -> u64 {
    unix_ms() + wait.as_millis() as u64
}

fn tries(work: &JobWork) -> u32 {
    match work {
        JobWork::Webhook { .. } => LETTER_TRIES,
        JobWork::Summarize
        | JobWork::Message { .. }
        | JobWork::FetchRecording { .. }
        | JobWork::DeleteRecording { .. } => TRIES,
    }
}

fn last_error(job: &Job) -> &str {
    job.last_error.as_deref().unwrap_or("nobody knows why")
}

/// How long to wait after this many tries, with jitter: those that failed together do not come back together.
fn wait(attempts: u32, first: Duration) -> Duration {
    let waits = ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(LONGEST)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times();
    let wait = waits.build().nth(attempts.saturating_sub(1) as usize).unwrap_or(LONGEST);
    wait.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_ten_seconds_to_an_hour_and_a_letter_is_tried_for_about_a_day() {
        let first = Pace::default().first_wait;
        for (attempts, least_s) in [(1, 10), (2, 20), (5, 160), (9, 2_560), (10, 3_600), (30, 3_600)] {
            let wait = wait(attempts, first);
            let least = Duration::from_secs(least_s);
            assert!(wait >= least && wait <= (least * 2).min(LONGEST), "{attempts}: {wait:?}");
        }
        let least: Duration = (1..LETTER_TRIES).map(|attempts| wait(attempts, first)).sum();
        assert!((20 * 3_600..=28 * 3_600).contains(&least.as_secs()), "{least:?}");
    }

    use crate::after::Pace;
}
