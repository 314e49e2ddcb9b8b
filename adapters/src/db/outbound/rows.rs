//! Rows of batches as both databases give them, and what they are read as.

use super::Standing;
use crate::db::rows::{count, from_json, from_word, id, small};
use common::ids::{AttemptId, BatchId};
use common::ports::DbError;
use common::ports::outbound::*;
use common::private::PhoneNumber;

/// A row of `outbound_batches`, without its counts.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct StoredBatch {
    batch: String,
    name: String,
    company: String,
    agent: String,
    sender: String,
    consent: String,
    plan: String,
    status: String,
    actor: String,
    created_ms: i64,
    pub(in crate::db) content: Vec<u8>,
}

impl TryFrom<StoredBatch> for Batch {
    type Error = DbError;

    fn try_from(row: StoredBatch) -> Result<Self, DbError> {
        Ok(Self {
            id: id(row.batch)?,
            name: row.name,
            company: id(row.company)?,
            agent: id(row.agent)?,
            from: PhoneNumber::new(&row.sender),
            consent: row.consent,
            plan: from_json(&row.plan)?,
            status: from_word(&row.status)?,
            by: row.actor,
            created_ms: count(row.created_ms),
        })
    }
}

/// The counts of a row of `outbound_batches`.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct StandingRow {
    pub(in crate::db) status: String,
    pub(in crate::db) waiting: i64,
    pub(in crate::db) under_way: i64,
    pub(in crate::db) attempts: i64,
    pub(in crate::db) outcomes: String,
}

impl TryFrom<StandingRow> for Standing {
    type Error = DbError;

    fn try_from(row: StandingRow) -> Result<Self, DbError> {
        Ok(Self {
            status: from_word(&row.status)?,
            waiting: count(row.waiting),
            under_way: count(row.under_way),
            attempts: count(row.attempts),
            outcomes: from_json(&row.outcomes)?,
        })
    }
}

/// Counts, and the first row that waits.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct ProgressRow {
    lines: i64,
    #[sqlx(flatten)]
    standing: StandingRow,
    next_due_ms: Option<i64>,
}

impl TryFrom<ProgressRow> for Progress {
    type Error = DbError;

    fn try_from(row: ProgressRow) -> Result<Self, DbError> {
        let standing = Standing::try_from(row.standing)?;
        Ok(Self {
            rows: count(row.lines),
            waiting: standing.waiting,
            under_way: standing.under_way,
            outcomes: standing.outcomes,
            attempts: standing.attempts,
            next_due_ms: row.next_due_ms.map(count),
        })
    }
}

/// Who is to be called: a row of `outbound_rows` as it was given.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct StoredRow {
    line: i64,
    number: String,
    zones: String,
    language: Option<String>,
    columns: String,
}

impl TryFrom<StoredRow> for BatchRow {
    type Error = DbError;

    fn try_from(row: StoredRow) -> Result<Self, DbError> {
        Ok(Self {
            row: small(row.line),
            to: PhoneNumber::new(&row.number),
            zones: from_json(&row.zones)?,
            language: row.language,
            columns: from_json(&row.columns)?,
        })
    }
}

/// A whole row of `outbound_rows`.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct StateRow {
    #[sqlx(flatten)]
    row: StoredRow,
    status: String,
    attempts: i64,
    due_ms: i64,
    claimed_ms: Option<i64>,
    call_sid: Option<String>,
    outcome: Option<String>,
    detail: String,
}

impl TryFrom<StateRow> for RowState {
    type Error = DbError;

    fn try_from(state: StateRow) -> Result<Self, DbError> {
        Ok(Self {
            row: state.row.try_into()?,
            status: from_word(&state.status)?,
            attempts: small(state.attempts),
            due_ms: count(state.due_ms),
            claimed_ms: state.claimed_ms.map(count),
            call: state.call_sid.map(id).transpose()?,
            outcome: state.outcome.as_deref().map(from_word).transpose()?,
            detail: state.detail,
        })
    }
}

/// A row that begins an attempt.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct ClaimedRow {
    pub(in crate::db) attempt: i64,
    #[sqlx(flatten)]
    row: StoredRow,
}

impl ClaimedRow {
    /// Its line.
    pub(in crate::db) fn line(&self) -> i64 {
        self.row.line
    }

    /// As the dialer gets it.
    pub(in crate::db) fn claimed(self, batch: &BatchId) -> Result<(AttemptId, BatchRow), DbError> {
        let attempt = AttemptId { batch: batch.clone(), row: small(self.row.line), attempt: small(self.attempt) };
        Ok((attempt, self.row.try_into()?))
    }
}

/// A row under way.
#[derive(sqlx::FromRow)]
pub(in crate::db) struct UnderWayRow {
    line: i64,
    attempts: i64,
    number: String,
    claimed_ms: i64,
    call_sid: Option<String>,
}

impl UnderWayRow {
    /// As the dialer gets it.
    pub(in crate::db) fn of(self, batch: &BatchId) -> Result<UnderWay, DbError> {
        Ok(UnderWay {
            attempt: AttemptId { batch: batch.clone(), row: small(self.line), attempt: small(self.attempts) },
            to: PhoneNumber::new(&self.number),
            claimed_ms: count(self.claimed_ms),
            call: self.call_sid.map(id).transpose()?,
        })
    }
}
