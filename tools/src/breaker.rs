//! Leaves a tool alone that failed too often in a row, and tries it again after a while.
//!
//! Before it: [`crate::toolbox`], which asks for a [`Permit`] for every run. After it: the run, which tells the permit how
//! it went. A permit that is dropped without a word (the call ended meanwhile) says nothing about the tool.

use crate::moments;
use common::ids::CompanyId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Failures in a row after which a tool is left alone. Lower gives a service up for a short disturbance; higher lets more
/// callers wait for a timeout.
const MOST_FAILURES: u32 = 5;
/// How long it is left alone; then one run tries it. Lower bothers a service that is down, higher keeps callers from one
/// that is up again.
const PAUSE: Duration = Duration::from_secs(30);

type Key = (CompanyId, String);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Since when it is left alone.
    opened: Option<Instant>,
    /// One run is trying whether it works again.
    trying: bool,
}

/// One breaker for each tool of each company.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakers(Arc<Mutex<HashMap<Key, State>>>);

/// Leave to run a tool once.
#[derive(Debug)]
pub(crate) struct Permit {
    breakers: Breakers,
    key: Key,
    told: bool,
}

impl Breakers {
    /// Leave to run this tool; `None` while it is left alone.
    pub(crate) fn permit(&self, company: &CompanyId, tool: &str) -> Option<Permit> {
        let key = (company.clone(), tool.to_owned());
        let mut states = self.lock();
        let state = states.entry(key.clone()).or_default();
        if let Some(opened) = state.opened {
            if state.trying || opened.elapsed() < PAUSE {
                return None;
            }
            state.trying = true;
        }
        drop(states);
        Some(Permit { breakers: self.clone(), key, told: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The service did what it should, or said properly that it could not.
    pub(crate) fn worked(mut self) {
        self.told = true;
        self.breakers.lock().remove(&self.key);
    }

    /// The service was not there, broke or lied.
    pub(crate) fn failed(mut self) {
        self.told = true;
        let mut states = self.breakers.lock();
        let state = states.entry(self.key.clone()).or_default();
        state.failures += 1;
        state.trying = false;
        let opens = state.failures >= MOST_FAILURES;
        let first = opens && state.opened.is_none();
        if opens {
            state.opened = Some(Instant::now());
        }
        drop(states);
        if first {
            moments::breaker_opened(&self.key.0, &self.key.1);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.told
            && let Some(state) = self.breakers.lock().get_mut(&self.key)
        {
            state.trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit(breakers: &Breakers) -> Option<Permit> {
        breakers.permit(&common::testing::company_id(), "pay")
    }

    fn broken() -> Breakers {
        let breakers = Breakers::default();
        for _ in 0..MOST_FAILURES {
            permit(&breakers).unwrap().failed();
        }
        breakers
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_fails_five_times_is_left_alone_for_half_a_minute_then_tried_once() {
        let breakers = broken();
        assert!(permit(&breakers).is_none());
        tokio::time::advance(PAUSE).await;
        let trial = permit(&breakers).unwrap();
        assert!(permit(&breakers).is_none());
        trial.failed();
        assert!(permit(&breakers).is_none());
        tokio::time::advance(PAUSE).await;
        permit(&breakers).unwrap().worked();
        assert!(permit(&breakers).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_nobody_waits_for_any_more_leaves_room_for_the_next() {
        let breakers = broken();
        tokio::time::advance(PAUSE).await;
        drop(permit(&breakers).unwrap());
        assert!(permit(&breakers).is_some());
    }

    #[test]
    fn failures_that_are_not_in_a_row_do_not_count() {
        let breakers = Breakers::default();
        for _ in 0..MOST_FAILURES - 1 {
            permit(&breakers).unwrap().failed();
        }
        permit(&breakers).unwrap().worked();
        permit(&breakers).unwrap().failed();
        assert!(permit(&breakers).is_some());
    }
}
