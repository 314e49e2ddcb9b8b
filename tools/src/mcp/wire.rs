//! One JSON-RPC request and its answer, as one JSON document or as the last of a stream of server-sent events.

use crate::errors::{ErrorCode, Problem};
use crate::http::{Kind, MOST_BYTES, Trouble, as_json, refuse_early};
use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// The one request of an HTTP exchange.
const ID: u64 = 1;
/// JSON-RPC: the server failed inside; what it had done by then is open.
const INTERNAL_ERROR: i64 = -32_603;
/// Most of a server's error message that the model gets, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) result: Value,
    /// The session it opened, if it did.
    pub(super) session: Option<HeaderValue>,
}

/// Asks and waits for the answer.
pub(super) async fn ask(request: RequestBuilder, method: &str, params: Value) -> Result<Answer, Trouble> {
    let message = json!({"jsonrpc": "2.0", "id": ID, "method": method, "params": params});
    let answer = request.json(&message).send().await.map_err(|error| Trouble::from(&error))?;
    let session = answer.headers().get("mcp-session-id").cloned();
    let status = answer.status();
    if !status.is_success() {
        return Err(Trouble::Status(status, as_json(answer).await.ok()));
    }
    let message = match refuse_early(&answer)? {
        Kind::Events => from_events(answer).await?,
        Kind::Json | Kind::Text | Kind::Other => as_json(answer).await?,
    };
    if !is_answer(&message) {
        return Err(Trouble::Unusable("no answer"));
    }
    Ok(Answer { result: result(message)?, session })
}

fn result(mut message: Value) -> Result<Value, Trouble> {
    let error = &message["error"];
    if error.is_null() {
        return Ok(message["result"].take());
    }
    let code = error["code"].as_i64().unwrap_or_default();
    if code == INTERNAL_ERROR {
        return Err(Trouble::Status(StatusCode::INTERNAL_SERVER_ERROR, None));
    }
    let said: String = error["message"].as_str().unwrap_or_default().chars().take(LONGEST_MESSAGE).collect();
    Err(Problem::new(ErrorCode::Failed, json!({"code": code, "answer": said})).into())
}

fn is_answer(message: &Value) -> bool {
    message["id"] == ID && message.get("method").is_none()
}

/// Reads events until the answer comes. Notifications before it are skipped.
async fn from_events(mut answer: Response) -> Result<Value, Trouble> {
    let mut events = Events::default();
    let mut read = 0;
    while let Some(chunk) = answer.chunk().await.map_err(|_| Trouble::Lost)? {
        read += chunk.len();
        if read > MOST_BYTES {
            return Err(Trouble::Unusable("too long"));
        }
        if let Some(message) = events.push(&chunk).into_iter().find(is_answer) {
            return Ok(message);
        }
    }
    Err(Trouble::Lost)
}

/// Puts server-sent events together: lines that begin with `data:`, up to an empty line.
#[derive(Debug, Default)]
struct Events {
    line: Vec<u8>,
    data: String,
}

impl Events {
    fn push(&mut self, bytes: &[u8]) -> Vec<Value> {
        let mut messages = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                self.data.push('\n');
            } else if line.is_empty() {
                messages.extend(serde_json::from_str(&std::mem::take(&mut self.data)).ok());
            }
        }
        messages
    }
}

/// What a tool's result says: its structured content, else its text, as JSON where it is.
pub(super) fn content(result: &Value) -> Value {
    if !result["structuredContent"].is_null() {
        return result["structuredContent"].clone();
    }
    let parts = result["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    let text = texts.join("\n");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn structured_content_comes_before_text_and_text_that_is_json_is_json() {
        assert_eq!(content(&json!({"structuredContent": {"a": 1}, "content": [{"text": "x"}]})), json!({"a": 1}));
        assert_eq!(content(&json!({"content": [{"type": "text", "text": "{\"a\":2}"}]})), json!({"a": 2}));
        assert_eq!(content(&json!({"content": [{"text": "a"}, {"type": "image"}, {"text": "b"}]})), json!("a\nb"));
        assert_eq!(content(&json!({})), json!(""));
    }

    proptest! {
        #[test]
        fn an_answer_is_found_however_the_stream_is_cut(cuts in prop::collection::vec(1usize..20, 0..40)) {
            let stream = ": hi\r\nevent: message\r\ndata: {\"method\":\"n\"}\r\n\r\nid: 7\ndata: {\"id\":1,\ndata: \"result\":\"é\"}\n\n";
            let mut events = Events::default();
            let (mut rest, mut found) = (stream.as_bytes(), Vec::new());
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                found.extend(events.push(head));
                rest = tail;
            }
            found.extend(events.push(rest));
            prop_assert_eq!(found, [json!({"method": "n"}), json!({"id": 1, "result": "é"})]);
        }
    }
}
