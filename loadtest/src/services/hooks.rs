//! One of a company's own systems, which wants to be told about calls: `POST` anything, signed, answered with 204.
//!
//! It keeps every letter that was signed as agreed, in the order they came, and knows which of them are the same one
//! again. Faults, signatures and the memory of every request are those of its server.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use super::server::Server;

/// The header that is the same for all deliveries of one letter.
const KEY: &str = "idempotency-key";

/// A letter, as it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// What makes a repeated letter the same one; empty where nothing does.
    pub key: String,
    /// What it tells of: `call.ended`, ...
    pub event: String,
    /// Which call it tells of.
    pub call: String,
    /// All of it.
    pub body: Value,
}

type Pile = Arc<Mutex<Vec<Letter>>>;

/// The running system.
#[derive(Debug)]
pub struct Hooks {
    /// Its server; [`Server::demand_signatures`] makes it look whose letters they are.
    pub server: Server,
    letters: Pile,
}

impl Hooks {
    pub(super) async fn open() -> Result<Self> {
        let letters = Pile::default();
        let routes = Router::new().fallback(take).with_state(Arc::clone(&letters));
        Ok(Self { server: Server::open(routes).await?, letters })
    }

    /// Every letter that was taken, repeated ones too, in order.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The letters without repetitions.
    #[must_use]
    pub fn once(&self) -> Vec<Letter> {
        let mut once: Vec<Letter> = Vec::new();
        for letter in self.letters() {
            if letter.key.is_empty() || !once.iter().any(|known| known.key == letter.key) {
                once.push(letter);
            }
        }
        once
    }

    /// Letters with a key that was there before.
    #[must_use]
    pub fn doubles(&self) -> usize {
        self.letters().len() - self.once().len()
    }

    /// The kinds of events told about a call, in the order they first came.
    #[must_use]
    pub fn told_of(&self, call: &str) -> Vec<String> {
        self.once().into_iter().filter(|letter| letter.call == call).map(|letter| letter.event).collect()
    }
}

async fn take(State(letters): State<Pile>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).map_or_else(|| text("id"), str::to_owned);
    let letter = Letter { key, event: text("event"), call: text("call"), body };
    letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
    StatusCode::NO_CONTENT
}
