//! The queues of an account: who waits in which, and at which place.
//!
//! `phone/queue.rs` enters for `<Enqueue>` and takes the first for `<Dial><Queue>`. What is played meanwhile, and what
//! becomes of two calls brought together, is not decided here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::calls::Method;

/// Handed to a call that is taken out of a queue.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Who took it.
    pub(crate) by: String,
    /// What the taken call shall hear before the two are connected.
    pub(crate) url: Option<(String, Method)>,
    /// Cancelled when either goes.
    pub(crate) over: CancellationToken,
    /// Told when the taken call has heard it and the two may talk.
    pub(crate) ready: oneshot::Sender<()>,
}

/// A call that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) call_sid: String,
    pub(crate) since: Instant,
    pub(crate) taken: oneshot::Sender<Taken>,
}

/// What a waiting call is told about its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The first is at 1.
    pub(crate) position: usize,
    pub(crate) size: usize,
    /// How long those who wait have been waiting, on average.
    pub(crate) average: Duration,
}

#[derive(Debug)]
struct Queue {
    sid: String,
    waiting: VecDeque<Waiting>,
    newcomer: Arc<Notify>,
}

/// The queues by name; a queue stays once it was named.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<String, Queue>>);

impl Queues {
    /// Joins the end of a queue; gives its SID and what will bring the news, or nothing if `most` wait already.
    pub(crate) fn enter(
        &self,
        name: &str,
        new_sid: String,
        call_sid: &str,
        most: usize,
    ) -> Option<(String, oneshot::Receiver<Taken>)> {
        let mut queues = self.lock();
        let queue = entry(&mut queues, name, new_sid);
        if queue.waiting.len() >= most {
            return None;
        }
        let (taken, news) = oneshot::channel();
        queue.waiting.push_back(Waiting { call_sid: call_sid.to_owned(), since: Instant::now(), taken });
        queue.newcomer.notify_one();
        Some((queue.sid.clone(), news))
    }

    /// Goes out of a queue, if it is still in it.
    pub(crate) fn leave(&self, name: &str, call_sid: &str) {
        if let Some(queue) = self.lock().get_mut(name) {
            queue.waiting.retain(|one| one.call_sid != call_sid);
        }
    }

    /// Takes the first out; if there is nobody, says how to learn of the next.
    pub(crate) fn take(&self, name: &str, new_sid: String) -> Result<Waiting, Arc<Notify>> {
        let mut queues = self.lock();
        let queue = entry(&mut queues, name, new_sid);
        queue.waiting.pop_front().ok_or_else(|| Arc::clone(&queue.newcomer))
    }

    /// The place of a call in a queue.
    pub(crate) fn place(&self, name: &str, call_sid: &str) -> Option<Place> {
        let queues = self.lock();
        let waiting = &queues.get(name)?.waiting;
        let position = waiting.iter().position(|one| one.call_sid == call_sid)? + 1;
        let total: Duration = waiting.iter().map(|one| one.since.elapsed()).sum();
        let size = waiting.len();
        Some(Place { position, size, average: total / u32::try_from(size).unwrap_or(u32::MAX) })
    }

    /// How many wait.
    pub(crate) fn size(&self, name: &str) -> usize {
        self.lock().get(name).map_or(0, |queue| queue.waiting.len())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Queue>> {
        self.0.lock().expect("nobody panics while holding the queues")
    }
}

fn entry<'a>(queues: &'a mut HashMap<String, Queue>, name: &str, new_sid: String) -> &'a mut Queue {
    queues.entry(name.to_owned()).or_insert_with(|| Queue {
        sid: new_sid,
        waiting: VecDeque::new(),
        newcomer: Arc::new(Notify::new()),
    })
}
