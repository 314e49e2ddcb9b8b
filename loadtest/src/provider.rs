//! A look-alike of OpenAI's Realtime API: real sockets, real speech, chosen delays and faults, and a memory of it all.
//!
//! Give `base_url` to the system under test as its `OPENAI_BASE_URL`. Every session is one task around a state machine
//! (`session`); what the sessions saw and sent is kept for `ledger`. Nothing is understood: replies come from a script,
//! turns are found by loudness.

pub(crate) mod accept;
pub(crate) mod agenda;
pub(crate) mod books;
pub mod clip;
pub mod config;
pub mod conversation;
pub mod faults;
mod response;
pub mod script;
pub mod session;
pub(crate) mod socket;
pub mod truth;
pub mod usage;
pub mod vad;
pub mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU32},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::{books::Books, faults::Faults, script::Script, truth::SessionTruth};

/// How fast the provider works. The defaults are those of a good day.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the upgrade to `session.created`.
    pub open: Duration,
    /// From `session.update` to `session.updated`.
    pub update: Duration,
    /// From the creation of a response to its first audio.
    pub first_audio: Duration,
    /// How many times faster than speech audio is generated.
    pub speed: f64,
    /// From the end of a caller's turn to the first of its words in writing.
    pub transcription: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            open: Duration::from_millis(300),
            update: Duration::from_millis(20),
            first_audio: Duration::from_millis(300),
            speed: 5.0,
            transcription: Duration::from_millis(250),
        }
    }
}

/// Whether each delta carries its number in its first nine bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marking {
    /// Audio as recorded.
    #[default]
    Plain,
    /// No two deltas are the same, so what was heard can be told apart.
    Numbered,
}

/// Whether the order and shape of events vary as far as the protocol allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variety {
    /// Always the usual order.
    #[default]
    Plain,
    /// Any legal order, chosen by the dice.
    Legal,
}

/// What a provider is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: String,
    /// The key it accepts.
    pub key: String,
    /// What it says and understands.
    pub script: Arc<Script>,
    /// How fast.
    pub pace: Pace,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether deltas carry their numbers.
    pub marking: Marking,
    /// Whether orders vary.
    pub variety: Variety,
    /// Seed of its dice.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            key: "sk-look-alike".to_owned(),
            script: Arc::new(Script::harbour(100)),
            pace: Pace::default(),
            faults: Faults::default(),
            marking: Marking::Plain,
            variety: Variety::Plain,
            seed: 1,
        }
    }
}

/// A running provider. Dropping it closes its sockets.
#[derive(Debug)]
pub struct Provider {
    /// For `OPENAI_BASE_URL`: `ws://127.0.0.1:PORT/v1`.
    pub base_url: String,
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    listener: JoinHandle<()>,
}

/// What the sessions of one provider share.
#[derive(Debug)]
struct Shared {
    options: Options,
    faults: Mutex<Arc<Faults>>,
    books: Books<SessionTruth>,
    opened: AtomicU32,
}

impl Provider {
    /// Starts a provider.
    ///
    /// # Errors
    /// When its port cannot be had.
    pub async fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind(&options.listen).await.context("bind the provider's port")?;
        let address = listener.local_addr().context("read the provider's port")?;
        let shared = Arc::new(Shared {
            faults: Mutex::new(Arc::new(options.faults.clone())),
            options,
            books: Books::default(),
            opened: AtomicU32::new(0),
        });
        let stop = CancellationToken::new();
        let serve = {
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move |stream| accept::serve(stream, Arc::clone(&shared), stop.clone())
        };
        let listener = tokio::spawn(accept::each(listener, stop.clone(), serve));
        Ok(Self { base_url: format!("ws://{address}/v1"), address, shared, stop, listener })
    }

    /// What each session so far knows, in the order they opened; those still open go on filling theirs.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionTruth> {
        self.shared.books.all()
    }

    /// Waits until what the sessions know fulfils `wanted`; looked at whenever a session has done something.
    pub async fn until(&self, wanted: impl Fn(&[SessionTruth]) -> bool) -> Vec<SessionTruth> {
        self.shared.books.until(wanted).await
    }

    /// Changes what goes wrong, for sessions opened from now on.
    pub fn set_faults(&self, faults: Faults) {
        *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// Closes the port and every session, and waits until they are gone.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // A task that panicked has printed why; there is nothing left to stop.
        let _ended = (&mut self.listener).await;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
