//! What the telephone network tells beside its questions: states of calls, streams, recordings and messages. Each becomes
//! one event, however often it is told; whoever tells gets no content, and nothing is done here but to write it down.

use crate::GatewayContext;
use crate::admission;
use crate::dossier::Dossier;
use crate::moments;
use crate::signed::Signed;
use crate::witness::envelope;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::event::{Event, Source, TwilioEvent};
use common::ids::{CallId, CompanyId, Epoch};
use common::token::{AttemptToken, CallToken};
use common::twilio::{MessageCallback, RecordingCallback, StatusCallback, StreamCallback, derived_sequence};
use std::sync::Arc;

/// `POST|GET /twilio/status` and `/call-status`: Twilio's own word about a call.
pub async fn status(State(gateway): State<Arc<GatewayContext>>, request: Request) -> Response {
    call_status(&gateway, request, None).await
}

/// `POST|GET /twilio/status/{token}`: the same about a call that we made.
pub async fn status_of_attempt(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    match gateway.keys.open_attempt(&token) {
        Ok(token) => call_status(&gateway, request, Some(token)).await,
        Err(_) => forged(),
    }
}

async fn call_status(gateway: &GatewayContext, request: Request, token: Option<AttemptToken>) -> Response {
    let signed = match Signed::read(gateway, "status", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(callback) = StatusCallback::read(&signed.form) else {
        moments::webhook_unreadable("status");
        return StatusCode::NO_CONTENT.into_response();
    };
    let company = token.as_ref().map(|token| &token.company);
    let event = callback.to_event(token.as_ref().map(|token| token.attempt.clone()));
    tell(gateway, &callback.call, callback.sequence, company, event).await;
    if callback.is_final() {
        over(gateway, &callback.call).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Twilio says that a call is over: it counts no longer, whatever became of its worker.
async fn over(gateway: &GatewayContext, call: &CallId) {
    let Ok(Some(session)) = gateway.state.session(call).await else { return };
    if let Some(dossier) = Dossier::of(&session) {
        admission::dismiss(gateway, call, &dossier.agent.company).await;
    }
}

/// `POST|GET /twilio/stream-status/{token}`: a media stream started, stopped or failed.
pub async fn stream_status(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let signed = match Signed::read(&gateway, "stream-status", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let (Ok(token), Ok(callback)) = (gateway.keys.open_call(&token), StreamCallback::read(&signed.form)) else {
        moments::webhook_unreadable("stream-status");
        return StatusCode::NO_CONTENT.into_response();
    };
    if token.call != callback.call {
        moments::token_rejected("other_call");
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Some(code) = callback.error_code {
        moments::stream_error(&callback.call, code);
    }
    tell(&gateway, &callback.call, callback.sequence(), None, callback.to_event()).await;
    StatusCode::NO_CONTENT.into_response()
}

/// `POST|GET /twilio/recording/{token}`: the state of a recording that Twilio makes.
pub async fn recording_of_call(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    match gateway.keys.open_call(&token) {
        Ok(token) => recording_state(&gateway, request, Some(token)).await,
        Err(_) => forged(),
    }
}

/// `POST|GET /twilio/recording` and `/recording_callback`: the same, for a recording that somebody else began.
pub async fn recording(State(gateway): State<Arc<GatewayContext>>, request: Request) -> Response {
    recording_state(&gateway, request, None).await
}

async fn recording_state(gateway: &GatewayContext, request: Request, token: Option<CallToken>) -> Response {
    let signed = match Signed::read(gateway, "recording", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(callback) = RecordingCallback::read(&signed.form) else {
        moments::webhook_unreadable("recording");
        return StatusCode::NO_CONTENT.into_response();
    };
    if token.is_some_and(|token| token.call != callback.call) {
        moments::token_rejected("other_call");
        return StatusCode::FORBIDDEN.into_response();
    }
    let sequence = derived_sequence(&["recording", callback.recording.as_str(), &callback.status]);
    tell(gateway, &callback.call, sequence, None, callback.to_event()).await;
    StatusCode::NO_CONTENT.into_response()
}

/// `POST|GET /twilio/message-status/{token}`: the state of a text message that was sent in or after a call.
pub async fn message_status(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let signed = match Signed::read(&gateway, "message-status", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(token) = gateway.keys.open_call(&token) else { return forged() };
    let Ok(callback) = MessageCallback::read(&signed.form) else {
        moments::webhook_unreadable("message-status");
        return StatusCode::NO_CONTENT.into_response();
    };
    let sequence = derived_sequence(&["message", callback.message.as_str(), &callback.status]);
    tell(&gateway, &token.call, sequence, None, callback.to_event()).await;
    StatusCode::NO_CONTENT.into_response()
}

/// Writes down what Twilio says of a call.
pub(crate) async fn tell(
    gateway: &GatewayContext,
    call: &CallId,
    sequence: u64,
    company: Option<&CompanyId>,
    event: TwilioEvent,
) {
    let event = envelope(call, Source::Twilio, Epoch(0), sequence, company, Event::Twilio(event));
    gateway.witness.tell(call, vec![event]).await;
}

pub(crate) fn forged() -> Response {
    moments::token_rejected("forged");
    StatusCode::FORBIDDEN.into_response()
}
