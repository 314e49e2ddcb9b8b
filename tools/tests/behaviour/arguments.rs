//! What is asked for must exist and fit before anything runs.

use crate::support::{Answer, Phone, pay};
use call::ToolOutcome::Refused;
use common::company::Keep;
use serde_json::json;
use tools::Plan;

#[tokio::test]
async fn an_unknown_or_disabled_tool_is_refused() {
    let mut off = pay();
    off.enabled = false;
    let mut phone = Phone::new(vec![off], None);
    phone.ask("refund_everything", &json!({})).await.is_error("unknown_tool", Refused);
    phone.ask("pay", &json!({"amount": 1})).await.is_error("unknown_tool", Refused);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_by_field_and_without_the_callers_words() {
    let mut phone = Phone::new(vec![pay()], None);
    let answer = phone.ask("pay", &json!({"amount": "my secret word", "card": 4})).await;
    answer.is_error("invalid_arguments", Refused);
    let fields: Vec<_> = answer.json["details"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["amount", "card"]);
    assert!(!answer.json.to_string().contains("secret word"));
}

#[tokio::test]
async fn arguments_that_are_no_json_are_refused() {
    let mut phone = Phone::new(vec![pay()], None);
    for text in ["{\"amount\": 1", "[1]", "amount=1", "{\"amount\": NaN}"] {
        let Plan::Now { answer, wants: None } = phone.plan_text("pay", text) else { panic!("{text} runs") };
        Answer::new(answer, None).is_error("invalid_arguments", Refused);
    }
}

#[tokio::test]
async fn the_record_keeps_arguments_only_where_the_tool_says_so() {
    let mut phone = Phone::new(vec![pay()], None);
    let kept = phone.ask("pay", &json!({"amount": 0})).await.whole.kept.unwrap();
    assert_eq!(kept.arguments.reveal(), r#"{"amount":0}"#);
    assert!(kept.output.reveal().contains("invalid_arguments"));
    phone.agent.tools[0].keep = Keep::Name;
    assert_eq!(phone.ask("pay", &json!({"amount": 0})).await.whole.kept, None);
}
