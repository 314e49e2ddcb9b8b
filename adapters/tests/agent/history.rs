//! A conversation is rebuilt in a new session.

use crate::support::{Link, UPDATED, conversation, golden_json, snapshot};
use call::Speaker::{Agent, Caller};
use call::{AgentCommand, Conversation, Journal, Spoken, ToolCallId, ToolStage};
use serde_json::{Value, json};

const TURNS: [(call::Speaker, Option<&str>); 4] = [
    (Caller, Some("I want to move my booking to Friday.")),
    (Agent, Some("Sure. What is the booking reference?")),
    (Caller, None),
    (Agent, Some("  ")),
];

#[test]
fn a_conversation_is_told_oldest_first_in_the_golden_shape() {
    let mut link = restoring();
    let sent = link.sent();
    assert_eq!(sent.len(), 3, "turns without words are left out");
    for (message, name) in sent.iter().zip(["system_text", "user_text", "assistant_text"]) {
        let mut golden = golden_json(&format!("openai/client.conversation.item.create__{name}"));
        let golden = golden.as_object_mut().expect("object");
        if name == "system_text" {
            golden["item"]["content"] = message["item"]["content"].clone();
        } else {
            golden.remove("previous_item_id");
        }
        assert_eq!(message, &Value::Object(golden.clone()));
        assert!(message["item"]["id"].as_str().expect("text").len() <= 32);
    }
}

#[test]
fn the_link_is_ready_when_the_last_item_was_taken() {
    for kind in ["conversation.item.added", "conversation.item.done", "conversation.item.created"] {
        let mut link = restoring();
        let ids: Vec<Value> = link.sent().iter().map(|message| message["item"]["id"].clone()).collect();
        for id in &ids[..2] {
            link.hear_json(&json!({"type": kind, "item": {"id": id}}));
            assert!(link.events().is_empty());
        }
        link.hear_json(&json!({"type": kind, "item": {"id": ids[2]}}));
        assert_eq!(link.events(), ["ready"]);
        link.hear_json(&json!({"type": kind, "item": {"id": ids[2]}}));
        assert!(link.events().is_empty());
    }
}

#[test]
fn the_link_is_ready_though_the_last_item_was_refused() {
    let mut link = restoring();
    link.hear_json(&refusal("hist-0002"));
    assert_eq!(link.events(), ["complained: string_above_max_length"]);
    link.hear_json(&refusal("hist-0003"));
    assert_eq!(link.events(), ["complained: string_above_max_length", "ready"]);
}

#[test]
fn caller_audio_does_not_come_before_the_history() {
    let mut link = restoring();
    link.sent();
    link.caller_audio("AAAA");
    assert!(link.sent().is_empty());
}

#[test]
fn a_conversation_without_words_is_no_history() {
    for turns in [&[][..], &[(Caller, None), (Agent, Some(""))]] {
        let mut link = Link::opened(&snapshot(), &conversation(turns));
        link.sent();
        link.hear(UPDATED);
        assert!(link.sent().is_empty());
        assert_eq!(link.events(), ["ready"]);
    }
}

#[test]
fn the_longest_conversation_is_told() {
    let turns = [(Caller, Some("word"))].repeat(Conversation::LONGEST);
    let mut link = Link::opened(&snapshot(), &conversation(&turns));
    link.sent();
    link.hear(UPDATED);
    assert_eq!(link.sent().len(), Conversation::LONGEST + 1);
}

#[test]
fn tools_stand_where_they_were_asked_for_in_the_golden_shape() {
    let golden = golden_json("openai/client.conversation.item.create__function_call");
    let text = |field: &str| golden["item"][field].as_str().expect("text").to_owned();
    let mut before = conversation(&TURNS[..2]);
    before.tools = vec![
        Journal {
            call: ToolCallId(text("call_id")),
            name: text("name"),
            arguments: Spoken::new(text("arguments")),
            after: 2,
            stage: ToolStage::Done { output: Spoken::new(r#"{"found":true}"#) },
        },
        journal("unknown", 0, ToolStage::Unknown),
        journal("running", 1, ToolStage::Started),
    ];
    before.tools.sort_by_key(|tool| tool.after);
    let mut link = Link::opened(&snapshot(), &before);
    link.sent();
    link.hear(UPDATED);
    let sent = link.sent();
    let order: Vec<&str> = sent.iter().map(|message| message["item"]["id"].as_str().expect("text")).collect();
    let wanted =
        ["h_0001_sys", "h_0002_fc", "h_0003_out", "h_0004_usr", "h_0005_fc", "h_0006_ast", "h_0007_fc", "h_0008_out"];
    assert_eq!(order, wanted);
    let mut last = golden.clone();
    last.as_object_mut().expect("object").remove("previous_item_id");
    last["event_id"] = json!("hist-0007");
    last["item"]["id"] = json!("h_0007_fc");
    assert_eq!(sent[6], last);
    assert_eq!(sent[7]["item"]["call_id"], golden["item"]["call_id"]);
    assert_eq!(sent[7]["item"]["output"], r#"{"found":true}"#);
    let unknown = sent[2]["item"]["output"].as_str().expect("text");
    assert_eq!(serde_json::from_str::<Value>(unknown).expect("JSON")["error"], "outcome_unknown");
}

#[test]
fn a_tool_that_still_runs_is_answered_on_the_new_link_once_and_one_that_ended_is_not() {
    let mut before = conversation(&TURNS[..2]);
    before.tools = vec![
        journal("ended", 1, ToolStage::Done { output: Spoken::new("{}") }),
        journal("runs", 2, ToolStage::Started),
    ];
    let mut link = Link::opened(&snapshot(), &before);
    link.hear(UPDATED);
    link.hear_json(&json!({"type": "conversation.item.added", "item": {"id": "h_0006_fc"}}));
    assert_eq!(link.events(), ["ready"]);
    link.sent();
    for call in ["ended", "runs", "runs"] {
        link.tell(AgentCommand::ToolOutput { call: ToolCallId(call.into()), output: Spoken::new("{}") });
    }
    let sent = link.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["item"]["call_id"], "runs");
}

fn journal(call: &str, after: u32, stage: ToolStage) -> Journal {
    let (call, name) = (ToolCallId(call.into()), "lookup_booking".into());
    Journal { call, name, arguments: Spoken::new("{}"), after, stage }
}

fn restoring() -> Link {
    let mut link = Link::opened(&snapshot(), &conversation(&TURNS));
    assert_eq!(link.sent_types(), ["session.update"]);
    link.hear(UPDATED);
    assert!(link.events().is_empty());
    link
}

fn refusal(event_id: &str) -> Value {
    let mut error = golden_json("openai/server.error__string_too_long");
    error["error"]["event_id"] = json!(event_id);
    error
}
