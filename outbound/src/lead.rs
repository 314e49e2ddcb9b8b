//! One process leads: it holds a lease in the database and dials while it does.
//!
//! The lease keeps two processes from doing the same work and from each keeping a pace of its own. That nobody is called
//! twice does not depend on it: a row is claimed by one process, whoever leads. A lease that is lost ends the round
//! where it stands, which is survived as a kill is.

use crate::dialer::{Dialer, Round, Settings};
use crate::patience::Patience;
use crate::{Reach, moments};
use common::clock::unix_ms;
use common::ids::BootId;
use common::lifecycle::Lifecycle;
use common::ports::Outbound;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for the database between two looks.
const LONGEST: Duration = Duration::from_secs(10);

/// Dials whenever this process leads, until the lifecycle is stopped.
pub async fn run(reach: Reach, settings: Settings, lifecycle: Lifecycle) {
    let who = BootId::fresh();
    let patience = settings.patience;
    while !lifecycle.is_stopping() {
        let asked = Instant::now();
        match reach.outbound.lead(who.as_str(), patience.lease).await {
            Ok(true) => {
                moments::leads();
                tokio::select! {
                    // First: whoever wakes after its lease is over must not go on with what it was about to do.
                    biased;
                    () = hold(reach.outbound.as_ref(), who.as_str(), asked, &patience) => {}
                    () = dial(&reach, &settings, &lifecycle) => {}
                }
                moments::follows();
            }
            Ok(false) => {}
            Err(error) => moments::waits(&error),
        }
        if pause(patience.lease / 3, &lifecycle).await == Pause::Stopped {
            break;
        }
    }
    // Whoever comes next need not wait until the lease is over.
    let _ = tokio::time::timeout(patience.lease, reach.outbound.resign(who.as_str())).await;
}

/// Renews the lease; comes back when it is lost. `asked` is when it was last asked for: it holds from then on at least.
async fn hold(outbound: &dyn Outbound, who: &str, mut asked: Instant, patience: &Patience) {
    loop {
        let lost = asked + patience.lease;
        tokio::time::sleep(patience.lease / 3).await;
        if Instant::now() >= lost {
            return;
        }
        let asking = Instant::now();
        match tokio::time::timeout_at(lost, outbound.lead(who, patience.lease)).await {
            Ok(Ok(true)) => asked = asking,
            Ok(Ok(false)) | Err(_) => return,
            Ok(Err(error)) => moments::waits(&error),
        }
    }
}

/// Round after round, until a stop is asked for. A stop lets the round at hand end: what was asked of the network is
/// answered within seconds, and noted.
async fn dial(reach: &Reach, settings: &Settings, lifecycle: &Lifecycle) {
    let patience = &settings.patience;
    let mut dialer = Dialer::new(reach.clone(), settings.clone());
    let mut wait = patience.beat;
    while !lifecycle.is_stopping() {
        wait = match dialer.round(unix_ms()).await {
            Ok(Round::Busy) => patience.beat,
            Ok(Round::Idle) => patience.idle,
            Err(error) => {
                moments::waits(&error);
                (wait * 2).clamp(patience.beat, LONGEST)
            }
        };
        if pause(wait, lifecycle).await == Pause::Stopped {
            return;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    Over,
    Stopped,
}

async fn pause(time: Duration, lifecycle: &Lifecycle) -> Pause {
    tokio::select! {
        biased;
        () = lifecycle.stopped() => Pause::Stopped,
        () = tokio::time::sleep(time) => Pause::Over,
    }
}
