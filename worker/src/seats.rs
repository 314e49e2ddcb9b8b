//! How many calls this worker carries, who has them, and the lease that tells the pool.
//!
//! The worker's own count is the truth; what the pool knows is a hint. The lease is renewed only while media moves, so a
//! worker whose loops stand still disappears from the pool by itself.

use crate::moments;
use crate::prepare::Adopt;
use crate::session::SessionOrder;
use call::ControlInput;
use common::health::Readiness;
use common::ids::{BootId, CallId, Epoch, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{Lease, State, StateError, WorkerLoad, WorkerRecord};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

/// Between two beats, and how long a lease lasts. A lost worker is out of the pool after 2 s; four beats must fail before
/// a live one is.
const BEAT: Duration = Duration::from_millis(500);
const LEASE: Duration = Duration::from_secs(2);

/// With live calls, media must move at least this often for the lease to be renewed.
const MEDIA_STILL: Duration = Duration::from_secs(5);

/// The seats of one worker.
pub struct Seats {
    most: u32,
    draining: AtomicBool,
    taken: Mutex<BTreeMap<CallId, Seat>>,
    given_back: Notify,
    frames: Arc<AtomicU64>,
}

struct Seat {
    epoch: Epoch,
    holder: Holder,
}

enum Holder {
    /// A link is being prepared; whoever sends takes it over.
    Prepared(oneshot::Sender<Adopt>),
    /// A session runs.
    Live(mpsc::Sender<SessionOrder>),
}

/// Answer to a wish for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Every seat is taken.
    Full,
    /// No new calls: the worker is stopping.
    Draining,
    /// A newer claim of this call is here already.
    Stale,
}

/// Whether a call was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It will hear it next.
    Yes,
    /// It has too much to hear already, or is ending.
    TooBusy,
    /// It is not live at this worker.
    NotHere,
}

/// Answer to a wish for a seat.
pub enum Granted {
    /// It is new; prepare the agent.
    New(oneshot::Receiver<Adopt>),
    /// The same reservation was made before.
    Again,
}

impl Seats {
    /// Empty.
    pub fn new(most: u32) -> Arc<Self> {
        Arc::new(Self {
            most,
            draining: AtomicBool::new(false),
            taken: Mutex::new(BTreeMap::new()),
            given_back: Notify::new(),
            frames: Arc::default(),
        })
    }

    /// The count of audio frames passed, both ways.
    pub fn frames(&self) -> Arc<AtomicU64> {
        self.frames.clone()
    }

    /// Keeps a seat for a call under a claim.
    pub fn reserve(&self, call: &CallId, epoch: Epoch) -> Result<Granted, Refusal> {
        let mut taken = self.lock();
        let room = (taken.len() as u32) < self.most;
        match taken.entry(call.clone()) {
            Entry::Occupied(seat) if seat.get().epoch > epoch => Err(Refusal::Stale),
            Entry::Occupied(seat) if seat.get().epoch == epoch => Ok(Granted::Again),
            Entry::Occupied(mut seat) => {
                let (sender, receiver) = oneshot::channel();
                let old = seat.insert(Seat { epoch, holder: Holder::Prepared(sender) });
                old.fence();
                Ok(Granted::New(receiver))
            }
            Entry::Vacant(_) if self.draining.load(Ordering::Relaxed) => Err(Refusal::Draining),
            Entry::Vacant(_) if !room => Err(Refusal::Full),
            Entry::Vacant(seat) => {
                let (sender, receiver) = oneshot::channel();
                seat.insert(Seat { epoch, holder: Holder::Prepared(sender) });
                Ok(Granted::New(receiver))
            }
        }
    }

    /// Turns a reservation into a live call. `None` when there is none under this claim, or a stream has it already.
    pub fn go_live(
        &self,
        call: &CallId,
        epoch: Epoch,
        orders: mpsc::Sender<SessionOrder>,
    ) -> Option<oneshot::Sender<Adopt>> {
        let mut taken = self.lock();
        let seat = taken.get_mut(call).filter(|seat| seat.epoch == epoch)?;
        match std::mem::replace(&mut seat.holder, Holder::Live(orders)) {
            Holder::Prepared(adopt) => Some(adopt),
            Holder::Live(first) => {
                seat.holder = Holder::Live(first);
                None
            }
        }
    }

