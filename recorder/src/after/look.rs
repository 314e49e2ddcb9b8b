//! Finds calls that are over and decides what their agents want done: the summary, a text message, webhooks.
//!
//! Each call is looked after once, in one transaction with its jobs. A recorder that is killed before that leaves the
//! call to the next look, one that is killed after it has left nothing undone.

use super::hooks::{job, letters};
use super::{Care, body, key, moments};
use crate::wait::pause;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::company::{Agent, Company, Roster};
use common::ids::CallId;
use common::ports::DbError;
use common::ports::aftercare::{Job, JobWork};
use std::sync::Arc;
use std::time::Duration;

/// Calls in one look.
const MOST: u32 = 100;
/// Calls that ended longer ago are nobody's news: they are those of an installation that did not look after its calls
/// before, or was down for longer than a weekend.
pub(super) const STALE: Duration = Duration::from_secs(3 * 24 * 3_600);

/// Looks until the lifecycle is stopped.
pub(super) async fn run(care: Arc<Care>) {
    loop {
        let found = care.look().await.unwrap_or_else(|error| {
            moments::waits_for("db", &error);
            0
        });
        if let Ok((waiting, dead)) = care.means.aftercare.jobs().await {
            moments::jobs(waiting, dead);
        }
        let next = if found < MOST as usize { care.pace.every } else { Duration::ZERO };
        if pause(next, &care.lifecycle).await.is_err() {
            return;
        }
    }
}

impl Care {
    /// Looks once; gives how many calls were looked after.
    async fn look(&self) -> Result<usize, DbError> {
        let aftercare = &self.means.aftercare;
        let calls = aftercare.to_look_after(self.pace.settled, MOST).await?;
        if calls.is_empty() {
            return Ok(0);
        }
        let roster = self.known.roster().await?;
        for call in &calls {
            let jobs = self.wanted(&roster, call).await?;
            aftercare.look_after(call, &jobs).await?;
            moments::looked_after(call, jobs.len());
        }
        self.work.notify_one();
        Ok(calls.len())
    }

    /// What is to be done after a call.
    async fn wanted(&self, roster: &Roster, call: &CallId) -> Result<Vec<Job>, DbError> {
        let Some(cdr) = self.means.db.cdr(call).await? else { return Ok(Vec::new()) };
        let Some(company) = cdr.company.as_ref().and_then(|company| roster.companies.get(company)) else {
            return Ok(Vec::new());
        };
        let mut jobs = if is_stale(&cdr) { Vec::new() } else { news(company, &cdr) };
        if cdr.recordings > 0 && self.has_refused(call).await? {
            jobs.extend(self.deletions(company, call).await?);
        }
        Ok(jobs)
    }
}

fn is_stale(cdr: &Cdr) -> bool {
    let last = cdr.ended_ms.or(cdr.answered_ms).or(cdr.accepted_ms).unwrap_or_default();
    unix_ms().saturating_sub(last) > STALE.as_millis() as u64
}

fn news(company: &Company, cdr: &Cdr) -> Vec<Job> {
    let mut jobs = letters(company, &cdr.call, &key(&cdr.call, "call.ended"), &body::ended(cdr));
    if let Some(agent) = cdr.agent.as_ref().and_then(|agent| company.agents.get(agent)) {
        jobs.extend(wishes(company, agent, cdr));
    }
    jobs
}

/// What the agent wants.
fn wishes(company: &Company, agent: &Agent, cdr: &Cdr) -> Vec<Job> {
    let call = &cdr.call;
    let summary = agent.after_call.summary.is_some();
    let summary = summary.then(|| job(company, call, key(call, "summarize"), JobWork::Summarize));
    let reason = cdr.end_reason.as_deref().unwrap_or_default();
    let fits = |when: &[String]| when.is_empty() || when.iter().any(|wanted| wanted == reason);
    let message = agent.after_call.messages.iter().find(|message| fits(&message.when)).map(|message| {
        job(company, call, key(call, "message"), JobWork::Message { template: message.template.clone() })
    });
    summary.into_iter().chain(message).collect()
}
