//! What is tried again, how often, and when.

use super::support::{Twilio, account, call, cutting, json, nobody, number, rest, text};
use common::ports::{Telephone as _, TelephoneError};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_busy_or_faulty_network_is_asked_again() {
    let twilio = Twilio::answering([json(429, json!({"code": 20429})), text(503, ""), json(200, json!({}))]).await;
    twilio.rest().hang_up(&call()).await.expect("ended at the third try");
    assert_eq!(twilio.count().await, 3);
}

#[tokio::test]
async fn three_tries_are_enough() {
    let twilio = Twilio::answering([text(500, ""), text(502, ""), text(503, ""), text(200, "{}")]).await;
    let error = twilio.rest().hang_up(&call()).await.expect_err("given up");
    assert_eq!(error, TelephoneError::Unknown("status 503 Service Unavailable".into()));
    assert_eq!(twilio.count().await, 3);
}

#[tokio::test]
async fn a_network_that_is_faulty_when_it_is_read_is_away() {
    let twilio = Twilio::answering([text(500, ""), text(502, ""), text(503, "")]).await;
    let error = twilio.rest().look(&call()).await.expect_err("given up");
    assert_eq!(error, TelephoneError::Away("status 503 Service Unavailable".into()));
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let twilio = Twilio::answering([json(401, json!({"code": 20003, "message": "Authenticate"}))]).await;
    let error = twilio.rest().hang_up(&call()).await.expect_err("refused");
    assert!(matches!(error, TelephoneError::Refused { code: Some(20003), status: 401, .. }), "{error}");
    assert_eq!(twilio.count().await, 1);
}

#[tokio::test]
async fn a_network_that_cannot_be_reached_is_away() {
    let error = rest(&account(&nobody().await)).hang_up(&call()).await.expect_err("nobody there");
    assert_eq!(error.to_string(), "Twilio is away: no connection");
}

#[tokio::test]
async fn a_request_that_was_sent_and_not_answered_is_not_repeated() {
    let twilio = Twilio::answering([]).await;
    let error = twilio.rest().redirect(&call(), "https://x/").await.expect_err("no answer");
    assert_eq!(error, TelephoneError::Unknown("it did not answer in time".into()));
    assert_eq!(twilio.count().await, 1);
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_where_nothing_but_reading_was_asked() {
    let (address, asked) = cutting("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"sid\":").await;
    let rest = rest(&account(&address));
    assert!(matches!(rest.look(&call()).await, Err(TelephoneError::Away(_))));
    assert_eq!(asked.swap(0, Ordering::Relaxed), 3);
    assert!(matches!(rest.redirect(&call(), "https://x/").await, Err(TelephoneError::Unknown(_))));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_short_pause_that_is_asked_for_is_kept() {
    let twilio = Twilio::answering([busy("1"), json(200, json!({}))]).await;
    let began = Instant::now();
    twilio.rest().hang_up(&call()).await.expect("ended");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_long_pause_that_is_asked_for_is_left_to_whoever_asked() {
    let twilio = Twilio::answering([busy("60"), json(200, json!({}))]).await;
    let found = twilio.rest().calls_between(&number("+1"), &number("+2"), 0).await;
    assert_eq!(found, Err(TelephoneError::Busy { code: Some(20429) }));
    assert_eq!(twilio.count().await, 1);
}

#[tokio::test]
async fn a_pause_that_is_no_number_is_not_minded() {
    let twilio = Twilio::answering([busy("Fri, 18 Oct 2019 17:03:00 GMT"), json(200, json!({}))]).await;
    twilio.rest().hang_up(&call()).await.expect("ended at the second try");
}

fn busy(pause: &str) -> ResponseTemplate {
    json(429, json!({"code": 20429})).insert_header("retry-after", pause)
}
