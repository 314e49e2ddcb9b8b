//! Starting and stopping: every task has a name, is joined, and hears of the two steps of a stop.
//!
//! Soft: take nothing new, finish what is live. Hard: end now. The only place that may spawn a task.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Handed to every role and task.
#[derive(Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// A fresh one, running.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a named task. It should end soon after [`Lifecycle::stopped`]; at a hard stop it is dropped at its next
    /// await. A panic in it ends only this task, is logged and counted.
    pub fn start(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        #[allow(clippy::disallowed_methods, reason = "this is the one place")]
        let handle = tokio::spawn(self.tasks.track_future(async move {
            tokio::select! {
                biased;
                () = task => {}
                () = hard.cancelled() => {}
            }
        }));
        #[allow(clippy::disallowed_methods, reason = "this is the one place")]
        tokio::spawn(async move {
            if let Err(error) = handle.await
                && error.is_panic()
            {
                crate::telemetry::moments::task_panicked(name);
            }
        });
    }

    /// Asks everybody to take nothing new and finish.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Ends everybody now.
    pub fn kill(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Whether a stop has been asked for.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Waits for a stop to be asked for.
    pub async fn stopped(&self) {
        self.soft.cancelled().await;
    }

    /// A lifecycle under this one: it can be stopped alone, and stops with its parent. Its tasks are its own; whoever
    /// makes it joins it.
    pub fn child(&self) -> Self {
        Self { soft: self.soft.child_token(), hard: self.hard.child_token(), tasks: TaskTracker::new() }
    }

    /// Asks for a stop and joins; see [`Lifecycle::join`].
    pub async fn stop_and_join(&self, patience: Duration) -> usize {
        self.stop();
        self.join(patience).await
    }

    /// After a stop: waits until every task has ended, at most `patience`; then ends the rest. Returns how many had to
    /// be ended.
    pub async fn join(&self, patience: Duration) -> usize {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_ok() {
            return 0;
        }
        let left = self.tasks.len();
        self.hard.cancel();
        self.tasks.wait().await;
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_is_heard_and_a_stubborn_task_is_ended() {
        let lifecycle = Lifecycle::new();
        let polite = lifecycle.clone();
        lifecycle.start("polite", async move { polite.stopped().await });
        lifecycle.start("stubborn", std::future::pending());
        lifecycle.stop();
        assert_eq!(lifecycle.join(Duration::from_millis(1)).await, 1);
    }
}
