//! A look-alike of Deepgram's Voice Agent v1: real sockets, real speech, chosen delays and faults, and a memory of it all.
//!
//! Give `base_url` to the system under test as its `DEEPGRAM_BASE_URL`. What is said and understood comes from the same
//! script, clips and voice activity as in `provider`, the look-alike of OpenAI; what differs is the wire, and how strictly
//! the client is watched. Every session is one task around a state machine (`session`). Shapes, orders and delays follow
//! Deepgram's Voice Agent reference and the observations of those who use it, read 2026-11.

mod accept;
mod answer;
pub mod codes;
pub mod faults;
mod habits;
mod message;
mod session;
mod settings;
pub mod truth;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU32},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use self::habits::{Frames, Habits, Order, Prompting, Refusing, Reports, ThinkLive};
use self::{faults::Faults, truth::SessionTruth};
use crate::provider::{Marking, books::Books, script::Script};

/// How fast the agent works. The defaults are those of a good day.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the upgrade to `Welcome`.
    pub welcome: Duration,
    /// From `Settings` to `SettingsApplied`.
    pub applied: Duration,
    /// From `SettingsApplied` to the first audio of the greeting.
    pub greeting: Duration,
    /// From an update to its acknowledgement.
    pub update: Duration,
    /// Silence on media time that ends a turn, in milliseconds.
    pub eot_ms: u32,
    /// From a pause that may be the end of a turn to the certainty that it is: the life of a speculative call.
    pub certain: Duration,
    /// From the end of the caller's turn, or from the answer to a function, to the first audio.
    pub first_audio: Duration,
    /// How many times faster than speech audio is sent.
    pub speed: f64,
    /// How long a function with an endpoint takes.
    pub server_function: Duration,
    /// Without a word from the client for this long the session ends.
    pub client_timeout: Duration,
    /// The longest a session may last.
    pub session_limit: Duration,
    /// How long before that it warns.
    pub limit_warning: Duration,
    /// How long between two complaints about a model that does not answer.
    pub slow_think: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            welcome: Duration::ZERO,
            applied: Duration::from_millis(110),
            greeting: Duration::from_millis(100),
            update: Duration::from_millis(50),
            eot_ms: 500,
            certain: Duration::from_millis(700),
            first_audio: Duration::from_millis(900),
            speed: 5.0,
            server_function: Duration::from_millis(400),
            client_timeout: Duration::from_secs(15),
            session_limit: Duration::from_secs(2 * 60 * 60),
            limit_warning: Duration::from_secs(5 * 60),
            slow_think: Duration::from_secs(5),
        }
    }
}

/// What an agent is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: String,
    /// The key it accepts, after `Token`. After `Bearer` it takes any JWT and never this.
    pub key: String,
    /// What it says and understands. A greeting is spoken with the cue its words quote, else with the script's opening.
    pub script: Arc<Script>,
    /// Stored configurations: the `agent` object by its UUID.
    pub stored: Vec<(String, Value)>,
    /// How fast.
    pub pace: Pace,
    /// What it does of what is left open.
    pub habits: Habits,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether binary frames carry their numbers.
    pub marking: Marking,
    /// Seed of its dice.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            key: "dg-look-alike".to_owned(),
            script: Arc::new(Script::harbour(100)),
            stored: Vec::new(),
            pace: Pace::default(),
            habits: Habits::default(),
            faults: Faults::default(),
            marking: Marking::Plain,
            seed: 1,
        }
    }
}

/// A running agent service. Dropping it closes its sockets.
#[derive(Debug)]
pub struct Provider {
    /// For `DEEPGRAM_BASE_URL`: `ws://127.0.0.1:PORT`; the client adds `/v1/agent/converse`.
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
    options: Arc<Options>,
    faults: Mutex<Arc<Faults>>,
    books: Books<SessionTruth>,
    opened: AtomicU32,
}

impl Provider {
    /// Starts an agent service.
    ///
    /// # Errors
    /// When its port cannot be had.
    pub async fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind(&options.listen).await.context("bind the agent's port")?;
        let address = listener.local_addr().context("read the agent's port")?;
        let shared = Arc::new(Shared {
            faults: Mutex::new(Arc::new(options.faults.clone())),
            options: Arc::new(options),
            books: Books::default(),
            opened: AtomicU32::new(0),
        });
        let stop = CancellationToken::new();
        let serve = {
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move |stream| accept::serve(stream, Arc::clone(&shared), stop.clone())
        };
        let listener = tokio::spawn(crate::provider::accept::each(listener, stop.clone(), serve));
        Ok(Self { base_url: format!("ws://{address}"), address, shared, stop, listener })
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
