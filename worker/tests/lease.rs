//! The pool knows a worker by its beat, and the beat needs media that moves. Time stands still except where a test
//! moves it.

use adapters::state::Embedded;
use common::health::Readiness;
use common::ids::{BootId, CallId, Epoch, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{PoolEntry, State};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use worker::seats::{Beat, Seats};

const BEAT: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn a_worker_is_in_the_pool_within_a_beat() {
    let beating = Beating::start();
    beating.pass(BEAT).await;
    let entry = beating.entry().await.unwrap();
    assert_eq!((entry.worker.id.as_str(), entry.worker.address.as_str()), ("worker-3", "http://10.0.0.7:8090"));
    assert_eq!((entry.worker.load.seats, entry.worker.load.taken), (2, 0));
    assert!(beating.readiness.report().ready);
}

#[tokio::test(start_paused = true)]
async fn it_stays_as_long_as_it_beats() {
    let beating = Beating::start();
    beating.pass(Duration::from_secs(60)).await;
    assert!(beating.entry().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_gone_is_out_of_the_pool_after_two_seconds() {
    let beating = Beating::start();
    beating.pass(BEAT).await;
    beating.lifecycle.kill();
    beating.pass(Duration::from_millis(2_100)).await;
    assert_eq!(beating.entry().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_pool_hears_of_a_seat_taken_and_given_back() {
    let beating = Beating::start();
    let taken = async || beating.entry().await.unwrap().worker.load.taken;
    let _reservation = beating.seats.reserve(&call(1), Epoch(1));
    beating.pass(BEAT).await;
    assert_eq!(taken().await, 1);
    beating.seats.release(&call(1), Epoch(1));
    beating.pass(BEAT).await;
    assert_eq!(taken().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_the_store_has_forgotten_registers_again() {
    let beating = Beating::start();
    beating.pass(BEAT).await;
    beating.state.flush();
    assert_eq!(beating.entry().await, None);
    beating.pass(BEAT).await;
    assert!(beating.entry().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_full_store_still_takes_the_beat() {
    let beating = Beating::start();
    beating.pass(BEAT).await;
    beating.state.set_full(true);
    beating.pass(Duration::from_secs(10)).await;
    assert!(beating.entry().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn without_the_store_the_worker_says_why_it_is_not_ready_and_comes_back() {
    let beating = Beating::start();
    beating.pass(BEAT).await;
    beating.state.set_away(true);
    beating.pass(BEAT).await;
    let reason = beating.readiness.report().waiting.remove("pool").unwrap();
    assert!(reason.contains("state store is away"), "{reason}");
    beating.state.set_away(false);
    beating.pass(BEAT).await;
    assert!(beating.readiness.report().ready);
    assert!(beating.entry().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_calls_carry_no_audio_leaves_the_pool() {
    let beating = Beating::start();
    let _kept = live_call(&beating.seats);
    beating.pass(Duration::from_secs(4)).await;
    assert!(beating.entry().await.is_some(), "a pause is no proof");
    beating.pass(Duration::from_secs(4)).await;
    assert_eq!(beating.entry().await, None);
    beating.seats.frames().fetch_add(1, Ordering::Relaxed);
    beating.pass(BEAT).await;
    assert!(beating.entry().await.is_some(), "it is back when audio moves");
}

#[tokio::test(start_paused = true)]
async fn a_draining_worker_says_so_and_leaves_when_it_is_empty() {
    let beating = Beating::start();
    let _reservation = beating.seats.reserve(&call(1), Epoch(1));
    beating.seats.drain();
    beating.lifecycle.stop();
    beating.pass(BEAT).await;
    assert!(beating.entry().await.unwrap().worker.load.draining);
    beating.seats.release(&call(1), Epoch(1));
    beating.pass(BEAT).await;
    assert_eq!(beating.entry().await, None);
}

/// A worker's beat and nothing else of it.
struct Beating {
    state: Embedded,
    seats: Arc<Seats>,
    readiness: Readiness,
    lifecycle: Lifecycle,
}

impl Beating {
    fn start() -> Self {
        let (state, seats, lifecycle) = (Embedded::new(), Seats::new(2), Lifecycle::new());
        let readiness = Readiness::expecting(&["pool"]);
        let beat = Beat {
            state: Arc::new(state.clone()),
            seats: seats.clone(),
            worker: WorkerId::parse("worker-3").unwrap(),
            boot: BootId::fresh(),
            address: "http://10.0.0.7:8090".to_owned(),
            readiness: readiness.clone(),
        };
        lifecycle.start("beat", beat.run(lifecycle.clone()));
        Self { state, seats, readiness, lifecycle }
    }

    /// Lets so much time pass, and a little: what happens at its end has happened.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time + Duration::from_millis(1)).await;
    }

    async fn entry(&self) -> Option<PoolEntry> {
        let away = "a test that looks has brought the store back";
        self.state.pool().await.expect(away).pop()
    }
}

fn live_call(seats: &Seats) -> impl Sized {
    let reservation = seats.reserve(&call(1), Epoch(1));
    let (control, mailbox) = mpsc::channel(1);
    let adopt = seats.go_live(&call(1), Epoch(1), control);
    (reservation.is_ok(), mailbox, adopt)
}

fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).unwrap()
}
