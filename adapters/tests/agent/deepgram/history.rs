//! A conversation is rebuilt in a new session.

use super::support::{resumed, snapshot, welcomed};
use crate::support::conversation;
use call::Speaker::{Agent, Caller};
use call::{AgentCommand, Conversation, Journal, Spoken, ToolCallId, ToolStage};
use serde_json::{Value, json};

#[test]
fn what_was_heard_is_told_oldest_first_and_the_agent_does_not_greet_again() {
    let before = [(Agent, Some("Hello.")), (Caller, Some("Breakfast?")), (Caller, None), (Agent, Some(" At seven. "))];
    let (_, settings) = welcomed(&snapshot(), &conversation(&before));
    let line = |role: &str, text: &str| json!({"type": "History", "role": role, "content": text});
    let wanted = [line("assistant", "Hello."), line("user", "Breakfast?"), line("assistant", "At seven.")];
    assert_eq!(settings["agent"]["context"]["messages"], json!(wanted));
    let prompt = settings["agent"]["think"]["prompt"].as_str().expect("text");
    assert!(prompt.contains("do not greet again"), "{prompt}");
    assert_eq!(settings["agent"]["greeting"], Value::Null);
}

#[test]
fn a_new_call_and_one_without_words_have_no_context() {
    for before in [Conversation::default(), conversation(&[(Caller, None), (Agent, Some(" "))])] {
        let (_, settings) = welcomed(&snapshot(), &before);
        assert_eq!(settings["agent"]["context"], Value::Null);
        let prompt = settings["agent"]["think"]["prompt"].as_str().expect("text");
        assert!(!prompt.contains("interrupted"), "{prompt}");
    }
}

#[test]
fn words_nobody_answered_are_held_back_but_not_those_a_function_was_run_for() {
    let before = [(Agent, Some("Hello.")), (Caller, Some("Breakfast?"))];
    let (_, settings) = welcomed(&snapshot(), &conversation(&before));
    assert_eq!(settings["agent"]["context"]["messages"].as_array().map(Vec::len), Some(1));

    let (_, settings) = welcomed(&snapshot(), &with(journal("c1", 2, ToolStage::Started)));
    assert_eq!(settings["agent"]["context"]["messages"].as_array().map(Vec::len), Some(3));
}

#[test]
fn functions_stand_at_their_place_and_say_how_far_they_are() {
    let stages = [
        ("c1", 0, ToolStage::Done { output: Spoken::new(r#"{"open":true}"#) }),
        ("c2", 1, ToolStage::Unknown),
        ("c3", 2, ToolStage::Started),
    ];
    let mut before = conversation(&[(Agent, Some("Hello.")), (Caller, Some("Breakfast?"))]);
    before.tools = stages.map(|(call, after, stage)| journal(call, after, stage)).into();
    let (_, settings) = welcomed(&snapshot(), &before);
    let messages = settings["agent"]["context"]["messages"].as_array().expect("messages");
    let order: Vec<&str> = messages
        .iter()
        .map(|message| message["content"].as_str().or(message["function_calls"][0]["id"].as_str()).expect("text"))
        .collect();
    assert_eq!(order, ["c1", "Hello.", "c2", "Breakfast?", "c3"]);
    let response = |place: usize| messages[place]["function_calls"][0]["response"].as_str().expect("text");
    assert_eq!(response(0), r#"{"open":true}"#);
    assert!(response(2).contains("outcome_unknown"));
    assert!(response(4).contains("running"));
    for place in [0, 2, 4] {
        let call = &messages[place]["function_calls"][0];
        assert_eq!((&call["client_side"], &call["arguments"]), (&json!(true), &json!("{}")));
        assert!(serde_json::from_str::<Value>(response(place)).is_ok());
    }
}

#[test]
fn the_result_of_a_function_asked_for_on_the_lost_link_is_told_once_in_the_prompt() {
    let mut link = resumed(&with(journal("c1", 2, ToolStage::Started)));
    let output =
        || AgentCommand::ToolOutput { call: ToolCallId("c1".into()), output: Spoken::new(r#"{"hours":"7 to 10"}"#) };
    link.tell(output());
    let [update] = <[Value; 1]>::try_from(link.messages()).expect("one message");
    assert_eq!(update["type"], "UpdateThink");
    let prompt = update["think"]["prompt"].as_str().expect("text");
    assert!(prompt.ends_with(r#"The result of look_up, asked for before the interruption: {"hours":"7 to 10"}"#));
    link.server("ThinkUpdated");
    link.tell(output());
    assert!(link.messages().is_empty());
    // And then the core wants the agent to go on.
    link.tell(AgentCommand::Reply);
    assert_eq!(link.messages()[0]["type"], "InjectUserMessage");
}

#[test]
fn a_result_the_new_link_was_opened_with_is_not_told_again() {
    let done = ToolStage::Done { output: Spoken::new("{}") };
    let mut link = resumed(&with(journal("c1", 2, done)));
    link.tell(AgentCommand::ToolOutput { call: ToolCallId("c1".into()), output: Spoken::new("{}") });
    assert!(link.messages().is_empty());
}

fn with(tool: Journal) -> Conversation {
    let mut before = conversation(&[(Agent, Some("Hello.")), (Caller, Some("Breakfast?"))]);
    before.tools.push(tool);
    before
}

fn journal(call: &str, after: u32, stage: ToolStage) -> Journal {
    let (call, name) = (ToolCallId(call.into()), "look_up".into());
    Journal { call, name, arguments: Spoken::new("{}"), after, stage }
}
