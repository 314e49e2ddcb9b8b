//! Recordings that the telephone network makes: told when to begin and to rest, from a task beside the call.
//!
//! Before it: the session, which hands orders over without waiting. After it: the network's REST interface. The sound is
//! fetched by the recorder, when the network says that it is there.

use crate::moments;
use common::ids::{CallId, RecordingId};
use common::lifecycle::Lifecycle;
use common::ports::telephone::RecordingOrder;
use common::ports::{Recordings, TelephoneError};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Orders that wait for the one before. An agent that gives more in so short a time is not one of ours.
const ORDERS: usize = 16;

/// What the network is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Start,
    Change(RecordingOrder),
    Refuse,
}

/// One call's recording at the network.
pub struct Network {
    orders: mpsc::Sender<Order>,
    call: CallId,
}

impl Network {
    /// For a call; `status_url` is told when a recording is complete. The task ends with the last order.
    pub fn new(recordings: Arc<dyn Recordings>, call: CallId, status_url: String, lifecycle: &Lifecycle) -> Self {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let clerk = Clerk { recordings, call: call.clone(), status_url, recording: None };
        lifecycle.start("network recording", clerk.run(receiver));
        Self { orders, call }
    }

    /// Records from now on.
    pub fn start(&mut self) {
        self.give(Order::Start);
    }

    /// Changes the recording under way.
    pub fn change(&mut self, order: RecordingOrder) {
        self.give(Order::Change(order));
    }

    /// Nothing of it may be kept.
    pub fn refuse(&mut self) {
        self.give(Order::Refuse);
    }

    fn give(&mut self, order: Order) {
        if self.orders.try_send(order).is_err() {
            moments::network_recording_failed(&self.call, &"too many orders wait");
        }
    }
}

struct Clerk {
    recordings: Arc<dyn Recordings>,
    call: CallId,
    status_url: String,
    /// The one that was started here.
    recording: Option<RecordingId>,
}

impl Clerk {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match self.carry_out(order).await {
                Ok(()) | Err(TelephoneError::AlreadyOver) => {}
                Err(error) => moments::network_recording_failed(&self.call, &error),
            }
        }
    }

    async fn carry_out(&mut self, order: Order) -> Result<(), TelephoneError> {
        match order {
            Order::Start => {
                self.recording = Some(self.recordings.start(&self.call, &self.status_url).await?);
                Ok(())
            }
            Order::Change(order) => self.recordings.order(&self.call, order).await,
            Order::Refuse => {
                let stopped = self.recordings.order(&self.call, RecordingOrder::Stop).await;
                // One of an earlier part of the call is deleted by the recorder, which knows of the refusal.
                match &self.recording {
                    Some(recording) => self.recordings.delete(recording).await,
                    None => stopped,
                }
            }
        }
    }
}
