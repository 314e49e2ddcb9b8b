//! Reads an answer, not further than it may be long.
//!
//! The clients decode no content encodings and ask for none, so what is counted is what is kept; an answer that is encoded
//! all the same is not read at all.

use super::Trouble;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// Longest answer. Higher lets one service fill a worker's memory, lower refuses honest lists.
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// An answer as JSON; plain text becomes a JSON string, no content becomes `null`.
pub(crate) async fn as_json(mut answer: Response) -> Result<Value, Trouble> {
    let kind = refuse_early(&answer)?;
    if answer.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Trouble::Lost)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(Trouble::Unusable("too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    match kind {
        _ if bytes.is_empty() => Ok(Value::Null),
        Kind::Json => serde_json::from_slice(&bytes).map_err(|_| Trouble::Unusable("not JSON")),
        Kind::Text => String::from_utf8(bytes).map(Value::String).map_err(|_| Trouble::Unusable("not UTF-8")),
        Kind::Events | Kind::Other => Err(Trouble::Unusable("content type")),
    }
}

/// What an answer says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Text,
    /// Server-sent events.
    Events,
    Other,
}

/// What is said of an answer before its first byte; refuses one that announces too much, or that is encoded.
pub(crate) fn refuse_early(answer: &Response) -> Result<Kind, Trouble> {
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !matches!(header(CONTENT_ENCODING), "" | "identity") {
        return Err(Trouble::Unusable("content encoding"));
    }
    if answer.content_length().is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Trouble::Unusable("too long"));
    }
    let kind = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(match kind.as_str() {
        "application/json" => Kind::Json,
        "text/plain" => Kind::Text,
        "text/event-stream" => Kind::Events,
        kind if kind.starts_with("application/") && kind.ends_with("+json") => Kind::Json,
        _ => Kind::Other,
    })
}
