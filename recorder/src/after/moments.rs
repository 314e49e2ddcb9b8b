//! What happens after calls and is worth a log line or a count: one function an occurrence does both. No words of a
//! call, no number, no address of a company's system: a job is known by its key.

use super::work::Trouble;
use common::event::Envelope;
use common::ids::CallId;
use common::ports::aftercare::Job;
use metrics::{counter, gauge, histogram};
use std::time::Duration;

/// The bus or the database is not to be had.
pub(super) fn waits_for(what: &'static str, error: &dyn std::fmt::Display) {
    counter!("patchbay_aftercare_waits_total", "for" => what).increment(1);
    tracing::debug!(what, %error, "work after calls waits");
}

/// What a call's agent wants done is stored.
pub(super) fn looked_after(call: &CallId, jobs: usize) {
    counter!("patchbay_aftercare_calls_total").increment(1);
    tracing::debug!(call.id = %call, jobs, "call is looked after");
}

/// How many jobs there are.
pub(super) fn jobs(waiting: u64, dead: u64) {
    gauge!("patchbay_aftercare_jobs", "state" => "waiting").set(waiting as f64);
    gauge!("patchbay_aftercare_jobs", "state" => "dead").set(dead as f64);
}

/// A job has ended, for now or for good.
pub(super) fn job_ended(job: &Job, ended: &Result<(), Trouble>, took: Duration) {
    let kind = job.work.kind();
    let result = match ended {
        Ok(()) => "done",
        Err(Trouble::Again(_)) => "failed",
        Err(Trouble::Never(_)) => "dead",
        Err(Trouble::NotBegun(_)) => return,
    };
    counter!("patchbay_aftercare_jobs_total", "kind" => kind, "result" => result).increment(1);
    histogram!("patchbay_aftercare_job_seconds", "kind" => kind).record(took.as_secs_f64());
    let (call, attempt) = (&job.call, job.attempts);
    match ended {
        Err(Trouble::Again(why)) => {
            tracing::warn!(call.id = %call, job = job.key, kind, attempt, why, "job failed and is tried again");
        }
        Err(Trouble::Never(why)) => {
            tracing::error!(call.id = %call, job = job.key, kind, attempt, why, "job is a dead letter: see `patchbay jobs list`");
        }
        Ok(()) | Err(Trouble::NotBegun(_)) => tracing::debug!(call.id = %call, job = job.key, kind, "job is done"),
    }
}

/// A model's answer was of no use.
pub(super) fn nonsense(call: &CallId, why: &str) {
    counter!("patchbay_aftercare_nonsense_total").increment(1);
    tracing::info!(call.id = %call, why, "summary does not fit its schema and is asked for again");
}

/// An event of a call that nobody has recorded: nobody is told of it.
pub(super) fn nobodys(event: &Envelope) {
    counter!("patchbay_aftercare_unheard_total", "why" => "unrecorded").increment(1);
    tracing::warn!(call.id = %event.key.call, kind = event.event.kind(), "event belongs to no recorded call");
}

/// The database refuses the jobs of an event.
pub(super) fn not_kept(event: &Envelope) {
    counter!("patchbay_aftercare_unheard_total", "why" => "refused").increment(1);
    tracing::error!(call.id = %event.key.call, kind = event.event.kind(), "the database refuses the jobs of an event");
}

/// A message was not sent, as it should be.
pub(super) fn withheld(call: &CallId, why: &'static str) {
    counter!("patchbay_aftercare_messages_withheld_total", "why" => why).increment(1);
    tracing::info!(call.id = %call, why, "message after the call is withheld");
}
