//! A network, or something between us and it, that lies.

use super::support::{Twilio, call, json, text};
use common::ports::{Numbers as _, Telephone as _, TelephoneError};
use serde_json::json;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_success_that_carries_an_error_is_one() {
    let refused = json(200, json!({"code": 20003, "status": 401, "message": "Authenticate"}));
    let twilio = Twilio::answering([refused]).await;
    let error = twilio.rest().hang_up(&call()).await.expect_err("refused");
    assert!(matches!(error, TelephoneError::Refused { code: Some(20003), status: 401, .. }), "{error}");
}

#[tokio::test]
async fn a_success_that_carries_a_fault_is_tried_again() {
    let fault = || json(200, json!({"code": 20500, "status": 500}));
    let twilio = Twilio::answering([fault(), json(200, json!({"status": "completed"}))]).await;
    twilio.rest().hang_up(&call()).await.expect("ended at the second try");
    assert_eq!(twilio.count().await, 2);
}

#[tokio::test]
async fn a_page_of_a_proxy_ends_no_call() {
    let twilio = Twilio::answering([text(200, "<html>Please log in to the guest network</html>")]).await;
    let error = twilio.rest().hang_up(&call()).await.expect_err("not Twilio");
    assert_eq!(error, TelephoneError::Unknown("its answer cannot be read".into()));
}

#[tokio::test]
async fn a_page_of_a_proxy_lists_no_numbers() {
    for body in
        ["<html>", "{}", "[]", "null", r#"{"incoming_phone_numbers": {}}"#, r#"{"incoming_phone_numbers": [{}]}"#]
    {
        let twilio = Twilio::answering([text(200, body)]).await;
        let error = twilio.rest().list().await.expect_err("not Twilio");
        assert_eq!(error, TelephoneError::Away("its answer cannot be read".into()), "{body}");
    }
}

#[tokio::test]
async fn an_error_in_words_of_its_own_is_still_an_error() {
    for body in ["<html><h1>502</h1>", "", "null", "[1]", r#"{"code": {"a": 1}}"#, "\u{0}"] {
        let twilio = Twilio::answering([text(400, body)]).await;
        let error = twilio.rest().look(&call()).await.expect_err("refused");
        assert!(matches!(error, TelephoneError::Refused { code: None, status: 400, .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_network_that_sends_requests_elsewhere_is_not_followed() {
    let elsewhere = Twilio::answering([json(200, json!({}))]).await;
    let twilio = Twilio::answering([ResponseTemplate::new(307).insert_header("location", elsewhere.address())]).await;
    let error = twilio.rest().hang_up(&call()).await.expect_err("refused");
    assert!(error.to_string().contains("TWILIO_API_BASE_URL"), "{error}");
    assert_eq!(elsewhere.count().await, 0);
}
