//! How a session is configured.

use crate::support::{Link, UPDATED, golden_json, snapshot};
use call::{AgentCommand, Conversation, Cue};
use common::company::TurnDetection;
use serde_json::{Value, json};

#[test]
fn the_session_is_asked_for_in_the_golden_shape() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    let [update] = <[Value; 1]>::try_from(link.sent()).expect("one message");
    let mut golden = golden_json("openai/client.session.update__twilio_pcmu");
    assert_eq!(update["event_id"], golden["event_id"]);
    let session = update["session"].clone();
    // What this agent does not set.
    for field in ["max_output_tokens", "truncation", "tracing", "include"] {
        golden["session"].as_object_mut().expect("object").remove(field);
    }
    golden["session"]["audio"]["input"].as_object_mut().expect("object").remove("noise_reduction");
    golden["session"]["audio"]["output"].as_object_mut().expect("object").remove("speed");
    golden["session"]["audio"]["input"]["turn_detection"].as_object_mut().expect("object").remove("idle_timeout_ms");
    // What it words itself.
    golden["session"]["instructions"] = session["instructions"].clone();
    golden["session"]["tools"] = json!([hang_up()]);
    assert_eq!(session, golden["session"]);
}

#[test]
fn the_agent_is_told_who_it_is_and_which_language_it_speaks() {
    let mut agent = snapshot();
    agent.language = "es-MX".into();
    let mut link = Link::opened(&agent, &Conversation::default());
    let session = link.sent()[0]["session"].clone();
    let instructions = session["instructions"].as_str().expect("text");
    assert!(instructions.starts_with("You answer the phone for Harbour Rooms.\n\n"), "{instructions}");
    assert!(instructions.contains("es-MX"), "{instructions}");
    assert_eq!(session["audio"]["input"]["transcription"]["language"], "es");
}

#[test]
fn turns_may_end_by_meaning_and_nobody_need_write_down_the_caller() {
    let mut agent = snapshot();
    agent.voices[0].turn_detection = TurnDetection::SemanticVad { eagerness: "low".into() };
    agent.voices[0].transcription = None;
    let mut link = Link::opened(&agent, &Conversation::default());
    let input = link.sent()[0]["session"]["audio"]["input"].clone();
    let wanted = json!({
        "type": "semantic_vad", "eagerness": "low", "create_response": true, "interrupt_response": true,
    });
    assert_eq!(input["turn_detection"], wanted);
    assert_eq!(input["transcription"], Value::Null);
}

#[test]
fn a_threshold_is_written_as_it_was_configured() {
    let mut agent = snapshot();
    agent.voices[0].turn_detection =
        TurnDetection::ServerVad { threshold: 0.7, prefix_padding_ms: 200, silence_duration_ms: 650 };
    let mut link = Link::opened(&agent, &Conversation::default());
    let detection = link.sent()[0]["session"]["audio"]["input"]["turn_detection"].clone();
    assert_eq!(detection["threshold"].to_string(), "0.7");
    assert_eq!(detection["silence_duration_ms"], 650);
}

#[test]
fn a_session_that_does_not_speak_mulaw_both_ways_is_refused() {
    for (side, format) in [("input", json!({"type": "audio/pcm", "rate": 24000})), ("output", Value::Null)] {
        let mut updated = golden_json(UPDATED);
        updated["session"]["audio"][side]["format"] = format;
        let mut link = Link::opened(&snapshot(), &Conversation::default());
        link.hear_json(&updated);
        assert_eq!(link.events(), ["lost: Refused"], "{side}");
    }
}

#[test]
fn a_refused_configuration_ends_the_link() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    link.hear("openai/server.error__unknown_parameter");
    assert_eq!(link.events(), ["lost: Refused"]);
}

#[test]
fn nothing_is_asked_for_before_the_session_is_ready() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    link.sent();
    link.tell(AgentCommand::Cue(Cue::Greeting));
    link.caller_audio("AAAA");
    assert!(link.sent().is_empty());
    link.hear(UPDATED);
    assert_eq!(link.sent_types(), ["response.create"]);
}

#[test]
fn a_running_session_is_told_what_may_change_in_it() {
    let mut link = Link::talking();
    let mut agent = snapshot();
    agent.languages[0].instructions = "Now take payment.".into();
    agent.tools.clear();
    agent.voices[0].voice = "cedar".into();
    link.codec.configure(&agent, &mut link.io);
    let [update] = <[Value; 1]>::try_from(link.sent()).expect("one message");
    let session = &update["session"];
    assert!(session["instructions"].as_str().expect("text").starts_with("Now take payment."));
    assert_eq!((&session["type"], &session["tools"]), (&json!("realtime"), &json!([])));
    let input = session["audio"]["input"].as_object().expect("object");
    assert_eq!(input.keys().collect::<Vec<_>>(), ["transcription", "turn_detection"]);
    assert_eq!(session["audio"]["output"], Value::Null, "the voice stays");
}

#[test]
fn a_change_that_is_refused_leaves_the_session_as_it_was() {
    let mut link = Link::talking();
    link.codec.configure(&snapshot(), &mut link.io);
    let id = link.sent()[0]["event_id"].clone();
    let mut error = golden_json("openai/server.error__unknown_parameter");
    error["error"]["event_id"] = id;
    link.hear_json(&error);
    link.hear(UPDATED);
    assert_eq!(link.events(), ["complained: unknown_parameter"]);
    link.caller_audio("AAAA");
    assert_eq!(link.sent_types(), ["input_audio_buffer.append"]);
}

#[test]
fn a_change_before_the_session_is_ready_is_told_when_it_is() {
    let mut link = Link::opened(&snapshot(), &Conversation::default());
    link.sent();
    let mut agent = snapshot();
    agent.languages[0].instructions = "Now take payment.".into();
    link.codec.configure(&agent, &mut link.io);
    assert!(link.sent().is_empty());
    link.tell(AgentCommand::Cue(Cue::Greeting));
    link.hear(UPDATED);
    let sent = link.sent();
    assert_eq!((&sent[0]["type"], &sent[1]["type"]), (&json!("session.update"), &json!("response.create")));
    assert_ne!(sent[0]["event_id"], "cfg-0001");
}

fn hang_up() -> Value {
    json!({
        "type": "function",
        "name": "hang_up",
        "description": "End the call after you have said goodbye.",
        "parameters": {"type": "object", "properties": {}},
    })
}
