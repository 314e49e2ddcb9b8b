//! An MCP server over streamable HTTP: one path, `/mcp`, JSON-RPC, a session named in a header, answers as JSON or SSE.
//!
//! It is strict, so that a careless client is found out: without a session, in an unknown one, before
//! `notifications/initialized`, or without accepting both kinds of answer, nothing is done. The list of tools comes in
//! two pages. What the tools do is in `mcp/shop.rs`, who may speak in `mcp/session.rs`.
//!
//! The transport: <https://modelcontextprotocol.io/specification/2025-11-25/basic/transports> (read 2026-11).

mod session;
mod shop;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

pub use self::shop::Booking;
use self::{
    session::{NEWEST, Session, Sessions, Stage, VERSIONS},
    shop::{Failure, Shop},
};
use super::server::Server;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// Tools in one answer to `tools/list`.
const PAGE: usize = 2;

/// In which form requests are answered; a client must take either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// One JSON object.
    #[default]
    Json,
    /// A stream of events: an empty one first, where the revision knows that, a log message, then the answer.
    Events,
}

/// The running server.
#[derive(Debug)]
pub struct Mcp {
    /// Its server; the tools are at `{url}/mcp`.
    pub server: Server,
    house: House,
}

#[derive(Clone, Debug, Default)]
struct House(Arc<Mutex<Rooms>>);

#[derive(Debug, Default)]
struct Rooms {
    sessions: Sessions,
    shop: Shop,
    answers: Answers,
}

impl House {
    fn open(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mcp {
    pub(super) async fn open() -> Result<Self> {
        let house = House::default();
        let routes = Router::new().route("/mcp", post(hear).delete(leave)).with_state(house.clone());
        Ok(Self { server: Server::open(routes).await?, house })
    }

    /// The one address of the server: `http://127.0.0.1:PORT/mcp`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/mcp", self.server.url())
    }

    /// Answers in this form from now on.
    pub fn answer_as(&self, answers: Answers) {
        self.house.open().answers = answers;
    }

    /// Ends all sessions: their clients get 404 and must begin anew.
    pub fn forget_sessions(&self) {
        self.house.open().sessions.forget();
    }

    /// Every delivery booked, in order.
    #[must_use]
    pub fn bookings(&self) -> Vec<Booking> {
        self.house.open().shop.bookings.clone()
    }

    /// How often each `Idempotency-Key` has booked.
    #[must_use]
    pub fn effects_by_key(&self) -> BTreeMap<String, u32> {
        self.house.open().shop.effects_by_key()
    }
}

/// Why a message is not even looked at.
struct Refusal(StatusCode, i32, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        (status, Json(failed(&Value::Null, code, message))).into_response()
    }
}

async fn hear(State(house): State<House>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let accept = text(&headers, header::ACCEPT.as_str()).unwrap_or_default();
    if !accept.contains("application/json") || !accept.contains("text/event-stream") {
        return Err(Refusal(
            StatusCode::NOT_ACCEPTABLE,
            -32000,
            "both application/json and text/event-stream must be accepted",
        ));
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return Err(Refusal(StatusCode::BAD_REQUEST, -32700, "Parse error"));
    };
    if message["jsonrpc"] != "2.0" {
        return Err(Refusal(StatusCode::BAD_REQUEST, -32600, "a single message of JSON-RPC 2.0 is expected"));
    }
    let mut rooms = house.open();
    if message["method"] == "initialize" {
        return Ok(greet(&mut rooms, &message));
    }
    let session = known(&mut rooms.sessions, &headers)?;
    let version = session.version;
    if message["method"] == "notifications/initialized" {
        session.stage = Stage::Ready;
    }
    if message.get("id").is_none() || message.get("method").is_none() {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let answer = if session.stage == Stage::Ready || message["method"] == "ping" {
        work(&mut rooms.shop, &message, text(&headers, "idempotency-key"))
    } else {
        failed(&message["id"], -32600, "notifications/initialized has not been said")
    };
    Ok(say(rooms.answers, version, &answer))
}

async fn leave(State(house): State<House>, headers: HeaderMap) -> StatusCode {
    match text(&headers, SESSION).map(|name| house.open().sessions.close(name)) {
        Some(true) => StatusCode::NO_CONTENT,
        Some(false) => StatusCode::NOT_FOUND,
        None => StatusCode::BAD_REQUEST,
    }
}

/// The session a message belongs to.
fn known<'a>(sessions: &'a mut Sessions, headers: &HeaderMap) -> Result<&'a mut Session, Refusal> {
    if text(headers, VERSION).is_some_and(|version| !VERSIONS.contains(&version)) {
        return Err(Refusal(StatusCode::BAD_REQUEST, -32000, "the MCP-Protocol-Version is unknown"));
    }
    let Some(name) = text(headers, SESSION) else {
        return Err(Refusal(StatusCode::BAD_REQUEST, -32000, "the Mcp-Session-Id is missing"));
    };
    sessions.find(name).ok_or(Refusal(StatusCode::NOT_FOUND, -32001, "Session not found"))
}

