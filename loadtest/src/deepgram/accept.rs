//! The agent's front door: who is let in, who is refused and with which symptom.
//!
//! Keys come after `Token`, temporary tokens after `Bearer`, and one in the other's place is refused before the upgrade.
//! Anything that is not an upgrade is answered as the REST interface would, for programs that ask whether a key works.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Instant,
};

use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::handshake::server::{ErrorResponse, Request, Response},
};
use tokio_util::sync::CancellationToken;

use super::{Shared, session::Session, session::Setup};
use crate::provider::{
    accept::{HEAD_MAX, answer, is_upgrade, refusal, socket_config},
    faults::Dice,
    socket,
};

/// The only path of the service.
const PATH: &str = "/v1/agent/converse";
/// Where the models are listed, for everyone.
const MODELS: &str = "/v1/agent/settings/think/models";

/// Serves one connection.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    let number = shared.opened.fetch_add(1, Ordering::Relaxed) + 1;
    let faults = Arc::clone(&shared.faults.lock().unwrap_or_else(PoisonError::into_inner));
    let mut dice = Dice::new(shared.options.seed ^ (u64::from(number) << 32));
    if dice.roll(faults.refuse) {
        return;
    }
    // The wire is small messages both ways: waiting to fill a packet would only be measured as delay.
    let _unsupported = stream.set_nodelay(true);
    tokio::time::sleep(faults.upgrade_delay).await;
    if !is_upgrade(&stream).await {
        // A client that went away does not miss its answer.
        let _gone = answer_plain(&mut stream, &shared.options.key).await;
        return;
    }
    let fault = faults.upgrade.filter(|(chance, _)| dice.roll(*chance)).map(|(_, status)| status);
    let Some(socket) = upgrade(stream, fault, &shared.options.key).await else { return };
    let setup = Setup { number, options: Arc::clone(&shared.options), faults };
    let session = Session::open(setup, Instant::now());
    shared.books.open(session.truth());
    socket::run(socket, session, &shared.books.changed, stop).await;
}

#[allow(clippy::result_large_err, reason = "the handshake's callback is typed so")]
async fn upgrade(stream: TcpStream, fault: Option<u16>, key: &str) -> Option<WebSocketStream<TcpStream>> {
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        match fault.or_else(|| unwelcome(request, key)) {
            Some(status) => Err(refusal(status)),
            None => Ok(response),
        }
    };
    accept_hdr_async_with_config(stream, look, Some(socket_config())).await.ok()
}

/// The status a client is turned away with.
fn unwelcome(request: &Request, key: &str) -> Option<u16> {
    if request.uri().path() != PATH {
        return Some(404);
    }
    if request.uri().query().is_some() {
        return Some(400);
    }
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    header.and_then(|header| welcome(header, key)).is_none().then_some(401)
}

fn welcome(header: &str, key: &str) -> Option<()> {
    match header.split_once(' ')? {
        ("Token", token) if token == key => Some(()),
        ("Bearer", token) if token != key && is_jwt(token) => Some(()),
        _ => None,
    }
}

/// Three parts with dots between them: what is inside is not looked at.
fn is_jwt(token: &str) -> bool {
    token.split('.').count() == 3 && token.split('.').all(|part| !part.is_empty())
}

async fn answer_plain(stream: &mut TcpStream, key: &str) -> std::io::Result<()> {
    let mut head = vec![0; HEAD_MAX];
    let length = stream.peek(&mut head).await?;
    let text = String::from_utf8_lossy(&head[..length]);
    let path = text.split(' ').nth(1).unwrap_or_default();
    if path == MODELS {
        let models = json!({"models": [{"id": "gpt-4.1-mini", "name": "GPT-4.1 mini", "provider": "open_ai"}]});
        return answer(stream, "200 OK", &models).await;
    }
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    let mut sent = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if sent.any(|(_, value)| welcome(value, key).is_some()) {
        answer(stream, "200 OK", &json!({"projects": [{"project_id": "look-alike"}]})).await
    } else {
        let body = json!({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."});
        answer(stream, "401 Unauthorized", &body).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_after_token_and_a_temporary_token_after_bearer() {
        let welcome = |header| welcome(header, "key").is_some();
        assert!(welcome("Token key") && welcome("Bearer aa.bb.cc"));
        assert!(!welcome("Bearer key") && !welcome("Token other") && !welcome("key"));
    }
}
