//! Calls as they were heard: caller and agent, a channel each, from the media loop into the store of recordings.
//!
//! ```text
//! session ─▶ Tap ─ a block a second, never waited for ─▶ writer ─▶ spool folder ─▶ keeper ─▶ vault, then the event
//! ```
//!
//! The tap ([`tap`]) notes what the media loop hears and sends, as it comes, in a buffer that is used again. Everything
//! that costs time is done by one task of the worker: a reel ([`reel`]) for each call finds out when the telephone played
//! what was sent ([`playout`]), lays both channels side by side ([`channels`]) and appends to a file in a bounded folder
//! ([`spool`]). What is finished there is stored and told of by [`keeper`], also after a restart. A call never waits for
//! any of them: what the writer cannot take is silence in the recording, and counted.

mod block;
mod channels;
mod clock;
mod keeper;
mod network;
mod playout;
mod reel;
mod spool;
mod tap;
mod wav;
mod writer;

pub use network::Network;
pub use tap::Tap;

use crate::publish::Identity;
use common::config::Config;
use common::ids::{CallId, CompanyId, Epoch, RecordingId};
use common::lifecycle::Lifecycle;
use common::ports::Ports;
use spool::Spool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tap::Word;
use tokio::sync::mpsc;

/// A place in a stream or a recording: samples of 8,000 a second, which a stream counts from its first caller audio.
pub type Position = u64;

/// The quietest mu-law.
const SILENCE: u8 = 0xFF;

/// How much later than by the clock a mark may return, as the call core has it; then the clock is believed.
const OVERDUE: Position = 2 * 8_000;

/// Blocks the writer may be behind, for each seat of the worker: two seconds. Fewer lose sound when a disk hesitates; each
/// holds 24 KiB.
const BEHIND: usize = 2;

/// How many samples last so long.
fn samples(length: Duration) -> Position {
    (length.as_micros() / 125) as Position
}

/// Whose recording.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) recording: RecordingId,
    pub(crate) call: CallId,
    pub(crate) epoch: Epoch,
    pub(crate) company: CompanyId,
    pub(crate) trace: String,
    /// Takes blocks back that were read.
    spare: mpsc::Sender<Vec<u8>>,
}

/// Records calls. Cheap to clone; when all of them and their taps are gone, the writer finishes and ends.
#[derive(Clone)]
pub struct Recordings {
    words: mpsc::Sender<Word>,
}

impl Recordings {
    /// Starts the writer and the keeper. They end when nobody can record any more, with all that was finished stored, or at
    /// a hard stop: then it waits in the spool.
    pub fn start(config: &Config, ports: &Ports, lifecycle: &Lifecycle) -> Self {
        let (settings, worker) = (&config.recordings, config.worker.id.as_str());
        // Workers of one process, and of one machine, have a folder each.
        let spool = Arc::new(Spool::new(settings.spool_dir.join(Path::new(worker)), settings.spool_bytes));
        // A call holds room for its last word from the beginning.
        let (words, receiver) = mpsc::channel((config.worker.seats as usize + 1) * (BEHIND + 1));
        let (finished, waiting) = mpsc::channel(1);
        lifecycle.start("recording writer", writer::run(receiver, spool.clone(), finished));
        lifecycle.start("recording keeper", keeper::run(keeper::Keeper::new(ports, spool), waiting));
        Self { words }
    }

    /// A tap for this claim of a call; `None` when the worker has more calls than seats, or the writer is gone.
    pub fn tap(&self, identity: &Identity) -> Option<Tap> {
        let recording = RecordingId::parse(format!("{}-{}", identity.call, identity.epoch)).ok()?;
        let (spare, spares) = mpsc::channel(BEHIND);
        let claim = Claim {
            recording,
            call: identity.call.clone(),
            epoch: identity.epoch,
            company: identity.company.clone(),
            trace: identity.trace.clone(),
            spare,
        };
        Tap::new(Arc::new(claim), self.words.clone(), spares)
    }
}
