//! What is done after a call, beside the record: companies' systems are told, a model sums the call up, a text message
//! is sent, recordings are fetched, kept and deleted.
//!
//! Before it: the record, which [`look`] reads for calls that are over, and the bus, which [`hear`] reads for events
//! companies want to know. Both only store jobs, each under a key of its own, so that whatever is seen twice is done
//! once. [`work`] does them, here or in another process, and does them again when one is killed in the middle;
//! [`retention`] adds those that delete what is old. Nothing here changes a call detail record but through events, and
//! nothing here can hold up the recorder.

mod body;
mod hear;
mod hooks;
mod look;
mod moments;
mod notes;
mod refused;
mod retention;
mod roster;
mod work;

use crate::Fold;
use crate::after::roster::Known;
use common::config::Config;
use common::ids::CallId;
use common::lifecycle::Lifecycle;
use common::ports::{Aftercare, Bus, Db, Directory, Messages, Outbound, Ports, Recordings, State, Summarizer, Vault};
use common::private::ExposeSecret;
use common::token::Keys;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What work after calls reaches of the outside world.
#[derive(Clone)]
pub struct Means {
    /// Counts what may be sent in a day.
    pub state: Arc<dyn State>,
    /// Brings events.
    pub bus: Arc<dyn Bus>,
    /// The record.
    pub db: Arc<dyn Db>,
    /// Companies and agents.
    pub directory: Arc<dyn Directory>,
    /// Who does not want to hear from a company.
    pub outbound: Arc<dyn Outbound>,
    /// Jobs, and what became of them.
    pub aftercare: Arc<dyn Aftercare>,
    /// Where recordings are kept.
    pub vault: Arc<dyn Vault>,
    /// Reads calls.
    pub summarizer: Arc<dyn Summarizer>,
    /// Text messages; `None` without credentials.
    pub messages: Option<Arc<dyn Messages>>,
    /// Twilio's recordings; `None` without credentials.
    pub recordings: Option<Arc<dyn Recordings>>,
}

impl From<&Ports> for Means {
    fn from(ports: &Ports) -> Self {
        Self {
            state: ports.state.clone(),
            bus: ports.bus.clone(),
            db: ports.db.clone(),
            directory: ports.directory.clone(),
            outbound: ports.outbound.clone(),
            aftercare: ports.aftercare.clone(),
            vault: ports.vault.clone(),
            summarizer: ports.summarizer.clone(),
            messages: ports.messages.clone(),
            recordings: ports.recordings.clone(),
        }
    }
}

/// How fast and how patient.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks for calls and jobs. Longer makes every webhook later, shorter asks the database for nothing.
    pub every: Duration,
    /// How long a call must be over before it is looked after, unless its record is complete: what is still on its way
    /// shall be in the summary.
    pub settled: Duration,
    /// Longest run of one job. A summary asks a slow model three times.
    pub deadline: Duration,
    /// How long a taken job is kept from others: longer than the deadline, or it is done twice. As long does the job of
    /// a killed process wait.
    pub hold: Duration,
    /// Jobs under way at once.
    pub at_once: usize,
    /// Of these for one webhook, or of one other kind: a slow system must not hold up the rest.
    pub per_lane: usize,
    /// Wait after the first failure; it doubles up to an hour.
    pub first_wait: Duration,
    /// Between two looks for recordings that are older than their company keeps them.
    pub retention: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            settled: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            hold: Duration::from_secs(150),
            at_once: 32,
            per_lane: 4,
            first_wait: Duration::from_secs(10),
            retention: Duration::from_secs(3_600),
        }
    }
}

/// What the four duties share.
struct Care {
    means: Means,
    /// Takes what was done into the record.
    fold: Fold,
    pace: Pace,
    known: Known,
    post: tools::Post,
    /// `None` without credentials.
    texter: Option<tools::Texter>,
    /// Told when jobs were stored.
    work: Notify,
    lifecycle: Lifecycle,
}

/// Starts looking after calls, until the lifecycle is stopped.
pub fn start(config: &Config, means: Means, pace: Pace, lifecycle: &Lifecycle) -> Result<(), tools::ToolboxError> {
    let secrets = tools::Secrets::new(config.tools.secrets_dir.clone(), config.tools.secrets.clone());
    let private_hosts = config.tools.private_hosts.clone();
    let keys = Keys::new(config.secret.expose_secret());
    let messages = means.messages.clone();
    let texter = messages.map(|sender| tools::Texter::new(sender, means.state.clone(), keys, &config.public_url));
    let care = Arc::new(Care {
        known: Known::new(means.directory.clone(), config.services.clone(), config.agents_dir.clone()),
        means,
        fold: Fold::new(config.prices.clone()),
        pace,
        post: tools::Post::new(tools::Settings { secrets, private_hosts })?,
        texter,
        work: Notify::new(),
        lifecycle: lifecycle.clone(),
    });
    lifecycle.start("look after calls", look::run(care.clone()));
    lifecycle.start("hear what companies want to know", hear::run(care.clone()));
    lifecycle.start("delete old recordings", retention::run(care.clone()));
    lifecycle.start("work after calls", work::run(care));
    Ok(())
}

/// The key of a job that a call has once.
fn key(call: &CallId, what: &str) -> String {
    format!("{call}:{what}")
}
