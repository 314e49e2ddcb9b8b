//! Whole exchanges with OpenAI: what the call is told, in order.

use crate::support::{Link, UPDATED, conversation, golden_json, snapshot};
use call::{AgentCommand, Conversation, ItemId, LinkFault, Speaker};
use serde_json::Value;

#[test]
fn a_caller_is_heard_and_answered() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    play(&mut link, "audio_turn");
    let usage = "412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out";
    let wanted = [
        "ready",
        "caller starts item 1",
        "caller stops item 1",
        "reply 1 starts",
        "text of reply 1 item 2: Sure. What",
        "audio of reply 1 item 2: 100 ms",
        "audio of reply 1 item 2: 100 ms",
        "audio of reply 1 item 2: 100 ms",
        "caller said item 1: I want to move my booking to Friday.",
        "transcribed:, 33 transcription",
        &format!("reply 1 done: Completed, {usage}"),
    ];
    assert_eq!(link.events(), wanted);
}

#[test]
fn a_caller_interrupts_an_answer_that_is_being_generated() {
    let mut link = Link::talking();
    play(&mut link, "barge_in_while_generating");
    let events = link.events();
    let audio = |event: &String| event == "audio of reply 1 item 1: 100 ms";
    assert_eq!(events.iter().filter(|event| audio(event)).count(), 16);
    let rest: Vec<&str> = events.iter().filter(|event| !audio(event)).map(String::as_str).collect();
    assert_eq!(rest[0], "reply 1 starts");
    assert_eq!(rest[2], "caller starts item 2");
    assert!(rest[3].starts_with("reply 1 done: Cancelled"), "{rest:?}");
    assert_eq!(rest[4..], ["caller stops item 2", "reply 2 starts"]);
    link.tell(AgentCommand::Truncate { item: ItemId(1), heard_ms: 620 });
    assert_eq!(link.sent()[0]["item_id"], "item_9fW2aReply0004");
}

#[test]
fn a_caller_interrupts_an_answer_that_is_still_being_played() {
    let mut link = Link::talking();
    play(&mut link, "barge_in_after_response_done");
    let events = link.events();
    assert_eq!(events.len(), 23);
    assert!(events[21].starts_with("reply 1 done: Completed"), "{events:?}");
    assert_eq!(events[22], "caller starts item 2");
}

#[test]
fn an_answer_may_consist_of_two_utterances() {
    let mut link = Link::talking();
    play(&mut link, "multi_item_response");
    let events = link.events();
    let items: Vec<&str> = events.iter().filter_map(|event| event.strip_prefix("audio of reply 1 item ")).collect();
    assert_eq!(items, ["1: 100 ms", "1: 100 ms", "1: 100 ms", "1: 100 ms", "1: 100 ms", "2: 100 ms", "2: 100 ms"]);
    assert_eq!(events.iter().filter(|event| event.contains("done")).count(), 1);
}

#[test]
fn a_tool_is_run_and_its_answer_spoken() {
    let mut link = Link::talking();
    play(&mut link, "function_call");
    let events = link.events();
    assert_eq!(events[0], "reply 1 starts");
    assert_eq!(events[1], r#"tool lookup_booking call_Tn4vQz81LmXe {"reference":"KQ7P2M"}"#);
    assert!(events[2].starts_with("reply 1 done: Completed"));
    assert_eq!(events[3..], ["reply 2 starts"]);
}

#[test]
fn an_answer_asked_for_too_early_is_asked_for_again_when_it_may_be() {
    let mut link = Link::talking();
    let mut asked = Vec::new();
    for row in rows("create_while_active") {
        match (row["dir"].as_str(), row["at_ms"].as_u64()) {
            // The server's own answer begins while our request is on its way.
            (Some("server"), Some(0)) => {
                link.tell(AgentCommand::Reply);
                link.hear_json(&row["msg"]);
            }
            (Some("server"), _) => link.hear_json(&row["msg"]),
            _ => {}
        }
        asked.extend(link.sent().iter().map(|message| message["event_id"].as_str().expect("text").to_owned()));
    }
    assert_eq!(asked, ["resp-0001", "resp-0002"]);
    assert_eq!(link.events().iter().filter(|event| event.ends_with("starts")).count(), 2);
}

#[test]
fn a_conversation_is_rebuilt() {
    let turns = [
        (Speaker::Caller, Some("I want to move my booking to Friday.")),
        (Speaker::Agent, Some("Sure. What is the booking reference?")),
    ];
    let mut link = Link::opened(&snapshot(), &conversation(&turns));
    link.hear(UPDATED);
    let types = link.sent_types();
    assert_eq!(types.iter().filter(|kind| *kind == "conversation.item.create").count(), 3);
    play(&mut link, "restore_history");
    assert_eq!(link.events(), ["ready"]);
}

#[test]
fn an_old_session_is_left() {
    let mut link = Link::talking();
    assert_eq!(play(&mut link, "session_expired"), Some(LinkFault::Expired));
    assert_eq!(link.events(), ["lost: Expired"]);
}

#[test]
fn a_server_that_takes_us_for_the_beta_refuses() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    assert_eq!(play(&mut link, "beta_header_rejected"), Some(LinkFault::Refused));
    assert_eq!(link.events(), ["lost: Refused"]);
}

#[test]
fn the_golden_update_is_granted() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    link.hear_json(&golden_json(UPDATED));
    assert_eq!(link.events(), ["ready"]);
}

fn rows(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/sequences/openai.{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the sequence is there");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Plays the server's part; gives what its close means, if it closes.
fn play(link: &mut Link, name: &str) -> Option<LinkFault> {
    let mut closed = None;
    for row in rows(name).iter().filter(|row| row["dir"] == "server") {
        match &row["close"] {
            Value::Null => link.hear_json(&row["msg"]),
            close => {
                let code = close["code"].as_u64().and_then(|code| u16::try_from(code).ok());
                closed = Some(link.codec.closed(code, close["reason"].as_str().unwrap_or_default()));
            }
        }
    }
    closed
}
