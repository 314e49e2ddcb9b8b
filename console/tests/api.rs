//! The API as a client sees it: the router over a real database, no socket.

#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests")]

use axum::Router;
use axum::body::{Body, to_bytes};
use common::cdr::Cdr;
use common::company::Roster;
use common::company::load::load;
use common::config::{Config, LoadArgs};
use common::event::{Direction, ENVELOPE_VERSION, Envelope, Event, EventKey, GatewayEvent, Source};
use common::ids::{CallId, Epoch};
use common::ports::Ports;
use common::private::{PhoneNumber, SecretString};
use console::{ConsoleContext, router};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;

const KEY: &str = "a key nobody guesses";

#[tokio::test]
async fn nobody_is_served_without_the_key() {
    let api = Api::new().await;
    for given in [None, Some("Bearer wrong"), Some("Bearer "), Some(KEY)] {
        let (status, body) = api.send(Method::GET, "/calls", given, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body["detail"].as_str().unwrap().contains("PATCHBAY_CONSOLE__API_KEY"), "{body}");
    }
    assert_eq!(api.get("/calls").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_call_is_placed_and_watched() {
    let api = Api::new().await;
    let wish = json!({"company": "demo", "agent": "reception", "to": "+12025550143", "consent": "asked for it",
        "columns": {"name": "Ada"}, "plan": {"hours": "00:00-24:00", "days": "mon-sun"}});
    let (status, body) = api.post("/calls", &wish).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let id = body["batch"].as_str().unwrap().to_owned();
    let (_, watched) = api.get(&format!("/batches/{id}")).await;
    assert_eq!((&watched["progress"]["waiting"], &watched["batch"]["status"]), (&json!(1), &json!("running")));
    let (_, rows) = api.get(&format!("/batches/{id}/rows")).await;
    assert_eq!(rows["rows"][0]["row"]["columns"]["name"], "Ada");
    let (_, again) = api.post("/calls", &wish).await;
    assert_ne!(again["batch"], id.as_str(), "two calls to one person are two wishes");
}

#[tokio::test]
async fn a_batch_begun_twice_is_begun_once_and_its_broken_rows_are_told() {
    let api = Api::new().await;
    let csv = "to,name\n+12025550143,Ada\n12025550144,Bob\n+12025550145,Cy\n";
    let wish = json!({"company": "demo", "agent": "reception", "consent": "they booked", "csv": csv});
    let (status, body) = api.post("/batches", &wish).await;
    assert_eq!((status, &body["rows"]), (StatusCode::CREATED, &json!(2)), "{body}");
    assert_eq!(body["broken"][0]["line"], 3);
    let (status, again) = api.post("/batches", &wish).await;
    assert_eq!((status, &again["batch"], &again["new"]), (StatusCode::OK, &body["batch"], &json!(false)));
}

#[tokio::test]
async fn everything_wrong_with_a_batch_is_told_at_once() {
    let api = Api::new().await;
    let wish = json!({"company": "demo", "agent": "nobody", "rows": [{"to": "5551234"}], "plan": {"ring_s": 1}});
    let (status, body) = api.post("/batches", &wish).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = body["errors"].to_string();
    for part in ["no agent nobody", "consent", "ringing must last", "row 1", "E.164"] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let (status, body) = api.post("/batches", &json!({"company": "demo"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["detail"].as_str().unwrap().contains("agent"), "{body}");
}

#[tokio::test]
async fn a_batch_is_paused_resumed_and_cancelled() {
    let api = Api::new().await;
    let wish = json!({"company": "demo", "agent": "reception", "consent": "yes", "rows": [{"to": "+12025550143"}]});
    let (_, body) = api.post("/batches", &wish).await;
    let id = body["batch"].as_str().unwrap();
    for (order, status) in
        [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled"), ("resume", "cancelled")]
    {
        let (_, told) = api.post(&format!("/batches/{id}/{order}"), &json!({})).await;
        assert_eq!(told["status"], status, "{order}");
    }
    let (status, _) = api.post(&format!("/batches/{id}/explode"), &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/batches/none").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn calls_are_listed_shown_and_heard() {
    let api = Api::new().await;
    let call = common::testing::call_id(7);
    api.accept(&call).await;
    let (_, listed) = api.get("/calls?direction=inbound").await;
    assert_eq!(listed["calls"][0]["call"], call.as_str());
    assert_eq!(api.get("/calls?direction=outbound").await.1["calls"], json!([]));
    let (_, shown) = api.get(&format!("/calls/{call}")).await;
    assert_eq!((&shown["call"]["company"], &shown["turns"]), (&json!("demo"), &json!([])));
    assert_eq!(api.get(&format!("/calls/{call}/audio")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/calls/CA1").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.get("/calls?who=me").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn people_opt_out_and_in() {
    let api = Api::new().await;
    let named = json!({"company": "demo", "numbers": ["+12025550143"]});
    assert_eq!(api.post("/opt-outs", &named).await.1["added"], 1);
    let (_, removed) = api.send(Method::DELETE, "/opt-outs", Some(&bearer()), Some(&named)).await;
    assert_eq!(removed["removed"], 1);
    let (status, body) = api.post("/opt-outs", &json!({"company": "demo", "numbers": ["555"]})).await;
    assert_eq!((status, body["errors"].as_array().unwrap().len()), (StatusCode::UNPROCESSABLE_ENTITY, 1));
}

struct Api {
    router: Router,
    ports: Ports,
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

fn keep(cdr: &mut Cdr, envelope: &Envelope) {
    if let Event::Gateway(GatewayEvent::Accepted { direction, .. }) = &envelope.event {
        cdr.direction = Some(*direction);
    }
    cdr.company.clone_from(&envelope.company);
    cdr.accepted_ms = Some(envelope.at_ms);
}

impl Api {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config::load(LoadArgs::default()).unwrap();
        let stores = adapters::db::open(None).unwrap();
        stores.db.migrate().await.unwrap();
        let roster: Roster =
            load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents"), &Default::default()).unwrap().roster;
        let ports = Ports {
            state: Arc::new(adapters::state::Embedded::new()),
            bus: Arc::new(adapters::bus::Embedded::new()),
            db: stores.db,
            directory: stores.directory,
            outbound: stores.outbound,
            aftercare: stores.aftercare,
            vault: Arc::new(adapters::vault::Store::open(&config.recordings).unwrap()),
            summarizer: adapters::summary::open(&config.summary).unwrap(),
            agents: Arc::new(adapters::agent::Providers::new(config.openai.clone())),
            lines: Arc::new(adapters::line::TwilioLines),
            telephone: None,
            messages: None,
            recordings: None,
            numbers: None,
        };
        let context = ConsoleContext::new(SecretString::from(KEY), &ports, roster);
        Self { router: router(Arc::new(context)), ports }
    }

    async fn accept(&self, call: &CallId) {
        let event = GatewayEvent::Accepted {
            direction: Direction::Inbound,
            from: PhoneNumber::new("+12025550143"),
            to: PhoneNumber::new("+15005550001"),
            agent: None,
            agent_version: None,
            language: None,
            attempt: None,
        };
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            key: EventKey { call: call.clone(), source: Source::Gateway, epoch: Epoch(1), sequence: 0 },
            company: common::ids::CompanyId::parse("demo").ok(),
            at_ms: 1_000,
            trace: String::new(),
            event: Event::Gateway(event),
        };
        self.ports.db.record(&[envelope], &keep).await.unwrap();
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, Some(&bearer()), None).await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(&bearer()), Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if let Some(key) = key {
            request = request.header("authorization", key);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}
