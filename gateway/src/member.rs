//! Somebody was called for a call: they hear a briefing and take the call with a key. Whoever does not, a voicemail
//! above all, is never connected to the caller.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::dossier::{Dossier, own_url};
use crate::moments;
use crate::place;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use call::NextStep;
use common::ids::CallId;
use common::twilio::{Gather, Verb, document, key};
use std::sync::Arc;

/// How long a key is waited for after the briefing.
const WAIT_S: u32 = 8;

/// Longest briefing spoken. Twilio would say 4,096 letters; nobody listens to a page.
const LONGEST_BRIEFING: usize = 600;

/// `POST|GET /twilio/member/{token}`: they have answered.
pub async fn answered(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let asked = match Asked::read(&gateway, "member", &token, Leg::Any, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let answer = async {
        match waiting(&gateway, &asked.call).await {
            Some((dossier, step)) => ask(&gateway, &asked.call, &dossier, &step),
            None => document(&[Verb::Hangup]),
        }
    };
    asked.once(&gateway, "member", None, answer).await
}

/// `POST|GET /twilio/member-key/{token}`: they have pressed a key.
pub async fn pressed(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let asked = match Asked::read(&gateway, "member-key", &token, Leg::Any, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let answer = async {
        match (key(&asked.form), waiting(&gateway, &asked.call).await) {
            (Some(_), Some((dossier, step))) => {
                moments::member_took_call(&asked.call);
                // The end of the document puts a transferred caller through.
                document(&place::join(&asked.call, &dossier, &step).into_iter().collect::<Vec<_>>())
            }
            (None, _) | (_, None) => document(&[Verb::Hangup]),
        }
    };
    asked.once(&gateway, "member-key", None, answer).await
}

/// The call, if it still waits at a place.
async fn waiting(gateway: &GatewayContext, call: &CallId) -> Option<(Dossier, NextStep)> {
    let session = gateway.state.session(call).await.ok()??;
    let dossier = Dossier::of(&session)?;
    let step = session.next?;
    place::place(&dossier, &step)?;
    Some((dossier, step))
}

fn ask(gateway: &GatewayContext, call: &CallId, dossier: &Dossier, step: &NextStep) -> String {
    let language = Some(dossier.agent.language.clone());
    let say = |text: String| Verb::Say { text, language: language.clone() };
    let briefing = match step {
        NextStep::Transfer { briefing: Some(briefing), .. } => {
            Some(say(briefing.reveal().chars().take(LONGEST_BRIEFING).collect()))
        }
        _ => None,
    };
    let take = say(dossier.agent.phrases().take_call.clone());
    let action = own_url(gateway, "member-key", call);
    let verbs = briefing.into_iter().chain([take]).collect();
    document(&[Verb::Gather(Gather { action, keys: 1, wait_s: WAIT_S, verbs }), Verb::Hangup])
}
