//! Says, once, which calls were closed and are still incomplete a minute later: an event was lost, or a worker was
//! killed with words in its mouth. It only tells; the record itself is marked by the fold.

use crate::moments;
use common::clock::unix_ms;
use common::ids::CallId;
use common::lifecycle::Lifecycle;
use common::ports::Db;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long events of a closed call may be on their way: by then the outbox sweep has published what the bus never got.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How many closed calls wait to be looked at. Beyond it the newest are not looked at; they stay marked in the record.
const WAITING_MAX: usize = 10_000;
/// How many of the newest calls are looked at after a start, for those the process before did not get to.
const LOOK_BACK: u32 = 500;

/// Told of calls whose closing event was stored.
#[derive(Clone)]
pub(crate) struct Closed(mpsc::Sender<CallId>);

impl Closed {
    /// This call may be closed now.
    pub(crate) fn tell(&self, call: &CallId) {
        // A full queue loses only the log line.
        let _ = self.0.try_send(call.clone());
    }
}

/// The two ends.
pub(crate) fn closed_calls() -> (Closed, mpsc::Receiver<CallId>) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Closed(sender), receiver)
}

/// Looks at each closed call a minute after it was closed, until the lifecycle is stopped.
pub(crate) async fn run(db: Arc<dyn Db>, mut closed: mpsc::Receiver<CallId>, lifecycle: Lifecycle) {
    let mut due: BTreeMap<CallId, Instant> = not_looked_at(db.as_ref()).await;
    loop {
        let next = due.iter().min_by_key(|(_, at)| **at).map(|(call, at)| (call.clone(), *at));
        tokio::select! {
            call = closed.recv() => match call {
                Some(call) if due.len() < WAITING_MAX => {
                    due.insert(call, Instant::now() + PATIENCE);
                }
                Some(_) => {}
                None => return,
            },
            call = reached(next) => {
                due.remove(&call);
                look(db.as_ref(), &call).await;
            }
            () = lifecycle.stopped() => return,
        }
    }
}

/// Closed calls the process before this one did not look at: closed so lately that it cannot have.
async fn not_looked_at(db: &dyn Db) -> BTreeMap<CallId, Instant> {
    let calls = db.calls(LOOK_BACK).await.unwrap_or_default();
    let since = unix_ms().saturating_sub(2 * PATIENCE.as_millis() as u64);
    let late = calls.into_iter().filter(|cdr| !cdr.complete && !cdr.is_open() && cdr.ended_ms >= Some(since));
    late.map(|cdr| (cdr.call, Instant::now() + PATIENCE)).collect()
}

async fn reached(next: Option<(CallId, Instant)>) -> CallId {
    match next {
        Some((call, at)) => {
            tokio::time::sleep_until(at).await;
            call
        }
        None => std::future::pending().await,
    }
}

async fn look(db: &dyn Db, call: &CallId) {
    match db.cdr(call).await {
        Ok(Some(cdr)) if !cdr.complete && !cdr.is_open() => moments::incomplete(&cdr),
        Ok(_) => {}
        Err(error) => moments::waits_for("db", &error.to_string()),
    }
}
