//! Turns an HTTP request into a WebSocket that this worker's lifecycle knows, with this worker's limits.
//!
//! The web framework's own upgrade starts a task nobody joins; here the caller of [`accept`] decides where it runs.

use crate::socket::SocketLimits;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// An upgrade that was answered and is under way.
pub(crate) struct Upgrading(OnUpgrade);

/// The 101 answer and the upgrade, or `None` when the request is no WebSocket upgrade. No subprotocol and no extension
/// is negotiated: Twilio asks for none, and compression does not pay for base64 audio.
pub(crate) fn accept(mut request: Request) -> Option<(Response, Upgrading)> {
    let headers = request.headers();
    let upgrade = headers.get(header::UPGRADE)?.to_str().ok()?;
    let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
    if !upgrade.eq_ignore_ascii_case("websocket") || version != "13" {
        return None;
    }
    let key = derive_accept_key(headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes());
    let upgrading = request.extensions_mut().remove::<OnUpgrade>()?;
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, key)
        .body(Body::empty())
        .expect("the parts are valid headers");
    Some((response, Upgrading(upgrading)))
}

impl Upgrading {
    /// Waits until the connection is ours; `None` when it broke meanwhile.
    pub(crate) async fn open(self, limits: SocketLimits) -> Option<WebSocketStream<TokioIo<Upgraded>>> {
        let upgraded = TokioIo::new(self.0.await.ok()?);
        Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(limits.config())).await)
    }
}
