//! Waiting on hold: the document of a `waitUrl`, over and over.
//!
//! `conference.rs` and `queue.rs` hold a call until there is somebody to talk to, and then drop the wait wherever it is.
//! Only the call itself ends it from within: by going, by being sent elsewhere, or by `<Leave>`.

use std::future::pending;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use super::call::{Call, Flow, Place};
use super::document::Ask;
use super::verbs::params;
use super::wait::Waited;
use crate::network::{Method, Params, Source};

/// The least a round takes in real time, so that a document without a wait in it is not asked for without end.
const ROUND: Duration = Duration::from_millis(20);

/// What a call on hold listens to.
pub(super) struct Hold {
    pub(super) place: Place,
    /// The wait document; music without end if there is none.
    pub(super) url: Option<(String, Method)>,
    /// The name and SID of the queue, whose places the document is told.
    pub(super) queue: Option<(String, String)>,
}

impl Call {
    /// Holds the call until it goes. Boxed, because a document on hold is carried out like any other.
    pub(super) fn hold(&mut self, hold: Hold) -> BoxFuture<'_, Flow> {
        Box::pin(async move {
            let place = std::mem::replace(&mut self.place, hold.place);
            let flow = match &hold.url {
                Some((url, method)) => self.rounds(&hold, url, *method).await,
                None => self.music().await,
            };
            self.place = place;
            flow
        })
    }

    /// The wait was dropped, wherever it was.
    pub(super) fn off_hold(&mut self) {
        (self.place, self.gathers) = (Place::Call, false);
    }

    async fn rounds(&mut self, hold: &Hold, url: &str, method: Method) -> Flow {
        let mut next = None;
        loop {
            let began = Instant::now();
            let first = || Ask::of(Source::Url { url: url.to_owned(), method });
            let ask = next.take().unwrap_or_else(first).and(self.place_told(hold));
            let flow = match self.fetch(ask).await {
                Ok(page) => self.perform(page).await,
                // The caller hears nothing, and waits on.
                Err(_) => self.music().await,
            };
            match flow {
                Flow::Next => {}
                Flow::Goto(ask) => next = Some(ask),
                gone => return gone,
            }
            sleep_until(began + ROUND).await;
        }
    }

    async fn music(&mut self) -> Flow {
        loop {
            if let Waited::Elsewhere(flow) = self.wait_for(None, pending::<()>()).await {
                return flow;
            }
        }
    }

    /// Where the call stands in its queue, for the document and for the truth.
    fn place_told(&mut self, hold: &Hold) -> Params {
        let Some((name, sid)) = &hold.queue else { return Vec::new() };
        let Some(place) = self.network.queues().place(name, &self.sid) else { return Vec::new() };
        let Some(truth) = self.truth.queues.last_mut() else { return Vec::new() };
        truth.positions.push(place.position);
        let waited = self.own(self.queued_at.elapsed()).as_secs();
        params([
            ("QueueSid", sid.clone()),
            ("QueueTime", waited.to_string()),
            ("QueuePosition", place.position.to_string()),
            ("CurrentQueueSize", place.size.to_string()),
            ("AvgQueueTime", self.own(place.average).as_secs().to_string()),
        ])
    }
}
