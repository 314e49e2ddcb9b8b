//! The bus on NATS: events on a JetStream stream, control messages and watchers on plain subjects. Servers from 2.9 on.
//!
//! No call waits longer than [`ANSWER`], except a consumer for its next event. While the server is away publishing
//! fails at once, and the connection comes back by itself for ever.

mod consumer;
mod failure;
mod stream;

use self::consumer::NatsConsumer;
use self::failure::{Remedy, failed, remedy};
use super::{ACK_WAIT, away, checked_topic, refused};
use async_nats::connection::State;
use async_nats::jetstream::context::{Context, ContextBuilder, PublishError, PublishErrorKind};
use async_nats::{Client, ConnectOptions, HeaderMap, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use common::event::Envelope;
use common::ports::bus::futures::BoxStream;
use common::ports::{Bus, BusError, Consumer, Health, OutboxId};
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long an answer of the server may take.
const ANSWER: Duration = Duration::from_secs(2);

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);

/// How often the connection is tried when nothing passes; it is given up after two without an answer.
const PING: Duration = Duration::from_secs(5);

/// The longest pause between two attempts to connect.
const RETRY_MAX: Duration = Duration::from_secs(1);

/// How many events may wait for their acknowledgement. It hides the way to the server and back for some 100,000 events
/// a second; more would only queue inside the client.
const IN_FLIGHT: usize = 256;

/// Header: the key of the event, by which the server knows repeats.
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// Header: where the event stands in the outbox.
const OUTBOX_ID: &str = "Outbox-Id";

/// Header: the trace of the call.
const TRACE: &str = "traceparent";

/// Which stream, and how large.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the stream.
    pub stream: String,
    /// The first part of every subject.
    pub subject_root: String,
    /// How many bytes of events are kept at most, with a kibibyte reckoned for each. JetStream reserves them, so its
    /// own limit must be larger.
    pub max_bytes: i64,
    /// On how many servers of a NATS cluster each event is kept.
    pub replicas: usize,
    /// How long a consumer may be silent about an event before it comes again.
    pub ack_wait: Duration,
}

impl Default for Options {
    /// As in production: a gibibyte, a million events, on one server.
    fn default() -> Self {
        Self {
            stream: "PATCHBAY_EVENTS".into(),
            subject_root: "pb".into(),
            max_bytes: 1 << 30,
            replicas: 1,
            ack_wait: ACK_WAIT,
        }
    }
}

impl Options {
    /// The subjects of all events.
    fn events(&self) -> String {
        format!("{}.ev.>", self.subject_root)
    }

    /// An event's subject: the envelope's own, under our root.
    fn event(&self, event: &Envelope) -> Result<String, BusError> {
        let subject = event.subject();
        let (_, below) = subject.split_once('.').ok_or_else(|| refused("an event without a subject"))?;
        Ok(format!("{}.{}", self.subject_root, checked_topic(below)?))
    }

    fn control(&self, topic: &str) -> Result<String, BusError> {
        Ok(format!("{}.ctl.{}", self.subject_root, checked_topic(topic)?))
    }
}

/// The bus on NATS. A clone is another handle to the same connection.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    context: Context,
    options: Options,
    /// Whether the stream was there when we last looked. An event that is published without one is not refused when
    /// somebody watches: it reaches the watcher, and nobody answers.
    has_stream: Arc<AtomicBool>,
}

