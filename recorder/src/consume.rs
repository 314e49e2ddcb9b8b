//! Step 7: events off the bus, into the database. A batch is one transaction; after the commit, never before, its places
//! in the outbox are forgotten and it is acknowledged. A crash anywhere between only brings the same events again, and
//! the store knows them.
//!
//! `settle` decides what a failure means for a batch; here is the order of steps around it.

mod settle;

use crate::gaps::Closed;
use crate::moments;
use crate::wait::{Stopped, Waits};
use crate::watchdog::Progress;
use crate::{Fold, Stores};
use common::clock::unix_ms;
use common::event::Envelope;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::{BusError, Consumer, Delivery, OutboxId};
use std::time::Duration;
use tokio::time::Instant;

/// The durable consumer's name: all recorders share its work.
pub const CONSUMER: &str = "recorder";
/// How long the bus is asked to wait while there is nothing: bounds how late a stop is heard.
const IDLE: Duration = Duration::from_millis(500);
/// When an event that nothing can hold is asked for again.
const MUCH_LATER: Duration = Duration::from_secs(60);

/// How much is recorded at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Most events in one transaction.
    pub batch: usize,
    /// Longest wait for a batch to fill.
    pub batch_wait: Duration,
}

impl From<&common::config::Recorder> for Pace {
    fn from(config: &common::config::Recorder) -> Self {
        Self { batch: config.batch, batch_wait: config.batch_wait }
    }
}

/// The duty.
pub(crate) struct Recorder {
    pace: Pace,
    fold: Fold,
    stores: Stores,
    lifecycle: Lifecycle,
    readiness: Readiness,
    progress: Progress,
    closed: Closed,
}

/// Whether a delivery may be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is in the record or in quarantine.
    Kept,
    /// It is nowhere but on the bus.
    Homeless,
}

impl Recorder {
    pub(crate) fn new(
        pace: Pace,
        fold: Fold,
        stores: Stores,
        lifecycle: Lifecycle,
        readiness: Readiness,
        progress: Progress,
        closed: Closed,
    ) -> Self {
        Self { pace, fold, stores, lifecycle, readiness, progress, closed }
    }

    /// Records until the lifecycle is stopped.
    pub(crate) async fn run(self) {
        if self.database_is_there().await.is_err() {
            return;
        }
        while let Ok(consumer) = self.subscribe().await {
            match self.consume(consumer).await {
                Ok(error) => {
                    let reason = error.to_string();
                    moments::waits_for("bus", &reason);
                    self.readiness.waiting("bus", reason);
                }
                Err(Stopped) => return,
            }
        }
    }

    /// Nothing is taken off the bus before the tables are those this build knows.
    async fn database_is_there(&self) -> Result<(), Stopped> {
        let mut waits = Waits::new();
        while let Err(error) = self.stores.db.check().await {
            let reason = error.to_string();
            moments::waits_for("db", &reason);
            self.readiness.waiting("db", reason);
            self.look_at_bus().await;
            waits.wait(&self.lifecycle).await?;
        }
        self.readiness.ready("db");
        Ok(())
    }

    /// Whoever brings the database back shall learn at once whether the bus is missing too.
    async fn look_at_bus(&self) {
        match self.stores.bus.check().await {
            Ok(_) => self.readiness.ready("bus"),
            Err(error) => self.readiness.waiting("bus", error.to_string()),
        }
    }

    async fn subscribe(&self) -> Result<Box<dyn Consumer>, Stopped> {
        let mut waits = Waits::new();
        loop {
            match self.stores.bus.consumer(CONSUMER).await {
                Ok(consumer) => {
                    self.readiness.ready("bus");
                    return Ok(consumer);
                }
                Err(error) => {
                    let reason = error.to_string();
                    moments::waits_for("bus", &reason);
                    self.readiness.waiting("bus", reason);
                }
            }
            waits.wait(&self.lifecycle).await?;
        }
    }

    /// Batch after batch, until the bus fails or a stop is asked for.
    async fn consume(&self, mut consumer: Box<dyn Consumer>) -> Result<BusError, Stopped> {
        loop {
            self.progress.idle();
            if self.lifecycle.is_stopping() {
                return Err(Stopped);
            }
            let deliveries = match gather(consumer.as_mut(), self.pace).await {
                Ok(deliveries) => deliveries,
                Err(error) => return Ok(error),
            };
            if deliveries.is_empty() {
                moments::lag(Duration::ZERO);
                continue;
            }
            self.progress.moved();
            let verdicts = self.settle(&deliveries).await?;
            self.conclude(consumer.as_mut(), deliveries, &verdicts).await;
        }
    }

    /// After the commit: forget, then acknowledge. A crash between the two brings the events again and both are done
    /// again. The other way round it would leave places in the outbox that nobody comes back for until the bus has
    /// forgotten the events' keys.
    async fn conclude(&self, consumer: &mut dyn Consumer, deliveries: Vec<Delivery>, verdicts: &[Verdict]) {
        let mut kept = Vec::with_capacity(deliveries.len());
        for (delivery, verdict) in deliveries.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Kept => kept.push(delivery),
                Verdict::Homeless => {
                    if let Err(error) = consumer.again(&delivery, MUCH_LATER).await {
                        moments::waits_for("bus", &error.to_string());
                    }
                }
            }
        }
        let places: Vec<OutboxId> = kept.iter().filter_map(|delivery| delivery.outbox.clone()).collect();
        if !places.is_empty()
            && let Err(error) = self.stores.state.forget(&places).await
        {
            moments::not_forgotten(places.len(), &error);
        }
        if let Err(error) = consumer.ack(&kept).await {
            moments::unconfirmed(kept.len(), &error);
        }
    }
}

/// A batch: what is there, and what comes within the wait after the first. Never dropped half-way: what a dropped one
/// holds would be delivered again only when the bus has given up on it.
async fn gather(consumer: &mut dyn Consumer, pace: Pace) -> Result<Vec<Delivery>, BusError> {
    let mut batch = consumer.batch(pace.batch, IDLE).await?;
    let full_by = Instant::now() + pace.batch_wait;
    while !batch.is_empty() && batch.len() < pace.batch {
        let left = full_by.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match consumer.batch(pace.batch - batch.len(), left).await {
            Ok(more) => batch.extend(more),
            // What is here is recorded first; the next batch meets the error again.
            Err(_) => break,
        }
    }
    Ok(batch)
}

/// How long ago the oldest event of a batch was seen.
fn age(events: &[Envelope]) -> Option<Duration> {
    let oldest = events.iter().map(|event| event.at_ms).min()?;
    Some(Duration::from_millis(unix_ms().saturating_sub(oldest)))
}
