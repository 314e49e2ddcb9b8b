//! The pool as this gateway last saw it, and reservations at its workers.
//!
//! The snapshot is refreshed all the time and used when the store is away: a worker's own answer to a reservation is
//! what counts, so an old hint costs one failed question and nothing else.

use crate::moments;
use crate::routing;
use common::clock;
use common::config::Policy;
use common::ids::{BootId, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{PoolEntry, State};
use common::reservation::{Reserve, Reserved};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// Between two refreshes.
const REFRESH: Duration = Duration::from_millis(500);

/// How old a snapshot may be. Beyond this nobody knows whether those workers still exist.
const USABLE: Duration = Duration::from_secs(60);

/// Workers that may fail to answer for one call. Each takes the reservation deadline, and the caller waits for all of them.
const UNANSWERED: usize = 3;

/// Workers asked for one call at most; one that says it is full says so at once.
const ASKED: usize = 16;

/// The word for a worker that has no seat.
const FULL: &str = "full";

/// The pool, seen from one gateway.
pub struct Pool {
    state: Arc<dyn State>,
    client: reqwest::Client,
    bearer: String,
    policy: Policy,
    deadline: Duration,
    turn: AtomicU64,
    snapshot: RwLock<Snapshot>,
}

struct Snapshot {
    entries: Vec<PoolEntry>,
    seen: Option<Instant>,
}

/// A seat that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose.
    pub worker: WorkerId,
    /// Which start of it.
    pub boot: BootId,
}

impl Pool {
    /// With an empty snapshot. `bearer` is the internal token.
    pub fn new(
        state: Arc<dyn State>,
        bearer: String,
        policy: Policy,
        deadline: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(deadline)
            .timeout(deadline)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        let snapshot = RwLock::new(Snapshot { entries: Vec::new(), seen: None });
        Ok(Self { state, client, bearer, policy, deadline, turn: AtomicU64::new(0), snapshot })
    }

    /// Keeps the snapshot fresh until the lifecycle stops.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        while !lifecycle.is_stopping() {
            self.look().await;
            tokio::time::sleep(REFRESH).await;
        }
    }

    /// Reserves a seat at the best worker that says yes; `None` when none does.
    pub async fn reserve(&self, reserve: &Reserve) -> Option<Seat> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let pool = self.look().await;
        let mut unanswered = 0;
        for entry in routing::rank(self.policy, &pool, turn).iter().take(ASKED) {
            self.note(&entry.worker.id).await;
            match self.ask(entry, reserve).await {
                Ok(seat) => {
                    moments::seat_granted();
                    return Some(seat);
                }
                Err(why) => {
                    moments::seat_not_granted(&reserve.call, &entry.worker.id, why);
                    unanswered += usize::from(why != FULL);
                }
            }
            if unanswered == UNANSWERED {
                break;
            }
        }
        None
    }

    /// Where a worker is reached, if it is in the pool. A worker that is new here is looked for once: another gateway
    /// may have found and reserved it a moment ago.
    pub async fn address_of(&self, worker: &WorkerId) -> Option<String> {
        let known = self.known_address(worker);
        if known.is_some() {
            return known;
        }
        self.look().await;
        self.known_address(worker)
    }

    fn known_address(&self, worker: &WorkerId) -> Option<String> {
        let snapshot = self.snapshot.read().expect("no code panics while it holds the snapshot");
        let entry = snapshot.entries.iter().find(|entry| entry.worker.id == *worker)?;
        Some(entry.worker.address.clone())
    }

    /// The pool now; the last snapshot where the store does not answer.
    async fn look(&self) -> Vec<PoolEntry> {
        if let Ok(entries) = self.state.pool().await {
            let mut snapshot = self.snapshot.write().expect("no code panics while it holds the snapshot");
            *snapshot = Snapshot { entries: entries.clone(), seen: Some(Instant::now()) };
            return entries;
        }
        let snapshot = self.snapshot.read().expect("no code panics while it holds the snapshot");
        let usable = snapshot.seen.is_some_and(|seen| seen.elapsed() < USABLE);
        if usable { snapshot.entries.clone() } else { Vec::new() }
    }

    /// Notes that a worker is given a call: before its answer, so that a call at the same moment goes elsewhere. In the
    /// store for all gateways, and in the snapshot for the time when the store is away.
    async fn note(&self, worker: &WorkerId) {
        let _ = self.state.assigned(worker).await;
        let mut snapshot = self.snapshot.write().expect("no code panics while it holds the snapshot");
        let entry = snapshot.entries.iter_mut().find(|entry| entry.worker.id == *worker);
        if let Some(entry) = entry {
            entry.last_assigned_ms = clock::unix_ms();
        }
    }

    async fn ask(&self, entry: &PoolEntry, reserve: &Reserve) -> Result<Seat, &'static str> {
        let url = format!("{}/reserve", entry.worker.address);
        let asking = async {
            let answer = self.client.post(url).bearer_auth(&self.bearer).json(reserve).send().await;
            let answer = answer.map_err(|_| "unreachable")?;
            match answer.status().as_u16() {
                200 => answer.json::<Reserved>().await.map_err(|_| "unreadable"),
                409 => Err(FULL),
                401 => Err("other_secret"),
                _ => Err("refused"),
            }
        };
        let reserved = tokio::time::timeout(self.deadline, asking).await.unwrap_or(Err("too_slow"))?;
        // A stale record may lead to another worker at the same address: its answer says who it is.
        if reserved.worker != entry.worker.id {
            return Err("other_worker");
        }
        Ok(Seat { worker: reserved.worker, boot: reserved.boot })
    }
}
