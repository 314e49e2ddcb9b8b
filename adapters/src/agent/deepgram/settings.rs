//! The session's configuration: what is sent once, and the parts of it that may be changed later.
//! <https://developers.deepgram.com/docs/configure-voice-agent> (read 2026-11)
//!
//! Whole numbers are written as such and nothing else is added: the server refuses a message with a field it does not
//! know.

use super::updates::Part;
use crate::agent::prompt;
use common::company::{AgentSnapshot, BuiltIn, Confirm, Tool, ToolKind, TurnDetection};
use serde_json::{Value, json};
use std::time::Duration;

/// Who runs the model that thinks when the agent does not say.
const THINKER: &str = "open_ai";

/// The parts that may be changed in a running session.
#[derive(Debug)]
pub(super) struct Parts {
    listen: Value,
    /// With the prompt and all functions.
    think: Value,
    speak: Value,
}

impl Parts {
    /// Of this agent, at its voice of this number, with `notes` about this call behind its prompt.
    pub(super) fn of(agent: &AgentSnapshot, number: u32, notes: &[String]) -> Self {
        let speak = speak(agent.voice_name(number));
        Self { listen: listen(agent, number), think: think(agent, number, notes), speak }
    }

    /// One of them.
    pub(super) fn part(&self, part: Part) -> &Value {
        match part {
            Part::Listen => &self.listen,
            Part::Think => &self.think,
            Part::Speak => &self.speak,
        }
    }
}

/// The `Settings`, with what was said before.
///
/// No greeting: see [`super`]. The tags name no person and no call.
pub(super) fn settings(agent: &AgentSnapshot, parts: &Parts, context: &[Value]) -> Value {
    let mut agent_part = json!({"listen": parts.listen, "think": parts.think, "speak": parts.speak});
    if !context.is_empty() {
        agent_part["context"] = json!({"messages": context});
    }
    json!({
        "type": "Settings",
        "tags": [agent.company.as_str(), agent.agent.as_str()],
        "flags": {"history": true},
        "mip_opt_out": true,
        "audio": {
            "input": {"encoding": "mulaw", "sample_rate": 8000},
            "output": {"encoding": "mulaw", "sample_rate": 8000, "container": "none"},
        },
        "agent": agent_part,
    })
}

/// The longest pause within a turn: after it the server ends the turn anyway.
pub(super) fn longest_pause(agent: &AgentSnapshot, number: u32) -> Duration {
    Duration::from_millis(turn_end(&agent.voice(number).turn_detection).1.into())
}

/// Flux finds the end of a turn by meaning; Nova by silence, and is told the language.
fn listen(agent: &AgentSnapshot, number: u32) -> Value {
    let voice = agent.voice(number);
    let model = voice.transcription.as_deref().unwrap_or_else(|| usual_listener(agent));
    if !model.starts_with("flux") {
        let language = prompt::primary(&agent.language);
        return json!({"provider": {
            "type": "deepgram", "version": "v1", "model": model, "language": language, "smart_format": true,
        }});
    }
    let (threshold, timeout_ms) = turn_end(&voice.turn_detection);
    let mut provider = json!({
        "type": "deepgram", "version": "v2", "model": model, "eot_threshold": threshold, "eot_timeout_ms": timeout_ms,
    });
    if model.ends_with("-multi") {
        provider["language_hints"] = json!(language_hints(agent));
    }
    json!({"provider": provider})
}

/// For English alone there is a better model.
fn usual_listener(agent: &AgentSnapshot) -> &'static str {
    let english = agent.languages.iter().all(|language| prompt::primary(&language.tag) == "en");
    if english { "flux-general-en" } else { "flux-general-multi" }
}

/// The language of the call, then the agent's others.
fn language_hints(agent: &AgentSnapshot) -> Vec<String> {
    let tags = std::iter::once(&agent.language).chain(agent.languages.iter().map(|language| &language.tag));
    let mut hints: Vec<String> = Vec::new();
    for hint in tags.map(|tag| prompt::primary(tag)) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints
}

/// How sure Flux must be that a turn has ended, and the silence (ms) after which it ends anyway. Deepgram's own values,
/// unless the agent wants to be quicker or more patient. Silence alone, as others count it, is not what Flux goes by.
fn turn_end(detection: &TurnDetection) -> (f64, u32) {
    match detection {
        TurnDetection::SemanticVad { eagerness } => match eagerness.as_str() {
            "low" => (0.8, 8_000),
            "high" => (0.6, 3_000),
            _ => (0.7, 5_000),
        },
        TurnDetection::ServerVad { .. } => (0.7, 5_000),
    }
}

fn think(agent: &AgentSnapshot, number: u32, notes: &[String]) -> Value {
    let voice = agent.voice(number);
    let thinker = voice.thinker.as_deref().unwrap_or(THINKER);
    let mut prompt = prompt::instructions(agent);
    for note in notes {
        prompt += "\n\n";
        prompt += note;
    }
    let mut think = json!({"provider": {"type": thinker, "model": voice.model}, "prompt": prompt});
    if !agent.tools.is_empty() {
        think["functions"] = agent.tools.iter().map(function).collect();
    }
    think
}

/// No `endpoint`: the function is run by us.
fn function(tool: &Tool) -> Value {
    let mut function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
    if waits_for_turn(tool) {
        function["defer_until_eot"] = Value::Bool(true);
    }
    function
}

/// Whether a tool may only be asked for once the caller's turn is certainly over: what cannot be undone. Others may be
/// asked for early, and are taken back when the caller speaks on.
fn waits_for_turn(tool: &Tool) -> bool {
    let lasts = match &tool.kind {
        ToolKind::BuiltIn(built_in) => match built_in {
            BuiltIn::HangUp
            | BuiltIn::Transfer
            | BuiltIn::Enqueue
            | BuiltIn::Conference
            | BuiltIn::SendDigits
            | BuiltIn::CreateTicket
            | BuiltIn::SetLanguage
            | BuiltIn::SendSms
            | BuiltIn::OptOut
            | BuiltIn::Recording => true,
            BuiltIn::LookupRecord { .. } | BuiltIn::SearchRecords { .. } | BuiltIn::ValidateRoutingNumber => false,
        },
        ToolKind::Http(_) | ToolKind::Mcp(_) => false,
    };
    lasts || !tool.idempotent || tool.confirm != Confirm::No
}

fn speak(model: &str) -> Value {
    let mut provider = json!({"type": "deepgram", "model": model});
    if model.starts_with("flux") {
        provider["version"] = "v2".into();
    }
    json!({"provider": provider})
}
