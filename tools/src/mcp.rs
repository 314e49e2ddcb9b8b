//! Runs a tool of an MCP server over streamable HTTP: <https://modelcontextprotocol.io/specification/2025-06-18/basic/transports>
//! (read 2026-11).
//!
//! Before it: [`crate::toolbox`]. After it: the server, through [`crate::guard`]. One session a server is opened and kept
//! until the server forgets it. Requests and notifications of the server are not answered: it is asked for a tool's
//! result, nothing else. It is written by hand because the guard must see every connection, and it needs three messages.

mod session;
mod wire;

pub(crate) use session::Sessions;

use crate::answer::{Source, wrapped};
use crate::effects::Effect;
use crate::errors::{ErrorCode, Problem};
use crate::guard::Guard;
use crate::http::{Patience, Repeat, Trouble, key_header, secret_header};
use crate::secrets::Secrets;
use common::company::SecretHeader;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde_json::{Map, Value, json};
use session::{Session, Slot};

/// A call of a server's tool.
pub(crate) struct Exchange {
    pub(crate) guard: Guard,
    pub(crate) secrets: Secrets,
    pub(crate) slot: Slot,
    pub(crate) url: Url,
    pub(crate) secret: Option<SecretHeader>,
    pub(crate) tool: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) key: String,
    pub(crate) repeat: Repeat,
}

impl Exchange {
    /// Asks the server. Gives all the model gets.
    pub(crate) async fn run(&self, effect: &mut Option<Effect>) -> Result<Value, Problem> {
        let mut patience = Patience::new(self.repeat);
        let result = loop {
            match self.once(effect).await {
                Ok(result) => break result,
                Err(trouble) => patience.after(trouble).await?,
            }
        };
        let value = wire::content(&result);
        if result["isError"] == true {
            return Err(Problem::new(ErrorCode::Failed, json!({"answer": wrapped(value, Source::Outside)})));
        }
        Ok(wrapped(value, Source::Outside))
    }

    async fn once(&self, effect: &mut Option<Effect>) -> Result<Value, Trouble> {
        let session = self.slot.session(self).await?;
        match self.call(&session, effect).await {
            // The server forgot the session, so it has not looked at the call.
            Err(Trouble::Status(StatusCode::NOT_FOUND, _)) if session.id.is_some() => {
                self.slot.forget(&session).await;
                let session = self.slot.session(self).await?;
                self.call(&session, effect).await
            }
            ended => ended,
        }
    }

    async fn call(&self, session: &Session, effect: &mut Option<Effect>) -> Result<Value, Trouble> {
        let params = json!({"name": self.tool, "arguments": self.arguments});
        let request = session.stamp(self.request()?);
        if let Some(effect) = effect {
            effect.goes_out();
        }
        wire::ask(request, "tools/call", params).await.map(|answer| answer.result)
    }

    fn request(&self) -> Result<RequestBuilder, Trouble> {
        let client = self.guard.client(&self.url)?;
        let mut request = client.post(self.url.clone());
        request = request.header(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(key) = key_header(&self.key) {
            request = request.header("idempotency-key", key);
        }
        if let Some(secret) = &self.secret {
            let (name, value) = secret_header(secret, &self.secrets)?;
            request = request.header(name, value);
        }
        Ok(request)
    }

    /// The request as a person may see it.
    pub(crate) fn shown(&self) -> Value {
        json!({"method": "POST", "url": self.url.as_str(), "tool": self.tool, "arguments": self.arguments})
    }
}
