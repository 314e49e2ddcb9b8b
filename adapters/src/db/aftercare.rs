//! What is done after calls, as both databases keep it: the shape of a job and of a summary, and what is checked before
//! they are stored. Messages and recordings are told by events: `deeds`.

use super::batch::{LAST_MS, holds_nul};
use super::rows::{big, count, from_json, from_word, id, json, small, word};
use call::Spoken;
use common::ports::DbError;
use common::ports::aftercare::{Job, JobWork};
use common::summary::Summary;
use serde::Serialize;

/// A row of `aftercare_jobs`, without where it stands. Serialised, it is an element of the array it is written by.
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct JobRow {
    key: String,
    call_sid: String,
    company: String,
    kind: String,
    work: String,
    recording: Option<String>,
    due_ms: i64,
    attempts: i64,
    last_error: Option<String>,
    created_ms: i64,
}

/// A row of `summaries`.
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct SummaryRow {
    call_sid: String,
    company: String,
    agent: String,
    spoken: String,
    outcome: String,
    sentiment: String,
    fields: String,
    model: String,
    made_ms: i64,
}

/// Jobs as rows, in the order of keys: two who store the same ones do not wait for each other in a circle. Refuses what
/// no database can keep.
pub(super) fn rows(jobs: &[Job]) -> Result<Vec<JobRow>, DbError> {
    let mut rows = jobs.iter().map(JobRow::try_from).collect::<Result<Vec<_>, _>>()?;
    rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    rows.dedup_by(|a, b| a.key == b.key);
    Ok(rows)
}

/// Jobs that were taken, by their time: a statement that changes rows gives them in no order.
pub(super) fn taken(rows: Vec<JobRow>) -> Result<Vec<Job>, DbError> {
    let mut jobs = rows.into_iter().map(Job::try_from).collect::<Result<Vec<_>, _>>()?;
    jobs.sort_by(|a, b| (a.due_ms, &a.key).cmp(&(b.due_ms, &b.key)));
    Ok(jobs)
}

/// A time that every database can keep.
pub(super) fn time(ms: u64) -> Result<i64, DbError> {
    if ms > LAST_MS { Err(DbError::Refused("a time is after the year 9999".into())) } else { big(ms, "time") }
}

/// A text that every database can keep.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl TryFrom<&Job> for JobRow {
    type Error = DbError;

    fn try_from(job: &Job) -> Result<Self, DbError> {
        if holds_nul(&json(job)?) {
            return Err(DbError::Refused("a job holds a NUL character".into()));
        }
        let recording = match &job.work {
            JobWork::FetchRecording { recording } | JobWork::DeleteRecording { recording, .. } => Some(recording),
            JobWork::Summarize | JobWork::Webhook { .. } | JobWork::Message { .. } => None,
        };
        Ok(Self {
            key: job.key.clone(),
            call_sid: job.call.to_string(),
            company: job.company.to_string(),
            kind: job.work.kind().to_owned(),
            work: json(&job.work)?,
            recording: recording.map(ToString::to_string),
            due_ms: time(job.due_ms)?,
            attempts: job.attempts.into(),
            last_error: job.last_error.clone(),
            created_ms: time(job.created_ms)?,
        })
    }
}

impl TryFrom<JobRow> for Job {
    type Error = DbError;

    fn try_from(row: JobRow) -> Result<Self, DbError> {
        Ok(Self {
            key: row.key,
            call: id(row.call_sid)?,
            company: id(row.company)?,
            work: from_json(&row.work)?,
            due_ms: count(row.due_ms),
            attempts: small(row.attempts),
            last_error: row.last_error,
            created_ms: count(row.created_ms),
        })
    }
}

impl TryFrom<&Summary> for SummaryRow {
    type Error = DbError;

    fn try_from(summary: &Summary) -> Result<Self, DbError> {
        if holds_nul(&json(summary)?) {
            return Err(DbError::Refused("a summary holds a NUL character".into()));
        }
        Ok(Self {
            call_sid: summary.call.to_string(),
            company: summary.company.to_string(),
            agent: summary.agent.to_string(),
            spoken: summary.text.reveal().to_owned(),
            outcome: word(summary.outcome)?,
            sentiment: word(summary.sentiment)?,
            fields: json(&summary.fields)?,
            model: summary.model.clone(),
            made_ms: time(summary.made_ms)?,
        })
    }
}

impl TryFrom<SummaryRow> for Summary {
    type Error = DbError;

    fn try_from(row: SummaryRow) -> Result<Self, DbError> {
        Ok(Self {
            call: id(row.call_sid)?,
            company: id(row.company)?,
            agent: id(row.agent)?,
            text: Spoken::new(row.spoken),
            outcome: from_word(&row.outcome)?,
            sentiment: from_word(&row.sentiment)?,
            fields: from_json(&row.fields)?,
            model: row.model,
            made_ms: count(row.made_ms),
        })
    }
}
