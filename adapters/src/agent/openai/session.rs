//! The session's configuration: what is asked for, and whether it was granted.
//!
//! GA shape only. It is sent complete at first; later only what may change in a running session, which formats and, once
//! it has spoken, the voice may not.

use crate::agent::prompt;
use bytes::Bytes;
use common::company::{AgentSnapshot, Tool, TurnDetection, Voice};
use serde::Serialize;
use serde_json::{Value, json};

/// Our id of the first `session.update`: an error that names it refuses the configuration. One that names a later update
/// leaves the session as it was.
pub(super) const UPDATE_ID: &str = "cfg-0001";

const MULAW: &str = "audio/pcmu";

/// The `session.update` for this agent.
pub(super) fn update(agent: &AgentSnapshot, number: u32) -> Bytes {
    let voice = agent.voice(number);
    let update = Update {
        r#type: "session.update",
        event_id: UPDATE_ID,
        session: Session {
            r#type: "realtime",
            instructions: prompt::instructions(agent),
            output_modalities: ["audio"],
            audio: Audio {
                input: Input {
                    format: Format { r#type: MULAW },
                    transcription: transcription(agent, voice),
                    turn_detection: detection(&voice.turn_detection),
                },
                output: Output { format: Format { r#type: MULAW }, voice: agent.voice_name(number) },
            },
            tools: tools(agent),
            tool_choice: "auto",
        },
    };
    Bytes::from(serde_json::to_vec(&update).expect("plain data is always JSON"))
}

/// The `session.update` for an agent configured anew in a running session.
pub(super) fn change(agent: &AgentSnapshot, number: u32, event_id: &str) -> Value {
    let voice = agent.voice(number);
    let input = json!({
        "transcription": transcription(agent, voice),
        "turn_detection": detection(&voice.turn_detection),
    });
    json!({
        "type": "session.update",
        "event_id": event_id,
        "session": {
            "type": "realtime",
            "instructions": prompt::instructions(agent),
            "audio": {"input": input},
            "tools": tools(agent),
            "tool_choice": "auto",
        },
    })
}

/// Whether a `session.updated` grants mu-law both ways. Some models have answered with PCM though asked for mu-law; the
/// caller would hear noise.
pub(super) fn speaks_mulaw(session: &Value) -> bool {
    let granted = |side: &str| session["audio"][side]["format"]["type"] == MULAW;
    let granted_flat = |field: &str| session[field] == "g711_ulaw";
    (granted("input") && granted("output"))
        || (granted_flat("input_audio_format") && granted_flat("output_audio_format"))
}

fn tools(agent: &AgentSnapshot) -> Value {
    agent.tools.iter().map(function).collect()
}

fn function(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    })
}

fn transcription<'a>(agent: &AgentSnapshot, voice: &'a Voice) -> Option<Transcription<'a>> {
    voice.transcription.as_deref().map(|model| Transcription { model, language: language(agent) })
}

/// ISO 639-1, the only kind transcription takes; other languages are left for it to find out.
fn language(agent: &AgentSnapshot) -> Option<String> {
    let primary = prompt::primary(&agent.language);
    (primary.len() == 2).then_some(primary)
}

fn detection(detection: &TurnDetection) -> Detection<'_> {
    match detection {
        TurnDetection::ServerVad { threshold, prefix_padding_ms, silence_duration_ms } => Detection::ServerVad {
            threshold: *threshold,
            prefix_padding_ms: *prefix_padding_ms,
            silence_duration_ms: *silence_duration_ms,
            create_response: true,
            interrupt_response: true,
        },
        TurnDetection::SemanticVad { eagerness } => {
            Detection::SemanticVad { eagerness, create_response: true, interrupt_response: true }
        }
    }
}

#[derive(Serialize)]
struct Update<'a> {
    r#type: &'static str,
    event_id: &'static str,
    session: Session<'a>,
}

#[derive(Serialize)]
struct Session<'a> {
    r#type: &'static str,
    instructions: String,
    output_modalities: [&'static str; 1],
    audio: Audio<'a>,
    tools: Value,
    tool_choice: &'static str,
}

#[derive(Serialize)]
struct Audio<'a> {
    input: Input<'a>,
    output: Output<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    format: Format,
    transcription: Option<Transcription<'a>>,
    turn_detection: Detection<'a>,
}

#[derive(Serialize)]
struct Output<'a> {
    format: Format,
    voice: &'a str,
}

#[derive(Serialize)]
struct Format {
    r#type: &'static str,
}

#[derive(Serialize)]
struct Transcription<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Detection<'a> {
    ServerVad {
        threshold: f32,
        prefix_padding_ms: u32,
        silence_duration_ms: u32,
        create_response: bool,
        interrupt_response: bool,
    },
    SemanticVad {
        eagerness: &'a str,
        create_response: bool,
        interrupt_response: bool,
    },
}
