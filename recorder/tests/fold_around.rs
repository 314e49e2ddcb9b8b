//! What goes on around a call is in its record, and neither opens nor closes it.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/story.rs"]
mod story;

use call::{CallEvent, Fact, Usage};
use common::costs::CostPart;
use common::event::{Envelope, Event, GatewayEvent, MachineDeed, RecorderEvent, Source, TapEvent, TwilioEvent};
use common::ids::AttemptId;
use common::money::Money;
use story::*;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn twilio(sequence: u64, after_ms: u64, told: TwilioEvent) -> Envelope {
    event(Source::Twilio, 0, sequence, after_ms, Event::Twilio(told))
}

fn tap(after_ms: u64, told: TapEvent) -> Envelope {
    event(Source::Tap, EPOCH, 0, after_ms, Event::Tap(told))
}

fn recorder(sequence: u64, after_ms: u64, told: RecorderEvent) -> Envelope {
    event(Source::Recorder, EPOCH + 99, sequence, after_ms, Event::Recorder(told))
}

fn at_twilio(n: u32, status: &str, duration_s: Option<u64>) -> TwilioEvent {
    TwilioEvent::Recording { recording: recording(n), status: status.into(), duration_s, channels: Some(2) }
}

#[test]
fn what_is_done_after_a_call_neither_opens_it_nor_is_waited_for() {
    let before = folded(&whole_call(1));
    let mut events = whole_call(1);
    events.extend([
        tap(12_000, stored(recording(1))),
        recorder(7, 13_000, summarized(900, 0)),
        recorder(90, 14_000, messaged("US", 1)),
        recorder(5, 99_000, RecorderEvent::Deleted { recording: recording(1), why: "retention".into() }),
    ]);
    for _ in 0..events.len() {
        events.rotate_left(1);
        let after = folded(&events);
        assert_eq!(after.end_reason, before.end_reason);
        assert_eq!((after.complete, after.ended_ms, after.duration_ms), (true, before.ended_ms, before.duration_ms));
    }
    let twilio_is_silent: Vec<_> = events.into_iter().filter(|event| event.key.source != Source::Twilio).collect();
    assert_eq!(
        folded(&twilio_is_silent).end_reason.as_deref(),
        Some("caller_hung_up"),
        "also by the worker's word alone"
    );
}

#[test]
fn a_recording_counts_once_whoever_speaks_of_it() {
    let events = [
        tap(1_000, stored(recording(1))),
        twilio(1, 2_000, at_twilio(2, "in-progress", None)),
        twilio(2, 3_000, at_twilio(2, "completed", Some(61))),
        twilio(3, 3_500, at_twilio(2, "completed", Some(61))),
        recorder(1, 4_000, RecorderEvent::Fetched { recording: recording(2), place: "2.wav".into(), bytes: 9 }),
        recorder(2, 5_000, RecorderEvent::Deleted { recording: recording(2), why: "fetched".into() }),
    ];
    let cdr = folded(&events);
    assert_eq!(cdr.recordings, 2);
    assert_eq!(cdr.costs.part(CostPart::Recording), money("0.005"), "two begun minutes, once");
    let lost = TapEvent::Lost { recording: recording(3), why: "no_space".into() };
    assert_eq!(folded(&[tap(9, lost)]).recordings, 1);
    assert_eq!(folded(&[twilio(1, 9, at_twilio(4, "absent", None))]).recordings, 0);
}

#[test]
fn a_call_that_we_made_knows_its_try_and_who_answered() {
    let attempt = AttemptId::parse("spring.7.2").unwrap();
    let tried = TwilioEvent::Status {
        status: "completed".into(),
        duration_s: Some(20),
        sip_code: None,
        attempt: Some(attempt.clone()),
    };
    let machine = |deed| GatewayEvent::Machine { answered_by: "machine_end_beep".into(), deed };
    let by = |by: &str| TwilioEvent::AnsweredBy { by: by.into(), after_ms: Some(2_900) };
    let mut events = [
        twilio(1, 20_000, tried),
        twilio(2, 3_000, by("machine_end_beep")),
        twilio(3, 2_000, by("unknown")),
        gateway(EPOCH, 1, 3_100, machine(MachineDeed::LeftMessage)),
        gateway(EPOCH, 2, 3_200, machine(MachineDeed::HungUp)),
    ];
    for _ in 0..events.len() {
        events.rotate_left(1);
        let cdr = folded(&events);
        assert_eq!(cdr.attempt.as_ref(), Some(&attempt));
        assert_eq!(
            (cdr.answered_by.as_deref(), cdr.machine),
            (Some("machine_end_beep"), Some(MachineDeed::LeftMessage))
        );
        assert_eq!(cdr.costs.part(CostPart::AnsweringMachine), money("0.0075"), "looked for once");
    }
}

#[test]
fn messages_of_tools_and_after_the_call_are_counted() {
    let fact =
        Fact::Message { message: message().to_string(), template: "map".into(), country: "US".into(), segments: 2 };
    let cdr = folded(&[
        worker(EPOCH, 0, 10, CallEvent::Fact(fact)),
        recorder(1, 20_000, messaged("US", 1)),
        twilio(1, 21_000, TwilioEvent::Message { message: message(), status: "delivered".into(), error_code: None }),
    ]);
    assert_eq!(cdr.messages, 2);
    assert_eq!(cdr.costs.part(CostPart::Messages), money("0.0249"), "three segments");
}

#[test]
fn use_of_which_nobody_says_whose_it_is_costs_nothing() {
    let usage = Usage { audio_in: 1_000, ..Usage::default() };
    let told = |by| worker(EPOCH, 0, 0, CallEvent::Used { usage, by });
    assert_eq!(folded(&[told(None)]).costs.total(), Money::ZERO);
    assert_eq!(folded(&[told(None)]).usage.audio_in, 1_000);
    assert_eq!(folded(&[told(Some(used_by("openai", "gpt-realtime-2.1")))]).costs.total(), money("0.032"));
}

#[test]
fn a_later_word_on_the_length_corrects_the_price() {
    let mut events = whole_call(1);
    let last = events.pop().unwrap();
    let telephony = |events: &[Envelope]| folded(events).costs.part(CostPart::Telephony);
    assert_eq!(telephony(&events), money("0.0085"), "nine seconds, as the worker measured");
    events.push(status(1, 70_000, "completed", Some(61)));
    assert_eq!(telephony(&events), money("0.017"), "Twilio says 61");
    events.push(last);
    assert_eq!(telephony(&events), money("0.017"));
}

#[test]
fn every_stream_of_a_call_is_billed_by_itself() {
    let minute = 60_000;
    let answered = || CallEvent::Answered { resumed: call::Resumed::No };
    let mut events = vec![
        gateway(EPOCH, 0, 0, accepted()),
        worker(EPOCH, 0, 0, answered()),
        worker(EPOCH, 1, minute + 1, ended(call::EndReason::Moved)),
        worker(EPOCH + 1, 0, minute + 500, answered()),
        // This one's worker is killed; the next is there a minute and a half later.
        worker(EPOCH + 2, 0, 2 * minute + 30_500, answered()),
    ];
    let stream = |events: &[Envelope]| folded(events).costs.part(CostPart::Stream);
    assert_eq!(stream(&events), money("0.016"), "two minutes begun and two; the third goes on");
    events.push(status(9, 3 * minute, "completed", Some(180)));
    assert_eq!(stream(&events), money("0.020"), "and one, by Twilio's word on the end");
}
