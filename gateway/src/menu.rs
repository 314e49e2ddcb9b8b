//! Keys before the agent: the caller chooses a language, another agent, or somebody to talk to.
//!
//! Before it: [`crate::webhook`], which accepts a call whose agent has a menu with [`ask`]. After it: a worker as ever, or
//! a place. Whoever presses nothing, or a key that means nothing, reaches the agent that answers the number.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::assign::{Assignment, add, assign, claim_again};
use crate::dossier::{Dossier, own_url};
use crate::moments;
use crate::place;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use call::NextStep;
use common::company::{AgentSnapshot, Choice, Company, Menu};
use common::event::GatewayEvent;
use common::ids::CallId;
use common::ports::SessionStatus;
use common::telemetry::trace;
use common::twilio::{Gather, Verb, document, key};
use std::sync::Arc;
use tracing::Instrument;

/// The document that asks: the menu is said, a key goes to [`chosen`], and so does no key.
pub(crate) fn ask(gateway: &GatewayContext, call: &CallId, agent: &AgentSnapshot, menu: &Menu) -> String {
    let action = own_url(gateway, "menu", call);
    let say = Verb::Say { text: agent.phrases().menu.clone(), language: Some(agent.language.clone()) };
    let gather = Gather { action: action.clone(), keys: 1, wait_s: menu.wait_s, verbs: vec![say] };
    document(&[Verb::Gather(gather), Verb::Redirect { url: action }])
}

/// `POST|GET /twilio/menu/{token}`.
pub async fn chosen(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let asked = match Asked::read(&gateway, "menu", &token, Leg::Own, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let span = tracing::info_span!("menu", call.id = %asked.call);
    // A call passes its menu once.
    asked.once(&gateway, "menu", Some("once".into()), answer(&gateway, &asked).instrument(span)).await
}

async fn answer(gateway: &GatewayContext, asked: &Asked) -> String {
    let over = document(&[Verb::Hangup]);
    if asked.is_over() {
        return over;
    }
    let Some((claimed, mut write)) = claim_again(gateway, &asked.call).await else { return over };
    let Some(mut dossier) = Dossier::of(&claimed).filter(|_| claimed.status != SessionStatus::Ended) else {
        return over;
    };
    trace::adopt(&tracing::Span::current(), &dossier.trace);
    let pressed = key(&asked.form);
    moments::menu_chosen(&asked.call, pressed.is_some());
    let step = choose(gateway, &mut dossier, pressed);
    dossier.detours += 1;
    write.dossier = dossier.to_bytes();
    let agent = &dossier.agent;
    let chosen = GatewayEvent::Chosen {
        key: pressed,
        agent: agent.agent.clone(),
        agent_version: agent.version.clone(),
        language: agent.language.clone(),
    };
    add(&mut write, &agent.company, chosen);
    let place = step.as_ref().and_then(|step| place::place(&dossier, step));
    let Some(place) = place else {
        return assign(gateway, Assignment::new(write, dossier)).await;
    };
    write.next = step.clone();
    gateway.witness.write(write).await;
    place::send(gateway, &asked.call, &dossier, &place)
}

/// Makes the choice part of the dossier; gives the step when it is a place.
fn choose(gateway: &GatewayContext, dossier: &mut Dossier, pressed: Option<char>) -> Option<NextStep> {
    let roster = gateway.roster();
    let company = roster.companies.get(&dossier.agent.company)?;
    let menu = company.agents.get(&dossier.agent.agent)?.menu.as_ref()?;
    match menu.keys.get(&pressed?)? {
        Choice::Language(tag) => {
            if let Some(agent) = dossier.agent.in_language(tag) {
                dossier.agent = agent;
            }
            None
        }
        Choice::Agent(id) => {
            other_agent(company, id, dossier);
            None
        }
        Choice::Target(to) => Some(NextStep::Transfer { to: to.clone(), briefing: None }),
        Choice::Queue(queue) => Some(NextStep::Queue { queue: queue.clone() }),
    }
}

fn other_agent(company: &Company, id: &common::ids::AgentId, dossier: &mut Dossier) {
    if let Some(agent) = company.agents.get(id) {
        dossier.agent = agent.snapshot(company, Some(&dossier.agent.language));
    }
}
