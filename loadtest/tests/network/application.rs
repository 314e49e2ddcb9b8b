//! A voice application of a few lines, for the network to call.
//!
//! It answers each path with a document given by the test, checks every signature, remembers what it was asked and
//! hands the media socket to the test.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and its tasks end with it")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadtest::network::{Network, NetworkConfig, sign};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

/// The longest a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(20);

/// The number everybody calls.
pub(crate) const NUMBER: &str = "+15005550006";

/// One request the application got.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) path: String,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) is_signed: bool,
}

type Talk = Arc<dyn Fn(Stream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The application.
#[derive(Clone)]
pub(crate) struct Application {
    pub(crate) host: String,
    documents: Arc<BTreeMap<String, String>>,
    hits: Arc<Mutex<Vec<Hit>>>,
    changed: Arc<Notify>,
    talk: Talk,
}

/// The application's end of a media stream.
pub(crate) struct Stream {
    pub(crate) socket: WebSocket,
    pub(crate) start: Value,
    pub(crate) headers: HeaderMap,
}

impl Application {
    /// Starts the application and a network that calls it; `talk` holds its end of every stream.
    ///
    /// In documents `{http}` and `{ws}` stand for the application's own address. A document `mulaw 100` is a sound of
    /// 100 ms, for which no signature is asked.
    pub(crate) async fn start<F>(
        documents: &[(&str, &str)],
        talk: impl Fn(Stream) -> F + Send + Sync + 'static,
    ) -> (Self, Network)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let spell =
            |text: &str| text.replace("{http}", &format!("http://{host}")).replace("{ws}", &format!("ws://{host}"));
        let application = Self {
            documents: Arc::new(documents.iter().map(|(path, text)| ((*path).to_owned(), spell(text))).collect()),
            hits: Arc::default(),
            changed: Arc::default(),
            talk: Arc::new(move |stream| Box::pin(talk(stream))),
            host,
        };
        let router = Router::new().fallback(serve).with_state(application.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let network = Network::start(application.config()).await.unwrap();
        (application, network)
    }

    /// An account whose calls come here.
    pub(crate) fn config(&self) -> NetworkConfig {
        let mut config = NetworkConfig::new(self.url("/voice"));
        config.status_callback = Some(self.url("/status"));
        config.api_key = Some(("SK00000000000000000000000000000001".to_owned(), "secret".to_owned()));
        config
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// The value of one parameter of the first request at this path; empty without one.
    pub(crate) fn told(&self, path: &str, name: &str) -> String {
        let hits = self.hits(path);
        hits.first().and_then(|hit| hit.params.get(name)).cloned().unwrap_or_default()
    }

    /// The values of one parameter of all requests at this path, in the order they came.
    pub(crate) fn all_told(&self, path: &str, name: &str) -> Vec<String> {
        self.hits(path).iter().map(|hit| hit.params.get(name).cloned().unwrap_or_default()).collect()
    }

    /// Waits until so many requests have come to this path.
    pub(crate) async fn until_told(&self, path: &str, times: usize) -> Vec<Hit> {
        let come = async {
            loop {
                let changed = self.changed.notified();
                let hits = self.hits(path);
                if hits.len() >= times {
                    return hits;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, come).await.expect("the requests come")
    }

    /// What was asked at this path, in order.
    pub(crate) fn hits(&self, path: &str) -> Vec<Hit> {
        self.hits.lock().unwrap().iter().filter(|hit| hit.path == path).cloned().collect()
    }
}

/// Posts a form to the network's REST API; `tail` comes after `/Calls`.
pub(crate) async fn rest(network: &Network, tail: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/2010-04-01/Accounts/{}/Calls{tail}.json", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().post(url).basic_auth(network.account_sid(), Some(network.auth_token()));
    let answer = request.form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Asks the REST API for something of the account; `what` comes after the account's address.
pub(crate) async fn get(network: &Network, what: &str) -> (u16, Value) {
    let url = format!("{}/2010-04-01/Accounts/{}{what}", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().get(url).basic_auth(network.account_sid(), Some(network.auth_token()));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Posts a form to anything of the account, with an API key.
pub(crate) async fn post(network: &Network, what: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/2010-04-01/Accounts/{}{what}", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().post(url).basic_auth("SK00000000000000000000000000000001", Some("secret"));
    let answer = request.form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A stream nobody expects.
pub(crate) async fn no_stream(_: Stream) {
    panic!("no stream was expected");
}

async fn serve(State(application): State<Application>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_stream = parts.headers.contains_key(header::UPGRADE);
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let hit = application.hit(&parts.method, &parts.uri, &parts.headers, &body, is_stream);
    let is_signed = hit.is_signed;
    application.hits.lock().unwrap().push(hit);
    application.changed.notify_waiters();
    let sound = application.documents.get(parts.uri.path()).and_then(|document| document.strip_prefix("mulaw "));
    if let Some(ms) = sound {
        return ([(header::CONTENT_TYPE, "audio/basic")], vec![0x20_u8; ms.parse::<usize>().unwrap() * 8])
            .into_response();
    }
    if !is_signed {
        return StatusCode::FORBIDDEN.into_response();
    }
    if is_stream {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.unwrap();
        return upgrade.on_upgrade(move |socket| application.stream(socket, parts.headers));
    }
    match application.documents.get(parts.uri.path()) {
        Some(document) if document.starts_with('<') => {
            ([(header::CONTENT_TYPE, "text/xml")], document.clone()).into_response()
        }
        Some(other) => other.clone().into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

impl Application {
    fn hit(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes, is_stream: bool) -> Hit {
        let scheme = if is_stream { "wss" } else { "http" };
        let form = if *method == Method::POST { std::str::from_utf8(body).unwrap() } else { "" };
        let pairs = |text: &str| -> Vec<(String, String)> {
            let url = reqwest::Url::parse(&format!("form://f?{text}")).unwrap();
            url.query_pairs().into_owned().collect()
        };
        let signature =
            sign("0123456789abcdef0123456789abcdef", &format!("{scheme}://{}{uri}", self.host), &pairs(form));
        let given = headers.get("x-twilio-signature");
        Hit {
            path: uri.path().to_owned(),
            params: pairs(form).into_iter().chain(pairs(uri.query().unwrap_or_default())).collect(),
            method: method.clone(),
            headers: headers.clone(),
            is_signed: given.is_some_and(|given| given.as_bytes() == signature.as_bytes()),
        }
    }

    async fn stream(self, socket: WebSocket, headers: HeaderMap) {
        let mut stream = Stream { socket, start: Value::Null, headers };
        while let Some(message) = stream.next().await {
            if message["event"] == "start" {
                stream.start = message;
                return (self.talk)(stream).await;
            }
        }
    }
}

impl Stream {
    /// The next message of the telephone; none when the connection is over.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            }
        }
    }

    /// The next message of this kind.
    pub(crate) async fn next_event(&mut self, event: &str) -> Option<Value> {
        loop {
            let message = self.next().await?;
            if message["event"] == event {
                return Some(message);
            }
        }
    }

    pub(crate) fn sid(&self) -> String {
        self.start["streamSid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let _ = self.socket.send(Message::Text(message.to_string().into())).await;
    }

    /// Sends this many milliseconds of sound in one message.
    pub(crate) async fn speak(&mut self, ms: usize) {
        let payload = STANDARD.encode(vec![0x20_u8; ms * 8]);
        self.send(json!({"event": "media", "streamSid": self.sid(), "media": {"payload": payload}})).await;
    }

    pub(crate) async fn mark(&mut self, name: &str) {
        self.send(json!({"event": "mark", "streamSid": self.sid(), "mark": {"name": name}})).await;
    }

    pub(crate) async fn clear(&mut self) {
        self.send(json!({"event": "clear", "streamSid": self.sid()})).await;
    }

    /// Closes, and waits until the telephone has gone.
    pub(crate) async fn close(mut self) {
        let _ = self.socket.send(Message::Close(Some(CloseFrame { code: 1000, reason: "".into() }))).await;
        while self.next().await.is_some() {}
    }

    /// Reads until the telephone has gone and passes everything on.
    pub(crate) async fn pass_on(mut self, to: mpsc::UnboundedSender<Value>) {
        while let Some(message) = self.next().await {
            let _ = to.send(message);
        }
    }
}
