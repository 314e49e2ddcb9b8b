//! The books of one provider: what each of its sessions knows, readable while they go on writing.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The truth of every session, in the order they opened.
#[derive(Debug)]
pub(crate) struct Books<T> {
    sessions: Mutex<Vec<Arc<Mutex<T>>>>,
    /// Told whenever a session has done something.
    pub(crate) changed: Notify,
}

impl<T> Default for Books<T> {
    fn default() -> Self {
        Self { sessions: Mutex::default(), changed: Notify::new() }
    }
}

impl<T: Clone> Books<T> {
    /// Adds a session that has opened.
    pub(crate) fn open(&self, truth: Arc<Mutex<T>>) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(truth);
    }

    /// What each session knows so far.
    pub(crate) fn all(&self) -> Vec<T> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().map(|truth| truth.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    /// Waits until what the sessions know fulfils `wanted`; looked at whenever a session has done something.
    pub(crate) async fn until(&self, wanted: impl Fn(&[T]) -> bool) -> Vec<T> {
        loop {
            let changed = self.changed.notified();
            let sessions = self.all();
            if wanted(&sessions) {
                return sessions;
            }
            changed.await;
        }
    }
}
