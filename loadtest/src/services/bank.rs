//! The bank's directory: `GET /routing-numbers/{aba}` → the bank's name, or 404.
//!
//! It knows a number or it does not; whether its checksum is right is for the caller to see first.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use super::server::Server;

/// The numbers known at the start, and whose they are.
pub const BANKS: [(&str, &str); 3] =
    [("021000021", "JPMorgan Chase Bank"), ("011401533", "Citizens Bank"), ("091000019", "Wells Fargo Bank")];

type Directory = Arc<Mutex<BTreeMap<String, String>>>;

/// The running directory.
#[derive(Debug)]
pub struct Bank {
    /// Its server.
    pub server: Server,
    directory: Directory,
}

impl Bank {
    pub(super) async fn open() -> Result<Self> {
        let banks = BANKS.map(|(number, name)| (number.to_owned(), name.to_owned()));
        let directory: Directory = Arc::new(Mutex::new(banks.into()));
        let routes = Router::new().route("/routing-numbers/{aba}", get(look_up)).with_state(Arc::clone(&directory));
        Ok(Self { server: Server::open(routes).await?, directory })
    }

    /// Enters a bank.
    pub fn put(&self, number: impl Into<String>, name: impl Into<String>) {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).insert(number.into(), name.into());
    }

    /// Strikes a bank out, as after a merger.
    pub fn remove(&self, number: &str) {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).remove(number);
    }
}

async fn look_up(State(directory): State<Directory>, Path(number): Path<String>) -> Response {
    match directory.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
        Some(name) => Json(json!({"routing_number": number, "bank": name})).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"error": "no bank has this routing number"}))).into_response(),
    }
}
