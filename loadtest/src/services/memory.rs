//! What a server remembers: every request as it came, and how it left.
//!
//! `witness.rs` writes it, tests and ledgers read it. Nothing is ever forgotten or changed afterwards, except how a
//! request ended, once that is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, Method, Uri, request::Parts};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use super::{faults::Fault, signature::Verdict};

/// A request that reached a server.
#[derive(Clone, Debug)]
pub struct Request {
    /// When its last byte had come.
    pub at: Timestamp,
    /// `GET`, `POST`, ...
    pub method: Method,
    /// Path and query as they stood in the first line.
    pub uri: Uri,
    /// All headers, repeated ones too.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// What is to be thought of its signature.
    pub signature: Verdict,
    /// What was made to go wrong with it.
    pub fault: Option<Fault>,
    /// How it ended, as far as the server knows.
    pub ending: Ending,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not.
    Open,
    /// An answer with this status was begun.
    Answered(u16),
    /// The work is done, and a fault keeps the answer back.
    Withheld,
    /// The connection ended without an answer: the caller gave up or the server was stopped.
    Unanswered,
}

impl Request {
    pub(super) fn new(parts: &Parts, body: Bytes, signature: Verdict) -> Self {
        Self {
            at: Timestamp::now(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            body,
            signature,
            fault: None,
            ending: Ending::Open,
        }
    }

    /// The path without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// A header as text; the first, if it is repeated.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What makes a repeated request the same one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether `route` means this request: its path or what that begins with, a JSON-RPC method (`tools/call`), a
    /// method and the tool it calls (`tools/call store_hours`), or `*`.
    #[must_use]
    pub fn is_for(&self, route: &str) -> bool {
        let below = |path: &str| path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        route == "*"
            || below(self.path())
            || self.rpc().is_some_and(|(method, named)| route == method || route == named)
    }

    /// The JSON-RPC method, alone and followed by the tool it calls.
    fn rpc(&self) -> Option<(String, String)> {
        let message = self.json();
        let method = message.get("jsonrpc").and(message["method"].as_str())?;
        let named = message["params"]["name"].as_str().map(|tool| format!("{method} {tool}"));
        Some((method.to_owned(), named.unwrap_or_else(|| method.to_owned())))
    }
}

/// The memory of one server.
#[derive(Debug, Default)]
pub(super) struct Memory {
    requests: Mutex<Vec<Request>>,
    changed: Notify,
}

impl Memory {
    /// Every request so far, in the order in which they were complete.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.lock().clone()
    }

    /// Waits until the requests fulfil `wanted`.
    pub(super) async fn until(&self, wanted: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        loop {
            let changed = self.changed.notified();
            let requests = self.requests();
            if wanted(&requests) {
                return requests;
            }
            changed.await;
        }
    }

    /// Writes down a request; it counts as unanswered once the entry is dropped without an answer.
    pub(super) fn enter(self: &Arc<Self>, request: Request) -> Entry {
        let mut requests = self.lock();
        requests.push(request);
        let number = requests.len() - 1;
        drop(requests);
        self.changed.notify_waiters();
        Entry { memory: Arc::clone(self), number, ending: Ending::Unanswered }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way through the server.
#[derive(Debug)]
pub(super) struct Entry {
    memory: Arc<Memory>,
    number: usize,
    ending: Ending,
}

impl Entry {
    /// The request is answered.
    pub(super) fn answered(&mut self, status: u16) {
        self.end(Ending::Answered(status));
    }

    /// The request is done and will not be answered.
    pub(super) fn withheld(&mut self) {
        self.end(Ending::Withheld);
    }

    fn end(&mut self, ending: Ending) {
        self.ending = ending;
        self.memory.lock()[self.number].ending = ending;
        self.memory.changed.notify_waiters();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end(self.ending);
    }
}
