//! The gateway's own events: into the outbox before the telephone network gets its answer, and on to the bus.
//!
//! With the state store away they go straight to the bus; with both away they are counted as unwitnessed, and the call is
//! answered all the same: Twilio's own callback will still tell of it.

use crate::moments;
use common::clock;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source};
use common::ids::{CallId, CompanyId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::{Bus, OutboxId, SessionWrite, State};
use common::telemetry::trace;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer waits for its event to be written.
const BUDGET: Duration = Duration::from_millis(100);

/// Writes the gateway's events.
#[derive(Clone)]
pub struct Witness {
    state: Arc<dyn State>,
    bus: Arc<dyn Bus>,
    lifecycle: Lifecycle,
}

impl Witness {
    /// On these ports.
    pub fn new(state: Arc<dyn State>, bus: Arc<dyn Bus>, lifecycle: Lifecycle) -> Self {
        Self { state, bus, lifecycle }
    }

    /// Writes a session together with its events.
    pub async fn write(&self, write: SessionWrite) {
        let call = write.call.clone();
        let events = write.events.clone();
        let outbox = match tokio::time::timeout(BUDGET, self.state.write(&write)).await {
            Ok(Ok(written)) => written.outbox,
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        self.carry(&call, events, outbox);
    }

    /// Writes events that belong to no session.
    pub async fn tell(&self, call: &CallId, events: Vec<Envelope>) {
        let outbox = match tokio::time::timeout(BUDGET, self.state.enqueue(&events)).await {
            Ok(Ok(outbox)) => outbox,
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        self.carry(call, events, outbox);
    }

    /// Lets the bus carry them, behind the answer's back. What stands in the outbox is sent again until it is recorded.
    fn carry(&self, call: &CallId, events: Vec<Envelope>, outbox: Vec<OutboxId>) {
        let (bus, call) = (self.bus.clone(), call.clone());
        self.lifecycle.start("carry events", async move {
            for (position, event) in events.iter().enumerate() {
                let id = outbox.get(position);
                let published = bus.publish(event, id).await.is_ok();
                moments::event_published(published);
                if !published && id.is_none() {
                    moments::unwitnessed(&call);
                }
            }
        });
    }
}

/// An envelope around an event seen now.
pub fn envelope(
    call: &CallId,
    source: Source,
    epoch: Epoch,
    sequence: u64,
    company: Option<&CompanyId>,
    event: Event,
) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: call.clone(), source, epoch, sequence },
        company: company.cloned(),
        at_ms: clock::unix_ms(),
        trace: trace::current(),
        event,
    }
}
