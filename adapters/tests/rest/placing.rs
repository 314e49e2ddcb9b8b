//! Calls that we place: what is asked for, and what is never asked for twice.

use super::support::{CALL, THEM, Twilio, US, account, call, cutting, json, nobody, number, placement, rest, text};
use common::ports::telephone::Placement;
use common::ports::{Telephone as _, TelephoneError};
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_call_is_placed_and_every_state_of_it_wanted() {
    let twilio = Twilio::answering([json(201, json!({"sid": CALL, "status": "queued"}))]).await;
    assert_eq!(twilio.rest().place(&placement()).await, Ok(call()));
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), "POST /Calls.json");
    let wanted = [
        ("To", THEM),
        ("From", US),
        ("Url", "https://calls.example.com/twilio/outbound/t"),
        ("Method", "POST"),
        ("StatusCallback", "https://calls.example.com/twilio/status/t"),
        ("StatusCallbackMethod", "POST"),
        ("Timeout", "25"),
        ("TimeLimit", "600"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ];
    assert_eq!(seen.form(), wanted);
}

#[tokio::test]
async fn people_and_machines_are_told_apart_where_that_is_wanted() {
    let twilio = Twilio::answering([json(201, json!({"sid": CALL}))]).await;
    let answered_by_url = Some("https://calls.example.com/twilio/amd/t".to_owned());
    twilio.rest().place(&Placement { answered_by_url, ..placement() }).await.expect("placed");
    let wanted = [
        ("MachineDetection", "DetectMessageEnd"),
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", "https://calls.example.com/twilio/amd/t"),
        ("AsyncAmdStatusCallbackMethod", "POST"),
    ];
    assert_eq!(twilio.seen().await[0].form()[12..], wanted);
}

#[tokio::test]
async fn a_consultation_call_is_made() {
    let twilio = Twilio::answering([json(201, json!({"sid": CALL}))]).await;
    let made = twilio.rest().call(&number(THEM), &number(US), "https://x/", 20).await;
    assert_eq!(made, Ok(call()));
    let wanted = [("To", THEM), ("From", US), ("Url", "https://x/"), ("Method", "POST"), ("Timeout", "20")];
    assert_eq!(twilio.seen().await[0].form(), wanted);
}

#[tokio::test]
async fn a_call_that_was_not_taken_is_placed_again() {
    let twilio = Twilio::answering([json(429, json!({"code": 20429})), json(201, json!({"sid": CALL}))]).await;
    assert_eq!(twilio.rest().place(&placement()).await, Ok(call()));
    assert_eq!(twilio.count().await, 2);
}

#[tokio::test]
async fn a_call_that_may_have_been_taken_is_never_placed_again() {
    for answer in [
        text(500, ""),
        text(503, "<html>"),
        text(201, "thank you"),
        json(201, json!({"sid": "no"})),
        json(201, json!({})),
    ] {
        let twilio = Twilio::answering([answer.clone(), json(201, json!({"sid": CALL}))]).await;
        let error = twilio.rest().place(&placement()).await.expect_err("uncertain");
        assert!(matches!(error, TelephoneError::Unknown(_)), "{answer:?}: {error}");
        assert_eq!(twilio.count().await, 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_call_whose_answer_never_comes_is_uncertain() {
    let twilio = Twilio::answering([]).await;
    let error = twilio.rest().place(&placement()).await.expect_err("no answer");
    assert_eq!(error, TelephoneError::Unknown("it did not answer in time".into()));
    assert_eq!(twilio.count().await, 1);
}

#[tokio::test]
async fn a_call_whose_answer_breaks_off_is_uncertain() {
    for words in ["", "HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"sid\":"] {
        let (address, asked) = cutting(words).await;
        let error = rest(&account(&address)).place(&placement()).await.expect_err("no answer");
        assert!(matches!(error, TelephoneError::Unknown(_)), "{words:?}: {error}");
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{words:?}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_sent_is_not_placed() {
    let error = rest(&account(&nobody().await)).place(&placement()).await.expect_err("nobody there");
    assert_eq!(error, TelephoneError::Away("no connection".into()));
}

#[tokio::test]
async fn a_network_that_stays_busy_took_nothing() {
    let busy = || json(429, json!({"code": 20429, "status": 429}));
    let twilio = Twilio::answering([busy(), busy(), busy()]).await;
    let error = twilio.rest().place(&placement()).await.expect_err("busy");
    assert_eq!(error, TelephoneError::Busy { code: Some(20429) });
    assert_eq!(twilio.count().await, 3);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (code, words) in
        [(21_219, "verify"), (21_215, "Geo permissions"), (13_227, "Geo permissions"), (10_004, "at once")]
    {
        let twilio = Twilio::answering([json(400, json!({"code": code, "message": "…", "status": 400}))]).await;
        let error = twilio.rest().place(&placement()).await.expect_err("refused");
        assert!(matches!(&error, TelephoneError::Refused { code: Some(told), status: 400, .. } if *told == code));
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(twilio.count().await, 1);
    }
}
