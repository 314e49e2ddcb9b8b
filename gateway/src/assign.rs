//! Pins a claimed call to a worker and answers with its stream; or refuses politely. For calls that come in, and for
//! those that come back.

use crate::dossier::{Dossier, own_url};
use crate::moments;
use crate::pool::Seat;
use crate::witness::envelope;
use crate::{GatewayContext, admission};
use call::{Conversation, Resumed};
use common::clock;
use common::company::AgentSnapshot;
use common::event::{Event, GatewayEvent, Refusal, Source};
use common::ids::{CallId, CompanyId, Epoch};
use common::ports::{Session, SessionStatus, SessionWrite};
use common::reservation::Reserve;
use common::telemetry::trace;
use common::token::{STREAM_TOKEN_MS, StreamToken};
use common::twilio::{Connect, Stream, Verb, address, document};
use std::collections::BTreeMap;

/// A claimed call that needs a worker.
pub(crate) struct Assignment {
    /// What is to be written with it; holds the gateway's events of this claim so far.
    pub(crate) write: SessionWrite,
    /// Who answers, and for whom.
    pub(crate) dossier: Dossier,
    /// What was heard before, and why it comes again; `None` for a call that never had a stream.
    pub(crate) before: Option<(Conversation, Resumed)>,
    /// How often it was claimed before.
    pub(crate) resumes: u32,
    /// Done before the stream is connected.
    pub(crate) first: Option<Verb>,
}

impl Assignment {
    /// A call that has no stream yet.
    pub(crate) fn new(write: SessionWrite, dossier: Dossier) -> Self {
        Self { write, dossier, before: None, resumes: 0, first: None }
    }
}

/// The claim in force from now on. Without the store: the time, which is what the store would have given.
pub(crate) async fn claim(gateway: &GatewayContext, call: &CallId) -> Epoch {
    match gateway.state.claim(call).await {
        Ok(session) => session.epoch,
        Err(_) => Epoch(clock::unix_ms()),
    }
}

/// Claims a call that was under way; `None` with the store away.
pub(crate) async fn claim_again(gateway: &GatewayContext, call: &CallId) -> Option<(Session, SessionWrite)> {
    let session = gateway.state.claim(call).await.ok()?;
    let write = SessionWrite::new(call.clone(), session.epoch);
    Some((session, write))
}

/// Reserves a worker and answers with its stream; or refuses.
pub(crate) async fn assign(gateway: &GatewayContext, assignment: Assignment) -> String {
    let Assignment { mut write, dossier, before, resumes, first } = assignment;
    let (call, epoch) = (write.call.clone(), write.epoch);
    let (conversation, resumed) = match before {
        Some((conversation, resumed)) => (Some(conversation), resumed),
        None => (None, Resumed::No),
    };
    let reserve = Reserve {
        call: call.clone(),
        epoch,
        agent: dossier.agent,
        conversation,
        resumed,
        caller: Some(dossier.person),
        ours: Some(dossier.ours),
        direction: dossier.direction,
        trace: trace::current(),
    };
    let seat = gateway.pool.reserve(&reserve).await;
    let agent = reserve.agent;
    let Some(seat) = seat else {
        admission::dismiss(gateway, &call, &agent.company).await;
        let phrases = agent.phrases();
        let sentence = if resumes == 0 { &phrases.busy } else { &phrases.apology };
        return refuse(gateway, write, &agent, Refusal::NoCapacity, sentence).await;
    };
    write.status = Some(SessionStatus::Reserved);
    write.worker = Some(seat.worker.clone());
    add(&mut write, &agent.company, GatewayEvent::Assigned { worker: seat.worker.clone(), resumes });
    gateway.witness.write(write).await;
    let verbs: Vec<Verb> = first.into_iter().chain([connect(gateway, &call, epoch, seat)]).collect();
    document(&verbs)
}

/// Ends a claimed call with a sentence.
pub(crate) async fn refuse(
    gateway: &GatewayContext,
    mut write: SessionWrite,
    agent: &AgentSnapshot,
    reason: Refusal,
    sentence: &str,
) -> String {
    moments::call_refused(&write.call, reason.as_str());
    write.status = Some(SessionStatus::Ended);
    add(&mut write, &agent.company, GatewayEvent::Refused { reason });
    gateway.witness.write(write).await;
    spoken(sentence, &agent.language)
}

/// Adds the gateway's next event under this claim.
pub(crate) fn add(write: &mut SessionWrite, company: &CompanyId, event: GatewayEvent) {
    let sequence = write.events.len() as u64;
    let event = Event::Gateway(event);
    write.events.push(envelope(&write.call, Source::Gateway, write.epoch, sequence, Some(company), event));
}

fn connect(gateway: &GatewayContext, call: &CallId, epoch: Epoch, seat: Seat) -> Verb {
    let token = gateway.keys.sign_stream(&StreamToken {
        call: call.clone(),
        worker: seat.worker.clone(),
        boot: seat.boot,
        epoch,
        expires_ms: clock::unix_ms() + STREAM_TOKEN_MS,
    });
    Verb::Connect(Connect {
        action: own_url(gateway, "next", call),
        stream: Stream {
            url: address::stream_url(&gateway.public_url, &format!("/media/{}/{token}", seat.worker)),
            status_callback: Some(own_url(gateway, "stream-status", call)),
            parameters: BTreeMap::new(),
        },
    })
}

/// A sentence by the telephone network's own voice, then the end.
pub(crate) fn spoken(sentence: &str, language: &str) -> String {
    let say = Verb::Say { text: sentence.to_owned(), language: Some(language.to_owned()) };
    document(&[say, Verb::Hangup])
}
