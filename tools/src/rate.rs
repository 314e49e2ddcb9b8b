//! How often a tool may run in a minute, all calls of a company at this worker together.
//!
//! Before it: [`crate::toolbox`]. How often it may run in one call is counted in [`crate::Memory`].

use common::ids::CompanyId;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The timer's clock, so that simulated time counts.
#[derive(Clone, Debug)]
struct TimerClock {
    began: Instant,
}

impl Clock for TimerClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TimerClock, NoOpMiddleware<Duration>>;

/// What is left of each tool's minute.
#[derive(Debug)]
pub(crate) struct Rates {
    clock: TimerClock,
    /// With the rate it was made for: a new version of an agent may bring another.
    limiters: Mutex<HashMap<(CompanyId, String), (u32, Limiter)>>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { clock: TimerClock { began: Instant::now() }, limiters: Mutex::default() }
    }
}

impl Rates {
    /// Takes one run; `false` when the minute is used up.
    pub(crate) fn take(&self, company: &CompanyId, tool: &str, per_minute: u32) -> bool {
        let Some(quota) = NonZeroU32::new(per_minute).map(Quota::per_minute) else { return false };
        let fresh = || (per_minute, Limiter::direct_with_clock(quota, self.clock.clone()));
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = limiters.entry((company.clone(), tool.to_owned())).or_insert_with(fresh);
        if entry.0 != per_minute {
            *entry = fresh();
        }
        entry.1.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minutes_runs_are_had_once_a_minute() {
        let company = common::testing::company_id();
        let rates = Rates::default();
        assert!(rates.take(&company, "pay", 2));
        assert!(rates.take(&company, "pay", 2));
        assert!(!rates.take(&company, "pay", 2));
        assert!(rates.take(&company, "look_up", 2));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(rates.take(&company, "pay", 2));
        assert!(!rates.take(&company, "pay", 0));
    }
}
