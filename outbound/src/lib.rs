//! Calls people: batch by batch, each row exactly once, at the pace and in the hours that were asked for.
//!
//! Before it: people who begin a batch (`patchbay outbound`), which then lives in the database. After it: the gateway,
//! which answers for the call when somebody picks up, and the record, which says how it ended. It runs inside every
//! gateway process; one of them leads. It never touches media, and nothing it knows lives in the process alone:
//!
//! ```text
//!  waiting ──claim──▶ placing ──the network has taken it──▶ placed ──the record or the network says so──▶ done
//!     ▲                  │                                    │
//!     │                  ├ certainly not called: put back     └ may be tried again: waits until then
//!     └──────────────────┘ nobody knows: the network's list decides, late and twice; silence never does
//! ```
//!
//! [`file`] reads a list, [`wish`] makes a batch of it, [`zones`] says what its people's clocks may show, [`plan`] when they may be called, [`pace`]
//! how many a minute; [`outcome`] and [`refusal`] read what the network says; `follow` decides about calls under way,
//! `chase` does it, [`dialer`] claims and places, [`lead`] runs it.

mod chase;
pub mod dialer;
pub mod file;
mod follow;
pub mod lead;
mod moments;
pub mod outcome;
pub mod pace;
pub mod patience;
mod place;
pub mod plan;
pub mod refusal;
pub mod wish;
pub mod words;
pub mod zones;

pub use dialer::{Dialer, Settings};
pub use patience::Patience;
pub use wish::Wish;

use common::config::Config;
use common::lifecycle::Lifecycle;
use common::ports::{Db, Outbound, Ports, Telephone};
use std::sync::Arc;

/// What the dialer reaches of the outside world.
#[derive(Clone)]
pub struct Reach {
    /// Keeps the batches.
    pub outbound: Arc<dyn Outbound>,
    /// Keeps the record of calls.
    pub db: Arc<dyn Db>,
    /// Places calls.
    pub telephone: Arc<dyn Telephone>,
}

/// Dials from this process whenever it leads, until the lifecycle is stopped. Does nothing, and says so, where calls
/// cannot be placed or could not be answered.
pub fn start(config: &Config, ports: &Ports, lifecycle: &Lifecycle) {
    let telephone = match can_dial(config, ports) {
        Ok(telephone) => telephone,
        Err(why) => return moments::cannot_dial(why),
    };
    let reach = Reach { outbound: ports.outbound.clone(), db: ports.db.clone(), telephone };
    lifecycle.start("outbound", lead::run(reach, Settings::of(config), lifecycle.clone()));
}

/// A call needs somebody to place it, and an address at which Twilio finds us when it is answered.
fn can_dial(config: &Config, ports: &Ports) -> Result<Arc<dyn Telephone>, &'static str> {
    let telephone = ports.telephone.clone().ok_or("there are no credentials for Twilio's REST API")?;
    let api = config.twilio.api_base_url.as_deref().unwrap_or_default();
    if is_this_machine(&config.public_url) && !is_this_machine(api) {
        return Err("PUBLIC_URL is not set: Twilio could not ask what an answered call is to hear");
    }
    Ok(telephone)
}

fn is_this_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}
