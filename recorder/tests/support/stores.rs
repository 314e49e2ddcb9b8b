//! Real embedded stores, and the faults of the world around them.

#![allow(dead_code, reason = "each test takes what it needs")]

use adapters::bus::Embedded as Bus;
use adapters::db::Sqlite;
use adapters::state::Embedded as State;
use async_trait::async_trait;
use common::cdr::{Cdr, StoredTurn};
use common::event::Envelope;
use common::health::Readiness;
use common::ids::CallId;
use common::lifecycle::Lifecycle;
use common::ports::bus::futures::BoxStream;
use common::ports::{self, BusError, CallFilter, Consumer, Db, DbError, Delivery, Health, OutboxId, Recorded};
use common::prices::Prices;
use recorder::consume::Pace;
use recorder::{Fold, Stores};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Small batches, so that a test sees several.
pub(crate) const PACE: Pace = Pace { batch: 8, batch_wait: Duration::from_millis(5) };

/// Embedded stores, empty.
pub(crate) struct World {
    pub(crate) bus: Bus,
    pub(crate) state: Arc<State>,
    pub(crate) db: Arc<Faulty>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let db = Sqlite::memory();
        db.migrate().await.unwrap();
        Self { bus: Bus::awkward(), state: Arc::new(State::new()), db: Arc::new(Faulty::around(Arc::new(db))) }
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores { state: self.state.clone(), bus: Arc::new(self.bus.clone()), db: self.db.clone() }
    }

    /// Starts a recorder.
    pub(crate) fn recorder(&self) -> Running {
        self.recorder_on(self.stores())
    }

    /// Starts a recorder on other stores.
    pub(crate) fn recorder_on(&self, stores: Stores) -> Running {
        let (lifecycle, readiness) = (Lifecycle::new(), Readiness::expecting(&["bus", "db", "recorder"]));
        let fold = Fold::new(Arc::new(Prices::built_in()));
        lifecycle.start("recorder", recorder::record(PACE, fold, stores, lifecycle.clone(), readiness.clone()));
        Running { lifecycle, readiness }
    }

    pub(crate) async fn publish(&self, events: &[Envelope]) {
        for event in events {
            ports::Bus::publish(&self.bus, event, None).await.unwrap();
        }
    }

    pub(crate) async fn cdr(&self, call: &CallId) -> Option<Cdr> {
        self.db.inner.cdr(call).await.unwrap()
    }

    pub(crate) async fn events(&self, call: &CallId) -> Vec<Envelope> {
        self.db.inner.events(call).await.unwrap()
    }
}

/// A recorder that runs.
pub(crate) struct Running {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) readiness: Readiness,
}

impl Running {
    /// Ends it as `kill -9` would: between two awaits, wherever it is.
    pub(crate) async fn kill(self) {
        self.lifecycle.kill();
        self.lifecycle.join(Duration::from_secs(10)).await;
    }

    /// Ends it politely; panics when something had to be forced.
    pub(crate) async fn stop(self) {
        self.lifecycle.stop();
        assert_eq!(self.lifecycle.join(Duration::from_secs(10)).await, 0, "tasks that did not hear the stop");
    }

    /// What it waits for.
    pub(crate) fn waits_for(&self, condition: &str) -> Option<String> {
        self.readiness.report().waiting.get(condition).cloned()
    }
}

/// Looks again until it has happened; fails after twenty seconds.
pub(crate) async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let look = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), look).await.is_ok(), "this never happened: {what}");
}

/// A real database behind a wire that can be cut.
pub(crate) struct Faulty {
    inner: Arc<dyn Db>,
    away: AtomicBool,
    silent: AtomicBool,
    conflicts: AtomicUsize,
    pub(crate) records: AtomicUsize,
}

impl Faulty {
    fn around(inner: Arc<dyn Db>) -> Self {
        let silent = AtomicBool::new(false);
        Self {
            inner,
            away: AtomicBool::new(false),
            silent,
            conflicts: AtomicUsize::new(0),
            records: AtomicUsize::new(0),
        }
    }

