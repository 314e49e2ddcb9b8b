//! Whole exchanges with Deepgram: what the call is told, in order.

use super::support::{opened, snapshot, talking, welcomed};
use crate::support::{Link, golden_json};
use bytes::Bytes;
use call::{AgentCommand, Conversation, Heard, Journal, LinkFault, Speaker, Spoken, ToolCallId, ToolStage, Turn};
use serde_json::Value;

#[test]
fn the_caller_is_greeted_and_answered() {
    let mut link = opened(&snapshot(), &Conversation::default());
    play(&mut link, "greeting_and_turn");
    let wanted = [
        "ready",
        "reply 1 starts",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "text of reply 1 item 1: Sure. What is the booking reference?",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "reply 1 done: Completed",
        "caller starts item 2",
        "caller stops item 2",
        "caller said item 2: I want to move my booking to Friday.",
        "reply 2 starts",
        "audio of reply 2 item 3: 200 ms",
        "text of reply 2 item 3: Sure. What is the booking reference?",
        "audio of reply 2 item 3: 200 ms",
        "audio of reply 2 item 3: 200 ms",
        "audio of reply 2 item 3: 200 ms",
        "audio of reply 2 item 3: 200 ms",
        "reply 2 done: Completed",
    ];
    assert_eq!(link.news(), wanted);
}

#[test]
fn a_caller_interrupts_and_late_audio_is_thrown_away() {
    let mut link = talking();
    play(&mut link, "barge_in");
    let wanted = [
        "reply 1 starts",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "audio of reply 1 item 1: 200 ms",
        "text of reply 1 item 1: Sure. What is the booking reference?",
        "caller starts item 2",
        "reply 1 done: Cancelled",
        "caller stops item 2",
        "caller said item 2: I want to move my booking to Friday.",
        "reply 2 starts",
        "audio of reply 2 item 3: 200 ms",
    ];
    assert_eq!(link.events(), wanted);
}

#[test]
fn a_function_is_run_and_its_result_spoken() {
    let mut link = talking();
    play(&mut link, "function_call");
    let wanted = [
        "caller starts item 1",
        "caller stops item 1",
        "caller said item 1: I want to move my booking to Friday.",
        "reply 1 starts",
        r#"tool lookup_booking call_dg0002 {"reference":"KQ7P2M"}"#,
        "reply 1 done: Completed",
        "reply 2 starts",
        "audio of reply 2 item 3: 200 ms",
        "text of reply 2 item 3: Sure. What is the booking reference?",
        "reply 2 done: Completed",
    ];
    assert_eq!(link.events(), wanted);
    assert_eq!(link.messages(), [golden_json("deepgram/client.FunctionCallResponse")]);
}

#[test]
fn a_function_asked_for_too_early_is_taken_back() {
    let mut link = talking();
    play(&mut link, "function_call_cancelled");
    let wanted = [
        "reply 1 starts",
        r#"tool lookup_booking call_dg0002 {"reference":"KQ7P2M"}"#,
        "reply 1 done: Completed",
        "caller starts item 2",
        "tool call_dg0002 cancelled",
    ];
    assert_eq!(link.events(), wanted);
    link.tell(AgentCommand::ToolOutput { call: ToolCallId("call_dg0002".into()), output: Spoken::new("{}") });
    assert!(link.messages().is_empty());
}

#[test]
fn a_conversation_is_rebuilt() {
    let turn = |number, speaker, text: &str| Turn {
        number,
        speaker,
        text: Some(Spoken::new(text)),
        started_ms: 0,
        ended_ms: 0,
        heard: Heard::Whole,
        version: None,
    };
    let lookup = Journal {
        call: ToolCallId("call_dg0001".into()),
        name: "lookup_booking".into(),
        arguments: Spoken::new(r#"{"reference":"KQ7P2M"}"#),
        after: 1,
        stage: ToolStage::Done { output: Spoken::new(r#"{"found":true,"nights":2}"#) },
    };
    let caller = turn(1, Speaker::Caller, "I want to move my booking to Friday.");
    let agent = turn(2, Speaker::Agent, "I found it. Friday works.");
    let (turns, tools) = (vec![caller, agent], vec![lookup]);
    let conversation = Conversation { turns, numbered: 2, tools, ..Conversation::default() };
    let (_, settings) = welcomed(&snapshot(), &conversation);
    let golden = golden_json("deepgram/client.Settings__resume_with_context");
    assert_eq!(settings["agent"]["context"], golden["agent"]["context"]);
    let mut link = opened(&snapshot(), &conversation);
    play(&mut link, "resume");
    assert_eq!(link.events(), ["ready"]);
}

#[test]
fn a_session_that_heard_nothing_is_dialled_again() {
    let mut link = opened(&snapshot(), &Conversation::default());
    assert_eq!(play(&mut link, "client_timeout"), Some(LinkFault::Broken));
    assert_eq!(link.events(), ["ready", "complained: CLIENT_MESSAGE_TIMEOUT", "lost: Broken"]);
}

fn rows(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/sequences/deepgram.{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the sequence is there");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Plays the server's part and, where the call has to act, the call's; gives what a close means.
fn play(link: &mut Link, name: &str) -> Option<LinkFault> {
    let mut closed = None;
    for row in rows(name) {
        let bytes = row["binary_bytes"].as_u64();
        match (row["dir"] == "server", bytes, &row["msg"], &row["close"]) {
            (true, Some(bytes), _, _) => link.codec.binary(Bytes::from(vec![0x90; bytes as usize]), &mut link.io),
            (true, None, Value::Null, close) => {
                let code = close["code"].as_u64().and_then(|code| u16::try_from(code).ok());
                closed = Some(link.codec.closed(code, ""));
            }
            (true, None, message, _) => link.hear_json(message),
            (false, None, message, _) if message["type"] == "FunctionCallResponse" => {
                let text = |field: &str| message[field].as_str().expect("text").to_owned();
                link.tell(AgentCommand::ToolOutput {
                    call: ToolCallId(text("id")),
                    output: Spoken::new(text("content")),
                });
            }
            (false, ..) => {}
        }
    }
    closed
}
