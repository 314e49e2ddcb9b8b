//! A small HTTP server: it keeps what it was asked and answers what the test says.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// This status and body.
    With(u16, Bytes),
    /// Nothing, for ever.
    Nothing,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::With(status, Bytes::new())
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::With(200, body.to_string().into())
    }
}

type Answers = Arc<Mutex<Box<dyn FnMut(&Seen) -> Answer + Send>>>;

/// A server on a port of its own.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Answers,
}

impl Server {
    pub(crate) async fn answering(answers: impl FnMut(&Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            answers: Arc::new(Mutex::new(Box::new(answers))),
        };
        let app = Router::new().fallback(answer).with_state(server.clone());
        #[allow(clippy::disallowed_methods, reason = "it ends with its test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, answers: impl FnMut(&Seen) -> Answer + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Of letters: those about this.
    pub(crate) fn letters(&self, event: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.header("x-patchbay-event") == event).collect()
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen { method: parts.method.to_string(), path: parts.uri.path().into(), headers: parts.headers, body };
    server.seen.lock().unwrap().push(seen.clone());
    let answer = (server.answers.lock().unwrap())(&seen);
    match answer {
        Answer::With(status, body) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }
        Answer::Nothing => std::future::pending().await,
    }
}
