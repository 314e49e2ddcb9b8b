//! Whoever is not the telephone network gets 403 and leaves no trace.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{ACCOUNT, CALLED, World, call};
use axum::extract::Request;
use axum::http::StatusCode;

#[tokio::test]
async fn a_request_that_is_not_signed_by_the_account_is_refused() {
    check(|mut question| {
        question.signed_by = None;
        question.post()
    })
    .await;
    check(|mut question| {
        question.signed_by = Some("another account's token".to_owned());
        question.post()
    })
    .await;
    check(|mut question| {
        question.signed_by = None;
        question.header("x-twilio-signature", "").post()
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_changed_on_its_way_is_refused() {
    check(|question| {
        let signature = question.post().headers()["x-twilio-signature"].to_str().unwrap().to_owned();
        let mut changed = question.with("From", "+15005550011");
        changed.signed_by = None;
        changed.header("x-twilio-signature", &signature).post()
    })
    .await;
}

#[tokio::test]
async fn a_signature_for_another_address_is_refused_whatever_the_headers_say() {
    for other in ["https://evil.example.com", "http://calls.example.com", "https://calls.example.com:8443"] {
        let host = other.split_once("://").unwrap().1;
        check(|mut question| {
            question.signed_for = other.to_owned();
            question.header("x-forwarded-host", host).header("x-forwarded-proto", "https").post()
        })
        .await;
    }
}

#[tokio::test]
async fn another_account_is_refused_even_with_a_good_signature() {
    check(|question| question.with("AccountSid", "AC00000000000000000000000000000002").post()).await;
}

#[tokio::test]
async fn a_body_that_is_not_the_promised_one_is_refused() {
    check(|question| question.json(r#"{"a":"b"}"#, &json())).await;
}

#[tokio::test]
async fn a_signed_json_body_is_taken_like_a_form() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let request = Question::new("/twilio/voice", &call(1), &[]).json(&json(), &json());
    assert_eq!(gateway.answer(request).await.document().stream().0, "worker-0");
}

#[tokio::test]
async fn while_the_token_is_rotated_both_are_taken() {
    let world = World::new().with("twilio.old_auth_token", "the token before");
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let mut question = Question::voice(&call(1));
    question.signed_by = Some("the token before".to_owned());
    gateway.answer(question.post()).await.document().stream();
    gateway.answer(Question::voice(&call(2)).post()).await.document().stream();
}

#[tokio::test]
async fn a_body_beyond_any_webhook_is_not_read() {
    let world = World::new();
    let question = Question::voice(&call(1)).with("Extra", &"x".repeat(70_000));
    let answer = world.gateway().answer(question.post()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.is_untouched(&call(1)).await);
}

/// Every signed route refuses the request `forge` makes of a good one, and no store hears of it.
async fn check(forge: impl Fn(Question) -> Request) {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let token = gateway.keys.sign_call(&common::token::CallToken { call: call(1) });
    let paths = [
        "/twilio/voice".to_owned(),
        "/twilio/demo/en/voice".to_owned(),
        "/twilio/status".to_owned(),
        "/twilio/recording".to_owned(),
        format!("/twilio/next/{token}"),
        format!("/twilio/stream-status/{token}"),
    ];
    for path in paths {
        let good = Question::ask(&path, &call(1), "in-progress").with("StreamEvent", "stream-started");
        let answer = gateway.answer(forge(good)).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::FORBIDDEN, ""), "{path}");
    }
    gateway.settle().await;
    assert!(world.is_untouched(&call(1)).await);
    assert!(worker.reservations().is_empty());
}

fn json() -> String {
    let call = call(1);
    format!(
        r#"{{"AccountSid":"{ACCOUNT}","CallSid":"{call}","CallStatus":"ringing","Direction":"inbound","From":"+15005550010","To":"{CALLED}"}}"#
    )
}
