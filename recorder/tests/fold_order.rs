//! A record is the same in whatever order its events are folded: whatever can be told of a call, told in any order and
//! more than once, at prices that change in the middle.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/story.rs"]
mod story;

use call::{CallEvent, EndReason, Fact, LinkFault, NextStep, Resumed, Speaker, Usage, UsedBy};
use common::event::{
    Direction, Envelope, Event, GatewayEvent, MachineDeed, PlaceOutcome, RecorderEvent, Refusal, Source, TapEvent,
    TwilioEvent,
};
use common::ids::{AgentId, AttemptId, RecordingId};
use common::prices::Prices;
use proptest::prelude::*;
use recorder::Fold;
use std::collections::BTreeMap;
use std::sync::Arc;
use story::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// However events are permuted and repeated on their way, once each is stored once the record is the same.
    #[test]
    fn any_order_and_any_repeats_give_the_same_record(events in any_call(), shuffle in any::<prop::sample::Index>(), seed in any::<u64>()) {
        let stored: BTreeMap<_, _> = events.iter().map(|event| (event.key.clone(), event.clone())).collect();
        let fold = Fold::new(Arc::new(prices()));
        let expected = folded_with(&fold, &stored.values().cloned().collect::<Vec<_>>());
        let order = permuted(stored.values().cloned().collect(), seed);
        let mut delivered = order.clone();
        if !order.is_empty() {
            delivered.push(order[shuffle.index(order.len())].clone());
        }
        let mut seen = std::collections::BTreeSet::new();
        delivered.retain(|event| seen.insert(event.key.clone()));
        prop_assert_eq!(folded_with(&fold, &delivered), expected);
    }
}

