//! A service dies in mid-request: what may have been done is never done again.

use crate::support::provider::{FakeProvider, Greeted, agent_with};
use crate::support::service::Service;
use crate::support::{Setup, call};
use ::call::{Conversation, Journal, Spoken, ToolCallId, ToolStage};
use serde_json::json;

#[tokio::test]
async fn a_payment_whose_service_dies_is_of_unknown_end_and_not_made_again() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;
    let request = service.request().await;
    let sid = call(1).to_string().to_ascii_lowercase();
    assert_eq!(request.header("idempotency-key"), Some(format!("{sid}:fc_1").as_str()));

    drop(request);

    assert_eq!(greeted.session.output_of("fc_1").await["error"], "outcome_unknown");
    greeted.session.told("response.create").await;
    greeted.session.ask("fc_2", "pay", json!({"order": "A-17"})).await;
    assert_eq!(greeted.session.output_of("fc_2").await["error"], "outcome_unknown");
    assert!(service.is_left_alone(), "no second request");
}

#[tokio::test]
async fn a_call_that_comes_to_another_worker_does_not_pay_again() {
    let service = Service::start().await;
    let provider = FakeProvider::start().await;
    let setup = Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test");
    let bench = setup.with("tools.private_hosts", &service.host()).start().await;
    let paying = Journal {
        call: ToolCallId("fc_1".into()),
        name: "pay".into(),
        arguments: Spoken::new(r#"{"order":"A-17"}"#),
        after: 0,
        stage: ToolStage::Started,
    };
    let heard = Conversation { tools: vec![paying], ..Conversation::default() };
    let seat = bench.reserve_resumed(&call(1), agent_with(&[service.pay()]), heard).await;
    let mut session = provider.session().await;
    session.configure().await;
    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(1)).await;
    while session.take_item().await["type"] != "function_call_output" {}
    session.told("response.create").await;

    session.ask("fc_2", "pay", json!({"order": "A-17"})).await;

    assert_eq!(session.output_of("fc_2").await["error"], "outcome_unknown");
    assert!(service.is_left_alone());
}
