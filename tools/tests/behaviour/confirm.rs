//! Tools the caller has to agree to.

use crate::support::{Phone, pay, serve};
use axum::Router;
use axum::routing::post;
use call::Speaker::{Agent, Caller};
use call::ToolOutcome::Refused;
use call::{Spoken, ToolStage};
use common::company::Confirm;
use serde_json::json;

async fn phone() -> Phone {
    let address = serve(Router::new().route("/pay", post(|| async { "paid" }))).await;
    let mut tool = pay();
    tool.confirm = Confirm::ReadBack;
    Phone::new(vec![tool], Some(address))
}

#[tokio::test]
async fn it_runs_once_the_caller_has_spoken_after_the_read_back() {
    let mut phone = phone().await;
    phone.says(Caller, "Pay twenty.");
    let answer = phone.ask("pay", &json!({"amount": 20})).await;
    answer.is_error("confirmation_needed", Refused);
    assert_eq!(answer.json["details"]["read_back"], json!({"amount": 20}));
    phone.says(Agent, "Twenty, is that right?");
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
    phone.says(Caller, "Yes.");
    phone.ask("pay", &json!({"amount": 20.0})).await.is_result(&json!("paid"));
}

#[tokio::test]
async fn what_was_agreed_to_is_done_once_and_nothing_else_is() {
    let mut phone = phone().await;
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
    phone.says(Caller, "Yes.");
    phone.ask("pay", &json!({"amount": 500})).await.is_error("confirmation_needed", Refused);
    phone.ask("pay", &json!({"amount": 20, "card": "x"})).await.is_error("confirmation_needed", Refused);
    phone.ask("pay", &json!({"amount": 20})).await.is_result(&json!("paid"));
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
}

#[tokio::test]
async fn words_from_before_the_request_are_no_agreement_though_their_transcript_comes_after() {
    let mut phone = phone().await;
    phone.conversation.numbered = 1;
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
    phone.conversation.numbered = 0;
    phone.says(Caller, "Pay twenty.");
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
    phone.says(Caller, "Yes.");
    phone.ask("pay", &json!({"amount": 20})).await.is_result(&json!("paid"));
}

#[tokio::test]
async fn a_yes_that_is_not_written_down_yet_is_an_agreement() {
    let mut phone = phone().await;
    phone.says(Caller, "Pay twenty.");
    phone.ask("pay", &json!({"amount": 20})).await.is_error("confirmation_needed", Refused);
    phone.conversation.numbered += 1;
    phone.conversation.caller_spoke = phone.conversation.numbered;
    phone.ask("pay", &json!({"amount": 20})).await.is_result(&json!("paid"));
}

#[tokio::test]
async fn another_worker_knows_what_the_caller_was_asked() {
    let mut phone = phone().await;
    phone.says(Caller, "Pay twenty.");
    let asked = Spoken::new(r#"{"error":"confirmation_needed"}"#);
    phone.resume("pay", &json!({"amount": 20}), ToolStage::Done { output: asked });
    phone.says(Caller, "Yes.");
    phone.ask("pay", &json!({"amount": 20})).await.is_result(&json!("paid"));
}
