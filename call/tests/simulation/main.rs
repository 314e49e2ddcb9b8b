//! Random calls against the core's promises.
//!
//! One seed is one call: a caller who speaks, interrupts, waits and hangs up; a line with latency, playout, marks, stalls;
//! an agent with answers, tools, late audio and broken links; operators, hand-overs, fences; and inputs that make no sense.
//! Each seed first draws which kinds of trouble exist in its world, so that rare combinations get dense. The promises are in
//! `promises.rs`; each is broken on purpose once, to show that breaking it is noticed.
//!
//! `PATCHBAY_SIM_CALLS=100000 cargo test --release -p call --test simulation -- --nocapture` runs more;
//! `PATCHBAY_SIM_SEED=42` runs one seed and prints all that happened in it.

mod agent;
mod dice;
mod line;
mod plan;
mod promises;
mod world;

use promises::Promise;
use world::{Outcome, Sabotage, World};

/// Calls when the environment names no other number.
const CALLS: u64 = 10_000;

#[allow(clippy::disallowed_methods, reason = "a test's size and seed are not configuration")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the speed of the simulation is real time")]
fn random_calls_keep_every_promise() {
    if let Some(seed) = number("PATCHBAY_SIM_SEED") {
        let outcome = World::new(seed, Sabotage::None).aloud().run();
        return assert!(outcome.broken.is_none(), "seed {seed}: {:?}", outcome.broken);
    }
    let calls = number("PATCHBAY_SIM_CALLS").unwrap_or(CALLS);
    let began = std::time::Instant::now();
    let workers = 2;
    let total = std::thread::scope(|scope| {
        let share = |worker: u64| (worker..calls).step_by(workers).fold(Total::default(), Total::call);
        let threads: Vec<_> = (0..workers as u64).map(|worker| scope.spawn(move || share(worker))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a share runs to its end"))
            .fold(Total::default(), Total::plus)
    });
    total.report(calls, began.elapsed().as_secs_f64(), workers);
    if let Some((seed, broken)) = total.broken {
        panic!(
            "seed {seed} breaks a promise: {broken}\nreplay: PATCHBAY_SIM_SEED={seed} cargo test -p call --test simulation -- --nocapture"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_call() {
    for seed in 0..200 {
        let once = World::new(seed, Sabotage::None).traced().run().trace;
        let again = World::new(seed, Sabotage::None).traced().run().trace;
        assert!(once.is_some() && once == again, "seed {seed}");
    }
}

/// A checker that never failed proves nothing: each promise is broken on purpose, and the simulation has to notice.
#[test]
fn every_promise_is_noticed_when_it_is_broken() {
    for (sabotage, promise) in Sabotage::ALL {
        let noticed = (0..400).find_map(|seed| World::new(seed, sabotage).run().broken);
        assert_eq!(noticed.as_ref().map(|broken| broken.promise), Some(promise), "{sabotage:?}");
    }
    for promise in Promise::ALL {
        assert!(Sabotage::ALL.iter().any(|(_, breaks)| *breaks == promise), "{promise:?} is never broken on purpose");
    }
}

/// What many calls came to.
#[derive(Default)]
struct Total {
    simulated_ms: u64,
    inputs: u64,
    counts: std::collections::BTreeMap<&'static str, u64>,
    broken: Option<(u64, String)>,
}

impl Total {
    fn call(mut self, seed: u64) -> Self {
        let Outcome { simulated_ms, inputs, counts, broken, .. } = World::new(seed, Sabotage::None).run();
        self.simulated_ms += simulated_ms;
        self.inputs += inputs;
        for (name, count) in counts {
            *self.counts.entry(name).or_default() += count;
        }
        if let (None, Some(broken)) = (&self.broken, broken) {
            self.broken = Some((seed, format!("{broken:?}")));
        }
        self
    }

    fn plus(mut self, other: Self) -> Self {
        self.simulated_ms += other.simulated_ms;
        self.inputs += other.inputs;
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.broken = self.broken.or(other.broken);
        self
    }

    fn report(&self, calls: u64, seconds: f64, cores: usize) {
        let hours = self.simulated_ms as f64 / 3_600_000.0;
        let speed = hours * 3600.0 / seconds / cores as f64;
        println!(
            "sim seeds=0..{calls} calls={calls} simulated_hours={hours:.1} inputs={} wall={seconds:.1}s cores={cores} speed={speed:.0}x a core",
            self.inputs
        );
        let counts: Vec<String> = self.counts.iter().map(|(name, count)| format!("{name}={count}")).collect();
        println!("sim met: {}", counts.join(" "));
    }
}
