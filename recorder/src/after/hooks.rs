//! Who is to be told of an event: a job for each of a company's systems that wants it.

use super::body::News;
use common::clock::unix_ms;
use common::company::Company;
use common::ids::CallId;
use common::ports::aftercare::{Job, JobWork};

/// A job, due now.
pub(super) fn job(company: &Company, call: &CallId, key: String, work: JobWork) -> Job {
    let now = unix_ms();
    let (call, company) = (call.clone(), company.id.clone());
    Job { key, call, company, work, due_ms: now, attempts: 0, last_error: None, created_ms: now }
}

/// Jobs for everybody who wants this. `key` is the event's own: with the system's name it is what the system knows
/// repeats by.
pub(super) fn letters(company: &Company, call: &CallId, key: &str, news: &News) -> Vec<Job> {
    let wants = company.hooks.iter().filter(|(_, hook)| hook.events.iter().any(|event| event == news.event));
    wants
        .map(|(name, _)| {
            let id = format!("{key}:{name}");
            let body = news.body(&id, &company.id, call);
            let work = JobWork::Webhook { hook: name.clone(), event: news.event.to_owned(), body };
            job(company, call, id, work)
        })
        .collect()
}
