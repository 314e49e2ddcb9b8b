//! Calls as their three witnesses tell them.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use call::{CallEvent, EndReason, Heard, NextStep, Resumed, Speaker, Spoken, ToolOutcome, Turn, Usage, UsedBy};
use common::cdr::Cdr;
use common::event::{
    Direction, ENVELOPE_VERSION, Envelope, Event, EventKey, GatewayEvent, PlaceOutcome, RecorderEvent, Source,
    TapEvent, TwilioEvent,
};
use common::ids::{AgentId, CallId, CompanyId, Epoch, MessageId, RecordingId, WorkerId};
use common::prices::Prices;
use common::private::PhoneNumber;
use recorder::Fold;
use std::sync::Arc;

/// When the first claim of a call is made.
pub(crate) const EPOCH: u64 = 1_764_000_000_000;

/// Folds with the prices built in.
pub(crate) fn fold() -> Fold {
    Fold::new(Arc::new(Prices::built_in()))
}

/// The record of one call's events.
pub(crate) fn folded(events: &[Envelope]) -> Cdr {
    folded_with(&fold(), events)
}

/// The record of one call's events, at other prices.
pub(crate) fn folded_with(fold: &Fold, events: &[Envelope]) -> Cdr {
    let mut cdr = Cdr::new(events.first().map_or(call(1), |event| event.key.call.clone()));
    events.iter().for_each(|event| fold.merge(&mut cdr, event));
    cdr
}

/// Call number `n`.
pub(crate) fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).unwrap()
}

/// An event of call 1, seen `after_ms` after its beginning.
pub(crate) fn event(source: Source, epoch: u64, sequence: u64, after_ms: u64, event: Event) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: call(1), source, epoch: Epoch(epoch), sequence },
        company: (source != Source::Twilio).then(|| CompanyId::parse("harbour").unwrap()),
        at_ms: EPOCH + after_ms,
        trace: String::new(),
        event,
    }
}

/// The gateway's words.
pub(crate) fn gateway(epoch: u64, sequence: u64, after_ms: u64, told: GatewayEvent) -> Envelope {
    event(Source::Gateway, epoch, sequence, after_ms, Event::Gateway(told))
}

/// A worker's words.
pub(crate) fn worker(epoch: u64, sequence: u64, after_ms: u64, told: CallEvent) -> Envelope {
    event(Source::Worker, epoch, sequence, after_ms, Event::Worker(told))
}

/// Twilio's words.
pub(crate) fn status(sequence: u64, after_ms: u64, status: &str, duration_s: Option<u64>) -> Envelope {
    let told = TwilioEvent::Status { status: status.into(), duration_s, sip_code: None, attempt: None };
    event(Source::Twilio, 0, sequence, after_ms, Event::Twilio(told))
}

pub(crate) fn accepted() -> GatewayEvent {
    GatewayEvent::Accepted {
        direction: Direction::Inbound,
        from: PhoneNumber::new("+15005550006"),
        to: PhoneNumber::new("+15005550001"),
        agent: Some(AgentId::parse("front-desk").unwrap()),
        agent_version: Some("3".into()),
        language: Some("en-US".into()),
        attempt: None,
    }
}

pub(crate) fn assigned(worker: &str) -> GatewayEvent {
    GatewayEvent::Assigned { worker: WorkerId::parse(worker).unwrap(), resumes: 0 }
}

pub(crate) fn ended(reason: EndReason) -> CallEvent {
    CallEvent::Ended { reason, at_ms: 9_000, next: None, ignored: 0 }
}

/// The worker's part is over, the call goes on at a place.
pub(crate) fn left_for(next: NextStep) -> CallEvent {
    CallEvent::Ended { reason: EndReason::Moved, at_ms: 9_000, next: Some(next), ignored: 0 }
}

pub(crate) fn to_the_desk() -> NextStep {
    NextStep::Transfer { to: "front desk".into(), briefing: None }
}

