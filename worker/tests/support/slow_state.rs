//! A state store whose writes of sessions wait at a gate, as with a server that is slow.

use adapters::state::Embedded;
use async_trait::async_trait;
use common::event::Envelope;
use common::ids::{BootId, CallId, CompanyId, WorkerId};
use common::ports::{
    Admission, Answer, Health, Lease, OutboxId, PoolEntry, Session, SessionWrite, Spend, State, StateError,
    WorkerRecord, Written,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Open at first.
#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<At>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Open,
    /// Nobody has come yet.
    Closed,
    /// Somebody waits.
    Waiting,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(At::Open)))
    }
}

impl Gate {
    pub(crate) fn close(&self) {
        self.0.send_replace(At::Closed);
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(At::Open);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow() == At::Open
    }

    /// Until a write stands before the closed gate.
    pub(crate) async fn reached(&self) {
        let waiting = async { self.0.subscribe().wait_for(|at| *at == At::Waiting).await.map(|_| ()) };
        tokio::time::timeout(super::PATIENCE, waiting).await.expect("nothing is written").unwrap();
    }

    async fn pass(&self) {
        self.0.send_if_modified(|at| *at == At::Closed && std::mem::replace(at, At::Waiting) == At::Closed);
        self.0.subscribe().wait_for(|at| *at == At::Open).await.unwrap();
    }
}

/// The embedded store behind the gate.
pub(crate) struct SlowState {
    inner: Embedded,
    gate: Gate,
}

impl SlowState {
    pub(crate) fn new(inner: Embedded, gate: Gate) -> Self {
        Self { inner, gate }
    }
}

#[async_trait]
impl State for SlowState {
    async fn write(&self, write: &SessionWrite) -> Result<Written, StateError> {
        self.gate.pass().await;
        self.inner.write(write).await
    }

    async fn check(&self) -> Result<Health, StateError> {
        self.inner.check().await
    }

    async fn register(&self, worker: &WorkerRecord, ttl: Duration) -> Result<(), StateError> {
        self.inner.register(worker, ttl).await
    }

    async fn renew(&self, worker: &WorkerId, boot: &BootId, ttl: Duration) -> Result<Lease, StateError> {
        self.inner.renew(worker, boot, ttl).await
    }

    async fn retire(&self, worker: &WorkerId, boot: &BootId) -> Result<(), StateError> {
        self.inner.retire(worker, boot).await
    }

    async fn pool(&self) -> Result<Vec<PoolEntry>, StateError> {
        self.inner.pool().await
    }

    async fn assigned(&self, worker: &WorkerId) -> Result<(), StateError> {
        self.inner.assigned(worker).await
    }

    async fn admit(
        &self,
        company: &CompanyId,
        call: &CallId,
        most: u32,
        ttl: Duration,
    ) -> Result<Admission, StateError> {
        self.inner.admit(company, call, most, ttl).await
    }

    async fn dismiss(&self, company: &CompanyId, call: &CallId) -> Result<(), StateError> {
        self.inner.dismiss(company, call).await
    }

    async fn claim(&self, call: &CallId) -> Result<Session, StateError> {
        self.inner.claim(call).await
    }

    async fn session(&self, call: &CallId) -> Result<Option<Session>, StateError> {
        self.inner.session(call).await
    }

    async fn enqueue(&self, events: &[Envelope]) -> Result<Vec<OutboxId>, StateError> {
        self.inner.enqueue(events).await
    }

    async fn outbox(&self, age: Duration, max: usize) -> Result<Vec<(OutboxId, Envelope)>, StateError> {
        self.inner.outbox(age, max).await
    }

    async fn forget(&self, ids: &[OutboxId]) -> Result<(), StateError> {
        self.inner.forget(ids).await
    }

    async fn begin_answer(&self, key: &str, hold: Duration) -> Result<Answer, StateError> {
        self.inner.begin_answer(key, hold).await
    }

    async fn give_answer(&self, key: &str, answer: &[u8], ttl: Duration) -> Result<(), StateError> {
        self.inner.give_answer(key, answer, ttl).await
    }

    async fn spend(&self, token: &str, ttl: Duration) -> Result<Spend, StateError> {
        self.inner.spend(token, ttl).await
    }
}
