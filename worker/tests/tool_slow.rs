//! A tool takes its time: the caller hears that it does, and then its answer.

use crate::support::provider::{Greeted, agent_with};
use crate::support::service::Service;
use common::company::Tool;
use serde_json::json;

#[tokio::test]
async fn a_caller_who_waits_for_a_tool_hears_that_it_takes_a_while() {
    let service = Service::start().await;
    let filler = [("en".to_owned(), "Let me see.".to_owned())].into();
    let tool = Tool { filler, ..service.look_up() };
    let mut greeted = Greeted::by(agent_with(&[tool]), &[service.host()]).await;

    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;
    let asked = greeted.session.told("response.create").await;
    assert!(asked.to_string().contains("Let me see."), "{asked}");
    greeted.session.answer("Let me see.", &[0x66; 800]).await;
    assert_eq!(greeted.telephone.hear(1).await, [0x66; 800]);

    request.answer(json!("shipped")).await;
    assert_eq!(greeted.session.output_of("fc_1").await["result"], "shipped");
    greeted.session.told("response.create").await;
}

#[tokio::test]
async fn a_tool_that_never_answers_is_given_up_in_time() {
    let service = Service::start().await;
    let tool = Tool { timeout_ms: 200, ..service.look_up() };
    let mut greeted = Greeted::by(agent_with(&[tool]), &[service.host()]).await;
    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;
    assert_eq!(greeted.session.output_of("fc_1").await["error"], "timeout");
    request.given_up().await;
}
