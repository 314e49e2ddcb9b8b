//! Step 1: a call comes in. Before it Twilio's signed webhook, after it the answer: connect the call's audio to a worker,
//! or a spoken sentence. Never a 500, never dead air.

use crate::assign::{Assignment, assign, claim, refuse, spoken};
use crate::dossier::Dossier;
use crate::moments;
use crate::signed::{Signed, xml};
use crate::witness::envelope;
use crate::{GatewayContext, admission, menu};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::company::{AgentSnapshot, Menu, Phrases};
use common::event::{Event, GatewayEvent, Refusal, Source};
use common::ids::{CallId, CompanyId, Epoch};
use common::ports::{Admission, SessionWrite};
use common::telemetry::trace;
use common::twilio::{StatusCallback, StreamCallback, Webhook};
use std::sync::Arc;
use tracing::Instrument;

/// `POST|GET /twilio/voice` and its aliases: the agent by the called number.
pub async fn by_number(State(gateway): State<Arc<GatewayContext>>, request: Request) -> Response {
    incoming(gateway, request, None).await
}

/// `POST|GET /twilio/{company}/{language}/voice`: the agent by company and language.
pub async fn by_path(
    State(gateway): State<Arc<GatewayContext>>,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Response {
    incoming(gateway, request, Some(path)).await
}

async fn incoming(gateway: Arc<GatewayContext>, request: Request, path: Option<(String, String)>) -> Response {
    let started = tokio::time::Instant::now();
    let signed = match Signed::read(&gateway, "voice", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(webhook) = Webhook::read(&signed.form) else {
        moments::webhook_unreadable("voice");
        return xml(spoken(&Phrases::default().apology, "en").into());
    };
    let span = tracing::info_span!("webhook", call.id = %webhook.call);
    let key = format!("voice:{}", webhook.call);
    let deadline = gateway.deadline;
    let accepting = async {
        let accepted = tokio::time::timeout(deadline, accept(&gateway, &webhook, path)).await;
        accepted.unwrap_or_else(|_| too_slow(&gateway, &webhook))
    };
    let answer = gateway.answers.once(&key, deadline, accepting.instrument(span)).await;
    moments::webhook_answered("voice", started.elapsed());
    xml(answer)
}

/// Finds the agent, claims the call, reserves a worker, writes all of it down, and answers.
async fn accept(gateway: &GatewayContext, webhook: &Webhook, path: Option<(String, String)>) -> String {
    let (agent, menu) = match find(gateway, webhook, path.as_ref()) {
        Ok(found) => found,
        Err(reason) => return refuse_unknown(gateway, webhook, reason).await,
    };
    moments::call_accepted(&webhook.call);
    let epoch = claim(gateway, &webhook.call).await;
    let dossier = Dossier::new(webhook, agent.clone(), trace::current());
    let mut write = SessionWrite::new(webhook.call.clone(), epoch);
    write.dossier = dossier.to_bytes();
    let company = Some(&agent.company);
    write.events.push(envelope(&webhook.call, Source::Gateway, epoch, 0, company, accepted(webhook, Some(&agent))));
    match admission::admit(gateway, &webhook.call, &agent).await {
        Admission::Full => refuse(gateway, write, &agent, Refusal::CompanyFull, &agent.phrases().busy).await,
        Admission::Admitted => match menu {
            Some(menu) => {
                gateway.witness.write(write).await;
                menu::ask(gateway, &webhook.call, &agent, &menu)
            }
            None => assign(gateway, Assignment::new(write, dossier)).await,
        },
    }
}

/// The agent, and its menu: a path that names a language has chosen already.
fn find(
    gateway: &GatewayContext,
    webhook: &Webhook,
    path: Option<&(String, String)>,
) -> Result<(AgentSnapshot, Option<Menu>), Refusal> {
    let roster = gateway.roster();
    match path {
        None => {
            let (company, agent) = roster.by_number(&webhook.to).ok_or(Refusal::UnknownNumber)?;
            Ok((agent.snapshot(company, None), agent.menu.clone()))
        }
        Some((company, language)) => {
            let id = CompanyId::parse(company.as_str()).map_err(|_| Refusal::UnknownCompany)?;
            let (company, agent) = roster.by_path(&id, language).ok_or(Refusal::UnknownCompany)?;
            Ok((agent.snapshot(company, Some(language)), None))
        }
    }
}

fn accepted(webhook: &Webhook, agent: Option<&AgentSnapshot>) -> Event {
    Event::Gateway(GatewayEvent::Accepted {
        direction: webhook.direction,
        from: webhook.from.clone(),
        to: webhook.to.clone(),
        agent: agent.map(|agent| agent.agent.clone()),
        agent_version: agent.map(|agent| agent.version.clone()),
        language: agent.map(|agent| agent.language.clone()),
        attempt: None,
    })
}

/// Nobody answers this number: a spoken sentence and a record.
async fn refuse_unknown(gateway: &GatewayContext, webhook: &Webhook, reason: Refusal) -> String {
    moments::call_refused(&webhook.call, reason.as_str());
    let event = |sequence, event| envelope(&webhook.call, Source::Gateway, Epoch(0), sequence, None, event);
    let refused = Event::Gateway(GatewayEvent::Refused { reason });
    gateway.witness.tell(&webhook.call, vec![event(0, accepted(webhook, None)), event(1, refused)]).await;
    spoken(&Phrases::default().unknown_number, "en")
}

/// Written under no claim: the answer that was too slow may still write the same under its own.
fn too_slow(gateway: &GatewayContext, webhook: &Webhook) -> String {
    moments::call_refused(&webhook.call, Refusal::Internal.as_str());
    let event = |sequence, event| envelope(&webhook.call, Source::Gateway, Epoch(0), sequence, None, event);
    let refused = Event::Gateway(GatewayEvent::Refused { reason: Refusal::Internal });
    let events = vec![event(0, accepted(webhook, None)), event(1, refused)];
    let (witness, call) = (gateway.witness.clone(), webhook.call.clone());
    gateway.lifecycle.start("tell of a slow answer", async move { witness.tell(&call, events).await });
    spoken(&Phrases::default().apology, "en")
}

/// `POST|GET /twilio/status` and `/call-status`: Twilio's own word about a call.
pub async fn status(State(gateway): State<Arc<GatewayContext>>, request: Request) -> Response {
    let signed = match Signed::read(&gateway, "status", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(callback) = StatusCallback::read(&signed.form) else {
        moments::webhook_unreadable("status");
        return StatusCode::NO_CONTENT.into_response();
    };
    let event = Event::Twilio(callback.to_event());
    let event = envelope(&callback.call, Source::Twilio, Epoch(0), callback.sequence, None, event);
    gateway.witness.tell(&callback.call, vec![event]).await;
    if callback.is_final() {
        over(&gateway, &callback.call).await;
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
    let event = Event::Twilio(callback.to_event());
    let event = envelope(&callback.call, Source::Twilio, Epoch(0), callback.sequence(), None, event);
    gateway.witness.tell(&callback.call, vec![event]).await;
    StatusCode::NO_CONTENT.into_response()
}
