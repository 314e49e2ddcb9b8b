//! Call control against a small HTTP server that answers what each test says.

use adapters::twilio::TwilioRest;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use common::config::Twilio;
use common::ids::CallId;
use common::ports::{Telephone as _, TelephoneError};
use common::private::SecretString;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALL: &str = "CA00000000000000000000000000000002";
const CALL_PATH: &str =
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002.json";

#[tokio::test]
async fn a_call_is_ended() {
    let server = Server::answering([(200, "{}")]).await;
    server.rest().hang_up(&call()).await.expect("ended");
    let wanted = Seen::new("POST", CALL_PATH, &server.token_login(), "Status=completed");
    assert_eq!(server.seen(), [wanted]);
}

#[tokio::test]
async fn a_call_is_sent_elsewhere() {
    let server = Server::answering([(200, "{}")]).await;
    server.rest().redirect(&call(), "https://calls.example.com/twilio/next/a&b").await.expect("redirected");
    let body = "Url=https%3A%2F%2Fcalls.example.com%2Ftwilio%2Fnext%2Fa%26b&Method=POST";
    assert_eq!(server.seen(), [Seen::new("POST", CALL_PATH, &server.token_login(), body)]);
}

#[tokio::test]
async fn an_api_key_is_preferred_to_the_token() {
    let server = Server::answering([(200, "{}")]).await;
    let rest = TwilioRest::new(&with_key(server.config())).expect("built").expect("there is an address");
    rest.hang_up(&call()).await.expect("ended");
    assert_eq!(server.seen()[0].login, basic("SK00000000000000000000000000000004", "key-secret"));
    assert!(server.seen()[0].path.contains(ACCOUNT), "the path still names the account");
}

