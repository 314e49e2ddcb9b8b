//! Tools: asked for once, answered once, never from half a request.

use crate::support::{Link, golden_json};
use call::{AgentCommand, Spoken, ToolCallId};
use serde_json::{Value, json};

#[test]
fn a_tool_is_asked_for_once_though_the_server_says_it_twice() {
    let mut link = Link::talking();
    link.hear("openai/server.response.created");
    link.hear("openai/server.response.function_call_arguments.done");
    link.hear("openai/server.response.output_item.done__function_call");
    link.hear("openai/server.response.done__function_call");
    let events = link.events();
    assert_eq!(events[1], r#"tool lookup_booking call_Tn4vQz81LmXe {"reference":"KQ7P2M"}"#);
    assert_eq!(events.iter().filter(|event| event.starts_with("tool")).count(), 1);
}

#[test]
fn an_incomplete_request_is_never_run() {
    for (field, value) in [
        ("status", json!("incomplete")),
        ("status", json!("in_progress")),
        ("arguments", json!("{\"refer")),
        ("call_id", Value::Null),
        ("name", json!(5)),
    ] {
        let mut done = golden_json("openai/server.response.output_item.done__function_call");
        done["item"][field] = value;
        let mut link = Link::talking();
        link.hear_json(&done);
        assert!(link.events().is_empty(), "{field}");
    }
}

#[test]
fn a_request_without_status_or_arguments_is_run() {
    let mut done = golden_json("openai/server.response.output_item.done__function_call");
    done["item"]["status"] = Value::Null;
    done["item"]["arguments"] = json!("");
    let mut link = Link::talking();
    link.hear_json(&done);
    assert_eq!(link.events(), ["tool lookup_booking call_Tn4vQz81LmXe {}"]);
}

#[test]
fn an_output_is_told_in_the_golden_shape() {
    let golden = golden_json("openai/client.conversation.item.create__function_call_output");
    let output = golden["item"]["output"].as_str().expect("text");
    let mut link = Link::talking();
    link.hear("openai/server.response.output_item.done__function_call");
    let call = ToolCallId("call_Tn4vQz81LmXe".into());
    link.tell(AgentCommand::ToolOutput { call, output: Spoken::new(output) });
    assert_eq!(link.sent(), [golden]);
}

#[test]
fn a_filler_may_be_said_while_an_output_is_awaited_and_asks_for_no_tool() {
    let mut link = Link::talking();
    link.hear("openai/server.response.created");
    link.hear("openai/server.response.done__function_call");
    link.tell(AgentCommand::Say(Spoken::new("One moment.")));
    let sent = link.sent();
    assert_eq!(sent[0]["type"], "response.create");
    assert_eq!(sent[0]["response"]["tool_choice"], "none");
}

#[test]
fn an_output_is_told_at_once_and_the_answer_to_it_asked_for_behind_the_running_one() {
    let mut link = Link::talking();
    link.hear("openai/server.response.output_item.done__function_call");
    link.hear("openai/server.response.created");
    let call = ToolCallId("call_Tn4vQz81LmXe".into());
    link.tell(AgentCommand::ToolOutput { call: call.clone(), output: Spoken::new("{}") });
    link.tell(AgentCommand::Reply);
    assert_eq!(link.sent_types(), ["conversation.item.create"]);
    link.hear("openai/server.response.done__completed");
    assert_eq!(link.sent_types(), ["response.create"]);
    link.tell(AgentCommand::ToolOutput { call, output: Spoken::new("{}") });
    assert!(link.sent().is_empty(), "it is told once");
}

#[test]
fn a_long_name_is_answered_in_full() {
    let long = format!("call_{}", "x".repeat(90));
    let mut done = golden_json("openai/server.response.output_item.done__function_call");
    done["item"]["call_id"] = json!(long);
    let mut link = Link::talking();
    link.hear_json(&done);
    let event = link.events().remove(0);
    let kept = event.split(' ').nth(2).expect("a name");
    assert_eq!(kept.len(), 64);
    link.tell(AgentCommand::ToolOutput { call: ToolCallId(kept.into()), output: Spoken::new("{}") });
    assert_eq!(link.sent()[0]["item"]["call_id"], json!(long));
}
