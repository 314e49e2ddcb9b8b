//! The bus in this process: for `patchbay up` without servers, and for tests. As awkward as JetStream: what is not
//! acknowledged in time comes again, repeats are dropped only within a window, it can be full and can be taken away.
//!
//! Time is tokio's, so a test that pauses it decides when a message comes again. Nothing here survives the process.

mod stream;

use self::stream::{Handed, Message, Stream};
use super::{away, checked_topic, refused};
use async_trait::async_trait;
use bytes::Bytes;
use common::event::Envelope;
use common::ports::bus::futures::BoxStream;
use common::ports::{Bus, BusError, Consumer, Delivery, Health, OutboxId};
use futures_util::stream::unfold;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

/// How far a watcher may fall behind before it loses events, and a listener before it loses control messages.
const BEHIND_MAX: usize = 1024;

/// How many events are kept at most. They are small; this is some hundred megabytes at worst, on a laptop.
const STREAM_MAX: usize = 200_000;

/// The bus in this process. A clone is another handle to the same bus.
#[derive(Clone)]
pub struct Embedded {
    shared: Arc<Shared>,
}

struct Shared {
    away: AtomicBool,
    stream: Mutex<Stream>,
    changed: Notify,
    live: broadcast::Sender<Envelope>,
    topics: Mutex<BTreeMap<String, broadcast::Sender<Bytes>>>,
}

impl Embedded {
    /// Empty. It delivers again what is not acknowledged, and nothing else twice.
    pub fn new() -> Self {
        Self::with(Stream::new(STREAM_MAX))
    }

    /// Empty, and it uses what it may do: every few messages one is delivered twice although acknowledged, another
    /// comes after those behind it. For tests.
    pub fn awkward() -> Self {
        Self::with(Stream::awkward(STREAM_MAX))
    }

    /// Empty, with room for so many events. When all of them wait to be acknowledged, it refuses more.
    pub fn holding(events: usize) -> Self {
        Self::with(Stream::new(events))
    }

    fn with(stream: Stream) -> Self {
        let shared = Shared {
            away: AtomicBool::new(false),
            stream: Mutex::new(stream),
            changed: Notify::new(),
            live: broadcast::Sender::new(BEHIND_MAX),
            topics: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes the bus away, or brings it back with everything it had: for tests.
    pub fn set_away(&self, away: bool) {
        self.shared.away.store(away, Ordering::Relaxed);
        self.shared.changed.notify_waiters();
    }

    /// Puts bytes on the stream that may be no event: for tests.
    pub fn inject(&self, payload: Bytes) -> Result<(), BusError> {
        self.shared.reach()?;
        self.shared.store(Message { key: None, payload, outbox: None })
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Bus for Embedded {
    async fn check(&self) -> Result<Health, BusError> {
        self.shared.reach()?;
        Ok(Health { server: "in-process".into(), faults: Vec::new() })
    }

    async fn publish(&self, event: &Envelope, outbox: Option<&OutboxId>) -> Result<(), BusError> {
        self.shared.reach()?;
        let payload = serde_json::to_vec(event).map_err(refused)?.into();
        self.shared.store(Message { key: Some(event.key.to_string()), payload, outbox: outbox.cloned() })?;
        // An error only says that nobody watches.
        let _ = self.shared.live.send(event.clone());
        Ok(())
    }

    async fn consumer(&self, name: &str) -> Result<Box<dyn Consumer>, BusError> {
        self.shared.reach()?;
        self.shared.stream().open(name);
        Ok(Box::new(EmbeddedConsumer { shared: Arc::clone(&self.shared), name: name.to_owned() }))
    }

    async fn live(&self) -> Result<BoxStream<Envelope>, BusError> {
        self.shared.reach()?;
        Ok(received(self.shared.live.subscribe()))
    }

    async fn tell(&self, topic: &str, payload: Bytes) -> Result<(), BusError> {
        self.shared.reach()?;
        // An error only says that nobody listens.
        let _ = self.shared.topic(checked_topic(topic)?).send(payload);
        Ok(())
    }

    async fn listen(&self, topic: &str) -> Result<BoxStream<Bytes>, BusError> {
        self.shared.reach()?;
        Ok(received(self.shared.topic(checked_topic(topic)?).subscribe()))
    }
}

impl Shared {
    fn reach(&self) -> Result<(), BusError> {
        if self.away.load(Ordering::Relaxed) { Err(away("taken away by a test")) } else { Ok(()) }
    }

    fn store(&self, message: Message) -> Result<(), BusError> {
        self.stream().publish(message, Instant::now()).map_err(refused)?;
        self.changed.notify_waiters();
        Ok(())
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn topic(&self, topic: &str) -> broadcast::Sender<Bytes> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.entry(topic.to_owned()).or_insert_with(|| broadcast::Sender::new(BEHIND_MAX)).clone()
    }
}

/// What is sent from now on; whoever falls behind loses the oldest.
fn received<T: Clone + Send + 'static>(receiver: broadcast::Receiver<T>) -> BoxStream<T> {
    Box::pin(unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(item) => return Some((item, receiver)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }))
}

struct EmbeddedConsumer {
    shared: Arc<Shared>,
    name: String,
}

/// What a delivery is acknowledged by.
struct Receipt(u64);

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        let give_up = Instant::now() + wait;
        loop {
            // Made before the look, so that what comes between look and wait is not missed.
            let changed = self.shared.changed.notified();
            self.shared.reach()?;
            let (batch, due) = self.shared.stream().take(&self.name, max, Instant::now());
            if !batch.is_empty() || Instant::now() >= give_up {
                return Ok(batch.into_iter().map(delivery).collect());
            }
            let look_again = due.map_or(give_up, |due| due.min(give_up));
            // A timeout is the other reason to look again.
            let _ = tokio::time::timeout_at(look_again, changed).await;
        }
    }

    async fn ack(&mut self, done: &[Delivery]) -> Result<(), BusError> {
        self.shared.reach()?;
        for delivery in done {
            self.shared.stream().ack(&self.name, receipt(delivery)?, Instant::now());
        }
        Ok(())
    }

    async fn again(&mut self, delivery: &Delivery, delay: Duration) -> Result<(), BusError> {
        self.shared.reach()?;
        self.shared.stream().again(&self.name, receipt(delivery)?, Instant::now() + delay);
        self.shared.changed.notify_waiters();
        Ok(())
    }
}

fn delivery(handed: Handed) -> Delivery {
    let Handed { sequence, attempt, message } = handed;
    Delivery { payload: message.payload, outbox: message.outbox, attempt, receipt: Box::new(Receipt(sequence)) }
}

fn receipt(delivery: &Delivery) -> Result<u64, BusError> {
    let receipt = delivery.receipt.downcast_ref::<Receipt>();
    receipt.map(|receipt| receipt.0).ok_or_else(|| refused("a receipt of another bus"))
}