#[tokio::test]
async fn a_call_that_is_over_is_said_to_be() {
    for answer in [
        (404, r#"{"code":20404,"message":"The requested resource was not found","status":404}"#),
        (404, "not JSON"),
        (400, r#"{"code":21220,"message":"Call is not in-progress. Cannot redirect.","status":400}"#),
    ] {
        let server = Server::answering([answer]).await;
        assert!(matches!(server.rest().hang_up(&call()).await, Err(TelephoneError::AlreadyOver)), "{answer:?}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_busy_or_faulty_network_is_asked_again() {
    let server = Server::answering([(429, r#"{"code":20429}"#), (503, ""), (200, "{}")]).await;
    server.rest().hang_up(&call()).await.expect("ended at the third try");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn after_three_tries_the_network_is_away() {
    let server = Server::answering([(500, ""), (502, ""), (503, ""), (200, "{}")]).await;
    let error = server.rest().hang_up(&call()).await.expect_err("given up");
    assert!(matches!(&error, TelephoneError::Away(why) if why == "status 503 Service Unavailable"), "{error}");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let server = Server::answering([(401, r#"{"code":20003,"message":"Authenticate"}"#)]).await;
    let error = server.rest().hang_up(&call()).await.expect_err("refused");
    assert!(matches!(error, TelephoneError::Refused { code: Some(20003), status: 401, .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_network_that_cannot_be_reached_is_away() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let rest = TwilioRest::new(&config(&format!("http://{address}"))).expect("built").expect("there is an address");
    let error = rest.hang_up(&call()).await.expect_err("nobody there");
    assert_eq!(error.to_string(), "the telephone network is away: no connection");
}

#[tokio::test]
async fn a_request_that_was_sent_and_not_answered_is_not_repeated() {
    let server = Server::answering([]).await;
    let error = server.rest().redirect(&call(), "https://x/").await.expect_err("no answer");
    assert_eq!(error.to_string(), "the telephone network is away: it did not answer in time");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_account_is_checked() {
    let server = Server::answering([(200, r#"{"status":"active"}"#), (200, r#"{"status":"suspended"}"#)]).await;
    let rest = server.rest();
    assert_eq!(rest.check().await.expect("healthy").faults, [] as [&str; 0]);
    assert_eq!(rest.check().await.expect("answers").faults, ["the account is suspended"]);
    assert_eq!(server.seen()[0].path, format!("/2010-04-01/Accounts/{ACCOUNT}.json"));
}

#[tokio::test]
async fn a_key_that_may_not_read_the_account_is_checked_by_listing_a_call() {
    let server = Server::answering([(401, r#"{"code":20003}"#), (200, "{}")]).await;
    let rest = TwilioRest::new(&with_key(server.config())).expect("built").expect("there is an address");
    assert!(rest.check().await.expect("healthy").faults.is_empty());
    assert_eq!(server.seen()[1].path, format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json?PageSize=1"));
    let server = Server::answering([(401, r#"{"code":20003}"#)]).await;
    assert!(server.rest().check().await.is_err(), "the token itself must be able to");
}

#[tokio::test]
async fn without_an_address_there_is_no_call_control() {
    install_tls();
    let config = Twilio { api_base_url: None, ..config("") };
    assert!(TwilioRest::new(&config).expect("nothing to fail").is_none());
}

#[tokio::test]
async fn no_secret_and_no_call_is_printed() {
    let server = Server::answering([(200, "<html>")]).await;
    let rest = server.rest();
    assert!(!format!("{rest:?}").contains("the-token"));
    let error = rest.check().await.expect_err("not JSON");
    assert!(!error.to_string().contains(ACCOUNT), "{error}");
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    method: String,
    path: String,
    login: String,
    body: String,
}

impl Seen {
    fn new(method: &str, path: &str, login: &str, body: &str) -> Self {
        Self { method: method.into(), path: path.into(), login: login.into(), body: body.into() }
    }
}

type Answers = VecDeque<(u16, &'static str)>;

/// A server that gives these answers in turn, then none at all.
#[derive(Clone)]
struct Server {
    address: String,
    answers: Arc<Mutex<Answers>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    async fn answering<const N: usize>(answers: [(u16, &'static str); N]) -> Self {
        install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}/", listener.local_addr().expect("an address"));
        let server = Self { address, answers: Arc::new(Mutex::new(answers.into())), seen: Arc::default() };
        let router = Router::new().fallback(answer).with_state(server.clone());
        #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn rest(&self) -> TwilioRest {
        TwilioRest::new(&self.config()).expect("built").expect("there is an address")
    }

    fn config(&self) -> Twilio {
        config(&self.address)
    }

    fn token_login(&self) -> String {
        basic(ACCOUNT, "the-token")
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }
}

async fn answer(State(server): State<Server>, request: Request<Body>) -> (StatusCode, &'static str) {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024).await.expect("a body");
    let login = head.headers.get("authorization").and_then(|login| login.to_str().ok()).unwrap_or_default();
    let body = std::str::from_utf8(&body).expect("a form");
    let seen = Seen::new(head.method.as_str(), &head.uri.to_string(), login, body);
    server.seen.lock().expect("not poisoned").push(seen);
    let next = server.answers.lock().expect("not poisoned").pop_front();
    match next {
        Some((status, body)) => (StatusCode::from_u16(status).expect("a status"), body),
        None => std::future::pending().await,
    }
}

fn config(base_url: &str) -> Twilio {
    Twilio {
        account_sid: ACCOUNT.into(),
        auth_token: SecretString::from("the-token".to_owned()),
        old_auth_token: None,
        api_key: None,
        api_secret: None,
        api_base_url: Some(base_url.to_owned()),
    }
}

fn with_key(config: Twilio) -> Twilio {
    let api_secret = Some(SecretString::from("key-secret".to_owned()));
    Twilio { api_key: Some("SK00000000000000000000000000000004".into()), api_secret, ..config }
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let login = format!("{user}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login))
}

fn call() -> CallId {
    CallId::parse(CALL).expect("valid")
}

fn install_tls() {
    // Fails when another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
