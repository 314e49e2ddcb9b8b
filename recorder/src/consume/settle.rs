//! Where each event of a batch ends: in the record, or in quarantine. Nothing else, and nothing in doubt is left.
//!
//! | the database | is answered by |
//! |---|---|
//! | is away, or its tables are not ours | waiting 0.2 s to 10 s, then the same in smaller parts |
//! | had a conflict | the same at once, 5 times; then as if away |
//! | refuses | halves, until the one event is found; refused 3 times alone, it goes to quarantine |

use super::{Recorder, Verdict, age};
use crate::moments;
use crate::wait::{Stopped, Waits};
use call::CallEvent;
use common::cdr::Cdr;
use common::event::{Envelope, Event, GatewayEvent};
use common::ports::{DbError, Delivery};
use common::telemetry::trace;
use std::ops::Range;
use tokio::time::Instant;
use tracing::Span;

/// How often a conflict is tried again at once. Two recorders that meet part at the first retry.
const CONFLICTS: u32 = 5;
/// How often an event must be refused alone before it is given up: once could be a mistake of ours about the error.
const REFUSALS: u32 = 3;
/// A batch that fails for want of the database is not cut into parts smaller than this: cutting helps a slow database,
/// and costs one that is back a transaction for each part.
const SMALLEST: usize = 32;

/// Why a part of a batch is not recorded.
enum Failure {
    /// Not now.
    Away(String),
    /// Not ever.
    Refused,
}

/// An event and which delivery brought it.
struct Batch {
    events: Vec<Envelope>,
    origins: Vec<usize>,
}

impl Recorder {
    /// Finds a place for every delivery; answers in their order. Fails only when a stop is asked for while the database
    /// is away: then nothing may be acknowledged, and all of it is delivered again.
    pub(super) async fn settle(&self, deliveries: &[Delivery]) -> Result<Vec<Verdict>, Stopped> {
        let mut verdicts = vec![Verdict::Kept; deliveries.len()];
        let mut batch = Batch { events: Vec::new(), origins: Vec::new() };
        for (at, delivery) in deliveries.iter().enumerate() {
            match serde_json::from_slice(&delivery.payload) {
                Ok(event) => {
                    batch.events.push(event);
                    batch.origins.push(at);
                }
                Err(error) => verdicts[at] = self.quarantine(delivery, "unreadable", &error.to_string(), None).await?,
            }
        }
        for poison in self.record_all(&batch.events).await? {
            let (event, at) = (&batch.events[poison], batch.origins[poison]);
            let reason = "the database refuses it";
            verdicts[at] = self.quarantine(&deliveries[at], "refused", reason, Some(event)).await?;
        }
        Ok(verdicts)
    }

    /// Records what can be recorded and returns the positions of what cannot.
    async fn record_all(&self, events: &[Envelope]) -> Result<Vec<usize>, Stopped> {
        let mut poison = Vec::new();
        let mut waits = Waits::new();
        let mut parts = Vec::from_iter(Some(0..events.len()));
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.record(&events[part.clone()]).await {
                Ok(()) => waits = Waits::new(),
                Err(Failure::Refused) if part.len() == 1 => {
                    if self.is_refused_again(&events[part.clone()]).await? {
                        poison.push(part.start);
                    }
                }
                Err(Failure::Refused) => parts.extend(halves(part)),
                Err(Failure::Away(reason)) => {
                    self.readiness.waiting("db", reason);
                    waits.wait(&self.lifecycle).await?;
                    if part.len() > SMALLEST {
                        parts.extend(halves(part));
                    } else {
                        parts.push(part);
                    }
                }
            }
        }
        Ok(poison)
    }

    /// Whether an event that was refused alone is refused for good.
    async fn is_refused_again(&self, event: &[Envelope]) -> Result<bool, Stopped> {
        let mut waits = Waits::new();
        let mut refusals = 1;
        while refusals < REFUSALS {
            match self.record(event).await {
                Ok(()) => return Ok(false),
                Err(Failure::Refused) => refusals += 1,
                Err(Failure::Away(reason)) => {
                    self.readiness.waiting("db", reason);
                    waits.wait(&self.lifecycle).await?;
                }
            }
        }
        Ok(true)
    }

    /// One transaction, with conflicts tried again.
    async fn record(&self, events: &[Envelope]) -> Result<(), Failure> {
        let mut conflicts = 0;
        // Open as long as the transaction takes.
        let _spans = spans(events);
        let fold = |cdr: &mut Cdr, event: &Envelope| self.fold.merge(cdr, event);
        loop {
            let started = Instant::now();
            match self.stores.db.record(events, &fold).await {
                Ok(recorded) => {
                    moments::recorded(recorded, started.elapsed());
                    self.committed(events);
                    return Ok(());
                }
                Err(DbError::Conflict(_)) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    tokio::task::yield_now().await;
                }
                Err(error @ (DbError::Conflict(_) | DbError::Away(_) | DbError::Schema { .. })) => {
                    moments::retried("away", &error);
                    return Err(Failure::Away(error.to_string()));
                }
                Err(error @ DbError::Refused(_)) => {
                    moments::retried("refused", &error);
                    return Err(Failure::Refused);
                }
            }
        }
    }

    fn committed(&self, events: &[Envelope]) {
        self.readiness.ready("db");
        self.progress.moved();
        if let Some(oldest) = age(events) {
            moments::lag(oldest);
        }
        for event in events.iter().filter(|event| closes(&event.event)) {
            self.closed.tell(&event.key.call);
        }
    }

    /// Moves a delivery where a person will look at it; waits for the database as long as it takes.
    async fn quarantine(
        &self,
        delivery: &Delivery,
        why: &'static str,
        reason: &str,
        event: Option<&Envelope>,
    ) -> Result<Verdict, Stopped> {
        let mut waits = Waits::new();
        loop {
            match self.stores.db.quarantine(&delivery.payload, reason).await {
                Ok(()) => {
                    moments::quarantined(why, event);
                    return Ok(Verdict::Kept);
                }
                Err(error @ DbError::Refused(_)) => {
                    moments::not_even_quarantined(&error);
                    return Ok(Verdict::Homeless);
                }
                Err(error) => {
                    moments::retried("away", &error);
                    self.readiness.waiting("db", error.to_string());
                    waits.wait(&self.lifecycle).await?;
                }
            }
        }
    }
}

fn halves(part: Range<usize>) -> [Range<usize>; 2] {
    let middle = part.start + part.len() / 2;
    [middle..part.end, part.start..middle]
}

/// A span for each call that ends in these events, part of that call's trace: there the trace shows where the record was
/// closed.
fn spans(events: &[Envelope]) -> Vec<Span> {
    let ended = |event: &&Envelope| matches!(event.event, Event::Worker(CallEvent::Ended { .. }));
    let span = |event: &Envelope| {
        let span = tracing::info_span!("recorder.fold", call.id = %event.key.call, events = events.len());
        trace::adopt(&span, &event.trace);
        // A span begins when it is first entered.
        span.in_scope(|| ());
        span
    };
    events.iter().filter(ended).map(span).collect()
}

/// Whether a call may be over with this event.
fn closes(event: &Event) -> bool {
    match event {
        Event::Worker(event) => matches!(event, CallEvent::Ended { .. }),
        Event::Gateway(event) => matches!(event, GatewayEvent::Refused { .. }),
        Event::Twilio(_) => event.kind() == "status",
        Event::Tap(_) | Event::Recorder(_) => true,
    }
}
