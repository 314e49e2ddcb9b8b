//! Batches of outbound calls, as both databases keep them: what is checked before a batch is stored, and how a batch's
//! counts follow its rows. `rows` has the shape of what is read.
//!
//! Whoever changes where a row stands holds its batch first, reads its [`Standing`], and writes that back in the same
//! transaction. So the counts are always those of the rows, the last row that gets its outcome is seen by exactly one,
//! and how far a batch is costs the same for one row and for half a million.

mod rows;

pub(super) use self::rows::{ClaimedRow, ProgressRow, StandingRow, StateRow, StoredBatch, StoredRow, UnderWayRow};

use super::batch::holds_nul;
use super::deeds::AuditRow;
use super::rows::{big, json, word};
use common::ports::DbError;
use common::ports::outbound::*;
use common::private::PhoneNumber;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Rows or numbers of one statement. More makes statements that hold others up; fewer makes a large batch slow.
pub(super) const AT_ONCE: usize = 5_000;

/// A batch that may be stored.
pub(super) struct NewBatch<'a> {
    pub(super) batch: &'a Batch,
    pub(super) plan: String,
    pub(super) created_ms: i64,
    /// Its rows by line, [`AT_ONCE`] of them in one JSON array each. Written out beforehand: nobody waits meanwhile.
    pub(super) rows: Vec<String>,
    pub(super) lines: i64,
    /// SHA-256 of the rows.
    pub(super) content: Vec<u8>,
}

impl<'a> NewBatch<'a> {
    /// Refuses what no database can keep, and what could never be called to its end.
    pub(super) fn check(batch: &'a Batch, rows: &'a [BatchRow]) -> Result<Self, DbError> {
        if !matches!(batch.status, BatchStatus::Running | BatchStatus::Paused) {
            return Err(DbError::Refused("a batch begins running or paused".into()));
        }
        let mut rows: Vec<_> = rows.iter().collect();
        rows.sort_unstable_by_key(|row| row.row);
        if let Some(twice) = rows.windows(2).find(|pair| pair[0].row == pair[1].row) {
            return Err(DbError::Refused(format!("line {} stands twice in the batch", twice[0].row)));
        }
        if holds_nul(&json(batch)?) {
            return Err(DbError::Refused("the batch holds a NUL character".into()));
        }
        let mut content = Sha256::new();
        let arrays = rows.chunks(AT_ONCE).map(|rows| array(rows, &mut content)).collect::<Result<_, _>>()?;
        Ok(Self {
            batch,
            plan: json(&batch.plan)?,
            created_ms: big(batch.created_ms, "time")?,
            rows: arrays,
            lines: i64::try_from(rows.len()).unwrap_or(i64::MAX),
            content: content.finalize().to_vec(),
        })
    }

    /// Where it stands as soon as it is stored: without rows it is done.
    pub(super) fn status(&self) -> BatchStatus {
        if self.lines == 0 { BatchStatus::Done } else { self.batch.status }
    }

    /// Whether the batch of this id that is there already is the same one. What it is called, who began it and when
    /// may differ: that is so when somebody asks again because the first answer was lost.
    pub(super) fn compare(&self, known: Option<StoredBatch>) -> Result<Begun, DbError> {
        let known = known.ok_or_else(|| DbError::Conflict("the batch was being stored by another".into()))?;
        let same_rows = known.content == self.content;
        let known = Batch::try_from(known)?;
        let compared = [
            ("company", known.company == self.batch.company),
            ("agent", known.agent == self.batch.agent),
            ("number", known.from == self.batch.from),
            ("consent", known.consent == self.batch.consent),
            ("plan", known.plan == self.batch.plan),
            ("rows", same_rows),
        ];
        let differs: Vec<_> = compared.iter().filter(|(_, same)| !same).map(|(what, _)| *what).collect();
        if differs.is_empty() {
            return Ok(Begun::Before);
        }
        Err(DbError::Refused(format!("there is a batch {} that differs in its {}", known.id, differs.join(", "))))
    }

    /// That somebody began it.
    pub(super) fn audit(&self) -> AuditRow {
        AuditRow {
            at_ms: self.created_ms,
            company: Some(self.batch.company.to_string()),
            call_sid: None,
            actor: self.batch.by.clone(),
            action: format!("began batch {}", self.batch.id),
            detail: format!("{} rows for {}", self.lines, self.batch.agent),
        }
    }
}

