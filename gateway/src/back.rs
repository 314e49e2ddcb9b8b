//! A place a call was sent to has been left: somebody talked to the caller and the call is over, or nobody did and the
//! agent goes on with what it knew.
//!
//! Before it: [`crate::place`], whose documents name this as their action. After it: the end, or a worker again.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::assign::{Assignment, add, assign, claim_again};
use crate::dossier::{Dossier, conversation};
use crate::moments;
use crate::place;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use call::{NextStep, Resumed};
use common::event::{GatewayEvent, PlaceOutcome};
use common::ids::Epoch;
use common::ports::{Session, SessionStatus, SessionWrite};
use common::telemetry::trace;
use common::twilio::{PlaceEnd, Verb, document};
use std::sync::Arc;
use tracing::Instrument;

/// `POST|GET /twilio/dial-done/{token}`.
pub async fn dial_done(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let asked = match Asked::read(&gateway, "dial-done", &token, Leg::Own, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let leg = asked.form.value("DialCallSid").or(asked.form.value("QueueSid")).map(str::to_owned);
    let span = tracing::info_span!("dial-done", call.id = %asked.call);
    asked.once(&gateway, "dial-done", leg, answer(&gateway, &asked).instrument(span)).await
}

async fn answer(gateway: &GatewayContext, asked: &Asked) -> String {
    let over = document(&[Verb::Hangup]);
    let end = PlaceEnd::read(&asked.form);
    let Ok(Some(session)) = gateway.state.session(&asked.call).await else { return over };
    let (Some(step), Some(dossier)) = (session.next.clone(), Dossier::of(&session)) else { return over };
    trace::adopt(&tracing::Span::current(), &dossier.trace);
    let Some((way, name)) = place::words(&step) else { return over };
    moments::place_left(&asked.call, way, end.outcome.as_str());
    let returned = GatewayEvent::Returned {
        left: session.epoch,
        way: way.to_owned(),
        place: name.to_owned(),
        outcome: end.outcome,
        talked_s: end.talked_s,
    };
    let Some((claimed, mut write)) = claim_again(gateway, &asked.call).await else { return over };
    add(&mut write, &dossier.agent.company, returned);
    let is_over = asked.is_over() || matches!(end.outcome, PlaceOutcome::Answered | PlaceOutcome::Left);
    if is_over {
        write.status = Some(SessionStatus::Ended);
        write.next = Some(NextStep::HangUp);
        gateway.witness.write(write).await;
        return over;
    }
    come_back(gateway, (claimed, write), dossier, Resumed::NobodyAnswered, None).await
}

/// The agent goes on with the conversation, under the claim that was just made.
pub(crate) async fn come_back(
    gateway: &GatewayContext,
    (claimed, mut write): (Session, SessionWrite),
    mut dossier: Dossier,
    why: Resumed,
    first: Option<Verb>,
) -> String {
    dossier.detours += 1;
    write.dossier = dossier.to_bytes();
    let before = Some((conversation(&claimed), why));
    let resumes = claimed.resumes;
    assign(gateway, Assignment { write, dossier, before, resumes, first }).await
}

/// Keys are sent within the document that connects the next worker: the place is left as soon as it is reached.
pub(crate) async fn send_digits(
    gateway: &GatewayContext,
    claim: (Session, SessionWrite),
    dossier: Dossier,
    left: Epoch,
    keys: String,
) -> String {
    let (claimed, mut write) = claim;
    let (way, place, outcome) = ("digits".to_owned(), String::new(), PlaceOutcome::Answered);
    // Nobody talked: the record only says that the keys went out.
    let returned = GatewayEvent::Returned { left, way, place, outcome, talked_s: None };
    add(&mut write, &dossier.agent.company, returned);
    let first = Some(Verb::SendDigits { keys });
    come_back(gateway, (claimed, write), dossier, Resumed::DigitsSent, first).await
}
