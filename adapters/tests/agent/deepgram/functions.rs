//! Functions: asked for once, answered once, and the answer that follows is told from what was said before.

use super::support::{SILENCE, talking};
use crate::support::{Link, golden_json};
use call::{AgentCommand, Spoken, ToolCallId};
use serde_json::json;

#[test]
fn a_request_named_twice_is_run_once() {
    let mut link = talking();
    link.server("FunctionCallRequest__client_side");
    link.server("FunctionCallRequest__client_side");
    assert_eq!(link.events().iter().filter(|event| event.starts_with("tool")).count(), 1);
}

#[test]
fn each_of_several_is_answered_with_what_its_model_needs() {
    let mut link = talking();
    link.server("FunctionCallRequest__two_calls");
    answer(&mut link, "call_dg0005", "{}");
    answer(&mut link, "call_dg0004", r#"{"found":false}"#);
    let first = json!({
        "type": "FunctionCallResponse", "id": "call_dg0005", "name": "end_call", "content": "{}",
        "thought_signature": "c2lnbmF0dXJl",
    });
    let second = json!({
        "type": "FunctionCallResponse", "id": "call_dg0004", "name": "lookup_booking", "content": "{\"found\":false}",
    });
    assert_eq!(link.messages(), [first, second]);
    // The server goes on by itself.
    link.tell(AgentCommand::Reply);
    answer(&mut link, "call_dg0004", "{}");
    answer(&mut link, "call_nobody_knows", "{}");
    assert!(link.messages().is_empty());
}

#[test]
fn what_is_said_before_a_request_goes_on_to_its_end_though_the_result_is_in() {
    let mut link = talking();
    link.speaks(100);
    link.server("FunctionCallRequest__client_side");
    answer(&mut link, "call_dg0002", "{}");
    // A voice may pause in the middle of the last words of a call.
    link.line(SILENCE, 5_000);
    link.speaks(100);
    link.server("AgentAudioDone");
    link.tell(AgentCommand::Reply);
    link.speaks(100);
    link.server("AgentAudioDone");
    let wanted = [
        "reply 1 starts",
        "audio of reply 1 item 1: 100 ms",
        r#"tool lookup_booking call_dg0002 {"reference":"KQ7P2M"}"#,
        "audio of reply 1 item 1: 100 ms",
        "reply 1 done: Completed",
        "reply 2 starts",
        "audio of reply 2 item 2: 100 ms",
        "reply 2 done: Completed",
    ];
    assert_eq!(link.news(), wanted);
    assert_eq!(link.messages().len(), 1, "the result, and nothing else");
}

#[test]
fn what_is_said_behind_a_request_that_came_first_is_an_answer_of_its_own() {
    let mut link = talking();
    link.server("FunctionCallRequest__client_side");
    link.speaks(100);
    link.server("AgentAudioDone");
    let wanted = ["reply 2 starts", "audio of reply 2 item 2: 100 ms", "reply 2 done: Completed"];
    assert_eq!(link.events()[3..], wanted);
}

#[test]
fn an_answer_that_was_given_in_one_with_what_was_said_before_is_asked_for_again() {
    let mut link = talking();
    link.speaks(100);
    link.server("FunctionCallRequest__client_side");
    answer(&mut link, "call_dg0002", "{}");
    link.speaks(100);
    link.server("AgentAudioDone");
    link.messages();
    link.tell(AgentCommand::Reply);
    link.line(SILENCE, 7_900);
    assert!(link.messages().is_empty());
    link.line(SILENCE, 300);
    assert_eq!(link.messages()[0]["type"], "InjectUserMessage");
    link.line(SILENCE, 20_000);
    assert!(link.messages().is_empty(), "once");
}

#[test]
fn words_of_the_answer_behind_a_wordless_request_are_not_taken_for_the_requests() {
    let mut link = talking();
    link.server("FunctionCallRequest__client_side");
    answer(&mut link, "call_dg0002", "{}");
    link.events();
    link.server("ConversationText__filler");
    assert_eq!(link.events(), ["reply 2 starts", "text of reply 2 item 2: Bear with me."]);
}

#[test]
fn functions_with_an_address_are_the_servers_own_among_ours() {
    let mut request = golden_json("deepgram/server.FunctionCallRequest__two_calls");
    request["functions"][0]["client_side"] = json!(false);
    request["functions"][1].as_object_mut().expect("object").remove("client_side");
    let mut link = talking();
    link.hear_json(&request);
    assert_eq!(link.events(), ["reply 1 starts", "tool end_call call_dg0005 {}", "reply 1 done: Completed"]);
}

#[test]
fn a_request_that_could_not_be_answered_is_not_run_and_odd_arguments_are_the_tools_to_judge() {
    for (id, name, arguments, wanted) in [
        (json!(null), json!("f"), json!("{}"), None),
        (json!(""), json!("f"), json!("{}"), None),
        (json!("c"), json!(7), json!("{}"), None),
        (json!("c"), json!("f"), json!(null), Some("tool f c {}")),
        (json!("c"), json!("f"), json!(" "), Some("tool f c {}")),
        (json!("c"), json!("f"), json!({"a": 1}), Some("tool f c {\"a\":1}")),
        (json!("c"), json!("f"), json!("{\"a"), Some("tool f c {\"a")),
    ] {
        let mut link = talking();
        link.says(
            "FunctionCallRequest",
            json!({"functions": [{"id": id, "name": name, "arguments": arguments, "client_side": true}]}),
        );
        let events = link.events();
        let tool = events.iter().find(|event| event.starts_with("tool")).map(String::as_str);
        assert_eq!(tool, wanted);
        assert_eq!(events.is_empty(), wanted.is_none());
    }
}

#[test]
fn a_long_name_is_answered_in_full() {
    let long = format!("call_{}", "ü".repeat(90));
    let mut link = talking();
    link.says("FunctionCallRequest", json!({"functions": [{"id": long, "name": "f", "arguments": "{}"}]}));
    let events = link.events();
    let kept = events[1].split(' ').nth(2).expect("a name");
    assert!(kept.len() <= 64);
    answer(&mut link, kept, "{}");
    assert_eq!(link.messages()[0]["id"], json!(long));
}

#[test]
fn more_requests_than_anybody_can_answer_are_forgotten() {
    let mut link = talking();
    for number in 0..1_000 {
        link.says("FunctionCallRequest", json!({"functions": [{"id": format!("c{number}"), "name": "f"}]}));
    }
    answer(&mut link, "c0", "{}");
    assert!(link.messages().is_empty());
    answer(&mut link, "c999", "{}");
    assert_eq!(link.messages().len(), 1);
}

fn answer(link: &mut Link, call: &str, output: &str) {
    link.tell(AgentCommand::ToolOutput { call: ToolCallId(call.into()), output: Spoken::new(output) });
}
