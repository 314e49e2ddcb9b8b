//! The agent asks for a tool: it is run beside the call, and its answer comes back once.

use crate::support::provider::{Greeted, agent_with};
use crate::support::service::Service;
use crate::support::worker_event;
use ::call::{CallEvent, ToolOutcome};
use serde_json::json;

#[tokio::test]
async fn what_a_tool_answers_reaches_the_model_once() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.look_up()]), &[service.host()]).await;

    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;
    assert_eq!(request.body, json!({"order": "A-17"}));
    request.answer(json!({"state": "shipped"})).await;

    assert_eq!(greeted.session.output_of("fc_1").await["result"], json!({"state": "shipped"}));
    greeted.session.told("response.create").await;
    greeted.session.answer("It is on its way.", &[0x66; 800]).await;
    assert_eq!(greeted.telephone.hear(1).await, [0x66; 800]);
    let events = greeted.bench.events_until("tool_run").await;
    let runs: Vec<_> = events.iter().filter(|event| event.event.kind() == "tool_run").map(worker_event).collect();
    let [CallEvent::ToolRun { name, outcome, error, kept, .. }] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!((name.as_str(), *outcome, error), ("look_up", ToolOutcome::Answered, &None));
    assert!(kept.is_some());
    assert!(service.is_left_alone());
}

#[tokio::test]
async fn a_tool_the_agent_does_not_have_is_an_error_it_can_go_on_from() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    greeted.session.ask("fc_1", "launch_rocket", json!({})).await;
    assert_eq!(greeted.session.output_of("fc_1").await["error"], "unknown_tool");
    greeted.session.told("response.create").await;
}

#[tokio::test]
async fn a_caller_is_heard_while_a_tool_runs() {
    let service = Service::start().await;
    let mut greeted = Greeted::by(agent_with(&[service.look_up()]), &[service.host()]).await;
    greeted.session.ask("fc_1", "look_up", json!({"order": "A-17"})).await;
    let request = service.request().await;

    greeted.telephone.speak(&[0x77; 160]).await;
    greeted.session.told("input_audio_buffer.append").await;

    request.answer(json!(1)).await;
    greeted.session.output_of("fc_1").await;
}
