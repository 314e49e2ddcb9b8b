//! The stream that keeps the events: made where it is missing, compared with what was declared where it is there.
//!
//! It refuses what does not fit instead of dropping the oldest. So that old events which everybody has acknowledged
//! do not keep new ones out, they are purged when it is full, and only then.

use super::super::{DUPLICATE_WINDOW, refused};
use super::failure::failed;
use super::{Nats, Options};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType, Stream};
use common::ports::{BusError, Health};
use futures_util::TryStreamExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long an event is kept, whether anybody has acknowledged it or not: as long as the outbox keeps it.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Room for one event; most take less. JetStream's limit on bytes leaves out subject and record, so a stream that
/// fills up to it drops an old event for a new one in spite of its policy (seen on 2.9.10). The limit on messages is
/// exact; with this size it is reached first.
const EVENT_BYTES: i64 = 1024;

/// From so many per cent on somebody should look at it.
const NEARLY_FULL: u64 = 80;

impl Nats {
    /// The stream; made where it does not exist.
    pub(super) async fn stream(&self) -> Result<Stream, BusError> {
        let stream = self.context.get_or_create_stream(declared(&self.options));
        let stream = self.timely(async { stream.await.map_err(failed) }).await?;
        self.has_stream.store(true, Ordering::Relaxed);
        Ok(stream)
    }

    pub(super) async fn health(&self) -> Result<Health, BusError> {
        let mut stream = self.stream().await?;
        let info = self.timely(async { stream.info().await.map_err(failed) }).await?;
        let server = format!("nats {}", self.client.server_info().version);
        Ok(Health { server, faults: faults(&declared(&self.options), info) })
    }

    /// Drops what every consumer has acknowledged. Without a consumer nothing was acknowledged.
    pub(super) async fn make_room(&self) -> Result<(), BusError> {
        let stream = self.stream().await?;
        self.timely(async {
            let consumers: Vec<_> = stream.consumers().try_collect().await.map_err(failed)?;
            let done = consumers.iter().map(|consumer| consumer.ack_floor.stream_sequence).min().unwrap_or(0);
            if done == 0 {
                return Err(refused("stream is full of what nobody has acknowledged"));
            }
            let purged = stream.purge().sequence(done + 1).await.map_err(failed)?;
            tracing::warn!(events = purged.purged, "the event stream was full: purged what is acknowledged");
            metrics::counter!("patchbay_bus_purged_total").increment(purged.purged);
            Ok(())
        })
        .await
    }
}

fn declared(options: &Options) -> Config {
    Config {
        name: options.stream.clone(),
        subjects: vec![options.events()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_age: KEPT,
        max_bytes: options.max_bytes,
        max_messages: options.max_bytes / EVENT_BYTES,
        duplicate_window: DUPLICATE_WINDOW,
        num_replicas: options.replicas,
        ..Config::default()
    }
}

/// What differs from what was declared in a way that could lose events, and whether it is nearly full.
fn faults(declared: &Config, info: &Info) -> Vec<String> {
    let found = &info.config;
    let differences = [
        ("subjects", found.subjects != declared.subjects),
        ("storage", found.storage != declared.storage),
        ("retention", found.retention != declared.retention),
        ("discard policy", found.discard != declared.discard),
        ("maximum age", !found.max_age.is_zero() && found.max_age < declared.max_age),
        ("duplicate window", found.duplicate_window < declared.duplicate_window),
        ("maximum of messages", found.max_messages < declared.max_messages),
        ("maximum size", found.max_bytes > 0 && found.max_bytes < declared.max_bytes),
        ("replicas", found.num_replicas < declared.num_replicas),
    ];
    let name = &declared.name;
    let mut faults: Vec<String> = differences
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(what, _)| format!("stream {name} has another {what} than this build declares"))
        .collect();
    let full = percent(info.state.bytes, found.max_bytes).max(percent(info.state.messages, found.max_messages));
    if full >= NEARLY_FULL {
        faults.push(format!("stream {name} is {full} % full"));
    }
    faults
}

fn percent(used: u64, room: i64) -> u64 {
    u64::try_from(room).ok().and_then(|room| (used * 100).checked_div(room)).unwrap_or(0)
}
