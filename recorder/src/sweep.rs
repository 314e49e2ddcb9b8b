//! The outbox sweep: what a worker or gateway wrote and nobody has recorded yet is published again. So an event needs
//! only one of outbox and bus to survive. Any process may run it, several may at once: repeats are harmless.
//!
//! While the record is away its entries stay, old as they get. The sweep remembers what it has published and lets that
//! rest, so that an outage does not fill the bus with repeats.

use crate::moments;
use crate::wait::pause;
use common::lifecycle::Lifecycle;
use common::ports::{Bus, OutboxId, State};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How old an entry must be. Younger ones are most likely on their way; publishing them again is work for nothing.
pub const AGE: Duration = Duration::from_secs(30);
/// How many entries are looked at in one go.
const MOST: usize = 500;
/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Between two looks while there is more: the recorder needs a moment to forget what was just published.
const SOON: Duration = Duration::from_millis(250);
/// How long a published entry rests before it is published again. The bus drops repeats within minutes of the first, so
/// one that it lost comes through at the second or third time.
const REST: Duration = Duration::from_secs(60);

/// Sweeps until the lifecycle is stopped.
pub async fn run(state: Arc<dyn State>, bus: Arc<dyn Bus>, lifecycle: Lifecycle) {
    let mut sweep = Sweep::default();
    loop {
        let published = sweep.once(state.as_ref(), bus.as_ref(), AGE).await;
        let next = if published > MOST / 2 { SOON } else { EVERY };
        if pause(next, &lifecycle).await.is_err() {
            return;
        }
    }
}

/// A sweep and what it remembers: of the entries it saw last, when it published them.
#[derive(Default)]
pub struct Sweep {
    published: HashMap<OutboxId, Instant>,
}

impl Sweep {
    /// Publishes entries older than `age` that do not rest, and returns how many the bus took. Stops at the first it
    /// does not take.
    pub async fn once(&mut self, state: &dyn State, bus: &dyn Bus, age: Duration) -> usize {
        let entries = match state.outbox(age, MOST).await {
            Ok(entries) => entries,
            Err(error) => {
                moments::waits_for("state", &error.to_string());
                return 0;
            }
        };
        let known = std::mem::take(&mut self.published);
        let rests = |id: &OutboxId| known.get(id).copied().filter(|at| at.elapsed() < REST);
        let (mut published, mut failed) = (0, 0);
        for (id, event) in entries {
            let at = match rests(&id) {
                Some(at) => at,
                None if failed > 0 => continue,
                None => match bus.publish(&event, Some(&id)).await {
                    Ok(()) => {
                        published += 1;
                        Instant::now()
                    }
                    Err(error) => {
                        moments::waits_for("bus", &error.to_string());
                        failed += 1;
                        continue;
                    }
                },
            };
            self.published.insert(id, at);
        }
        moments::swept(published, failed);
        published
    }
}
