//! Step 6: events and checkpoints leave the worker, off the audio path. Before it the session driver, after it the
//! state store (session and outbox in one step) and the bus.
//!
//! A session hands over without waiting. One task a shard writes the call's news into the state store and then lets the
//! bus carry them; the outbox entry stays until the recorder has stored the event, so a lost message is sent again by
//! the sweeper. With the state store away events go straight to the bus; with both away they wait here, bounded, and
//! what must be shed is shed by class and counted. No call ever notices.

mod backlog;

use crate::moments;
use crate::session::SessionOrder;
use backlog::Backlog;
use bytes::Bytes;
use call::{At, CallEvent, ControlInput, Conversation, NextStep};
use common::clock;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source};
use common::ids::{CallId, CompanyId, Epoch, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{Bus, Fence, SessionStatus, SessionWrite, State, StateError, Telephone, TelephoneError};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Tasks that write. Each has one write under way, so a slow store delays at most an eighth of the calls' news.
const SHARDS: usize = 8;

/// News a shard's channel takes before its task has them in the backlog. Only a task that is not scheduled for seconds
/// lets it fill.
const CHANNEL: usize = 1_024;

/// Wait before the state store is asked again after a failure; doubles up to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// How long the end of a call waits for its last write before the line is closed: the gateway's answer to the network's
/// next question depends on it. Longer is dead air for the caller when the store is away.
const LAST_WRITE: Duration = Duration::from_millis(300);

/// What one session has to say, until it is handed over.
pub struct SessionNews {
    identity: Identity,
    sequence: u64,
    pending: Option<News>,
    fence: mpsc::Sender<SessionOrder>,
    answered_ms: u64,
}

/// Whose news: goes into every envelope.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Which call.
    pub call: CallId,
    /// Under which claim.
    pub epoch: Epoch,
    /// Whose.
    pub company: CompanyId,
    /// The call's trace context.
    pub trace: String,
}

/// What is handed over at once: one fenced write.
pub struct News {
    company: CompanyId,
    write: SessionWrite,
    fence: mpsc::Sender<SessionOrder>,
    /// Who waits until it is written.
    done: Vec<oneshot::Sender<Fence>>,
}

impl SessionNews {
    /// For a call answered now. `fence` hears when a newer claim exists.
    pub fn new(identity: Identity, fence: mpsc::Sender<SessionOrder>) -> Self {
        Self { identity, sequence: 0, pending: None, fence, answered_ms: clock::unix_ms() }
    }

    /// Which call.
    pub fn call(&self) -> &CallId {
        &self.identity.call
    }

    /// Adds an event.
    pub fn event(&mut self, at: At, event: CallEvent) {
        let key = EventKey {
            call: self.identity.call.clone(),
            source: Source::Worker,
            epoch: self.identity.epoch,
            sequence: self.sequence,
        };
        self.sequence += 1;
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            key,
            company: Some(self.identity.company.clone()),
            at_ms: self.answered_ms + at.as_millis() as u64,
            trace: self.identity.trace.clone(),
            event: Event::Worker(event),
        };
        self.write().events.push(envelope);
    }

    /// Adds the conversation as it stands.
    pub fn checkpoint(&mut self, conversation: &Conversation) {
        let json = serde_json::to_vec(conversation).expect("a conversation is plain JSON");
        self.write().checkpoint = Some(Bytes::from(json));
    }

    /// Notes who carries the call.
    pub fn live_at(&mut self, worker: &WorkerId) {
        let write = self.write();
        write.status = Some(SessionStatus::Live);
        write.worker = Some(worker.clone());
    }

    /// Notes where the call goes; [`NextStep::HangUp`] ends it.
    pub fn next(&mut self, next: NextStep) {
        let is_over = next == NextStep::HangUp;
        let write = self.write();
        write.next = Some(next);
        if is_over {
            write.status = Some(SessionStatus::Ended);
        }
    }

    /// Tells whether what has gathered until it is taken was written, or that a newer claim owns the call.
    pub fn stored(&mut self) -> oneshot::Receiver<Fence> {
        let (done, written) = oneshot::channel();
        self.pending().done.push(done);
        written
    }

    /// What has gathered since the last time.
    pub fn take(&mut self) -> Option<News> {
        self.pending.take()
    }

    fn write(&mut self) -> &mut SessionWrite {
        &mut self.pending().write
    }

    fn pending(&mut self) -> &mut News {
        self.pending.get_or_insert_with(|| News {
            company: self.identity.company.clone(),
            write: SessionWrite::new(self.identity.call.clone(), self.identity.epoch),
            fence: self.fence.clone(),
            done: Vec::new(),
        })
    }
}

/// Takes news without waiting. Cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    shards: Arc<[mpsc::Sender<News>]>,
    lifecycle: Lifecycle,
}