fn greet(rooms: &mut Rooms, message: &Value) -> Response {
    let asked = message["params"]["protocolVersion"].as_str().unwrap_or(NEWEST);
    let (name, session) = rooms.sessions.open(asked);
    let result = json!({
        "protocolVersion": session.version,
        "capabilities": {"tools": {"listChanged": false}, "logging": {}},
        "serverInfo": {"name": "shop", "version": "1.0.0"},
    });
    let answer = say(rooms.answers, session.version, &done(&message["id"], &result));
    ([(SESSION, name)], answer).into_response()
}

fn work(shop: &mut Shop, message: &Value, key: Option<&str>) -> Value {
    let (id, params) = (&message["id"], &message["params"]);
    match message["method"].as_str().unwrap_or_default() {
        "ping" => done(id, &json!({})),
        "tools/list" => match page(params["cursor"].as_str()) {
            Some(page) => done(id, &page),
            None => failed(id, -32602, "Invalid cursor"),
        },
        "tools/call" => {
            let tool = params["name"].as_str().unwrap_or_default();
            match shop.call(tool, &params["arguments"], key) {
                Ok(found) => done(id, &content(&found.to_string(), &found)),
                Err(Failure::Told(reason)) => {
                    done(id, &json!({"content": [{"type": "text", "text": reason}], "isError": true}))
                }
                Err(Failure::UnknownTool) => failed(id, -32602, &format!("Unknown tool: {tool}")),
            }
        }
        _ => failed(id, -32601, "Method not found"),
    }
}

/// Some of the tools, and where the others are.
fn page(cursor: Option<&str>) -> Option<Value> {
    let tools = Shop::tools();
    match cursor {
        None => Some(json!({"tools": tools[..PAGE], "nextCursor": "second-page"})),
        Some("second-page") => Some(json!({"tools": tools[PAGE..]})),
        Some(_) => None,
    }
}

fn content(text: &str, structured: &Value) -> Value {
    json!({"content": [{"type": "text", "text": text}], "structuredContent": structured, "isError": false})
}

fn done(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn failed(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

fn say(answers: Answers, version: &str, answer: &Value) -> Response {
    match answers {
        Answers::Json => Json(answer).into_response(),
        Answers::Events => {
            // Older clients take an empty event for broken JSON, so only the revision that knows it gets one.
            let primer = if version == NEWEST { "id: 0\ndata:\n\n" } else { "" };
            let log = json!({"jsonrpc": "2.0", "method": "notifications/message",
                             "params": {"level": "info", "data": "one moment"}});
            let events = format!(
                "{primer}: a comment\n\nevent: message\nid: 1\ndata: {log}\n\nevent: message\nid: 2\ndata: {answer}\n\n"
            );
            ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")], events).into_response()
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
