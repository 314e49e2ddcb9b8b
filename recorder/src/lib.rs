//! Step 7: the recorder. Takes call events from the bus, stores each exactly once, and folds them into one call detail
//! record a call.
//!
//! [`consume`] is the duty itself and hands the store [`fold`], which is pure but for prices it misses. Beside it:
//! [`sweep`] publishes again what the outbox still holds, [`gaps`] says which records stay incomplete, [`reconcile`] asks
//! the telephone network about calls that were left open, [`watchdog`] notices when nothing moves; [`after`] does what is
//! to be done when a call is over. Before it comes the bus (`worker::publish`, `gateway`), after
//! it nothing: whoever reads, reads the database. It never touches a call that is under way.

pub mod after;
pub mod consume;
pub mod fold;
pub mod gaps;
mod moments;
pub mod reconcile;
pub mod sweep;
mod wait;
mod watchdog;

pub use fold::Fold;

use common::config::Config;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::{Bus, Db, Ports, State};
use reconcile::Reconciler;
use std::sync::Arc;

/// What the recorder reaches of the outside world.
#[derive(Clone)]
pub struct Stores {
    /// Holds the outbox.
    pub state: Arc<dyn State>,
    /// Brings events.
    pub bus: Arc<dyn Bus>,
    /// Keeps the record.
    pub db: Arc<dyn Db>,
}

impl From<&Ports> for Stores {
    fn from(ports: &Ports) -> Self {
        Self { state: ports.state.clone(), bus: ports.bus.clone(), db: ports.db.clone() }
    }
}

/// Records until the lifecycle is stopped; then finishes the batch at hand. Waits for a bus or a database that is away,
/// and says so in `readiness` under `bus`, `db` and `recorder`.
///
/// Looks after calls beside that; nothing it does there can hold the record up.
pub async fn run(config: &Config, ports: Ports, lifecycle: Lifecycle, readiness: Readiness) {
    if let Err(error) = after::start(config, after::Means::from(&ports), after::Pace::default(), &lifecycle) {
        tracing::error!(%error, "nobody looks after calls: no HTTP client could be made");
    }
    let fold = Fold::new(config.prices.clone());
    if let Some(telephone) = ports.telephone.clone() {
        let open = Reconciler::new(ports.db.clone(), telephone, fold.clone(), reconcile::Pace::default());
        lifecycle.start("recorder reconcile", open.run(lifecycle.clone()));
    }
    record((&config.recorder).into(), fold, Stores::from(&ports), lifecycle, readiness).await;
}

/// As [`run`], with no more of the world than is needed.
pub async fn record(pace: consume::Pace, fold: Fold, stores: Stores, lifecycle: Lifecycle, readiness: Readiness) {
    let (watch, watched) = watchdog::watch();
    let (closed, to_look_at) = gaps::closed_calls();
    lifecycle.start("recorder watchdog", watchdog::run(watched, readiness.clone(), lifecycle.clone()));
    lifecycle.start("recorder sweep", sweep::run(stores.state.clone(), stores.bus.clone(), lifecycle.clone()));
    lifecycle.start("recorder gaps", gaps::run(stores.db.clone(), to_look_at, lifecycle.clone()));
    consume::Recorder::new(pace, fold, stores, lifecycle, readiness, watch, closed).run().await;
}
