//! What happens to a call whose media stream has ended: Twilio asks `<Connect action>`, and the answer is a query of the
//! call's state. The step the worker left behind is taken; no step and a live call means that its worker was lost, and
//! another goes on with the conversation.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::assign::{Assignment, assign, claim_again, refuse, spoken};
use crate::back;
use crate::dossier::{Dossier, conversation};
use crate::moments;
use crate::place;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use call::{NextStep, Resumed};
use common::company::Phrases;
use common::event::Refusal;
use common::ids::CallId;
use common::ports::{Session, SessionStatus, SessionWrite};
use common::telemetry::trace;
use common::twilio::{Verb, document};
use std::sync::Arc;
use tracing::Instrument;

/// How often one call may go on at another worker before it is given up: beyond this something other than a worker is
/// broken, and the caller only hears one greeting after another.
const MOST_RESUMES: u32 = 5;

/// How often one call may come back from places. A caller who is sent round more often is not being helped.
const MOST_DETOURS: u32 = 20;

/// `POST|GET /twilio/next/{token}`.
pub async fn next(State(gateway): State<Arc<GatewayContext>>, Path(token): Path<String>, request: Request) -> Response {
    let asked = match Asked::read(&gateway, "next", &token, Leg::Own, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let span = tracing::info_span!("next", call.id = %asked.call);
    // The next stream's end is another question, so only Twilio's own mark tells a repeat.
    asked.once(&gateway, "next", None, answer(&gateway, &asked).instrument(span)).await
}

async fn answer(gateway: &GatewayContext, asked: &Asked) -> String {
    let over = document(&[Verb::Hangup]);
    // Twilio asks even when the caller has hung up; the answer has no effect then, and no worker must be woken for it.
    if asked.is_over() {
        return over;
    }
    match gateway.state.session(&asked.call).await {
        Ok(Some(session)) if session.status != SessionStatus::Ended => {
            let step = take_step(gateway, &asked.call, session);
            let taken = tokio::time::timeout(gateway.deadline, step).await;
            taken.unwrap_or_else(|_| spoken(&Phrases::default().apology, "en"))
        }
        // Ended, forgotten, or the store is away: then nobody knows the conversation, and silence would be worse.
        Ok(_) | Err(_) => over,
    }
}

async fn take_step(gateway: &GatewayContext, call: &CallId, session: Session) -> String {
    let step = session.next.clone().unwrap_or(NextStep::Resume);
    if step == NextStep::HangUp {
        return document(&[Verb::Hangup]);
    }
    let Some(dossier) = Dossier::of(&session) else {
        return spoken(&Phrases::default().apology, "en");
    };
    trace::adopt(&tracing::Span::current(), &dossier.trace);
    let worn_out = session.resumes >= MOST_RESUMES + dossier.detours || dossier.detours >= MOST_DETOURS;
    match step {
        NextStep::Apologize => apologize(gateway, call, &session, &dossier).await,
        NextStep::Resume | NextStep::Digits { .. } if worn_out => give_up(gateway, call, &dossier).await,
        NextStep::Digits { keys } => {
            let left = session.epoch;
            let Some(claim) = claim_again(gateway, call).await else { return document(&[Verb::Hangup]) };
            back::send_digits(gateway, claim, dossier, left, keys.reveal().to_owned()).await
        }
        NextStep::Transfer { .. } | NextStep::Conference { .. } | NextStep::Queue { .. } => {
            match place::place(&dossier, &step).filter(|_| !worn_out) {
                Some(place) => {
                    moments::place_entered(call, place::words(&step).map_or("", |(way, _)| way));
                    place::send(gateway, call, &dossier, &place)
                }
                None => resume(gateway, call, &session, dossier, Resumed::NobodyAnswered).await,
            }
        }
        NextStep::Resume | NextStep::HangUp => resume(gateway, call, &session, dossier, Resumed::Yes).await,
    }
}

async fn resume(gateway: &GatewayContext, call: &CallId, session: &Session, dossier: Dossier, why: Resumed) -> String {
    let Some((claimed, write)) = claim_again(gateway, call).await else {
        return document(&[Verb::Hangup]);
    };
    moments::call_resumed(call);
    // The claim gives the newest checkpoint: what the old worker wrote until this moment.
    let newest = if claimed.checkpoint.is_some() { &claimed } else { session };
    let before = Some((conversation(newest), why));
    let resumes = claimed.resumes;
    assign(gateway, Assignment { write, dossier, before, resumes, first: None }).await
}

/// The worker had no agent any more, and said why in the record.
async fn apologize(gateway: &GatewayContext, call: &CallId, session: &Session, dossier: &Dossier) -> String {
    let mut write = SessionWrite::new(call.clone(), session.epoch);
    write.status = Some(SessionStatus::Ended);
    gateway.witness.write(write).await;
    spoken(&dossier.agent.phrases().apology, &dossier.agent.language)
}

/// The call ends here. The claim silences whoever still carries it.
async fn give_up(gateway: &GatewayContext, call: &CallId, dossier: &Dossier) -> String {
    let sentence = &dossier.agent.phrases().apology;
    match claim_again(gateway, call).await {
        Some((_, write)) => refuse(gateway, write, &dossier.agent, Refusal::TooManyResumes, sentence).await,
        None => spoken(sentence, &dossier.agent.language),
    }
}
