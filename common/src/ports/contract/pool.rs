//! The pool of workers: a lease each, which ends when nobody renews it.

use super::{LONG, SHORT, eventually};
use crate::ids::{BootId, WorkerId};
use crate::ports::{Lease, PoolEntry, State, WorkerLoad, WorkerRecord};

/// It is found with everything it said of itself.
pub async fn a_registered_worker_is_in_the_pool(state: &dyn State) {
    let worker = worker("worker-0");
    state.register(&worker, LONG).await.unwrap();
    assert_eq!(state.pool().await.unwrap(), [PoolEntry { worker, last_assigned_ms: 0 }]);
}

/// Nobody has to take a dead worker out.
pub async fn a_silent_worker_leaves_the_pool(state: &dyn State) {
    let silent = worker("worker-0");
    state.register(&silent, SHORT).await.unwrap();
    eventually("the silent worker left", async || find(state, &silent).await.is_none()).await;
}

/// A renewal counts from when it was made.
pub async fn a_worker_that_renews_stays(state: &dyn State) {
    let (busy, silent) = (worker("worker-0"), worker("worker-1"));
    state.register(&busy, SHORT).await.unwrap();
    assert_eq!(state.renew(&busy.id, &busy.boot, LONG).await.unwrap(), Lease::Held);
    state.register(&silent, SHORT).await.unwrap();
    eventually("the silent worker left", async || find(state, &silent).await.is_none()).await;
    assert!(find(state, &busy).await.is_some());
}

/// So that it can register again, instead of being invisible for ever.
pub async fn a_forgotten_worker_is_told_so(state: &dyn State) {
    let worker = worker("worker-0");
    assert_eq!(state.renew(&worker.id, &worker.boot, LONG).await.unwrap(), Lease::Forgotten);
    assert_eq!(state.pool().await.unwrap(), []);
    state.register(&worker, SHORT).await.unwrap();
    eventually("the worker was forgotten", async || find(state, &worker).await.is_none()).await;
    assert_eq!(state.renew(&worker.id, &worker.boot, LONG).await.unwrap(), Lease::Forgotten);
    state.register(&worker, LONG).await.unwrap();
    assert_eq!(state.renew(&worker.id, &worker.boot, LONG).await.unwrap(), Lease::Held);
}

/// A worker that stops says so, and gets no call more.
pub async fn a_retired_worker_is_gone_at_once(state: &dyn State) {
    let (gone, stays) = (worker("worker-0"), worker("worker-1"));
    state.register(&gone, LONG).await.unwrap();
    state.register(&stays, LONG).await.unwrap();
    state.retire(&gone.id, &gone.boot).await.unwrap();
    assert!(find(state, &gone).await.is_none());
    assert!(find(state, &stays).await.is_some());
    assert_eq!(state.renew(&gone.id, &gone.boot, LONG).await.unwrap(), Lease::Forgotten);
    state.retire(&gone.id, &gone.boot).await.unwrap();
}

/// The process before a restart may still be at its last breath.
pub async fn an_old_start_can_neither_renew_nor_retire_the_new_one(state: &dyn State) {
    let old = worker("worker-0");
    let new = WorkerRecord { boot: BootId::fresh(), ..old.clone() };
    state.register(&old, LONG).await.unwrap();
    state.register(&new, LONG).await.unwrap();
    assert_eq!(state.renew(&old.id, &old.boot, SHORT).await.unwrap(), Lease::Forgotten);
    state.retire(&old.id, &old.boot).await.unwrap();
    assert_eq!(find(state, &old).await.map(|entry| entry.worker), Some(new.clone()));
    assert_eq!(state.renew(&new.id, &new.boot, LONG).await.unwrap(), Lease::Held);
}

/// Its load changes with every beat.
pub async fn a_new_record_replaces_the_old(state: &dyn State) {
    let idle = worker("worker-0");
    let load = WorkerLoad { seats: 50, taken: 7, draining: true, frames: 123_456_789_012 };
    let draining = WorkerRecord { load, ..idle.clone() };
    state.register(&idle, LONG).await.unwrap();
    state.register(&draining, LONG).await.unwrap();
    assert_eq!(state.pool().await.unwrap(), [PoolEntry { worker: draining, last_assigned_ms: 0 }]);
}

/// The next call goes to whoever waited longest, also when its record was renewed in between.
pub async fn an_assignment_is_remembered(state: &dyn State) {
    let (first, second) = (worker("worker-0"), worker("worker-1"));
    for worker in [&first, &second] {
        state.register(worker, LONG).await.unwrap();
        state.assigned(&worker.id).await.unwrap();
    }
    state.register(&first, LONG).await.unwrap();
    let first = find(state, &first).await.unwrap().last_assigned_ms;
    let second = find(state, &second).await.unwrap().last_assigned_ms;
    assert!(0 < first && first <= second, "{first} {second}");
}

/// An assignment that comes after the end of the lease must not make a worker of a name.
pub async fn an_assignment_of_nobody_leaves_no_trace(state: &dyn State) {
    let worker = worker("worker-0");
    state.assigned(&worker.id).await.unwrap();
    assert_eq!(state.pool().await.unwrap(), []);
    state.register(&worker, LONG).await.unwrap();
    assert_eq!(find(state, &worker).await.unwrap().last_assigned_ms, 0);
}

/// Two gateways that look see the same.
pub async fn the_pool_is_in_order_of_names(state: &dyn State) {
    for name in ["worker-2", "worker-0", "worker-10", "worker-1"] {
        state.register(&worker(name), LONG).await.unwrap();
    }
    let pool = state.pool().await.unwrap();
    let names: Vec<_> = pool.iter().map(|entry| entry.worker.id.as_str()).collect();
    assert_eq!(names, ["worker-0", "worker-1", "worker-10", "worker-2"]);
}

fn worker(name: &str) -> WorkerRecord {
    WorkerRecord {
        id: WorkerId::parse(name).expect("a slug"),
        boot: BootId::fresh(),
        address: "http://127.0.0.1:8090".into(),
        version: "0.1.0".into(),
        load: WorkerLoad { seats: 50, ..WorkerLoad::default() },
    }
}

async fn find(state: &dyn State, worker: &WorkerRecord) -> Option<PoolEntry> {
    state.pool().await.unwrap().into_iter().find(|entry| entry.worker.id == worker.id)
}
