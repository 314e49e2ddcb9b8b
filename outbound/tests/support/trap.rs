//! Kills a dialer at a chosen moment: the step never comes back, and the test drops whoever waits for it.

use async_trait::async_trait;
use common::cdr::Cdr;
use common::ids::{AttemptId, BatchId, CallId, CompanyId};
use common::ports::DbError;
use common::ports::outbound::*;
use common::private::PhoneNumber;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// Counts steps and stops at one of them.
#[derive(Default)]
pub(crate) struct Trap {
    steps: AtomicU32,
    /// The step at which the dialer dies, from 1; 0 for never.
    at: AtomicU32,
    sprung: Notify,
    whence: Mutex<String>,
}

impl Trap {
    /// Kills at this step.
    pub(crate) fn arm(&self, at: u32) {
        self.steps.store(0, Ordering::SeqCst);
        self.at.store(at, Ordering::SeqCst);
    }

    /// Kills no more.
    pub(crate) fn disarm(&self) {
        self.at.store(0, Ordering::SeqCst);
    }

    /// Comes back when the dialer is to die.
    pub(crate) async fn sprung(&self) {
        self.sprung.notified().await;
    }

    /// Where it died.
    pub(crate) fn whence(&self) -> String {
        self.whence.lock().unwrap().clone()
    }

    /// A step of the dialer.
    pub(crate) async fn step(&self, name: &'static str) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if step == self.at.load(Ordering::SeqCst) {
            *self.whence.lock().unwrap() = format!("step {step}, {name}");
            self.sprung.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// A database before and after each of whose changes the dialer may die.
pub(crate) struct Trapped {
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) trap: Arc<Trap>,
}

macro_rules! changes {
    ($self:ident, $name:literal, $change:expr) => {{
        $self.trap.step(concat!("before ", $name)).await;
        let answer = $change.await;
        $self.trap.step(concat!("after ", $name)).await;
        answer
    }};
}

#[async_trait]
impl Outbound for Trapped {
    async fn begin_batch(&self, batch: &Batch, rows: &[BatchRow]) -> Result<Begun, DbError> {
        self.outbound.begin_batch(batch, rows).await
    }
    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, DbError> {
        self.outbound.batch(id).await
    }
    async fn batches(&self, company: Option<&CompanyId>, most: u32) -> Result<Vec<Batch>, DbError> {
        self.outbound.batches(company, most).await
    }
    async fn live_batches(&self) -> Result<Vec<Batch>, DbError> {
        self.outbound.live_batches().await
    }
    async fn progress(&self, id: &BatchId) -> Result<Progress, DbError> {
        self.outbound.progress(id).await
    }
    async fn rows(&self, id: &BatchId, from_row: u32, most: u32) -> Result<Vec<RowState>, DbError> {
        self.outbound.rows(id, from_row, most).await
    }
    async fn set_status(&self, id: &BatchId, status: BatchStatus) -> Result<Option<BatchStatus>, DbError> {
        changes!(self, "set_status", self.outbound.set_status(id, status))
    }
    async fn lead(&self, who: &str, for_time: Duration) -> Result<bool, DbError> {
        self.outbound.lead(who, for_time).await
    }
    async fn resign(&self, who: &str) -> Result<(), DbError> {
        self.outbound.resign(who).await
    }
    async fn claim(&self, id: &BatchId, now_ms: u64, most: u32) -> Result<Vec<(AttemptId, BatchRow)>, DbError> {
        changes!(self, "claim", self.outbound.claim(id, now_ms, most))
    }
    async fn unclaim(&self, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError> {
        changes!(self, "unclaim", self.outbound.unclaim(attempt, due_ms))
    }
    async fn placed(&self, attempt: &AttemptId, call: &CallId) -> Result<(), DbError> {
        changes!(self, "placed", self.outbound.placed(attempt, call))
    }
    async fn under_way(&self, id: &BatchId) -> Result<Vec<UnderWay>, DbError> {
        self.outbound.under_way(id).await
    }
    async fn calls_of(&self, attempts: &[AttemptId]) -> Result<Vec<(AttemptId, Cdr)>, DbError> {
        self.outbound.calls_of(attempts).await
    }
    async fn settle(&self, attempt: &AttemptId, settled: &Settled) -> Result<bool, DbError> {
        changes!(self, "settle", self.outbound.settle(attempt, settled))
    }
    async fn row_of(&self, attempt: &AttemptId) -> Result<Option<(Batch, BatchRow)>, DbError> {
        self.outbound.row_of(attempt).await
    }
    async fn opt_out(&self, company: &CompanyId, numbers: &[PhoneNumber], source: &str) -> Result<u64, DbError> {
        self.outbound.opt_out(company, numbers, source).await
    }
    async fn opt_in(&self, company: &CompanyId, numbers: &[PhoneNumber]) -> Result<u64, DbError> {
        self.outbound.opt_in(company, numbers).await
    }
    async fn opted_out(&self, company: &CompanyId, numbers: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, DbError> {
        changes!(self, "opted_out", self.outbound.opted_out(company, numbers))
    }
}