    /// Gives a seat back, if it is still held under this claim.
    pub fn release(&self, call: &CallId, epoch: Epoch) {
        let mut taken = self.lock();
        if taken.get(call).is_some_and(|seat| seat.epoch == epoch) {
            taken.remove(call);
            self.given_back.notify_waiters();
        }
    }

    /// Takes no new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Waits until no seat is taken, at most `patience`; says whether that came to be.
    pub async fn emptied(&self, patience: Duration) -> bool {
        let waiting = async {
            loop {
                // Asked for before looking, so that a seat given back in between is not missed.
                let given_back = self.given_back.notified();
                if self.lock().is_empty() {
                    return;
                }
                given_back.await;
            }
        };
        tokio::time::timeout(patience, waiting).await.is_ok()
    }

    /// Tells every live call; a call whose mailbox is full does not hear it and ends by its own limits.
    pub fn tell_all(&self, order: &SessionOrder) {
        for seat in self.lock().values() {
            if let Holder::Live(orders) = &seat.holder {
                let _ = orders.try_send(order.clone());
            }
        }
    }

    /// Tells one live call.
    pub fn tell(&self, call: &CallId, order: SessionOrder) -> Told {
        match self.lock().get(call).map(|seat| &seat.holder) {
            Some(Holder::Live(orders)) => match orders.try_send(order) {
                Ok(()) => Told::Yes,
                Err(_) => Told::TooBusy,
            },
            Some(Holder::Prepared(_)) | None => Told::NotHere,
        }
    }

    /// How busy.
    pub fn load(&self) -> WorkerLoad {
        WorkerLoad {
            seats: self.most,
            taken: self.lock().len() as u32,
            draining: self.draining.load(Ordering::Relaxed),
            frames: self.frames.load(Ordering::Relaxed),
        }
    }

    /// Calls with a running session.
    pub fn live(&self) -> u32 {
        self.lock().values().filter(|seat| matches!(seat.holder, Holder::Live(_))).count() as u32
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Seat>> {
        self.taken.lock().expect("no code panics while it holds the seats")
    }
}

impl Seat {
    /// The call is claimed anew: a live session falls silent, a prepared link is dropped with its sender.
    fn fence(self) {
        if let Holder::Live(orders) = self.holder {
            let _ = orders.try_send(SessionOrder::Control(ControlInput::Fenced));
        }
    }
}

/// Gives a seat back when it goes out of scope, also by a panic.
pub struct SeatGuard {
    seats: Arc<Seats>,
    call: CallId,
    epoch: Epoch,
}

impl SeatGuard {
    /// For a seat that was granted.
    pub fn new(seats: Arc<Seats>, call: CallId, epoch: Epoch) -> Self {
        Self { seats, call, epoch }
    }
}

impl Drop for SeatGuard {
    fn drop(&mut self) {
        self.seats.release(&self.call, self.epoch);
    }
}

/// Keeps this worker in the pool until the lifecycle's hard stop.
pub struct Beat {
    /// Where the pool is.
    pub state: Arc<dyn State>,
    /// The seats.
    pub seats: Arc<Seats>,
    /// Name.
    pub worker: WorkerId,
    /// This start.
    pub boot: BootId,
    /// Where gateways reach it.
    pub address: String,
    /// Hears whether the pool knows this worker.
    pub readiness: Readiness,
}

impl Beat {
    /// Beats until the lifecycle stops hard; retires the worker when a soft stop is asked for and no call is left.
    pub async fn run(self, lifecycle: Lifecycle) {
        let mut proof = Proof { frames: 0, moved: Instant::now() };
        let mut told = None;
        let mut still = false;
        let mut ticks = tokio::time::interval(BEAT);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let load = self.seats.load();
            moments::seats(load.seats, load.taken);
            if lifecycle.is_stopping() && load.taken == 0 {
                // The lease runs out by itself when this fails.
                let _ = self.state.retire(&self.worker, &self.boot).await;
                return;
            }
            if !proof.media_moves(&load, self.seats.live()) {
                if !std::mem::replace(&mut still, true) {
                    moments::media_still(&self.worker);
                }
                continue;
            }
            still = false;
            let busy = (load.taken, load.draining);
            let result = self.renew(load, told == Some(busy)).await;
            told = result.is_ok().then_some(busy);
            self.note(&result);
        }
    }

