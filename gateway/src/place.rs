//! Sends a call to a place of its company's list: the step a worker left behind becomes TwiML.
//!
//! Before it: [`crate::next`] or [`crate::menu`]. After it: the telephone network, which asks [`crate::back`] how it
//! ended. Numbers come from the company's list alone; a name that is not on it, which no worker should have written,
//! sounds like a place where nobody answers.

use crate::GatewayContext;
use crate::dossier::{Dossier, own_url};
use crate::moments;
use call::NextStep;
use common::company::{Briefing, Target};
use common::ids::{CallId, CompanyId};
use common::twilio::{Dial, Enqueue, Host, Party, Verb, address, document};

/// How long a conference or a queue's call may last: that of a target nobody set.
const LONGEST_TALK_S: u32 = 3_600;

/// Where a call is sent.
pub(crate) enum Place<'a> {
    /// To somebody.
    Target(&'a Target),
    /// Into a conference; these are called in.
    Conference(Vec<&'a Target>),
    /// Into a queue; these are called to take it.
    Queue(&'a str, Vec<&'a Target>),
}

/// The place a step names; `None` when it names none, or one that is not on the list.
pub(crate) fn place<'a>(dossier: &'a Dossier, step: &'a NextStep) -> Option<Place<'a>> {
    let agent = &dossier.agent;
    let members = |names: &'a [String]| names.iter().filter_map(|name| agent.targets.get(name)).collect();
    match step {
        NextStep::Transfer { to, .. } => Some(Place::Target(agent.targets.get(to)?)),
        NextStep::Conference { room } => Some(Place::Conference(members(&agent.rooms.get(room)?.members))),
        NextStep::Queue { queue } => Some(Place::Queue(queue, members(&agent.queues.get(queue)?.members))),
        NextStep::HangUp | NextStep::Resume | NextStep::Digits { .. } | NextStep::Apologize => None,
    }
}

/// What a step is called in records, and its place.
pub(crate) fn words(step: &NextStep) -> Option<(&'static str, &str)> {
    match step {
        NextStep::Transfer { to, .. } => Some(("transfer", to)),
        NextStep::Conference { room } => Some(("conference", room)),
        NextStep::Queue { queue } => Some(("queue", queue)),
        NextStep::Digits { .. } => Some(("digits", "")),
        NextStep::HangUp | NextStep::Resume | NextStep::Apologize => None,
    }
}

/// The document that sends the call there, and the calls it needs.
pub(crate) fn send(gateway: &GatewayContext, call: &CallId, dossier: &Dossier, place: &Place<'_>) -> String {
    let done = own_url(gateway, "dial-done", call);
    match place {
        Place::Target(target) => {
            let whisper = (target.briefing == Briefing::Spoken).then(|| own_url(gateway, "member", call));
            let to = Party::Number { number: target.number.clone(), whisper };
            document(&[Verb::Dial(Dial { action: Some(done), ring_s: target.ring_s, talk_s: target.talk_s, to })])
        }
        Place::Conference(members) => {
            invite(gateway, call, dossier, members);
            let to = Party::Conference { name: room(call), host: Host::Yes };
            let dial = Dial { action: Some(done), ring_s: 30, talk_s: LONGEST_TALK_S, to };
            document(&[Verb::Dial(dial)])
        }
        Place::Queue(name, members) => {
            invite(gateway, call, dossier, members);
            let wait = own_url(gateway, "hold", call);
            document(&[Verb::Enqueue(Enqueue { name: queue(&dossier.agent.company, name), action: done, wait })])
        }
    }
}

/// What somebody who was called in and took the call is connected to; `None` for a transfer, whose caller waits already.
pub(crate) fn join(call: &CallId, dossier: &Dossier, step: &NextStep) -> Option<Verb> {
    let to = match step {
        NextStep::Conference { .. } => Party::Conference { name: room(call), host: Host::No },
        NextStep::Queue { queue: name } => Party::Queue { name: queue(&dossier.agent.company, name) },
        NextStep::Transfer { .. }
        | NextStep::HangUp
        | NextStep::Resume
        | NextStep::Digits { .. }
        | NextStep::Apologize => return None,
    };
    Some(Verb::Dial(Dial { action: None, ring_s: 30, talk_s: LONGEST_TALK_S, to }))
}

/// A conference is one call's own: its name is unique in the account.
fn room(call: &CallId) -> String {
    format!("room-{call}")
}

/// Two companies may use the same word.
fn queue(company: &CompanyId, name: &str) -> String {
    format!("{company}-{name}")
}

/// Calls the members, behind the answer's back. The document is made once, so nobody is called twice.
fn invite(gateway: &GatewayContext, call: &CallId, dossier: &Dossier, members: &[&Target]) {
    let Some(telephone) = gateway.telephone.clone() else {
        return moments::nobody_called(call);
    };
    for &member in members {
        let (telephone, call, member, ours) = (telephone.clone(), call.clone(), member.clone(), dossier.ours.clone());
        let url = own_url(gateway, "member", &call);
        gateway.lifecycle.start("call a member", async move {
            if let Err(error) = telephone.call(&member.number, &ours, &url, member.ring_s).await {
                moments::member_not_called(&call, &error);
            }
        });
    }
}

/// The address of the music callers in a queue hear.
pub(crate) fn music_url(gateway: &GatewayContext) -> String {
    address::webhook_url(&gateway.public_url, "/audio/hold.wav")
}
