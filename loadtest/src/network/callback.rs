//! How the network tells the application what happens: signed requests nobody waits for, and which may go astray.
//!
//! Calls (`phone/status.rs`, `phone/detect.rs`), messages and recordings tell through here; each event is a request of
//! its own. Whether one is lost, doubled or late is decided by `faults.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::sleep;

use super::faults::Fate;
use super::webhook::{Answer, NoAnswer, Params, Question, Signing};
use super::{Method, Network};

/// What became of the callbacks of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CallbackCounts {
    /// Events to be told.
    pub events: u64,
    /// Lost on purpose.
    pub lost: u64,
    /// Told twice on purpose.
    pub doubled: u64,
    /// Told late on purpose.
    pub late: u64,
    /// Told, and not answered with success.
    pub failed: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    events: AtomicU64,
    lost: AtomicU64,
    doubled: AtomicU64,
    late: AtomicU64,
    failed: AtomicU64,
}

impl Callbacks {
    pub(super) fn read(&self) -> CallbackCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CallbackCounts {
            events: of(&self.events),
            lost: of(&self.lost),
            doubled: of(&self.doubled),
            late: of(&self.late),
            failed: of(&self.failed),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Network {
    /// Tells the application, as reliably as the faults let; the answer, or none where the request was lost.
    pub(crate) async fn tell(&self, question: &Question) -> Option<Result<Answer, NoAnswer>> {
        let counts = &self.0.callbacks;
        count(&counts.events);
        let answer = match self.0.troubles.of_callback() {
            Fate::Lost => {
                count(&counts.lost);
                return None;
            }
            Fate::Twice => {
                count(&counts.doubled);
                let (one, _) = tokio::join!(self.ask(question), self.ask(question));
                one
            }
            Fate::Once { after } => {
                if !after.is_zero() {
                    count(&counts.late);
                    sleep(after).await;
                }
                self.ask(question).await
            }
        };
        if !answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status)) {
            count(&counts.failed);
        }
        Some(answer)
    }

    /// Tells the application in the background, where nobody cares for the answer.
    pub(super) fn tell_soon(&self, url: String, method: Method, params: Params) {
        let question = Question { url, method, params, idempotency_token: self.sid(""), signing: Signing::Right };
        let network = self.clone();
        tokio::spawn(async move { network.tell(&question).await });
    }
}
