//! Whether the credentials are good.

use super::support::{Twilio, json};
use common::ports::Telephone as _;
use serde_json::json;

#[tokio::test]
async fn the_account_is_checked() {
    let answers = [json(200, json!({"status": "active"})), json(200, json!({"status": "suspended"}))];
    let twilio = Twilio::answering(answers).await;
    let rest = twilio.rest();
    assert_eq!(rest.check().await.expect("healthy").faults, [] as [&str; 0]);
    assert_eq!(rest.check().await.expect("answers").faults, ["the account is suspended"]);
    assert_eq!(twilio.seen().await[0].line(), "GET .json");
}

#[tokio::test]
async fn a_key_that_may_not_read_the_account_is_checked_by_listing_a_call() {
    let twilio = Twilio::answering([json(401, json!({"code": 20003})), json(200, json!({}))]).await;
    assert!(twilio.rest_with_key().check().await.expect("healthy").faults.is_empty());
    assert_eq!(twilio.seen().await[1].line(), "GET /Calls.json?PageSize=1");
}

#[tokio::test]
async fn the_token_itself_must_be_able_to_read_the_account() {
    let twilio = Twilio::answering([json(401, json!({"code": 20003}))]).await;
    let error = twilio.rest().check().await.expect_err("refused");
    assert!(error.to_string().contains("compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"), "{error}");
}