impl Nats {
    /// Connects to `url`. Whether the server is there is for [`Bus::check`] to say: where it is not, this goes on trying
    /// for ever. The stream is made as soon as it is needed.
    pub async fn connect(url: &str, options: Options) -> Result<Self, BusError> {
        let connect = ConnectOptions::new()
            .name("patchbay")
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT)
            .ping_interval(PING)
            .request_timeout(Some(ANSWER))
            .reconnect_delay_callback(|attempts| RETRY_MAX.min(Duration::from_millis(50) * attempts as u32));
        // The address may hold a password; an error must not repeat it.
        let client = connect.connect(url).await.map_err(|_| refused("not a nats URL"))?;
        let context = ContextBuilder::new().timeout(ANSWER).ack_timeout(ANSWER).max_ack_inflight(IN_FLIGHT);
        let context = context.build(client.clone());
        let nats = Self { client, context, options, has_stream: Arc::default() };
        // Whether this succeeded is for `check` to say.
        let _ = tokio::time::timeout(CONNECT, nats.client.flush()).await;
        Ok(nats)
    }

    /// Fails at once while there is no connection, instead of queueing what would be sent later.
    fn reach(&self) -> Result<(), BusError> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => Err(away("not connected")),
        }
    }

    /// Every question has an end, also where the client's own would be later or never.
    async fn timely<T>(&self, answer: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
        self.reach()?;
        tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(|_| Err(away("no answer in time")))
    }

    /// Publishes once, and waits until the stream has it.
    async fn store(&self, subject: &str, headers: &HeaderMap, payload: &Bytes) -> Result<(), PublishError> {
        let store = async {
            let (subject, headers, payload) = (subject.to_owned(), headers.clone(), payload.clone());
            self.context.publish_with_headers(subject, headers, payload).await?.await.map(drop)
        };
        let stored = tokio::time::timeout(ANSWER, store).await;
        stored.unwrap_or_else(|_| Err(PublishError::new(PublishErrorKind::TimedOut)))
    }

    /// Listens from before this returns.
    async fn subscribe(&self, subject: String) -> Result<Subscriber, BusError> {
        self.timely(async {
            let subscriber = self.client.subscribe(subject).await.map_err(failed)?;
            self.client.flush().await.map_err(failed)?;
            Ok(subscriber)
        })
        .await
    }
}

#[async_trait]
impl Bus for Nats {
    async fn check(&self) -> Result<Health, BusError> {
        self.health().await
    }

    async fn publish(&self, event: &Envelope, outbox: Option<&OutboxId>) -> Result<(), BusError> {
        self.reach()?;
        let subject = self.options.event(event)?;
        let payload = Bytes::from(serde_json::to_vec(event).map_err(refused)?);
        let headers = headers(event, outbox);
        if !self.has_stream.load(Ordering::Relaxed) {
            self.stream().await?;
        }
        let Err(error) = self.store(&subject, &headers, &payload).await else { return Ok(()) };
        match remedy(error) {
            Remedy::MakeStream => self.stream().await.map(drop)?,
            Remedy::MakeRoom => self.make_room().await?,
            Remedy::None(error) => {
                self.has_stream.store(false, Ordering::Relaxed);
                return Err(error);
            }
        }
        self.store(&subject, &headers, &payload).await.map_err(failed)
    }

    async fn consumer(&self, name: &str) -> Result<Box<dyn Consumer>, BusError> {
        self.reach()?;
        Ok(Box::new(NatsConsumer::open(self, name).await?))
    }

    async fn live(&self) -> Result<BoxStream<Envelope>, BusError> {
        let events = self.subscribe(self.options.events()).await?;
        Ok(Box::pin(events.filter_map(async |message| serde_json::from_slice(&message.payload).ok())))
    }

    async fn tell(&self, topic: &str, payload: Bytes) -> Result<(), BusError> {
        let subject = self.options.control(topic)?;
        self.timely(async {
            self.client.publish(subject, payload).await.map_err(failed)?;
            self.client.flush().await.map_err(failed)
        })
        .await
    }

    async fn listen(&self, topic: &str) -> Result<BoxStream<Bytes>, BusError> {
        let messages = self.subscribe(self.options.control(topic)?).await?;
        Ok(Box::pin(messages.map(|message| message.payload)))
    }
}

fn headers(event: &Envelope, outbox: Option<&OutboxId>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(MESSAGE_ID, event.key.to_string());
    if let Some(id) = outbox {
        headers.insert(OUTBOX_ID, id.0.as_str());
    }
    if !event.trace.is_empty() {
        headers.insert(TRACE, event.trace.as_str());
    }
    headers
}
