//! What the tests stand on: a running worker between embedded stores, reserved by a gateway's requests.

pub(crate) mod log;
pub(crate) mod phone;
pub(crate) mod provider;
pub(crate) mod recorded;
pub(crate) mod service;
pub(crate) mod slow_state;
pub(crate) mod speech;
pub(crate) mod store;
pub(crate) mod studio;
pub(crate) mod telephone;

use ::call::{Conversation, Resumed};
use adapters::agent::Providers;
use adapters::db::Opened;
use adapters::line::TwilioLines;
use adapters::{bus, state};
use common::clock;
use common::company::load::load;
use common::company::{AgentSnapshot, Company};
use common::config::{Config, LoadArgs};
use common::event::{Envelope, Event};
use common::health::Readiness;
use common::ids::{BootId, CallId, CompanyId, Epoch, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{Bus, Consumer, Directory, Ports, Recordings, Session, State};
use common::private::ExposeSecret;
use common::reservation::{Full, MediaProof, Reserve, Reserved};
use common::token::{Keys, StreamToken};
use log::Log;
use slow_state::{Gate, SlowState};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
pub(crate) use store::Store;
use telephone::Telephone;
use tokio::net::TcpListener;

/// The address the telephone network reaches.
pub(crate) const PUBLIC: &str = "https://calls.example.com";
/// What the network signs with.
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
/// The name of the worker under test.
pub(crate) const WORKER: &str = "worker-3";

/// Longest wait for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How a worker under test is set up.
pub(crate) struct Setup {
    log: Log,
    settings: BTreeMap<String, String>,
    listener: Option<TcpListener>,
    recordings: Option<Arc<dyn Recordings>>,
    gate: Gate,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let settings = [
            ("public_url", PUBLIC),
            ("secret", "sixteen letters and a few more"),
            ("twilio.account_sid", telephone::ACCOUNT),
            ("twilio.auth_token", TOKEN),
            ("worker.id", WORKER),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { log: Log::keep(), settings, listener: None, recordings: None, gate: Gate::default() }
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With a telephone network that records.
    pub(crate) fn recording_at(mut self, network: Arc<dyn Recordings>) -> Self {
        self.recordings = Some(network);
        self
    }

    /// On this listener instead of an ordinary one.
    pub(crate) fn on(mut self, listener: TcpListener) -> Self {
        self.listener = Some(listener);
        self
    }

    pub(crate) async fn start(self) -> Bench {
        // Two tests at once: the second finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config::load(LoadArgs { overrides: self.settings, ..LoadArgs::default() }).unwrap();
        let (state, bus) = (state::Embedded::new(), bus::Embedded::new());
        let Opened { db, directory, outbound, aftercare } = adapters::db::open(None).unwrap();
        db.migrate().await.unwrap();
        let ports = Ports {
            state: Arc::new(SlowState::new(state.clone(), self.gate.clone())),
            bus: Arc::new(bus.clone()),
            db,
            directory: directory.clone(),
            agents: Arc::new(Providers::new(config.openai.clone())),
            lines: Arc::new(TwilioLines),
            outbound,
            aftercare,
            vault: Arc::new(Store::open(&config)),
            summarizer: Arc::new(adapters::summary::Scripted),
            messages: None,
            recordings: self.recordings,
            numbers: None,
            telephone: None,
        };
        let listener = match self.listener {
            Some(listener) => listener,
            None => TcpListener::bind("127.0.0.1:0").await.unwrap(),
        };
        let address = listener.local_addr().unwrap();
        let keys = Keys::new(config.secret.expose_secret());
        let (lifecycle, running) = (Lifecycle::new(), Lifecycle::new());
        let readiness = Readiness::expecting(&["pool"]);
        let worker = lifecycle.clone();
        running.start("worker under test", async move {
            worker::run(&config, listener, ports, readiness, worker).await;
        });
        let events = bus.consumer("test").await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (log, gate, seen) = (self.log, self.gate, Vec::new());
        Bench { state, bus, directory, gate, keys, address, lifecycle, running, events, seen, client, log }
    }
}

/// A running worker. It ends with the test.
pub(crate) struct Bench {
    pub(crate) state: state::Embedded,
    pub(crate) bus: bus::Embedded,
    pub(crate) directory: Arc<dyn Directory>,
    /// Holds writes to the state store back.
    pub(crate) gate: Gate,
    pub(crate) keys: Keys,
    pub(crate) address: SocketAddr,
    /// Stops the worker.
    pub(crate) lifecycle: Lifecycle,
    /// Is done when the worker is.
    pub(crate) running: Lifecycle,
    events: Box<dyn Consumer>,
    seen: Vec<Envelope>,
    client: reqwest::Client,
    pub(crate) log: Log,
}

/// A reserved seat.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) call: CallId,
    pub(crate) epoch: Epoch,
    pub(crate) boot: BootId,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Setup::new().start().await
    }

    /// Claims a call and reserves a seat for it, as a gateway does; `demo`'s agent answers.
    pub(crate) async fn reserve(&self, call: &CallId) -> Seat {
        self.reserve_for(call, demo_agent()).await
    }

    pub(crate) async fn reserve_for(&self, call: &CallId, agent: AgentSnapshot) -> Seat {
        let epoch = self.state.claim(call).await.unwrap().epoch;
        self.try_reserve(call, epoch, agent).await.unwrap()
    }

    /// Claims a call that comes back with this conversation.
    pub(crate) async fn reserve_resumed(&self, call: &CallId, agent: AgentSnapshot, heard: Conversation) -> Seat {
        let epoch = self.state.claim(call).await.unwrap().epoch;
        let resumed = Resumed::Yes;
        let reserve = Reserve { conversation: Some(heard), resumed, ..reservation(call, epoch, agent) };
        self.ask_for_seat(reserve).await.unwrap()
    }

    /// Asks for a seat; the reason where there is none.
    pub(crate) async fn try_reserve(&self, call: &CallId, epoch: Epoch, agent: AgentSnapshot) -> Result<Seat, String> {
        self.ask_for_seat(reservation(call, epoch, agent)).await
    }

    async fn ask_for_seat(&self, reserve: Reserve) -> Result<Seat, String> {
        let url = format!("http://{}/reserve", self.address);
        let answer = self.client.post(url).bearer_auth(self.keys.internal()).json(&reserve).send().await.unwrap();
        if answer.status().as_u16() == 409 {
            return Err(answer.json::<Full>().await.unwrap().reason);
        }
        assert_eq!(answer.status().as_u16(), 200);
        let reserved: Reserved = answer.json().await.unwrap();
        assert_eq!(reserved.worker.as_str(), WORKER);
        Ok(Seat { call: reserve.call, epoch: reserve.epoch, boot: reserved.boot })
    }

    /// The token a gateway would give for this seat.
    pub(crate) fn token(&self, seat: &Seat) -> StreamToken {
        StreamToken {
            call: seat.call.clone(),
            worker: WorkerId::parse(WORKER).unwrap(),
            boot: seat.boot.clone(),
            epoch: seat.epoch,
            expires_ms: clock::unix_ms() + 30_000,
        }
    }

    /// A stream that is open and has not started.
    pub(crate) async fn dial(&self, seat: &Seat) -> Telephone {
        let token = self.keys.sign_stream(&self.token(seat));
        Telephone::dial(self.address, WORKER, &token).await.unwrap()
    }

    /// A live call: reserved, opened, started.
    pub(crate) async fn call(&self, call: &CallId) -> Telephone {
        let seat = self.reserve(call).await;
        let mut telephone = self.dial(&seat).await;
        telephone.start(call).await;
        telephone
    }

    pub(crate) async fn proof(&self) -> MediaProof {
        let url = format!("http://{}/media-proof", self.address);
        self.client.get(url).bearer_auth(self.keys.internal()).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn session(&self, call: &CallId) -> Session {
        self.state.session(call).await.unwrap().unwrap()
    }

    /// Waits until the bus has carried an event of this kind; gives all so far, in order.
    pub(crate) async fn events_until(&mut self, kind: &str) -> Vec<Envelope> {
        let waiting = async {
            while !self.seen.iter().any(|event| event.event.kind() == kind) {
                self.take_in(PATIENCE).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "no {kind} among {:?}", kinds(&self.seen));
        self.seen.clone()
    }

    /// What the bus has carried so far.
    pub(crate) async fn events(&mut self) -> Vec<Envelope> {
        self.take_in(Duration::ZERO).await;
        self.seen.clone()
    }

    async fn take_in(&mut self, wait: Duration) {
        let batch = self.events.batch(1_000, wait).await.unwrap();
        self.seen.extend(batch.iter().map(|delivery| serde_json::from_slice::<Envelope>(&delivery.payload).unwrap()));
        self.events.ack(&batch).await.unwrap();
    }
}

fn reservation(call: &CallId, epoch: Epoch, agent: AgentSnapshot) -> Reserve {
    let (call, resumed, trace) = (call.clone(), Resumed::No, String::new());
    Reserve { call, epoch, agent, conversation: None, resumed, caller: None, ours: None, direction: None, trace }
}

/// Looks again and again until it has happened.
pub(crate) async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looking).await.is_ok(), "this never happened: {what}");
}

/// The call with this number.
pub(crate) fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).unwrap()
}

/// The company of `agents/demo`.
pub(crate) fn demo_company() -> Company {
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents");
    let mut roster = load(&agents, &Default::default()).unwrap().roster;
    roster.companies.remove(&CompanyId::parse("demo").unwrap()).unwrap()
}

/// Its scripted agent.
pub(crate) fn demo_agent() -> AgentSnapshot {
    let company = demo_company();
    company.agents.values().next().unwrap().snapshot(&company, None)
}

/// Kinds of events, for a look at their order.
pub(crate) fn kinds(events: &[Envelope]) -> Vec<&'static str> {
    events.iter().map(|event| event.event.kind()).collect()
}

/// That events of one claim are numbered from 0 without a gap, each once.
pub(crate) fn are_whole(events: &[Envelope]) -> bool {
    events.iter().map(|event| event.key.sequence).eq(0..events.len() as u64)
}

/// The event of the worker's core in an envelope.
pub(crate) fn worker_event(event: &Envelope) -> &call::CallEvent {
    let Event::Worker(event) = &event.event else { panic!("an event of another source") };
    event
}