/// The place the call left for under this claim has been left.
pub(crate) fn returned(left: u64, way: &str, outcome: PlaceOutcome) -> GatewayEvent {
    let (left, way, place) = (Epoch(left), way.to_owned(), "front desk".to_owned());
    GatewayEvent::Returned { left, way, place, outcome, talked_s: Some(12) }
}

pub(crate) fn configured(version: &str, language: &str) -> CallEvent {
    CallEvent::Configured { at_ms: 900, version: version.into(), language: language.into() }
}

pub(crate) fn chosen(agent: &str, version: &str, language: &str) -> GatewayEvent {
    let agent = AgentId::parse(agent).unwrap();
    GatewayEvent::Chosen { key: Some('2'), agent, agent_version: version.into(), language: language.into() }
}

pub(crate) fn tool_run(name: &str) -> CallEvent {
    let (call, outcome) = (format!("call_{name}"), ToolOutcome::Answered);
    CallEvent::ToolRun { call, name: name.into(), took_ms: 90, outcome, error: None, kept: None }
}

pub(crate) fn turn(number: u32, speaker: Speaker, words: &str) -> CallEvent {
    let text = Some(Spoken::new(words));
    let version = (speaker == Speaker::Agent).then(|| "3".into());
    CallEvent::Turn(Turn { number, speaker, text, started_ms: 100, ended_ms: 900, heard: Heard::Whole, version })
}

/// A whole call of one part: 13 events.
pub(crate) fn whole_call(n: u32) -> Vec<Envelope> {
    let mut events = vec![
        gateway(EPOCH, 0, 0, accepted()),
        gateway(EPOCH, 1, 20, assigned("worker-1")),
        worker(EPOCH, 0, 300, CallEvent::Answered { resumed: Resumed::No }),
        worker(EPOCH, 1, 420, CallEvent::FirstWord { after_ms: 120 }),
        worker(EPOCH, 2, 2_000, turn(1, Speaker::Agent, "Harbour Dental, good morning.")),
        worker(EPOCH, 3, 4_000, turn(2, Speaker::Caller, "I need an appointment.")),
        worker(EPOCH, 4, 4_100, CallEvent::ReplyGap { gap_ms: 640 }),
        worker(EPOCH, 5, 5_000, CallEvent::Interrupted { at_ms: 4_700, heard_ms: 300, cleared_ms: 900 }),
        worker(
            EPOCH,
            6,
            5_100,
            CallEvent::Used { usage: Usage { audio_in: 40, audio_out: 90, ..Usage::default() }, by: None },
        ),
        worker(EPOCH, 7, 6_000, CallEvent::ReplyGap { gap_ms: 360 }),
        worker(EPOCH, 8, 9_300, ended(EndReason::CallerHungUp)),
        status(0, 10, "in-progress", None),
        status(1, 10_000, "completed", Some(10)),
    ];
    for event in &mut events {
        event.key.call = call(n);
    }
    events
}

/// Recording number `n`.
pub(crate) fn recording(n: u32) -> RecordingId {
    RecordingId::parse(format!("RE{n:032x}")).unwrap()
}

/// The worker's recording is kept.
pub(crate) fn stored(recording: RecordingId) -> TapEvent {
    let place = format!("{recording}.wav");
    TapEvent::Stored { recording, place, began_ms: EPOCH, length_ms: 9_000, bytes: 288_044, silent_ms: 0 }
}

/// A text message.
pub(crate) fn message() -> MessageId {
    MessageId::parse("SM00000000000000000000000000000001").unwrap()
}

/// A text message was sent after the call.
pub(crate) fn messaged(country: &str, segments: u32) -> RecorderEvent {
    let (template, country) = ("thanks".to_owned(), country.to_owned());
    RecorderEvent::Messaged { message: message(), template, country, segments }
}

/// The call was summed up.
pub(crate) fn summarized(text_in: u64, text_cached: u64) -> RecorderEvent {
    let usage = Usage { text_in, text_cached, ..Usage::default() };
    RecorderEvent::Summarized { model: "gpt-5-mini".into(), usage }
}

/// Whose price a use has.
pub(crate) fn used_by(provider: &str, model: &str) -> UsedBy {
    UsedBy { provider: provider.into(), model: model.into() }
}
