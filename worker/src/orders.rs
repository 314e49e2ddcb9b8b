//! What operators and new configurations want of live calls: heard on the bus, told to their sessions.
//!
//! Before it: the API, and `patchbay agents apply`. After it: the session of the call, by its mailbox. It never waits for
//! a call and no call waits for it: with the bus away orders are lost, and it listens again when the bus is back.

use crate::moments;
use crate::seats::Seats;
use crate::session::SessionOrder;
use bytes::Bytes;
use call::{ControlInput, EndBy};
use common::control::{CALLS, CONFIG, CallOrder, ConfigChanged, Order, Reach};
use common::ports::bus::futures::BoxStream;
use common::ports::{Bus, Directory};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Between two tries to listen. An order is lost while nobody listens, so it is short; shorter would bother a bus that
/// is just coming back.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Longest wait for the configuration.
const LOAD: Duration = Duration::from_secs(2);

/// Brings orders from the bus to the calls of one worker.
pub struct Orders {
    /// Where they come from.
    pub bus: Arc<dyn Bus>,
    /// Where a changed configuration is.
    pub directory: Arc<dyn Directory>,
    /// Who has the calls.
    pub seats: Arc<Seats>,
}

impl Orders {
    /// Listens for ever.
    pub async fn run(self) {
        let obeying = async {
            let mut orders = Topic::new(&self.bus, CALLS);
            loop {
                self.order(&orders.next().await);
            }
        };
        let configuring = async {
            let mut changes = Topic::new(&self.bus, CONFIG);
            loop {
                self.changed(&changes.next().await).await;
            }
        };
        tokio::join!(obeying, configuring);
    }

    fn order(&self, payload: &[u8]) {
        let Ok(CallOrder { call, order }) = serde_json::from_slice(payload) else {
            return moments::order_unreadable(CALLS);
        };
        let input = match order {
            Order::Say(words) => ControlInput::Say(words),
            Order::Finish => ControlInput::Finish(EndBy::Operator),
            Order::HangUp => ControlInput::HangUp,
            Order::Go(step) => ControlInput::Leave(step),
        };
        moments::order_given(&call, self.seats.tell(&call, SessionOrder::Control(input)));
    }

    async fn changed(&self, payload: &[u8]) {
        let Ok(ConfigChanged { company, reach, .. }) = serde_json::from_slice(payload) else {
            return moments::order_unreadable(CONFIG);
        };
        if reach == Reach::NewCalls || self.seats.live() == 0 {
            return;
        }
        let configuration = match timeout(LOAD, self.directory.configuration()).await {
            Ok(Ok(configuration)) => configuration,
            Ok(Err(error)) => return moments::configuration_not_loaded(&company, &error.to_string()),
            Err(_) => return moments::configuration_not_loaded(&company, "the database does not answer in time"),
        };
        let (revision, mut companies) = (configuration.revision, configuration.roster.companies);
        if let Some(changed) = companies.remove(&company) {
            self.seats.tell_all(&SessionOrder::Configure(Arc::new(changed)));
            moments::configuration_pushed(&company, revision);
        }
    }
}

/// One topic of the bus, listened to again and again.
struct Topic {
    bus: Arc<dyn Bus>,
    name: &'static str,
    messages: Option<BoxStream<Bytes>>,
}

impl Topic {
    fn new(bus: &Arc<dyn Bus>, name: &'static str) -> Self {
        Self { bus: bus.clone(), name, messages: None }
    }

    async fn next(&mut self) -> Bytes {
        loop {
            if let Some(messages) = &mut self.messages {
                if let Some(payload) = messages.next().await {
                    return payload;
                }
                self.messages = None;
                sleep(LISTEN_AGAIN).await;
            }
            self.messages = Some(self.subscribed().await);
        }
    }

    /// Tries until the bus is there; says once that it is not.
    async fn subscribed(&mut self) -> BoxStream<Bytes> {
        let mut failures = 0_u64;
        loop {
            match self.bus.listen(self.name).await {
                Ok(messages) => return messages,
                Err(error) if failures == 0 => moments::orders_away(self.name, &error),
                Err(_) => {}
            }
            failures += 1;
            sleep(LISTEN_AGAIN).await;
        }
    }
}
