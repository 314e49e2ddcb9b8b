//! Notices a recorder that is alive and records nothing: a batch is held and no commit comes. It only tells; whoever
//! runs the process restarts it when it is not ready for long.

use crate::moments;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The condition it keeps.
const CONDITION: &str = "recorder";
/// How long a batch may be held without a commit. Shorter rings at every restart of a database.
const PATIENCE: Duration = Duration::from_secs(30);

/// Since when a batch has been held without progress; `None` when none is held.
pub(crate) type Held = Option<Instant>;

/// Told of every step by the one who consumes.
pub(crate) struct Progress(watch::Sender<Held>);

impl Progress {
    /// A batch is held, or a part of it was committed.
    pub(crate) fn moved(&self) {
        self.0.send_replace(Some(Instant::now()));
    }

    /// No batch is held.
    pub(crate) fn idle(&self) {
        self.0.send_replace(None);
    }
}

/// The two ends.
pub(crate) fn watch() -> (Progress, watch::Receiver<Held>) {
    let (sender, receiver) = watch::channel(None);
    (Progress(sender), receiver)
}

/// Watches until the recorder is stopped or gone.
pub(crate) async fn run(mut held: watch::Receiver<Held>, readiness: Readiness, lifecycle: Lifecycle) {
    loop {
        readiness.ready(CONDITION);
        let since = *held.borrow_and_update();
        let changed = tokio::select! {
            changed = held.changed() => changed,
            () = overdue(since) => {
                moments::stuck(PATIENCE);
                readiness.waiting(CONDITION, format!("no batch was recorded for {} s", PATIENCE.as_secs()));
                held.changed().await
            }
            () = lifecycle.stopped() => return,
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn overdue(since: Held) {
    match since {
        Some(since) => tokio::time::sleep_until(since + PATIENCE).await,
        None => std::future::pending().await,
    }
}