impl Publisher {
    /// Starts the shards' tasks. They end when the lifecycle stops and everything handed over has been written, or at a
    /// hard stop.
    pub fn start(state: Arc<dyn State>, bus: Arc<dyn Bus>, lifecycle: &Lifecycle) -> Self {
        let shards = (0..SHARDS).map(|_| {
            let (sender, receiver) = mpsc::channel(CHANNEL);
            let shard = Shard {
                state: state.clone(),
                bus: bus.clone(),
                receiver,
                backlog: Backlog::default(),
                retry_at: Instant::now(),
                wait: RETRY.0,
                away: Away::No,
            };
            lifecycle.start("publish", shard.run());
            sender
        });
        Self { shards: shards.collect(), lifecycle: lifecycle.clone() }
    }

    /// Hands news over; drops and counts them when a shard does not keep up.
    pub fn hand_over(&self, news: News) {
        let shard = shard_of(&news.write.call);
        if let Err(error) = self.shards[shard].try_send(news) {
            let news = error.into_inner();
            moments::events_shed("channel", news.write.events.len() as u64);
        }
    }

    /// Hands the last news of a call over and waits a bounded moment until they are written.
    pub async fn finish(&self, mut news: News) {
        let (done, written) = oneshot::channel();
        news.done.push(done);
        self.hand_over(news);
        // Both outcomes go on: an unwritten end is written later, or the network's own word closes the record.
        let _ = tokio::time::timeout(LAST_WRITE, written).await;
    }

    /// Ends the phone call by the telephone network's REST interface, in a task of its own.
    pub fn hang_up(&self, call: CallId, telephone: Arc<dyn Telephone>) {
        self.lifecycle.start("hang up", async move {
            match telephone.hang_up(&call).await {
                Ok(()) | Err(TelephoneError::AlreadyOver) => {}
                Err(error) => moments::hang_up_failed(&call, &error),
            }
        });
    }
}

fn shard_of(call: &CallId) -> usize {
    call.as_str().bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte as usize)) % SHARDS
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Away {
    No,
    Yes,
}

/// One task's part of the calls.
struct Shard {
    state: Arc<dyn State>,
    bus: Arc<dyn Bus>,
    receiver: mpsc::Receiver<News>,
    backlog: Backlog,
    retry_at: Instant,
    wait: Duration,
    away: Away,
}

impl Shard {
    async fn run(mut self) {
        loop {
            let idle = self.backlog.is_empty();
            tokio::select! {
                biased;
                news = self.receiver.recv() => match news {
                    Some(news) => self.take_in(news),
                    None if idle => return,
                    None => tokio::time::sleep_until(self.retry_at).await,
                },
                () = tokio::time::sleep_until(self.retry_at), if !idle => {}
            }
            while let Ok(news) = self.receiver.try_recv() {
                self.take_in(news);
            }
            if Instant::now() >= self.retry_at {
                self.write_all().await;
            }
        }
    }

    fn take_in(&mut self, news: News) {
        for class in self.backlog.add(news) {
            moments::events_shed(class, 1);
        }
    }

    /// Writes call by call until the backlog is empty or the store does not answer.
    async fn write_all(&mut self) {
        while let Some(mut news) = self.backlog.next() {
            match self.state.write(&news.write).await {
                Ok(written) => {
                    self.back();
                    self.written(news, written.fence, &written.outbox).await;
                }
                Err(error) => {
                    self.failed(&error);
                    self.publish_directly(&mut news).await;
                    self.backlog.put_back(news);
                    return;
                }
            }
        }
    }

    async fn written(&self, news: News, fence: Fence, outbox: &[common::ports::OutboxId]) {
        if news.write.status == Some(SessionStatus::Ended) {
            // Should this not be written, the count ends by itself.
            let _ = self.state.dismiss(&news.company, &news.write.call).await;
        }
        if fence == Fence::Fenced {
            moments::fenced(&news.write.call);
            // A session that is gone already needs no fence.
            let _ = news.fence.try_send(SessionOrder::Control(ControlInput::Fenced));
        } else {
            let publishing = news.write.events.iter().zip(outbox).map(|(event, id)| self.bus.publish(event, Some(id)));
            for result in join_all(publishing).await {
                moments::event_published(result.is_ok());
            }
        }
        for done in news.done {
            // Nobody waits any longer for a write that took too long.
            let _ = done.send(fence);
        }
    }

    /// The store is away: the bus may still be there. What it took need not be written again.
    async fn publish_directly(&self, news: &mut News) {
        let results = join_all(news.write.events.iter().map(|event| self.bus.publish(event, None))).await;
        let mut taken = results.iter().map(|result| result.is_ok());
        news.write.events.retain(|_| !taken.next().unwrap_or(false));
    }

    fn failed(&mut self, error: &StateError) {
        if self.away == Away::No {
            self.away = Away::Yes;
            moments::state_away(error);
        }
        self.retry_at = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(RETRY.1);
    }

    fn back(&mut self) {
        if self.away == Away::Yes {
            self.away = Away::No;
            moments::state_back();
        }
        self.retry_at = Instant::now();
        self.wait = RETRY.0;
    }
}
