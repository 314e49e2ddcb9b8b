//! The outbox sweep: what a worker or gateway wrote and nobody has recorded yet is published again. So an event needs
//! only one of outbox and bus to survive. Any process may run it, several may at once: repeats are harmless.

use crate::moments;
use crate::wait::pause;
use common::lifecycle::Lifecycle;
use common::ports::{Bus, State};
use std::sync::Arc;
use std::time::Duration;

/// How old an entry must be. Younger ones are most likely on their way; publishing them again is work for nothing.
pub const AGE: Duration = Duration::from_secs(30);
/// How many entries are taken at a time.
pub const MOST: usize = 500;
/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Between two looks while there is more: the recorder needs a moment to forget what was just published.
const SOON: Duration = Duration::from_millis(250);

/// Sweeps until the lifecycle is stopped.
pub async fn run(state: Arc<dyn State>, bus: Arc<dyn Bus>, lifecycle: Lifecycle) {
    loop {
        let next = match once(state.as_ref(), bus.as_ref(), AGE).await {
            MOST => SOON,
            _ => EVERY,
        };
        if pause(next, &lifecycle).await.is_err() {
            return;
        }
    }
}

/// Publishes entries older than `age` again and returns how many the bus took. Stops at the first it does not take.
pub async fn once(state: &dyn State, bus: &dyn Bus, age: Duration) -> usize {
    let entries = match state.outbox(age, MOST).await {
        Ok(entries) => entries,
        Err(error) => {
            moments::waits_for("state", &error.to_string());
            return 0;
        }
    };
    let mut published = 0;
    for (id, event) in &entries {
        if let Err(error) = bus.publish(event, Some(id)).await {
            moments::waits_for("bus", &error.to_string());
            break;
        }
        published += 1;
    }
    moments::swept(published, entries.len() - published);
    published
}
