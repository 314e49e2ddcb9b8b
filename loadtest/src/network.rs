//! A telephone network that does what Twilio does, on this machine.
//!
//! It knows the account, signs what it asks, keeps the registers of calls, rooms and queues, and answers the REST API
//! that Twilio answers. People who can be called stand in its address book; whoever is dialled, by `<Dial>` or by REST,
//! is found in [`Network::legs`], also when nobody has the number. The calls themselves are made by [`crate::phone`]. It shares no code with the adapters it is there to
//! test: what both get right, they got right from the same documents.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use std::time::Duration;
//! use loadtest::network::{Callee, Human, Network, NetworkConfig};
//!
//! let network = Network::start(NetworkConfig::new("http://127.0.0.1:8080/twilio/voice")).await?;
//! // Picks up after two seconds, presses 1 when asked, talks for ten seconds and hangs up.
//! network.list("+15005550071", Human::after_ms(2_000).pressing("1").talking(Duration::from_secs(10)));
//! network.list("+15005550072", Callee::Busy);
//! let legs = network.legs_when(|legs| legs.first().is_some_and(|leg| leg.truth.is_some())).await;
//! println!("{:?} was called and heard {:?}", legs[0].to, legs[0].heard);
//! # Ok(())
//! # }
//! ```

pub mod address;
mod book;
mod calls;
mod legs;
mod queues;
mod rest;
mod rooms;
mod signature;
mod webhook;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use address::Route;
pub use book::{Book, Callee, Human};
pub use calls::CallStatus;
pub(crate) use calls::{Calls, Direction, Method, Order, Source};
pub use legs::Leg;
pub(crate) use legs::Legs;
pub(crate) use queues::{Queues, Taken};
pub use rest::RestCounts;
pub(crate) use rest::rfc_2822;
pub(crate) use rooms::{Participant, RoomState, Rooms, Seat};
pub use signature::{sign, signed_form, signed_stream_form};
pub(crate) use webhook::{Answer, NoAnswer, Params, Question, Signing};

/// Outbound calls that wait for a telephone to be picked up; more are refused as busy.
const RINGS: usize = 1024;

/// What a network is made with.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The account, `AC…`.
    pub account_sid: String,
    /// The account's token: signs webhooks, and is a password of the REST API.
    pub auth_token: String,
    /// An API key, `SK…` and its secret: the other password of the REST API.
    pub api_key: Option<(String, String)>,
    /// Where an incoming call is announced, unless its plan says otherwise.
    pub voice_url: String,
    /// Where the end of a call is reported, unless its plan says otherwise.
    pub status_callback: Option<String>,
    /// Where public addresses of the server really lead; the first that fits is taken.
    pub routes: Vec<Route>,
    /// Whether the `action` of a verb is asked for when REST sends the call elsewhere.
    pub interrupted_action: InterruptedAction,
    /// Who can be called. A network without a book hands every call created by REST to [`Network::next_ring`].
    pub book: Book,
    /// How many times faster than real the clock of those goes who are called by REST, outside media streams. Those who
    /// are called by `<Dial>` share their caller's clock.
    pub speed: u32,
}

impl NetworkConfig {
    /// An account with a made-up SID and token, whose calls are announced at `voice_url`.
    #[must_use]
    pub fn new(voice_url: impl Into<String>) -> Self {
        Self {
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "0123456789abcdef0123456789abcdef".to_owned(),
            api_key: None,
            voice_url: voice_url.into(),
            status_callback: None,
            routes: Vec::new(),
            interrupted_action: InterruptedAction::default(),
            book: Book::new(),
            speed: crate::phone::SPEED,
        }
    }
}

/// What happens to the `action` of a verb that a REST redirect interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterruptedAction {
    /// It is not asked for.
    #[default]
    NotAsked,
    /// It is asked for and the answer thrown away, as was seen with `<Dial>` in the field.
    Asked,
}

/// A telephone network. Clones are the same network.
#[derive(Clone, Debug)]
pub struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: NetworkConfig,
    client: reqwest::Client,
    calls: Calls,
    book: Mutex<Book>,
    legs: Legs,
    rooms: Rooms,
    queues: Queues,
    api_base_url: String,
    counters: rest::Counters,
    ring: mpsc::Sender<Ring>,
    rings: tokio::sync::Mutex<mpsc::Receiver<Ring>>,
    seed: u64,
    serial: AtomicU64,
    ticks_from: Instant,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let server = self.server.get_mut().ok().and_then(Option::take);
        if let Some(server) = server {
            server.abort();
        }
    }
}

/// A call created by REST, ringing somewhere. [`crate::phone::answer`] picks it up.
#[derive(Debug)]
pub struct Ring {
    /// The call's SID.
    pub call_sid: String,
    /// The number that calls.
    pub from: String,
    /// The number that rings.
    pub to: String,
    pub(crate) source: Source,
    pub(crate) fallback_url: Option<String>,
    pub(crate) status_callback: Option<String>,
    pub(crate) status_events: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) orders: (mpsc::Sender<Order>, mpsc::Receiver<Order>),
}

