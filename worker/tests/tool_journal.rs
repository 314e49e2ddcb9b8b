//! That a tool runs is stored before its request goes out.

use crate::support::provider::{Greeted, agent_with};
use crate::support::service::Service;
use crate::support::{call, kinds};
use ::call::{Conversation, ToolStage};
use common::ports::State;
use serde_json::json;

#[tokio::test]
async fn what_must_not_run_twice_waits_until_the_store_knows_that_it_runs() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    let gate = greeted.bench.gate.clone();
    gate.close();

    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;
    gate.reached().await;
    let (request, ()) = tokio::join!(
        async {
            let request = service.request().await;
            assert!(gate.is_open(), "the request came before it was stored");
            request
        },
        async {
            // The call goes on meanwhile: enough for a request that did not wait to be here.
            greeted.telephone.speak(&[0x77; 160]).await;
            greeted.session.told("input_audio_buffer.append").await;
            gate.open();
        }
    );

    let checkpoint = greeted.bench.session(&call(1)).await.checkpoint.unwrap();
    let stored: Conversation = serde_json::from_slice(&checkpoint).unwrap();
    let stages: Vec<_> = stored.tools.iter().map(|tool| (tool.call.0.as_str(), &tool.stage)).collect();
    assert_eq!(stages, [("fc_1", &ToolStage::Started)]);
    request.answer(json!("paid")).await;
    assert_eq!(greeted.session.output_of("fc_1").await["result"], "paid");
}

#[tokio::test]
async fn what_only_reads_does_not_wait() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.look_up()]), &[service.host()]).await;
    greeted.bench.gate.close();
    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    service.request().await.answer(json!("shipped")).await;
    greeted.session.output_of("fc_1").await;
    assert!(!greeted.bench.gate.is_open());
}

#[tokio::test]
async fn a_call_somebody_else_owns_sends_nothing() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    greeted.bench.events_until("turn").await;
    greeted.bench.state.claim(&call(1)).await.unwrap();

    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;

    assert_eq!(greeted.telephone.closed().await, (1001, "moved".to_owned()));
    assert!(service.is_left_alone());
    assert!(!kinds(&greeted.bench.events().await).contains(&"tool_run"));
}

#[tokio::test]
async fn a_live_call_does_not_wait_for_a_store_that_is_away() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    greeted.bench.log.expect_errors(&["the state store is away"]);
    greeted.bench.state.set_away(true);

    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;

    service.request().await.answer(json!("paid")).await;
    assert_eq!(greeted.session.output_of("fc_1").await["result"], "paid");
    assert!(greeted.bench.log.says("before its journal is stored"));
}
