//! The provider's front door: who is let in, who is refused and with which symptom.
//!
//! A bad key gets its upgrade and is then closed with 3000; a client of the beta gets an `error` and 4000; both as the
//! real service does it. Anything that is not an upgrade is answered as the model list, for programs that ask whether a
//! key works.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    config::Refusal,
    faults::{Dice, Ending, Faults},
    session::{Session, Setup},
    socket,
    wire::{Ids, error},
};

/// Bytes tungstenite clears before each read: its default of 128 KiB costs more than the relaying itself.
const READ_BUFFER: usize = 4 * 1024;
/// Longest request head looked at before answering.
pub(crate) const HEAD_MAX: usize = 4 * 1024;
/// How long a session may last; shown in `session.created`.
const SESSION_SECONDS: i64 = 3_600;

/// What the request's head says about the client.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Client {
    Welcome { model: String },
    BadKey,
    Beta,
    UnknownModel,
}

/// Accepts connections until stopped and serves each in a task of its own, then waits for those.
pub(crate) async fn each<S, F>(listener: TcpListener, stop: CancellationToken, serve: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = sessions.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    sessions.spawn(serve(stream));
                }
                Err(problem) => {
                    tracing::warn!(%problem, "the provider could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
    drop(listener);
    while sessions.join_next().await.is_some() {}
}

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
    let refused = faults.upgrade.filter(|(chance, _)| dice.roll(*chance)).map(|(_, status)| status);
    let Some((socket, client)) = upgrade(stream, refused, &shared.options.key).await else { return };
    match client {
        Client::Welcome { model } => {
            let session = Session::open(setup(number, model, faults, &shared), Instant::now());
            shared.books.open(session.truth());
            socket::run(socket, session, &shared.books.changed, stop).await;
        }
        unwelcome => turn_away(socket, number, &unwelcome).await,
    }
}

#[allow(clippy::result_large_err, reason = "the handshake's callback is typed so")]
async fn upgrade(stream: TcpStream, refused: Option<u16>, key: &str) -> Option<(WebSocketStream<TcpStream>, Client)> {
    let mut client = Client::BadKey;
    let look = |request: &Request, response: Response| match refused {
        Some(status) => Err(refusal(status)),
        None => {
            client = read(request, key);
            Ok(response)
        }
    };
    let socket = accept_hdr_async_with_config(stream, look, Some(socket_config())).await.ok()?;
    Some((socket, client))
}

fn setup(number: u32, model: String, faults: Arc<Faults>, shared: &Shared) -> Setup {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Setup {
        number,
        model,
        script: Arc::clone(&shared.options.script),
        pace: shared.options.pace,
        faults,
        marking: shared.options.marking,
        variety: shared.options.variety,
        seed: shared.options.seed,
        expires_at: now.as_secs() as i64 + SESSION_SECONDS,
    }
}

/// Says why, where the real service does, and closes.
async fn turn_away(socket: WebSocketStream<TcpStream>, number: u32, client: &Client) {
    let (refusal, code, reason) = match client {
        Client::UnknownModel => {
            let message = "The model does not exist or you do not have access to it.";
            let refusal = Refusal::at("model_not_found", message, "model");
            (Some(refusal), 4000, "invalid_request_error.model_not_found")
        }
        Client::Beta => {
            let message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
            let refusal = Refusal::new("beta_api_shape_disabled", message);
            (Some(refusal), 4000, "invalid_request_error.beta_api_shape_disabled")
        }
        Client::BadKey | Client::Welcome { .. } => (None, 3000, "invalid_request_error.invalid_api_key"),
    };
    let text = refusal.map(|refusal| error(&mut Ids::new(number), "invalid_request_error", &refusal, None));
    socket::refuse(socket, text, Ending::Code(code), reason).await;
}

fn read(request: &Request, key: &str) -> Client {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header("authorization").and_then(|value| value.strip_prefix("Bearer ")) != Some(key) {
        return Client::BadKey;
    }
    if header("openai-beta").is_some() {
        return Client::Beta;
    }
    let pairs = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let model = pairs.filter(|(name, _)| *name == "model").map(|(_, model)| model).next();
    match model {
        Some(model) if request.uri().path().ends_with("/realtime") && model.contains("realtime") => {
            Client::Welcome { model: model.to_owned() }
        }
        _ => Client::UnknownModel,
    }
}

/// How every socket is set up.
pub(crate) fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ_BUFFER)
}

/// An HTTP answer instead of the upgrade.
pub(crate) fn refusal(status: u16) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(format!("{{\"error\":{{\"code\":\"{status}\"}}}}")));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::SERVICE_UNAVAILABLE);
    response
}

/// Looks at the request's head without taking it from the socket.
pub(crate) async fn is_upgrade(stream: &TcpStream) -> bool {
    let mut head = vec![0; HEAD_MAX];
    loop {
        let Ok(length) = stream.peek(&mut head).await else { return true };
        let text = String::from_utf8_lossy(&head[..length]);
        if let Some(end) = text.find("\r\n\r\n") {
            return text[..end].to_ascii_lowercase().contains("upgrade: websocket");
        }
        if length == 0 || length == HEAD_MAX {
            return true;
        }
        // Peeking returns at once when a part has come; the rest is a moment away.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn answer_plain(stream: &mut TcpStream, key: &str) -> std::io::Result<()> {
    let mut head = vec![0; HEAD_MAX];
    let length = stream.peek(&mut head).await?;
    let known = String::from_utf8_lossy(&head[..length]).contains(&format!("Bearer {key}"));
    let (status, body) = if known {
        let models = json!({"object": "list", "data": [{"id": "gpt-realtime-2.1", "object": "model"}]});
        ("200 OK", models)
    } else {
        ("401 Unauthorized", json!({"error": {"code": "invalid_api_key", "type": "invalid_request_error"}}))
    };
    answer(stream, status, &body).await
}

/// Answers a plain request and closes.
pub(crate) async fn answer(stream: &mut TcpStream, status: &str, body: &serde_json::Value) -> std::io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}
