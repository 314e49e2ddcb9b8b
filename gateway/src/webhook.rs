//! Step 1: a call comes in. Before it Twilio's signed webhook, after it the answer: connect the call's audio to a worker,
//! or a spoken sentence. Never a 500, never dead air.

use crate::assign::{Assignment, assign, claim, refuse, spoken};
use crate::dossier::Dossier;
use crate::errand::{self, Errand};
use crate::moments;
use crate::notices::forged;
use crate::signed::{Signed, xml};
use crate::witness::envelope;
use crate::{GatewayContext, admission, menu};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use common::company::{AgentSnapshot, Menu, Phrases};
use common::event::{Event, GatewayEvent, Refusal, Source};
use common::ids::{AttemptId, CompanyId, Epoch};
use common::ports::{Admission, SessionWrite};
use common::telemetry::trace;
use common::token::AttemptToken;
use common::twilio::Webhook;
use std::sync::Arc;
use tracing::Instrument;

/// How an address says who is to answer.
enum Address {
    /// By the called number.
    Number,
    /// By company and language.
    Path(String, String),
    /// By the try of a batch that the call was placed for.
    Attempt(AttemptToken),
}

/// Who answers.
struct Found {
    agent: AgentSnapshot,
    menu: Option<Menu>,
    /// For a call that we made.
    errand: Option<Errand>,
}

/// `POST|GET /twilio/voice` and its aliases: the agent by the called number.
pub async fn by_number(State(gateway): State<Arc<GatewayContext>>, request: Request) -> Response {
    incoming(gateway, request, Address::Number).await
}

/// `POST|GET /twilio/{company}/{language}/voice`: the agent by company and language.
pub async fn by_path(
    State(gateway): State<Arc<GatewayContext>>,
    Path(path): Path<(String, String)>,
    request: Request,
) -> Response {
    incoming(gateway, request, Address::Path(path.0, path.1)).await
}

/// `POST|GET /twilio/outbound/{token}`: somebody we called has answered.
pub async fn by_attempt(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    match gateway.keys.open_attempt(&token) {
        Ok(token) => incoming(gateway, request, Address::Attempt(token)).await,
        Err(_) => forged(),
    }
}

async fn incoming(gateway: Arc<GatewayContext>, request: Request, address: Address) -> Response {
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
        let accepted = tokio::time::timeout(deadline, accept(&gateway, &webhook, &address)).await;
        accepted.unwrap_or_else(|_| too_slow(&gateway, &webhook))
    };
    let answer = gateway.answers.once(&key, deadline, accepting.instrument(span)).await;
    moments::webhook_answered("voice", started.elapsed());
    xml(answer)
}

/// Finds the agent, claims the call, reserves a worker, writes all of it down, and answers.
async fn accept(gateway: &GatewayContext, webhook: &Webhook, address: &Address) -> String {
    let Found { agent, menu, errand } = match find(gateway, webhook, address).await {
        Ok(found) => found,
        Err(reason) => return refuse_unknown(gateway, webhook, reason).await,
    };
    moments::call_accepted(&webhook.call);
    let epoch = claim(gateway, &webhook.call).await;
    let accepted = accepted(webhook, Some(&agent), errand.as_ref().map(|errand| errand.attempt.clone()));
    let dossier = Dossier { errand, ..Dossier::new(webhook, agent.clone(), trace::current()) };
    let mut write = SessionWrite::new(webhook.call.clone(), epoch);
    write.dossier = dossier.to_bytes();
    write.events.push(envelope(&webhook.call, Source::Gateway, epoch, 0, Some(&agent.company), accepted));
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

/// The agent, and its menu: an address that names a language has chosen already, and whom we call is asked nothing.
async fn find(gateway: &GatewayContext, webhook: &Webhook, address: &Address) -> Result<Found, Refusal> {
    let roster = gateway.roster();
    match address {
        Address::Number => {
            let (company, agent) = roster.by_number(&webhook.to).ok_or(Refusal::UnknownNumber)?;
            Ok(Found { agent: agent.snapshot(company, None), menu: agent.menu.clone(), errand: None })
        }
        Address::Path(company, language) => {
            let id = CompanyId::parse(company.as_str()).map_err(|_| Refusal::UnknownCompany)?;
            let (company, agent) = roster.by_path(&id, language).ok_or(Refusal::UnknownCompany)?;
            Ok(Found { agent: agent.snapshot(company, Some(language)), menu: None, errand: None })
        }
        Address::Attempt(token) => {
            let company = roster.companies.get(&token.company).ok_or(Refusal::UnknownCompany)?;
            let agent = company.agents.get(&token.agent).ok_or(Refusal::UnknownCompany)?;
            let (language, columns, errand) = errand::look_up(gateway, token).await;
            let agent = agent.snapshot(company, language.as_deref()).with_columns(columns);
            Ok(Found { agent, menu: None, errand: Some(errand) })
        }
    }
}

fn accepted(webhook: &Webhook, agent: Option<&AgentSnapshot>, attempt: Option<AttemptId>) -> Event {
    Event::Gateway(GatewayEvent::Accepted {
        direction: webhook.direction,
        from: webhook.from.clone(),
        to: webhook.to.clone(),
        agent: agent.map(|agent| agent.agent.clone()),
        agent_version: agent.map(|agent| agent.version.clone()),
        language: agent.map(|agent| agent.language.clone()),
        attempt,
    })
}

/// Nobody answers this number: a spoken sentence and a record.
async fn refuse_unknown(gateway: &GatewayContext, webhook: &Webhook, reason: Refusal) -> String {
    moments::call_refused(&webhook.call, reason.as_str());
    let event = |sequence, event| envelope(&webhook.call, Source::Gateway, Epoch(0), sequence, None, event);
    let refused = Event::Gateway(GatewayEvent::Refused { reason });
    gateway.witness.tell(&webhook.call, vec![event(0, accepted(webhook, None, None)), event(1, refused)]).await;
    spoken(&Phrases::default().unknown_number, "en")
}

/// Written under no claim: the answer that was too slow may still write the same under its own.
fn too_slow(gateway: &GatewayContext, webhook: &Webhook) -> String {
    moments::call_refused(&webhook.call, Refusal::Internal.as_str());
    let event = |sequence, event| envelope(&webhook.call, Source::Gateway, Epoch(0), sequence, None, event);
    let refused = Event::Gateway(GatewayEvent::Refused { reason: Refusal::Internal });
    let events = vec![event(0, accepted(webhook, None, None)), event(1, refused)];
    let (witness, call) = (gateway.witness.clone(), webhook.call.clone());
    gateway.lifecycle.start("tell of a slow answer", async move { witness.tell(&call, events).await });
    spoken(&Phrases::default().apology, "en")
}
