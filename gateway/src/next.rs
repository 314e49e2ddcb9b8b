//! What happens to a call whose media stream has ended: Twilio asks `<Connect action>`, and the answer is a query of the
//! call's state. No step and a live call means that its worker was lost: another goes on with the conversation.

use crate::GatewayContext;
use crate::moments;
use crate::signed::{Signed, xml};
use crate::webhook::{Dossier, place, spoken};
use crate::witness::envelope;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use call::{Conversation, NextStep};
use common::company::Phrases;
use common::event::{Event, GatewayEvent, Refusal, Source};
use common::ids::CallId;
use common::ports::{Session, SessionStatus, SessionWrite};
use common::telemetry::trace;
use common::twilio::{Verb, Webhook, document};
use std::sync::Arc;
use tracing::Instrument;

/// How often one call may go on at another worker before it is given up: beyond this something other than a worker is
/// broken, and the caller only hears one greeting after another.
const MOST_RESUMES: u32 = 5;

/// `POST|GET /twilio/next/{token}`.
pub async fn next(State(gateway): State<Arc<GatewayContext>>, Path(token): Path<String>, request: Request) -> Response {
    let started = tokio::time::Instant::now();
    let signed = match Signed::read(&gateway, "next", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(token) = gateway.keys.open_call(&token) else {
        moments::token_rejected("forged");
        return StatusCode::FORBIDDEN.into_response();
    };
    let Ok(webhook) = Webhook::read(&signed.form) else {
        moments::webhook_unreadable("next");
        return xml(document(&[Verb::Hangup]).into());
    };
    if webhook.call != token.call {
        moments::token_rejected("other_call");
        return StatusCode::FORBIDDEN.into_response();
    }
    let span = tracing::info_span!("next", call.id = %token.call);
    let answering = answer(&gateway, &webhook).instrument(span);
    let answer = match &signed.idempotency {
        // A repeated question gets the same answer; the next stream's end is another question.
        Some(id) => gateway.answers.once(&format!("next:{}:{id}", token.call), gateway.deadline, answering).await,
        None => answering.await.into(),
    };
    moments::webhook_answered("next", started.elapsed());
    xml(answer)
}

async fn answer(gateway: &GatewayContext, webhook: &Webhook) -> String {
    let over = document(&[Verb::Hangup]);
    // Twilio asks even when the caller has hung up; the answer has no effect then, and no worker must be woken for it.
    if webhook.status != "in-progress" && webhook.status != "ringing" {
        return over;
    }
    match gateway.state.session(&webhook.call).await {
        Ok(Some(session)) if is_live(&session) => {
            let resumed = tokio::time::timeout(gateway.deadline, resume(gateway, &webhook.call, session)).await;
            resumed.unwrap_or_else(|_| spoken(&Phrases::default().apology, "en"))
        }
        // Ended, forgotten, or the store is away: then nobody knows the conversation, and silence would be worse.
        Ok(_) | Err(_) => over,
    }
}

fn is_live(session: &Session) -> bool {
    session.status != SessionStatus::Ended && session.next != Some(NextStep::HangUp)
}

async fn resume(gateway: &GatewayContext, call: &CallId, session: Session) -> String {
    let dossier = session.dossier.as_ref().and_then(|json| serde_json::from_slice::<Dossier>(json).ok());
    let Some(dossier) = dossier else {
        return spoken(&Phrases::default().apology, "en");
    };
    trace::adopt(&tracing::Span::current(), &dossier.trace);
    if session.resumes >= MOST_RESUMES {
        return give_up(gateway, call, &session, &dossier).await;
    }
    let Ok(claimed) = gateway.state.claim(call).await else {
        return document(&[Verb::Hangup]);
    };
    moments::call_resumed(call);
    // The claim gives the newest checkpoint: what the old worker wrote until this moment.
    let checkpoint = claimed.checkpoint.as_ref().or(session.checkpoint.as_ref());
    let conversation =
        checkpoint.and_then(|json| serde_json::from_slice::<Conversation>(json).ok()).unwrap_or_default();
    let write = SessionWrite::new(call.clone(), claimed.epoch);
    place(gateway, write, dossier.agent, Some(conversation), claimed.resumes).await
}

/// The call ends here, under the claim it has: whoever still carries it is told by the line.
async fn give_up(gateway: &GatewayContext, call: &CallId, session: &Session, dossier: &Dossier) -> String {
    let reason = Refusal::TooManyResumes;
    moments::call_refused(call, reason.as_str());
    let mut write = SessionWrite::new(call.clone(), session.epoch);
    write.status = Some(SessionStatus::Ended);
    let refused = Event::Gateway(GatewayEvent::Refused { reason });
    // The last claim wrote its assignment as number 0.
    write.events.push(envelope(call, Source::Gateway, session.epoch, 1, Some(&dossier.agent.company), refused));
    gateway.witness.write(write).await;
    spoken(&dossier.agent.phrases().apology, &dossier.agent.language)
}
