//! What the tests stand on: a world of stores, gateways in it, callers and workers.

pub(crate) mod bench;
pub(crate) mod document;
pub(crate) mod log;
pub(crate) mod request;
pub(crate) mod telephone;
pub(crate) mod worker;

use adapters::agent::Providers;
use adapters::db::Opened;
use adapters::line::TwilioLines;
use adapters::{bus, state};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use common::company::load::load;
use common::company::{Company, Roster};
use common::config::{Config, LoadArgs};
use common::event::Envelope;
use common::ids::CallId;
use common::lifecycle::Lifecycle;
use common::ports::{Bus, OutboxId, Ports, State};
use common::private::{ExposeSecret, PhoneNumber};
use common::token::Keys;
use document::Document;
use gateway::GatewayContext;
use log::Log;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use telephone::Telephones;
use tower::ServiceExt;

/// The address the telephone network reaches.
pub(crate) const PUBLIC: &str = "https://calls.example.com";
/// The account all webhooks belong to.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// What the network signs with.
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
/// A number somebody answers: `agents/demo`.
pub(crate) const CALLED: &str = "+15005550001";

const SECRET: &str = "sixteen letters and a few more";
const PATIENCE: Duration = Duration::from_secs(10);

/// The stores all gateways of a test share.
pub(crate) struct World {
    pub(crate) state: state::Embedded,
    pub(crate) bus: bus::Embedded,
    pub(crate) log: Log,
    pub(crate) telephone: Telephones,
    pub(crate) database: Opened,
    roster: Roster,
    settings: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new() -> Self {
        // Two tests at once: the second finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = [
            ("public_url", PUBLIC),
            ("secret", SECRET),
            ("twilio.account_sid", ACCOUNT),
            ("twilio.auth_token", TOKEN),
            ("gateway.deadline_ms", "5000"),
            ("gateway.reserve_deadline_ms", "3000"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self {
            state: state::Embedded::new(),
            bus: bus::Embedded::new(),
            log: Log::keep(),
            telephone: Telephones::default(),
            database: adapters::db::open(None).unwrap(),
            roster: load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents"), &Default::default()).unwrap().roster,
            settings,
        }
    }

    /// The same world with another setting for gateways made from now on.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same world with the company that [`CALLED`] belongs to changed.
    pub(crate) fn with_company(mut self, change: impl FnOnce(&mut Company)) -> Self {
        let companies = self.roster.companies.values_mut();
        let called = PhoneNumber::new(CALLED);
        let answers = |company: &&mut Company| company.agents.values().any(|agent| agent.numbers.contains(&called));
        change(companies.into_iter().find(answers).unwrap());
        self
    }

    pub(crate) fn gateway(&self) -> Gateway {
        let (context, keys) = self.context();
        let context = Arc::new(context);
        let lifecycle = context.lifecycle.clone();
        Gateway { router: gateway::router::router(context.clone()), context, keys, lifecycle }
    }

    /// What a gateway is made of, and the keys it shares with workers.
    pub(crate) fn context(&self) -> (GatewayContext, Keys) {
        let config = Config::load(LoadArgs { overrides: self.settings.clone(), ..LoadArgs::default() }).unwrap();
        let Opened { db, directory, outbound, aftercare } = self.database.clone();
        let ports = Ports {
            state: Arc::new(self.state.clone()),
            bus: Arc::new(self.bus.clone()),
            db,
            directory,
            agents: Arc::new(Providers::new(config.openai.clone())),
            lines: Arc::new(TwilioLines),
            outbound,
            aftercare,
            vault: Arc::new(adapters::vault::Store::open(&config.recordings).unwrap()),
            summarizer: Arc::new(adapters::summary::Scripted),
            messages: None,
            recordings: None,
            numbers: None,
            telephone: Some(Arc::new(self.telephone.clone())),
        };
        let context = GatewayContext::new(&config, &ports, self.roster.clone(), Lifecycle::new()).unwrap();
        (context, Keys::new(config.secret.expose_secret()))
    }

    /// Whatever stands in the outbox, oldest first.
    pub(crate) async fn outbox(&self) -> Vec<(OutboxId, Envelope)> {
        self.state.outbox(Duration::ZERO, 1_000).await.unwrap()
    }

    /// Every event on the bus so far, in order.
    pub(crate) async fn events(&self) -> Vec<Envelope> {
        let mut consumer = self.bus.consumer("test").await.unwrap();
        let batch = consumer.batch(1_000, Duration::ZERO).await.unwrap();
        batch.iter().map(|delivery| serde_json::from_slice(&delivery.payload).unwrap()).collect()
    }

    /// That a request left no trace in any store.
    pub(crate) async fn is_untouched(&self, call: &CallId) -> bool {
        let session = self.state.session(call).await.unwrap();
        session.is_none() && self.outbox().await.is_empty() && self.events().await.is_empty()
    }
}

/// One gateway.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) context: Arc<GatewayContext>,
    pub(crate) keys: Keys,
    router: Router,
    lifecycle: Lifecycle,
}

impl Gateway {
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, kind, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// What the gateway does behind an answer's back is done when this returns.
    pub(crate) async fn settle(&self) {
        assert_eq!(self.lifecycle.join(PATIENCE).await, 0, "a task of the gateway does not end");
    }

    /// On a real socket; gives its address. It ends with the test.
    pub(crate) async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        Lifecycle::new().start("gateway under test", async move { axum::serve(listener, router).await.unwrap() });
        address
    }
}

/// A gateway's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    /// The TwiML in it.
    pub(crate) fn document(&self) -> Document {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.kind.as_deref(), Some("text/xml; charset=utf-8"));
        Document::read(&self.body)
    }
}

/// The call with this number.
pub(crate) fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).unwrap()
}

/// Kinds of events, for a look at their order: `gateway.accepted`.
pub(crate) fn kinds(events: &[Envelope]) -> Vec<String> {
    events.iter().map(|event| format!("{}.{}", event.key.source.as_str(), event.event.kind())).collect()
}

/// A body for [`Request`]s.
pub(crate) fn body(text: impl Into<String>) -> Body {
    Body::from(text.into())
}
