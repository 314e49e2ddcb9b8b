//! Every request passes here first: it is read to its end, judged, written down, and then treated as the faults say.
//!
//! Comes behind the connection (`server.rs`); `misbehave.rs` and the service's own routes come after.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::{Body, to_bytes},
    extract::{Request as HttpRequest, State},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::json;

use super::{
    memory::Request,
    misbehave,
    server::{Connection, Shared},
    signature::{self, Verdict},
};

/// Longest body taken. No tool sends as much; what is longer is refused before it is remembered.
const BODY_MAX: usize = 1 << 20;

/// The layer around a service's routes.
pub(super) async fn witness(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    request: HttpRequest,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut seen = Request::new(&parts, body.clone(), verdict(&shared, &parts, &body));
    let welcome = seen.signature.lets_pass();
    seen.fault = if welcome { shared.faults.befall(&seen) } else { None };
    let fault = seen.fault.clone();
    let mut entry = shared.memory.enter(seen);
    let response = if welcome {
        let work = next.run(HttpRequest::from_parts(parts, Body::from(body)));
        misbehave::answer(fault, work, &connection, &mut entry).await
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({"error": "the request is not signed as agreed"}))).into_response()
    };
    entry.answered(response.status().as_u16());
    response
}

fn verdict(shared: &Shared, parts: &Parts, body: &Bytes) -> Verdict {
    let Some(secret) = shared.secret() else { return Verdict::NotAsked };
    let header = parts.headers.get(signature::HEADER);
    // A header that is no text is there all the same.
    let header = header.map(|value| value.to_str().unwrap_or_default());
    signature::verify(&secret, header, body, jiff::Timestamp::now().as_second())
}
