//! The network's own word about a call and its streams: one event each, however often it is repeated.

use crate::support::request::Question;
use crate::support::{Gateway, World, call};
use axum::http::StatusCode;
use common::event::{Envelope, Event, Source, TwilioEvent};
use common::ids::CallId;
use common::token::CallToken;

const STREAM: &str = "MZ00000000000000000000000000000001";

#[tokio::test]
async fn a_repeated_status_is_one_event() {
    let world = World::new();
    let gateway = world.gateway();
    for path in ["/twilio/status", "/call-status", "/twilio/status"] {
        let pairs =
            [("CallStatus", "completed"), ("CallDuration", "37"), ("SequenceNumber", "3"), ("SipResponseCode", "200")];
        check_taken(&gateway, Question::new(path, &call(1), &pairs)).await;
    }
    let events = world.events().await;
    let [event] = events.as_slice() else { panic!("{} events", events.len()) };
    assert_eq!((event.key.source, event.key.sequence), (Source::Twilio, 3));
    let expected =
        TwilioEvent::Status { status: "completed".into(), duration_s: Some(37), sip_code: Some(200), attempt: None };
    assert_eq!(event.event, Event::Twilio(expected));
}

#[tokio::test]
async fn each_status_of_a_call_is_an_event() {
    let world = World::new();
    let gateway = world.gateway();
    for (sequence, status) in [("2", "completed"), ("0", "ringing"), ("1", "in-progress")] {
        let pairs = [("CallStatus", status), ("SequenceNumber", sequence)];
        check_taken(&gateway, Question::new("/twilio/status", &call(1), &pairs)).await;
    }
    assert_eq!(sequences(&world.events().await), [2, 0, 1]);
}

#[tokio::test]
async fn a_repeated_word_about_a_stream_is_one_event() {
    let world = World::new();
    let gateway = world.gateway();
    for _ in 0..3 {
        for event in ["stream-started", "stream-stopped"] {
            check_taken(&gateway, stream(&gateway, &call(1), event)).await;
        }
    }
    let events = world.events().await;
    assert_eq!(events.len(), 2);
    let expected = |event: &str| {
        let stream = common::ids::StreamId::parse(STREAM).ok();
        Event::Twilio(TwilioEvent::Stream { stream, event: event.to_owned(), error_code: None })
    };
    assert_eq!(events[0].event, expected("stream-started"));
    assert_eq!(events[1].event, expected("stream-stopped"));
}

#[tokio::test]
async fn a_failed_stream_tells_its_code() {
    let world = World::new();
    let gateway = world.gateway();
    let question = stream(&gateway, &call(1), "stream-error").with("StreamError", "31921 - stream closed");
    check_taken(&gateway, question).await;
    let Event::Twilio(TwilioEvent::Stream { error_code, .. }) = &world.events().await[0].event else { panic!() };
    assert_eq!(*error_code, Some(31_921));
}

#[tokio::test]
async fn a_word_about_the_stream_of_another_call_is_refused() {
    let world = World::new();
    let gateway = world.gateway();
    let mut question = stream(&gateway, &call(2), "stream-started");
    question.path = stream(&gateway, &call(1), "").path;
    assert_eq!(gateway.answer(question.post()).await.status, StatusCode::FORBIDDEN);
    gateway.settle().await;
    assert!(world.is_untouched(&call(2)).await);
}

#[tokio::test]
async fn a_signed_notice_this_build_cannot_use_is_taken_without_an_event() {
    let world = World::new();
    let gateway = world.gateway();
    for path in ["/twilio/recording", "/recording_callback"] {
        check_taken(&gateway, Question::new(path, &call(1), &[("RecordingStatus", "completed")])).await;
    }
    check_taken(&gateway, Question::new("/twilio/status", &call(1), &[])).await;
    assert!(world.is_untouched(&call(1)).await);
}

fn stream(gateway: &Gateway, call: &CallId, event: &str) -> Question {
    let token = gateway.keys.sign_call(&CallToken { call: call.clone() });
    let pairs = [("StreamSid", STREAM), ("StreamEvent", event)];
    Question::new(&format!("/twilio/stream-status/{token}"), call, &pairs)
}

async fn check_taken(gateway: &Gateway, question: Question) {
    let answer = gateway.answer(question.post()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    gateway.settle().await;
}

fn sequences(events: &[Envelope]) -> Vec<u64> {
    events.iter().map(|event| event.key.sequence).collect()
}
