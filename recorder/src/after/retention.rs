//! Deletes recordings that are older than their agent keeps them: adds a job for each, once an hour.
//!
//! A recording of an agent that is not configured any more is kept as long as the company's other agents keep theirs at
//! most; where one of them keeps them for ever, so is it.

use super::refused::deletion;
use super::{Care, moments};
use crate::wait::pause;
use common::clock::unix_ms;
use common::company::Company;
use common::ids::{AgentId, CallId};
use common::ports::DbError;
use common::ports::aftercare::{Job, StoredRecording};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why it is deleted, in jobs and events.
const WHY: &str = "retention";
const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// Recordings in the first page. The port has no second one: when all of a page are to be kept, a larger one is read.
const PAGE: u32 = 500;
/// The largest page. A company that keeps more than this for one agent and deletes for another has its recordings
/// deleted late, not early.
const LARGEST: u32 = 32_000;

/// Looks until the lifecycle is stopped.
pub(super) async fn run(care: Arc<Care>) {
    loop {
        if let Err(error) = care.age().await {
            moments::waits_for("db", &error);
        }
        if pause(care.pace.retention, &care.lifecycle).await.is_err() {
            return;
        }
    }
}

impl Care {
    async fn age(&self) -> Result<(), DbError> {
        let roster = self.known.roster().await?;
        for company in roster.companies.values() {
            let mut page = PAGE;
            while page <= LARGEST && !self.lifecycle.is_stopping() {
                let (read, jobs) = self.too_old(company, page).await?;
                let added = self.means.aftercare.add_jobs(&jobs).await?;
                self.work.notify_one();
                if read < page as usize {
                    break;
                }
                // What is being deleted is not in the next reading; where nothing is, that must reach further.
                page = if added == 0 { page * 4 } else { page };
            }
        }
        Ok(())
    }

    /// How many recordings were looked at, and jobs for those that are too old.
    async fn too_old(&self, company: &Company, page: u32) -> Result<(usize, Vec<Job>), DbError> {
        let Some(shortest) = company.agents.values().filter_map(|agent| agent.recording.keep_days).min() else {
            return Ok((0, Vec::new()));
        };
        let now = unix_ms();
        let before = now.saturating_sub(u64::from(shortest) * DAY_MS);
        let found = self.means.aftercare.recordings_before(&company.id, before, page).await?;
        let mut agents: BTreeMap<CallId, Option<AgentId>> = BTreeMap::new();
        let mut jobs = Vec::new();
        for recording in &found {
            if !agents.contains_key(&recording.call) {
                let cdr = self.means.db.cdr(&recording.call).await?;
                agents.insert(recording.call.clone(), cdr.and_then(|cdr| cdr.agent));
            }
            let agent = agents.get(&recording.call).and_then(Option::as_ref);
            if is_too_old(company, agent, recording, now) {
                jobs.push(deletion(company, &recording.call, &recording.recording, WHY));
            }
        }
        Ok((found.len(), jobs))
    }
}

fn is_too_old(company: &Company, agent: Option<&AgentId>, recording: &StoredRecording, now: u64) -> bool {
    let days = match agent.and_then(|agent| company.agents.get(agent)) {
        Some(agent) => agent.recording.keep_days,
        None => longest(company),
    };
    let Some((days, began)) = days.zip(recording.began_ms) else { return false };
    began.saturating_add(u64::from(days) * DAY_MS) < now
}

/// How long the company's agents keep recordings at most; `None` for ever.
fn longest(company: &Company) -> Option<u32> {
    let days: Option<Vec<u32>> = company.agents.values().map(|agent| agent.recording.keep_days).collect();
    days?.into_iter().max()
}
