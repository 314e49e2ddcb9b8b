//! Sessions with MCP servers: one a server and secret, opened by whoever needs it first.

use super::{Exchange, wire};
use crate::http::{Trouble, as_json};
use common::company::McpTool;
use common::ids::CompanyId;
use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Url};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use tokio::sync::Mutex;

/// The version of the protocol asked for, and all whose `tools/call` is understood.
const VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// Servers remembered; beyond it all sessions are forgotten and opened again when needed.
const MOST_SERVERS: usize = 1_024;

/// A session as both sides know it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Session {
    /// The server's name for it, where it keeps any.
    pub(super) id: Option<HeaderValue>,
    version: String,
}

impl Session {
    /// Says in which session a request is made.
    pub(super) fn stamp(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("mcp-protocol-version", &self.version);
        match &self.id {
            Some(id) => request.header("mcp-session-id", id.clone()),
            None => request,
        }
    }
}

/// Place of the session with one server.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Session>>>);

impl Slot {
    /// The session; opened now if there is none. Whoever comes meanwhile waits for it, within their own deadline.
    pub(super) async fn session(&self, exchange: &Exchange) -> Result<Session, Trouble> {
        let mut place = self.0.lock().await;
        if let Some(session) = &*place {
            return Ok(session.clone());
        }
        let session = open(exchange).await?;
        *place = Some(session.clone());
        Ok(session)
    }

    /// Forgets this session, unless a newer one is there already.
    pub(super) async fn forget(&self, session: &Session) {
        let mut place = self.0.lock().await;
        if place.as_ref() == Some(session) {
            *place = None;
        }
    }
}

async fn open(exchange: &Exchange) -> Result<Session, Trouble> {
    let client = json!({"name": "patchbay", "version": env!("CARGO_PKG_VERSION")});
    let params = json!({"protocolVersion": VERSIONS[0], "capabilities": {}, "clientInfo": client});
    // Opening a session has no effect, whatever the tool does: an answer that is lost leaves nothing open.
    let answer = wire::ask(exchange.request()?, "initialize", params).await.map_err(|trouble| match trouble {
        Trouble::Lost | Trouble::Unusable(_) => Trouble::NotSent,
        Trouble::Status(status, _) if status.is_server_error() => Trouble::NotSent,
        other => other,
    })?;
    let version = answer.result["protocolVersion"].as_str().unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return Err(Trouble::NotSent);
    }
    let session = Session { id: answer.session, version: version.to_owned() };
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let told = session.stamp(exchange.request()?).json(&ready).send().await.map_err(|_| Trouble::NotSent)?;
    if !told.status().is_success() {
        return Err(Trouble::NotSent);
    }
    // Read to its end, so that the connection serves the next request.
    let _ = as_json(told).await;
    Ok(session)
}

/// Company, server and the secret's name.
type Key = (CompanyId, Url, Option<String>);

/// Every session there is.
#[derive(Default)]
pub(crate) struct Sessions(StdMutex<HashMap<Key, Slot>>);

impl Sessions {
    /// The place of the session with a tool's server.
    pub(crate) fn slot(&self, company: &CompanyId, url: &Url, tool: &McpTool) -> Slot {
        let secret = tool.secret.as_ref().map(|header| header.secret.0.clone());
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_SERVERS {
            slots.clear();
        }
        slots.entry((company.clone(), url.clone(), secret)).or_default().clone()
    }
}
