//! Step 2: which worker gets the call. Pure: a policy and a snapshot of the pool give an order of candidates.
//!
//! Before it: the pool's snapshot, a hint. After it: reservations, in this order; the first worker that says yes has it.

use common::config::Policy;
use common::ports::PoolEntry;
use std::cmp::Reverse;

/// Workers with a free seat, best first. `turn` counts this gateway's calls, for round robin. Ties go by name, so the
/// order never depends on the store's.
pub fn rank(policy: Policy, pool: &[PoolEntry], turn: u64) -> Vec<PoolEntry> {
    let mut free: Vec<PoolEntry> = pool.iter().filter(|entry| has_seat(entry)).cloned().collect();
    free.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
    match policy {
        Policy::LeastRecentlyUsed => free.sort_by_key(|entry| entry.last_assigned_ms),
        Policy::RoundRobin if !free.is_empty() => {
            let first = (turn % free.len() as u64) as usize;
            free.rotate_left(first);
        }
        Policy::RoundRobin | Policy::Pack => free.sort_by_key(ordinal),
        Policy::LeastLoaded => free.sort_by_key(part_taken),
    }
    free
}

fn has_seat(entry: &PoolEntry) -> bool {
    !entry.worker.load.draining && entry.worker.load.taken < entry.worker.load.seats
}

/// Thousandths of the seats taken; among equals the one with more free seats first.
fn part_taken(entry: &PoolEntry) -> (u64, Reverse<u32>) {
    let load = entry.worker.load;
    let part = u64::from(load.taken) * 1000 / u64::from(load.seats.max(1));
    (part, Reverse(load.seats - load.taken))
}

/// The number at the end of a name, `worker-3` → 3, so that `worker-10` comes after `worker-9`; names without one last.
fn ordinal(entry: &PoolEntry) -> u64 {
    let name = entry.worker.id.as_str();
    let digits = name.len() - name.bytes().rev().take_while(u8::is_ascii_digit).count();
    name[digits..].parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::ids::{BootId, WorkerId};
    use common::ports::{WorkerLoad, WorkerRecord};

    fn worker(name: &str, taken: u32, last_assigned_ms: u64) -> PoolEntry {
        let load = WorkerLoad { seats: 10, taken, draining: false, frames: 0 };
        let worker = WorkerRecord {
            id: WorkerId::parse(name).unwrap(),
            boot: BootId::parse("b").unwrap(),
            address: String::new(),
            version: String::new(),
            load,
        };
        PoolEntry { worker, last_assigned_ms }
    }

    fn check(policy: Policy, turn: u64, pool: &[PoolEntry], expected: &[&str]) {
        let order: Vec<String> = rank(policy, pool, turn).iter().map(|entry| entry.worker.id.to_string()).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn the_worker_that_waited_longest_comes_first() {
        let pool = [worker("w-1", 0, 30), worker("w-2", 9, 10), worker("w-3", 0, 20), worker("w-4", 0, 0)];
        check(Policy::LeastRecentlyUsed, 0, &pool, &["w-4", "w-2", "w-3", "w-1"]);
    }

    #[test]
    fn round_robin_goes_on_with_each_call() {
        let pool = [worker("w-2", 0, 0), worker("w-1", 5, 9), worker("w-3", 0, 0)];
        check(Policy::RoundRobin, 0, &pool, &["w-1", "w-2", "w-3"]);
        check(Policy::RoundRobin, 1, &pool, &["w-2", "w-3", "w-1"]);
        check(Policy::RoundRobin, 5, &pool, &["w-3", "w-1", "w-2"]);
        check(Policy::RoundRobin, 5, &[], &[]);
    }

    #[test]
    fn the_emptiest_worker_comes_first_when_asked_for() {
        let pool = [worker("w-1", 9, 0), worker("w-2", 1, 0), worker("w-3", 5, 0)];
        check(Policy::LeastLoaded, 0, &pool, &["w-2", "w-3", "w-1"]);
    }

    #[test]
    fn packing_fills_the_lowest_ordinal() {
        let pool = [worker("w-10", 0, 0), worker("w-9", 9, 0), worker("w-2", 10, 0), worker("odd", 0, 0)];
        check(Policy::Pack, 0, &pool, &["w-9", "w-10", "odd"]);
    }

    #[test]
    fn full_and_draining_workers_get_nothing() {
        let mut draining = worker("w-1", 0, 0);
        draining.worker.load.draining = true;
        for policy in [Policy::LeastRecentlyUsed, Policy::RoundRobin, Policy::LeastLoaded, Policy::Pack] {
            check(policy, 3, &[draining.clone(), worker("w-2", 10, 0)], &[]);
        }
    }
}
