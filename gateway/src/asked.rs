//! Requests about a call under way: signed by Twilio, for the call their token names, each answered once.

use crate::GatewayContext;
use crate::moments;
use crate::signed::{Signed, xml};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::ids::CallId;
use common::twilio::{Form, Verb, Webhook, document};

/// A request about a call under way.
pub(crate) struct Asked {
    /// The call the token names.
    pub(crate) call: CallId,
    /// What Twilio says of the leg that asks.
    pub(crate) webhook: Webhook,
    /// Everything Twilio says.
    pub(crate) form: Form,
    /// The same for every repeat of one request.
    pub(crate) idempotency: Option<String>,
}

/// Whose leg may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leg {
    /// The caller's own.
    Own,
    /// Also somebody's who was called for this call.
    Any,
}

impl Asked {
    /// Reads and checks; the answer for whoever may not ask comes back as the error.
    pub(crate) async fn read(
        gateway: &GatewayContext,
        route: &'static str,
        token: &str,
        leg: Leg,
        request: Request,
    ) -> Result<Self, Response> {
        let signed = Signed::read(gateway, route, request).await?;
        let Ok(token) = gateway.keys.open_call(token) else {
            moments::token_rejected("forged");
            return Err(StatusCode::FORBIDDEN.into_response());
        };
        let Ok(webhook) = Webhook::read(&signed.form) else {
            moments::webhook_unreadable(route);
            return Err(xml(document(&[Verb::Hangup]).into()));
        };
        if leg == Leg::Own && webhook.call != token.call {
            moments::token_rejected("other_call");
            return Err(StatusCode::FORBIDDEN.into_response());
        }
        Ok(Self { call: token.call, webhook, form: signed.form, idempotency: signed.idempotency })
    }

    /// Whether the leg that asks is over: the answer has no effect then.
    pub(crate) fn is_over(&self) -> bool {
        self.webhook.status != "in-progress" && self.webhook.status != "ringing"
    }

    /// The answer, made once for all repeats of the request. Without Twilio's own mark of a repeat, `mark` tells.
    pub(crate) async fn once(
        &self,
        gateway: &GatewayContext,
        route: &'static str,
        mark: Option<String>,
        answer: impl Future<Output = String>,
    ) -> Response {
        let started = tokio::time::Instant::now();
        let body = match self.idempotency.clone().or(mark) {
            Some(mark) => {
                gateway.answers.once(&format!("{route}:{}:{mark}", self.call), gateway.deadline, answer).await
            }
            None => answer.await.into(),
        };
        moments::webhook_answered(route, started.elapsed());
        xml(body)
    }
}