    /// Cuts the wire or mends it.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Nothing is recorded and nothing is said, or all is as before.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// The next so many transactions meet another.
    pub(crate) fn conflict(&self, times: usize) {
        self.conflicts.store(times, Ordering::SeqCst);
    }

    fn reach(&self) -> Result<(), DbError> {
        if self.away.load(Ordering::SeqCst) { Err(DbError::Away("the wire is cut".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Db for Faulty {
    async fn check(&self) -> Result<Health, DbError> {
        self.reach()?;
        self.inner.check().await
    }
    async fn migrate(&self) -> Result<(), DbError> {
        self.inner.migrate().await
    }
    async fn record(&self, events: &[Envelope], fold: ports::Fold<'_>) -> Result<Recorded, DbError> {
        self.records.fetch_add(1, Ordering::SeqCst);
        self.reach()?;
        while self.silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let less = |left: usize| left.checked_sub(1);
        if self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(DbError::Conflict("another was faster".into()));
        }
        self.inner.record(events, &fold).await
    }
    async fn quarantine(&self, payload: &[u8], reason: &str) -> Result<(), DbError> {
        self.reach()?;
        self.inner.quarantine(payload, reason).await
    }
    async fn quarantined(&self) -> Result<u64, DbError> {
        self.inner.quarantined().await
    }
    async fn cdr(&self, call: &CallId) -> Result<Option<Cdr>, DbError> {
        self.reach()?;
        self.inner.cdr(call).await
    }
    async fn calls(&self, max: u32) -> Result<Vec<Cdr>, DbError> {
        self.reach()?;
        self.inner.calls(max).await
    }
    async fn find(&self, filter: &CallFilter, max: u32) -> Result<Vec<Cdr>, DbError> {
        self.reach()?;
        self.inner.find(filter, max).await
    }
    async fn events_since(&self, since_ms: u64, max: u32) -> Result<Vec<Envelope>, DbError> {
        self.reach()?;
        self.inner.events_since(since_ms, max).await
    }
    async fn turns(&self, call: &CallId) -> Result<Vec<StoredTurn>, DbError> {
        self.inner.turns(call).await
    }
    async fn events(&self, call: &CallId) -> Result<Vec<Envelope>, DbError> {
        self.inner.events(call).await
    }
}

/// A bus that delivers and never hears an acknowledgement: whoever sends one waits for ever.
pub(crate) struct Deaf {
    pub(crate) inner: Arc<dyn ports::Bus>,
    /// Told when an acknowledgement was sent.
    pub(crate) tried: Arc<Notify>,
}

#[async_trait]
impl ports::Bus for Deaf {
    async fn check(&self) -> Result<Health, BusError> {
        self.inner.check().await
    }
    async fn publish(&self, event: &Envelope, outbox: Option<&OutboxId>) -> Result<(), BusError> {
        self.inner.publish(event, outbox).await
    }
    async fn consumer(&self, name: &str) -> Result<Box<dyn Consumer>, BusError> {
        Ok(Box::new(DeafConsumer { inner: self.inner.consumer(name).await?, tried: self.tried.clone() }))
    }
    async fn live(&self) -> Result<BoxStream<Envelope>, BusError> {
        self.inner.live().await
    }
    async fn tell(&self, topic: &str, payload: bytes::Bytes) -> Result<(), BusError> {
        self.inner.tell(topic, payload).await
    }
    async fn listen(&self, topic: &str) -> Result<BoxStream<bytes::Bytes>, BusError> {
        self.inner.listen(topic).await
    }
}

struct DeafConsumer {
    inner: Box<dyn Consumer>,
    tried: Arc<Notify>,
}

#[async_trait]
impl Consumer for DeafConsumer {
    async fn batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        self.inner.batch(max, wait).await
    }
    async fn ack(&mut self, _: &[Delivery]) -> Result<(), BusError> {
        self.tried.notify_one();
        std::future::pending().await
    }
    async fn again(&mut self, delivery: &Delivery, delay: Duration) -> Result<(), BusError> {
        self.inner.again(delivery, delay).await
    }
}
