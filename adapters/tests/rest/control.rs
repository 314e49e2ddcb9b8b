//! Calls under way: ended, sent elsewhere, over already.

use super::support::{ACCOUNT, CALL, KEY, Twilio, account, basic, call, install_tls, json, text};
use adapters::twilio::TwilioRest;
use common::config::Twilio as Account;
use common::ports::{Telephone as _, TelephoneError};
use serde_json::json;

#[tokio::test]
async fn a_call_is_ended() {
    let twilio = Twilio::answering([json(200, json!({"sid": CALL, "status": "completed"}))]).await;
    twilio.rest().hang_up(&call()).await.expect("ended");
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), format!("POST /Calls/{CALL}.json"));
    assert_eq!(seen.form(), [("Status", "completed")]);
    assert_eq!(seen.login, basic(ACCOUNT, "the-token"));
}

#[tokio::test]
async fn a_call_is_sent_elsewhere() {
    let twilio = Twilio::answering([json(200, json!({}))]).await;
    twilio.rest().redirect(&call(), "https://calls.example.com/twilio/next/a&b").await.expect("redirected");
    let wanted = [("Url", "https://calls.example.com/twilio/next/a&b"), ("Method", "POST")];
    assert_eq!(twilio.seen().await[0].form(), wanted);
}

#[tokio::test]
async fn an_api_key_is_preferred_to_the_token() {
    let twilio = Twilio::answering([json(200, json!({}))]).await;
    twilio.rest_with_key().hang_up(&call()).await.expect("ended");
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.login, basic(KEY, "key-secret"));
    assert_eq!(seen.line(), format!("POST /Calls/{CALL}.json"), "the path still names the account");
}

#[tokio::test]
async fn a_call_that_is_over_is_said_to_be() {
    for answer in [
        json(404, json!({"code": 20404, "message": "The requested resource was not found", "status": 404})),
        json(404, json!({"type": "https://www.twilio.com/docs/api/errors/20404", "title": "Not found", "status": 404})),
        json(400, json!({"code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400})),
        json(400, json!({"code": "21220"})),
        json(200, json!({"code": 21220, "status": 400})),
        text(404, "<html>not JSON</html>"),
    ] {
        let twilio = Twilio::answering([answer.clone()]).await;
        let error = twilio.rest().hang_up(&call()).await.expect_err("over");
        assert_eq!(error, TelephoneError::AlreadyOver, "{answer:?}");
        assert_eq!(twilio.count().await, 1);
    }
}

#[tokio::test]
async fn without_an_address_there_is_no_call_control() {
    install_tls();
    let account = Account { api_base_url: None, ..account("") };
    assert!(TwilioRest::new(&account).expect("nothing to fail").is_none());
}

#[tokio::test]
async fn what_is_no_address_is_said_at_once() {
    install_tls();
    let error = TwilioRest::new(&account("twilio")).expect_err("no scheme");
    assert!(error.to_string().contains("TWILIO_API_BASE_URL"), "{error}");
}
