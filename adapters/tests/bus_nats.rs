//! The bus on NATS keeps what the port promises: on the server that `PATCHBAY_TEST_NATS_URL` names.

use adapters::bus::Nats;
use adapters::bus::nats::Options;
use async_nats::jetstream::{self, stream::DiscardPolicy};
use common::ids::Epoch;
use common::ports::contract::{bus, event, events, fresh_call, in_time};
use common::ports::{Bus, BusError};
use futures_util::StreamExt;
use std::time::Duration;

macro_rules! real {
    ($suite:ident: $($sentence:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $sentence() {
            let Some(server) = Server::given().await else { return };
            in_time($suite::$sentence(&server.bus)).await;
            server.clean_up().await;
        }
    )*};
}

common::bus_contract!(real);

#[tokio::test]
async fn what_cannot_be_read_is_delivered_as_it_is() {
    let Some(server) = Server::given().await else { return };
    let subject = format!("{}.ev.-.CA.unknown", server.options.subject_root);
    let inject = async |poison| {
        server.context().publish(subject, poison).await.unwrap().await.unwrap();
    };
    bus::what_cannot_be_read_is_delivered_as_it_is(&server.bus, inject).await;
    server.clean_up().await;
}

#[tokio::test]
async fn no_event_is_lost() {
    let Some(server) = Server::given().await else { return };
    bus::no_event_is_lost(&server.bus).await;
    server.clean_up().await;
}

#[tokio::test]
async fn an_event_carries_its_key_its_place_and_its_trace() {
    let Some(server) = Server::given().await else { return };
    let mut event = event(&fresh_call(), Epoch(7), 3);
    event.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
    let mut raw = server.client.subscribe(format!("{}.>", server.options.subject_root)).await.unwrap();
    server.client.flush().await.unwrap();
    server.bus.publish(&event, Some(&common::ports::OutboxId("17:1-0".into()))).await.unwrap();
    let message = raw.next().await.unwrap();
    let headers = message.headers.unwrap();
    assert_eq!(headers.get("Nats-Msg-Id").unwrap().as_str(), event.key.to_string());
    assert_eq!(headers.get("Outbox-Id").unwrap().as_str(), "17:1-0");
    assert_eq!(headers.get("traceparent").unwrap().as_str(), event.trace);
    let expected = format!("{}.ev.harbour.{}.first_word", server.options.subject_root, event.key.call);
    assert_eq!(message.subject.as_str(), expected);
    server.clean_up().await;
}

#[tokio::test]
async fn the_stream_is_made_as_declared() {
    let Some(server) = Server::given().await else { return };
    let health = server.bus.check().await.unwrap();
    assert!(health.server.starts_with("nats "), "{health:?}");
    assert_eq!(health.faults, Vec::<String>::new());
    server.clean_up().await;
}

#[tokio::test]
async fn a_stream_that_could_lose_events_is_a_fault() {
    let Some(server) = Server::given().await else { return };
    let careless = jetstream::stream::Config {
        name: server.options.stream.clone(),
        subjects: vec![server.options.subject_root.clone() + ".ev.>"],
        discard: DiscardPolicy::Old,
        max_age: Duration::from_secs(60),
        duplicate_window: Duration::from_secs(60),
        max_messages: 10,
        ..jetstream::stream::Config::default()
    };
    server.context().create_stream(careless).await.unwrap();
    let faults = server.bus.check().await.unwrap().faults.join("\n");
    for word in ["discard", "age", "duplicate", "messages"] {
        assert!(faults.contains(word), "{word} is not in:\n{faults}");
    }
    server.clean_up().await;
}

#[tokio::test]
async fn a_full_bus_refuses_until_something_was_acknowledged() {
    let Some(server) = Server::holding(64 * 1024).await else { return };
    let mut consumer = server.bus.consumer("recorder").await.unwrap();
    let mut stored = 0;
    let refused = loop {
        match server.bus.publish(&event(&fresh_call(), Epoch(1), 0), None).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "it never fills up");
    };
    assert!(matches!(refused, BusError::Refused(_)), "{refused}");
    assert!(server.bus.check().await.unwrap().faults.iter().any(|fault| fault.contains("% full")));
    let mut acknowledged = 0;
    while acknowledged < stored {
        let batch = consumer.batch(1000, Duration::from_secs(5)).await.unwrap();
        assert!(!batch.is_empty(), "only {acknowledged} of {stored} came");
        consumer.ack(&batch).await.unwrap();
        acknowledged += batch.len();
    }
    server.bus.publish(&event(&fresh_call(), Epoch(1), 0), None).await.unwrap();
    assert_eq!(consumer.batch(10, Duration::from_secs(5)).await.unwrap().len(), 1);
    server.clean_up().await;
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused() {
    let Some(server) = Server::given().await else { return };
    let mut event = event(&fresh_call(), Epoch(1), 0);
    event.trace = "x".repeat(2_000_000);
    let error = server.bus.publish(&event, None).await.unwrap_err();
    assert!(matches!(error, BusError::Refused(_)), "{error}");
    server.clean_up().await;
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_made_again() {
    let Some(server) = Server::given().await else { return };
    let all = events(&fresh_call(), Epoch(1), 2);
    server.bus.publish(&all[0], None).await.unwrap();
    server.clean_up().await;
    server.bus.publish(&all[1], None).await.unwrap();
    server.clean_up().await;
}

#[tokio::test]
async fn a_stream_that_was_deleted_while_somebody_watches_is_made_again() {
    let Some(server) = Server::given().await else { return };
    let event = event(&fresh_call(), Epoch(1), 0);
    let _watcher = server.bus.live().await.unwrap();
    server.bus.publish(&event, None).await.unwrap();
    server.clean_up().await;
    // The watcher hears it and does not answer, so it looks like an outage once.
    assert!(matches!(server.bus.publish(&event, None).await, Err(BusError::Away(_))));
    server.bus.publish(&event, None).await.unwrap();
    server.clean_up().await;
}

#[tokio::test]
async fn a_stream_larger_than_the_server_is_refused() {
    let Some(server) = Server::holding(1 << 60).await else { return };
    let error = server.bus.check().await.unwrap_err();
    assert!(matches!(error, BusError::Refused(_)), "{error}");
}

/// A part of the given server that is ours alone: a stream and subjects nobody else has.
struct Server {
    bus: Nats,
    options: Options,
    client: async_nats::Client,
}

impl Server {
    async fn given() -> Option<Self> {
        Self::holding(4 << 20).await
    }

    async fn holding(max_bytes: i64) -> Option<Self> {
        #[allow(clippy::disallowed_methods, reason = "a test's own setting")]
        let Ok(url) = std::env::var("PATCHBAY_TEST_NATS_URL") else {
            common::testing::left_out("bus on NATS", "PATCHBAY_TEST_NATS_URL");
            return None;
        };
        let name = format!("test-{}", fresh_call());
        let options = Options {
            stream: name.clone(),
            subject_root: name,
            max_bytes,
            // Long enough for a slow machine to acknowledge, short enough to wait for.
            ack_wait: Duration::from_secs(2),
            ..Options::default()
        };
        let bus = Nats::connect(&url, options.clone()).await.expect("a nats URL");
        Some(Self { bus, options, client: async_nats::connect(&url).await.expect("a nats server") })
    }

    fn context(&self) -> jetstream::Context {
        jetstream::new(self.client.clone())
    }

    /// Streams reserve room on the server. Not every test made one.
    async fn clean_up(&self) {
        let _ = self.context().delete_stream(&self.options.stream).await;
    }
}