/// Rows as one JSON array. What is hashed of each does not depend on how many stand in one array.
fn array(rows: &[&BatchRow], content: &mut Sha256) -> Result<String, DbError> {
    let mut array = String::from("[");
    for (place, row) in rows.iter().enumerate() {
        let text = json(row)?;
        if holds_nul(&text) {
            return Err(DbError::Refused(format!("line {} holds a NUL character", row.row)));
        }
        content.update(&text);
        if place > 0 {
            array.push(',');
        }
        array.push_str(&text);
    }
    array.push(']');
    Ok(array)
}

/// How far a batch is, as its row counts it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) status: BatchStatus,
    waiting: u64,
    under_way: u64,
    attempts: u64,
    outcomes: BTreeMap<Outcome, u64>,
}

/// What becomes of a row whose attempt is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum After {
    /// It waits until then.
    Again(u64),
    /// It has its outcome.
    Done(Outcome),
}

impl Standing {
    /// Rows that waited begin their next attempt.
    pub(super) fn claimed(&mut self, rows: usize) {
        let rows = rows as u64;
        self.waiting = self.waiting.saturating_sub(rows);
        self.under_way += rows;
        self.attempts += rows;
    }

    /// A claimed row was not called after all. Of a cancelled batch nothing waits again.
    pub(super) fn put_back(&mut self, due_ms: u64) -> After {
        self.attempts = self.attempts.saturating_sub(1);
        self.left(match self.status {
            BatchStatus::Cancelled => After::Done(Outcome::Cancelled),
            _ => After::Again(due_ms),
        })
    }

    /// An attempt has ended. In a cancelled batch it was the row's last one.
    pub(super) fn settled(&mut self, settled: &Settled) -> After {
        self.left(match settled.again_ms {
            Some(again_ms) if self.status != BatchStatus::Cancelled => After::Again(again_ms),
            _ => After::Done(settled.outcome),
        })
    }

    /// Pauses or resumes, where that is possible; says whether anything changed.
    pub(super) fn turn(&mut self, to: BatchStatus) -> Result<Turned, DbError> {
        use BatchStatus::{Cancelled, Done, Paused, Running};
        match (self.status, to) {
            (_, Done) => return Err(DbError::Refused("a batch is done when its last row has its outcome".into())),
            (Cancelled | Done, _) => return Ok(Turned::Stays),
            (Running | Paused, _) if self.status == to => return Ok(Turned::Stays),
            (Running | Paused, _) => self.status = to,
        }
        Ok(Turned::Changed)
    }

    /// Rows that waited are not called any more.
    pub(super) fn cancelled(&mut self, rows: u64) {
        self.waiting = self.waiting.saturating_sub(rows);
        if rows > 0 {
            *self.outcomes.entry(Outcome::Cancelled).or_default() += rows;
        }
    }

    /// A row is not under way any more; with the last one the batch is done.
    fn left(&mut self, after: After) -> After {
        self.under_way = self.under_way.saturating_sub(1);
        match after {
            After::Again(_) => self.waiting += 1,
            After::Done(outcome) => *self.outcomes.entry(outcome).or_default() += 1,
        }
        if self.waiting + self.under_way == 0 && self.status != BatchStatus::Cancelled {
            self.status = BatchStatus::Done;
        }
        after
    }

    /// As it is written back.
    pub(super) fn row(&self) -> Result<StandingRow, DbError> {
        Ok(StandingRow {
            status: word(self.status)?,
            waiting: big(self.waiting, "count")?,
            under_way: big(self.under_way, "count")?,
            attempts: big(self.attempts, "count")?,
            outcomes: json(&self.outcomes)?,
        })
    }
}

/// Whether a batch stands elsewhere than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// It does.
    Changed,
    /// It stays where it was.
    Stays,
}

impl After {
    /// The columns `status`, `outcome` and `due_at`; no time where that stays.
    pub(super) fn columns(self) -> Result<(&'static str, Option<&'static str>, Option<i64>), DbError> {
        Ok(match self {
            Self::Again(due_ms) => ("waiting", None, Some(big(due_ms, "time")?)),
            Self::Done(outcome) => ("done", Some(outcome.as_str()), None),
        })
    }
}

/// What both databases can keep of why an attempt ended.
pub(super) fn detail(settled: &Settled) -> String {
    settled.detail.replace('\0', "\u{fffd}")
}

/// Numbers in one order, each once, so that two who write the same ones do not wait for each other in a circle.
pub(super) fn numbers(numbers: &[PhoneNumber]) -> Vec<&str> {
    let mut numbers: Vec<_> = numbers.iter().map(PhoneNumber::reveal).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
