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
mod callback;
mod calls;
mod config;
mod detection;
mod faults;
mod legs;
mod messages;
mod numbers;
mod population;
mod queues;
mod recordings;
mod rest;
mod rooms;
mod signature;
mod webhook;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use address::Route;
pub(crate) use book::fax_steps;
pub use book::{Book, Callee, GreetingEnd, Human, Machine};
pub use callback::CallbackCounts;
pub use calls::CallStatus;
pub(crate) use calls::{Calls, Direction, Method, Order, Source};
pub use config::{InterruptedAction, NetworkConfig};
pub use detection::AnswersAs;
pub(crate) use detection::{Detection, Told as DetectionTold};
pub use faults::{CallbackFault, Faults, RestFault};
pub use legs::Leg;
pub(crate) use legs::Legs;
pub use messages::{Inbox, Message};
pub use numbers::OwnedNumber;
pub use population::{Kind, Population};
pub(crate) use queues::{Queues, Taken};
pub(crate) use recordings::Channel;
pub use recordings::Recording;
pub use rest::RestCounts;
pub(crate) use rest::rfc_2822;
pub(crate) use rooms::{Participant, RoomState, Rooms, Seat};
pub use signature::{sign, signed_form, signed_stream_form};
pub(crate) use webhook::{Answer, NoAnswer, Params, Question, Signing};

/// Outbound calls that wait for a telephone to be picked up; more are refused as busy.
const RINGS: usize = 1024;

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
    messages: messages::Messages,
    numbers: numbers::Numbers,
    recordings: recordings::Recordings,
    troubles: faults::Troubles,
    callbacks: callback::Callbacks,
    api_base_url: String,
    counters: rest::Counters,
    turn: AtomicUsize,
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
    pub(crate) detection: Option<Detection>,
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
            messages: messages::Messages::default(),
            numbers: numbers::Numbers::default(),
            recordings: recordings::Recordings::default(),
            troubles: faults::Troubles::default(),
            callbacks: callback::Callbacks::default(),
            turn: AtomicUsize::new(0),
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
        network.set_faults(network.config().faults.clone());
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
        self.fail_next(RestFault::Busy { retry_after_s: None }, requests);
    }

    /// Lets this go wrong with the next requests it can happen to, for certain.
    pub fn fail_next(&self, fault: RestFault, requests: u64) {
        self.0.troubles.next(fault, requests);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.0.troubles.set(faults);
    }

    /// What became of the callbacks so far.
    #[must_use]
    pub fn callback_counts(&self) -> CallbackCounts {
        self.0.callbacks.read()
    }

    /// Gives the account a number; unset as a new one is. An account that owns numbers calls and writes from no other.
    pub fn own(&self, number: impl Into<String>) -> OwnedNumber {
        let owned = OwnedNumber { sid: self.sid("PN"), number: number.into(), settings: Default::default() };
        self.0.numbers.add(owned.clone());
        owned
    }

    /// The account's number of this spelling, as it is set now.
    #[must_use]
    pub fn owned(&self, number: &str) -> Option<OwnedNumber> {
        self.0.numbers.find(number)
    }

    /// Says how a number takes text messages.
    pub fn set_inbox(&self, number: impl Into<String>, inbox: Inbox) {
        self.0.messages.set_inbox(number.into(), inbox);
    }

    /// Every text message that was taken, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.0.messages.all()
    }

    /// The text messages, as soon as they are as wanted.
    pub async fn messages_when(&self, wanted: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.0.messages.when(wanted).await
    }

    /// Every recording the network was asked to make, with its sound once it is complete.
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        self.0.recordings.all()
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

    /// Whose turn it is behind an address that leads to several.
    pub(crate) fn next_turn(&self) -> usize {
        self.0.turn.fetch_add(1, Ordering::Relaxed)
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