impl Network {
    /// Starts the network: its REST API listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be had, or the HTTP client cannot be made.
    pub async fn start(config: NetworkConfig) -> anyhow::Result<Self> {
        // Another part of the process may have chosen already; either choice will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for the REST API")?;
        let api_base_url = format!("http://{}", listener.local_addr()?);
        let (ring, rings) = mpsc::channel(RINGS);
        let network = Self(Arc::new(Inner {
            book: Mutex::new(config.book.clone()),
            legs: Legs::default(),
            rooms: Rooms::default(),
            queues: Queues::default(),
            config,
            client: webhook::client().context("make the HTTP client")?,
            calls: Calls::default(),
            api_base_url,
            counters: rest::Counters::default(),
            ring,
            rings: tokio::sync::Mutex::new(rings),
            seed: std::hash::RandomState::new().hash_one("network"),
            serial: AtomicU64::new(0),
            ticks_from: Instant::now(),
            server: Mutex::new(None),
        }));
        let server = tokio::spawn(rest::serve(listener, Arc::downgrade(&network.0)));
        *network.0.server.lock().expect("nobody panics while holding it") = Some(server);
        Ok(network)
    }

    /// What `TWILIO_API_BASE_URL` must be for the REST API of this network to be used.
    #[must_use]
    pub fn api_base_url(&self) -> &str {
        &self.0.api_base_url
    }

    /// The account, `AC…`.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.0.config.account_sid
    }

    /// The account's token.
    #[must_use]
    pub fn auth_token(&self) -> &str {
        &self.0.config.auth_token
    }

    /// What the REST API has answered so far.
    #[must_use]
    pub fn rest_counts(&self) -> RestCounts {
        self.0.counters.read()
    }

    /// Calls that are not over.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.0.calls.live()
    }

    /// The state of a call of this network.
    #[must_use]
    pub fn call_status(&self, call_sid: &str) -> Option<CallStatus> {
        self.0.calls.find(call_sid).map(|entry| entry.status)
    }

    /// Answers the next requests of the REST API with 429, as an account with too many at once is answered.
    pub fn refuse_next(&self, requests: u64) {
        self.0.counters.refuse_next(requests);
    }

    /// Gives a number to somebody, or to somebody else.
    pub fn list(&self, number: impl Into<String>, callee: impl Into<Callee>) {
        let mut book = self.0.book.lock().expect("nobody panics while holding the book");
        book.insert(number.into(), callee.into());
    }

    /// Everybody who was ever called, by `<Dial>` or by REST, in the order they were dialled.
    #[must_use]
    pub fn legs(&self) -> Vec<Leg> {
        self.0.legs.all()
    }

    /// The legs, as soon as they are as wanted.
    pub async fn legs_when(&self, wanted: impl Fn(&[Leg]) -> bool) -> Vec<Leg> {
        self.0.legs.when(wanted).await
    }

    /// How many wait in a queue.
    #[must_use]
    pub fn queued(&self, name: &str) -> usize {
        self.0.queues.size(name)
    }

    /// The SIDs of the calls in a conference, in the order they came.
    #[must_use]
    pub fn conference(&self, name: &str) -> Vec<String> {
        self.0.rooms.inside(name)
    }

    /// The next call created by REST; waits until there is one.
    pub async fn next_ring(&self) -> Option<Ring> {
        self.0.rings.lock().await.recv().await
    }

    pub(crate) fn config(&self) -> &NetworkConfig {
        &self.0.config
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.0.config.routes
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    pub(crate) fn register(&self) -> &Legs {
        &self.0.legs
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.0.queues
    }

    /// Who has a number; it fails if nobody does.
    pub(crate) fn look_up(&self, number: &str) -> Callee {
        let book = self.0.book.lock().expect("nobody panics while holding the book");
        book.get(number).cloned().unwrap_or(Callee::Fails)
    }

    fn has_book(&self) -> bool {
        !self.0.book.lock().expect("nobody panics while holding the book").is_empty()
    }

    pub(crate) fn ring(&self, ring: Ring) -> Result<(), ()> {
        self.0.ring.try_send(ring).map_err(drop)
    }

    /// A new identifier with this prefix, unlike any other of any network.
    pub(crate) fn sid(&self, prefix: &str) -> String {
        let serial = self.0.serial.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}{:016x}{serial:016x}", self.0.seed)
    }

    /// The next moment at which a call of this number sends a frame.
    ///
    /// All calls share one clock of 20 ms, spread over its 20 milliseconds, so that the runtime wakes once for all
    /// the frames of one millisecond.
    pub(crate) fn next_tick(&self, call: u64, now: Instant) -> Instant {
        let from = self.0.ticks_from + Duration::from_millis(call % 20);
        let passed = now.saturating_duration_since(from).as_nanos() / 20_000_000;
        from + Duration::from_millis(20) * u32::try_from(passed + 1).unwrap_or(u32::MAX)
    }
}
