//! Events in order per call, at least once; control messages at most once. Adapters: NATS JetStream, in-process.
//!
//! Contract: a published event is delivered at least once to every durable consumer until it is acknowledged, however
//! often that takes; repeats of a key within the store's window may be removed. Delivery may be repeated and reordered.

use super::{Health, OutboxId};
use crate::event::Envelope;
use async_trait::async_trait;
use bytes::Bytes;
use futures::BoxStream;
use std::any::Any;
use std::time::Duration;

/// Streams handed out by the bus.
pub mod futures {
    use std::pin::Pin;

    /// A boxed stream.
    pub type BoxStream<T> = Pin<Box<dyn futures_core::Stream<Item = T> + Send>>;
}

/// Why the bus could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It does not answer, or not in time. The event may have been stored all the same.
    #[error("bus is away: {0}")]
    Away(String),
    /// It answers, but refuses: full, missing stream, wrong settings.
    #[error("bus refuses: {0}")]
    Refused(String),
}

/// A message for a durable consumer.
pub struct Delivery {
    /// The event as bytes; may be unreadable.
    pub payload: Bytes,
    /// Where the event stands in the outbox.
    pub outbox: Option<OutboxId>,
    /// How often it was delivered, from 1.
    pub attempt: u64,
    /// What the adapter needs to acknowledge it.
    pub receipt: Box<dyn Any + Send + Sync>,
}

/// Events and control messages.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Whether it answers, and whether its stream is as declared.
    async fn check(&self) -> Result<Health, BusError>;
    /// Publishes and waits until the stream has it. The key makes repeats harmless.
    async fn publish(&self, event: &Envelope, outbox: Option<&OutboxId>) -> Result<(), BusError>;
    /// The durable consumer of this name; created where it does not exist.
    async fn consumer(&self, name: &str) -> Result<Box<dyn Consumer>, BusError>;
    /// Events from now on, for people who watch; may lose some.
    async fn live(&self) -> Result<BoxStream<Envelope>, BusError>;
    /// Sends a control message on `pb.ctl.{topic}`; nobody may be listening.
    async fn tell(&self, topic: &str, payload: Bytes) -> Result<(), BusError>;
    /// Control messages on `pb.ctl.{topic}` from now on.
    async fn listen(&self, topic: &str) -> Result<BoxStream<Bytes>, BusError>;
}

/// A durable consumer.
#[async_trait]
pub trait Consumer: Send {
    /// Up to `max` messages; returns as soon as some are there and no more come at once, or after `wait` with none.
    async fn batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError>;
    /// Acknowledges with confirmation: they are stored.
    async fn ack(&mut self, done: &[Delivery]) -> Result<(), BusError>;
    /// Asks for one again after `delay`.
    async fn again(&mut self, delivery: &Delivery, delay: Duration) -> Result<(), BusError>;
}