/// Any events of one call, with few enough sequences, epochs and times that they meet.
fn any_call() -> impl Strategy<Value = Vec<Envelope>> {
    prop::collection::vec((0..4_u64, 0..12_u64, 0..6_u64, any_event()), 0..40).prop_map(|told| {
        let at = |(epoch, sequence, after, told): (u64, u64, u64, Event)| {
            let source = match &told {
                Event::Gateway(_) => Source::Gateway,
                Event::Worker(_) => Source::Worker,
                Event::Twilio(_) => Source::Twilio,
                Event::Tap(_) => Source::Tap,
                Event::Recorder(_) => Source::Recorder,
            };
            event(source, epoch, sequence, after, told)
        };
        told.into_iter().map(at).collect()
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => any_gateway().prop_map(Event::Gateway),
        6 => any_worker().prop_map(Event::Worker),
        3 => any_twilio().prop_map(Event::Twilio),
        1 => any_tap().prop_map(Event::Tap),
        2 => any_recorder().prop_map(Event::Recorder),
    ]
}

fn any_gateway() -> impl Strategy<Value = GatewayEvent> {
    let refusals = [Refusal::UnknownNumber, Refusal::NoCapacity, Refusal::TooManyResumes, Refusal::Internal];
    let agents = [None, Some("front-desk"), Some("sales")];
    let ways = ["transfer", "queue", "digits"];
    let outcomes = [PlaceOutcome::Answered, PlaceOutcome::NoAnswer, PlaceOutcome::Left];
    let directions = [Direction::Inbound, Direction::Outbound];
    let deeds = [MachineDeed::WentOn, MachineDeed::HungUp, MachineDeed::LeftMessage];
    prop_oneof![
        (prop::sample::select(agents.to_vec()), prop::sample::select(directions.to_vec()), any_attempt()).prop_map(
            |(name, way, tried)| {
                let mut told = accepted();
                if let GatewayEvent::Accepted { agent, direction, attempt, .. } = &mut told {
                    *agent = name.map(|name| AgentId::parse(name).unwrap());
                    (*direction, *attempt) = (way, tried);
                }
                told
            }
        ),
        prop::sample::select(deeds.to_vec())
            .prop_map(|deed| GatewayEvent::Machine { answered_by: "machine_end_beep".into(), deed }),
        prop::sample::select(vec!["worker-1", "worker-2"]).prop_map(assigned),
        prop::sample::select(refusals.to_vec()).prop_map(|reason| GatewayEvent::Refused { reason }),
        (prop::sample::select(vec!["night", "sales"]), prop::sample::select(vec!["1", "2"]))
            .prop_map(|(agent, version)| chosen(agent, version, "es")),
        (0..4_u64, prop::sample::select(ways.to_vec()), prop::sample::select(outcomes.to_vec()))
            .prop_map(|(left, way, outcome)| returned(left, way, outcome)),
    ]
}

fn any_worker() -> impl Strategy<Value = CallEvent> {
    let reasons = [
        EndReason::CallerHungUp,
        EndReason::AgentHungUp,
        EndReason::LineLost,
        EndReason::Moved,
        EndReason::Fenced,
        EndReason::WorkerStopped,
    ];
    let steps = [to_the_desk(), NextStep::Resume, NextStep::Queue { queue: "sales".into() }];
    prop_oneof![
        Just(CallEvent::Answered { resumed: Resumed::No }),
        (0..500_u64).prop_map(|after_ms| CallEvent::FirstWord { after_ms }),
        (1..9_u32).prop_map(|number| turn(number, Speaker::Caller, "yes")),
        (0..900_u64).prop_map(|gap_ms| CallEvent::ReplyGap { gap_ms }),
        Just(CallEvent::AgentLost { at_ms: 1, fault: LinkFault::Broken }),
        Just(CallEvent::SilencePrompted { at_ms: 1 }),
        (any::<u64>(), 0..900_u64, any_user()).prop_map(|(audio_in, audio_cached, by)| {
            CallEvent::Used { usage: Usage { audio_in, audio_cached, ..Usage::default() }, by }
        }),
        (0..90_000_u64, any_user())
            .prop_map(|(billed_ms, by)| CallEvent::Used { usage: Usage { billed_ms, ..Usage::default() }, by }),
        (prop::sample::select(vec!["US", "FR", ""]), 0..4_u32).prop_map(|(country, segments)| {
            let (message, template, country) = (format!("SM{segments}"), "thanks".into(), country.into());
            CallEvent::Fact(Fact::Message { message, template, country, segments })
        }),
        prop::sample::select(reasons.to_vec()).prop_map(ended),
        prop::sample::select(steps.to_vec()).prop_map(left_for),
        (prop::sample::select(vec!["1", "2"]), prop::sample::select(vec!["en", "es"]))
            .prop_map(|(version, language)| configured(version, language)),
        Just(tool_run("lookup")),
        Just(CallEvent::Fact(Fact::Refused { what: "transfer_call".into(), why: "not_listed".into() })),
    ]
}

fn any_twilio() -> impl Strategy<Value = TwilioEvent> {
    let statuses = ["ringing", "in-progress", "completed", "busy", "no-answer", "something-new"];
    let streams = ["stream-started", "stream-stopped"];
    let verdicts = ["human", "machine_start", "machine_end_beep", "unknown"];
    prop_oneof![
        (prop::sample::select(statuses.to_vec()), prop::option::of(0..900_u64), any_attempt()).prop_map(
            |(status, duration_s, attempt)| {
                TwilioEvent::Status { status: status.into(), duration_s, sip_code: None, attempt }
            }
        ),
        prop::sample::select(streams.to_vec()).prop_map(|name| TwilioEvent::Stream {
            stream: None,
            event: name.into(),
            error_code: None
        }),
        prop::sample::select(verdicts.to_vec())
            .prop_map(|by| TwilioEvent::AnsweredBy { by: by.into(), after_ms: Some(3_000) }),
        (
            any_recording(),
            prop::sample::select(vec!["in-progress", "completed", "absent"]),
            prop::option::of(0..200_u64)
        )
            .prop_map(|(recording, status, duration_s)| {
                TwilioEvent::Recording { recording, status: status.into(), duration_s, channels: Some(2) }
            }),
        Just(TwilioEvent::Message { message: message(), status: "delivered".into(), error_code: None }),
    ]
}

fn any_tap() -> impl Strategy<Value = TapEvent> {
    prop_oneof![
        any_recording().prop_map(stored),
        any_recording().prop_map(|recording| TapEvent::Lost { recording, why: "no_space".into() }),
    ]
}

fn any_recorder() -> impl Strategy<Value = RecorderEvent> {
    prop_oneof![
        (0..9_000_u64, 0..9_000_u64).prop_map(|(text_in, text_cached)| summarized(text_in, text_cached)),
        (0..4_u32).prop_map(|segments| messaged("US", segments)),
        any_recording().prop_map(|recording| RecorderEvent::Fetched { recording, place: "a.wav".into(), bytes: 1 }),
        any_recording().prop_map(|recording| RecorderEvent::Deleted { recording, why: "asked".into() }),
    ]
}

fn any_recording() -> impl Strategy<Value = RecordingId> {
    (1..4_u32).prop_map(recording)
}

fn any_attempt() -> impl Strategy<Value = Option<AttemptId>> {
    prop::sample::select(vec![None, Some("spring.4.1"), Some("spring.4.2")])
        .prop_map(|text| text.map(|text| AttemptId::parse(text).unwrap()))
}

/// Nobody, or a model; of one of them the price is not known.
fn any_user() -> impl Strategy<Value = Option<UsedBy>> {
    prop::sample::select(vec![None, Some("gpt-realtime-2.1"), Some("whisper-1"), Some("gpt-next")])
        .prop_map(|model| model.map(|model| used_by("openai", model)))
}

/// A price that changes while the calls of this file go on.
fn prices() -> Prices {
    let changed = EPOCH + 3;
    let moment = |ms: u64| jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap();
    let row = |item: &str, per: &str, usd: &str, from: u64| {
        format!("[[price]]\nitem = {item:?}\nper = {per:?}\nusd = {usd:?}\nfrom = {}\n", moment(from))
    };
    let items = [
        ("openai/gpt-realtime-2.1/audio_in", "million_tokens", "32", "31"),
        ("openai/gpt-realtime-2.1/audio_cached", "million_tokens", "0.4", "0.3"),
        ("openai/gpt-realtime-2.1/minute", "minute", "0.05", "0.06"),
        ("openai/whisper-1/transcribed_minute", "minute", "0.006", "0.007"),
        ("telephony/inbound/*", "minute", "0.0085", "0.009"),
        ("telephony/outbound/*", "minute", "0.014", "0.015"),
        ("stream/minute", "minute", "0.004", "0.005"),
        ("answering_machine/call", "call", "0.0075", "0.008"),
        ("recording/twilio/minute", "minute", "0.0025", "0.003"),
        ("message/US/segment", "segment", "0.0083", "0.0084"),
        ("summary/*/text_in", "million_tokens", "0.25", "0.3"),
        ("summary/*/text_cached", "million_tokens", "0.025", "0.03"),
    ];
    let rows = items.map(|(item, per, before, after)| row(item, per, before, EPOCH) + &row(item, per, after, changed));
    Prices::parse("test", &rows.concat()).unwrap()
}

/// A permutation that follows from the seed (Fisher–Yates over a linear congruential generator).
fn permuted(mut events: Vec<Envelope>, mut seed: u64) -> Vec<Envelope> {
    for last in (1..events.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        events.swap(last, (seed >> 33) as usize % (last + 1));
    }
    events
}