    /// Renews the lease; writes the full record when it changed or was forgotten.
    async fn renew(&self, load: WorkerLoad, unchanged: bool) -> Result<(), StateError> {
        if unchanged && self.state.renew(&self.worker, &self.boot, LEASE).await? == Lease::Held {
            return Ok(());
        }
        let record = WorkerRecord {
            id: self.worker.clone(),
            boot: self.boot.clone(),
            address: self.address.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            load,
        };
        self.state.register(&record, LEASE).await
    }

    fn note(&self, result: &Result<(), StateError>) {
        moments::lease_renewed(result.is_ok());
        match result {
            Ok(()) => self.readiness.ready("pool"),
            Err(error) => self.readiness.waiting("pool", error.to_string()),
        }
    }
}

/// Remembers when media moved last.
struct Proof {
    frames: u64,
    moved: Instant,
}

impl Proof {
    fn media_moves(&mut self, load: &WorkerLoad, live: u32) -> bool {
        if load.frames != self.frames || live == 0 {
            self.frames = load.frames;
            self.moved = Instant::now();
        }
        self.moved.elapsed() < MEDIA_STILL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(n: u32) -> CallId {
        CallId::parse(format!("CA{n:032x}")).unwrap()
    }

    #[test]
    fn a_seat_is_given_once_and_comes_back() {
        let seats = Seats::new(1);
        assert!(matches!(seats.reserve(&call(1), Epoch(1)), Ok(Granted::New(_))));
        assert!(matches!(seats.reserve(&call(1), Epoch(1)), Ok(Granted::Again)));
        assert_eq!(seats.reserve(&call(2), Epoch(1)).err(), Some(Refusal::Full));
        drop(SeatGuard::new(seats.clone(), call(1), Epoch(1)));
        assert!(seats.reserve(&call(2), Epoch(1)).is_ok());
    }

    #[test]
    fn only_one_stream_gets_a_call() {
        let seats = Seats::new(9);
        let _kept = seats.reserve(&call(1), Epoch(1));
        let (control, _mailbox) = mpsc::channel(1);
        assert!(seats.go_live(&call(1), Epoch(1), control.clone()).is_some());
        assert!(seats.go_live(&call(1), Epoch(1), control.clone()).is_none());
        assert!(seats.go_live(&call(1), Epoch(2), control).is_none());
    }

    #[test]
    fn a_newer_claim_fences_the_older_session() {
        let seats = Seats::new(9);
        let _kept = seats.reserve(&call(1), Epoch(1));
        let (control, mut mailbox) = mpsc::channel(1);
        let _adopt = seats.go_live(&call(1), Epoch(1), control);
        assert!(matches!(seats.reserve(&call(1), Epoch(2)), Ok(Granted::New(_))));
        assert!(matches!(mailbox.try_recv(), Ok(SessionOrder::Control(ControlInput::Fenced))));
        assert_eq!(seats.reserve(&call(1), Epoch(1)).err(), Some(Refusal::Stale));
        seats.release(&call(1), Epoch(1));
        assert_eq!(seats.load().taken, 1, "the older session's end does not give the newer seat away");
    }

    #[test]
    fn a_draining_worker_takes_no_new_call() {
        let seats = Seats::new(9);
        seats.drain();
        assert_eq!(seats.reserve(&call(1), Epoch(1)).err(), Some(Refusal::Draining));
    }
}
