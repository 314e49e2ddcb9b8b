//! Nobody waits for a tool any more: what only reads is dropped, what must not run twice runs to its end.

use crate::support::provider::{Greeted, agent_with};
use crate::support::service::Service;
use crate::support::{PATIENCE, eventually, worker_event};
use ::call::{CallEvent, ToolOutcome};
use serde_json::json;

#[tokio::test]
async fn a_tool_that_only_reads_is_dropped_when_the_caller_hangs_up() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.look_up()]), &[service.host()]).await;
    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;

    greeted.telephone.stop().await;

    request.given_up().await;
    assert_eq!(greeted.telephone.closed().await.0, 1000);
    let events = greeted.bench.events_until("tool_run").await;
    let run = events.iter().find(|event| event.event.kind() == "tool_run").unwrap();
    let CallEvent::ToolRun { outcome, .. } = worker_event(run) else { panic!() };
    assert_eq!(*outcome, ToolOutcome::Cancelled);
}

#[tokio::test]
async fn a_request_that_is_out_and_must_not_be_repeated_outlives_its_call() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;
    let request = service.request().await;

    greeted.telephone.stop().await;
    assert_eq!(greeted.telephone.closed().await.0, 1000);
    assert!(!greeted.bench.log.says("ended after its call"));
    request.answer(json!("paid")).await;

    eventually("its end is told", async || greeted.bench.log.says("ended after its call")).await;
}

#[tokio::test]
async fn a_worker_that_stops_waits_for_it() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.pay()]), &[service.host()]).await;
    greeted.session.ask("fc_1", "pay", json!({"order": "A-17"})).await;
    let request = service.request().await;
    greeted.telephone.stop().await;
    greeted.telephone.closed().await;

    greeted.bench.lifecycle.stop();
    request.answer(json!("paid")).await;

    assert_eq!(greeted.bench.running.join(PATIENCE).await, 0);
    assert!(greeted.bench.log.says("ended after its call"), "it was not cut");
}
