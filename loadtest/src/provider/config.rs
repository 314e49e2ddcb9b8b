//! The session object: its defaults, what `session.update` may change, and the few fields the session itself reads.
//!
//! Field names, defaults and refusals follow OpenAI's Realtime API reference (session.update, read 2026-11).

use serde_json::{Value, json};

use super::{clip::Format, vad};

/// A refusal of a client's message: what the protocol's `error` object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code a client decides by.
    pub code: &'static str,
    /// What is wrong, in words.
    pub message: String,
    /// The field that is wrong.
    pub param: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), param: None }
    }

    pub(super) fn at(code: &'static str, message: impl Into<String>, param: impl Into<String>) -> Self {
        Self { code, message: message.into(), param: Some(param.into()) }
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::at("missing_required_parameter", format!("Missing required parameter: '{param}'."), param)
    }
}

/// How turns are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turns {
    /// Voice activity settings.
    pub vad: vad::Settings,
    /// Whether a stop of speech starts a response.
    pub create_response: bool,
    /// Whether a start of speech cancels the running response.
    pub interrupt_response: bool,
    /// Silence after a reply's end that makes the server speak by itself.
    pub idle_timeout_ms: Option<u32>,
}

/// The configuration of one session: the object as the wire shows it, and what was read from it.
#[derive(Debug)]
pub struct Config {
    object: Value,
    /// Format of the caller's audio.
    pub input: Format,
    /// Format of the agent's audio.
    pub output: Format,
    /// How turns are found; `None` leaves them to the client.
    pub turns: Option<Turns>,
    /// Whether the caller's words are to be written down.
    pub transcribe: bool,
}

/// Fields of the beta that the current protocol refuses at the top of a session.
const BETA_FIELDS: [&str; 9] = [
    "modalities",
    "input_audio_format",
    "output_audio_format",
    "voice",
    "speed",
    "turn_detection",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "temperature",
];

impl Config {
    /// What a session has before its first update.
    #[must_use]
    pub fn defaults(session: &str, model: &str, expires_at: i64) -> Self {
        let object = json!({
            "type": "realtime", "object": "realtime.session", "id": session, "model": model,
            "output_modalities": ["audio"],
            "instructions": "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI.",
            "tools": [], "tool_choice": "auto", "max_output_tokens": "inf", "tracing": null,
            "truncation": "auto", "prompt": null, "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24_000},
                    "transcription": null, "noise_reduction": null,
                    "turn_detection": {
                        "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
                        "silence_duration_ms": 200, "idle_timeout_ms": null,
                        "create_response": true, "interrupt_response": true
                    }
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0}
            },
            "include": null
        });
        let mut config = Self { object, input: Format::Pcm, output: Format::Pcm, turns: None, transcribe: false };
        config.read();
        config
    }

    /// The object as `session.created` and `session.updated` show it.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }

    /// Takes an update over, or says why not and changes nothing.
    ///
    /// # Errors
    /// The refusal the protocol gives for this update.
    pub fn update(&mut self, session: &Value) -> Result<(), Refusal> {
        check(session)?;
        merge(&mut self.object, session);
        self.read();
        Ok(())
    }

    fn read(&mut self) {
        let input = &self.object["audio"]["input"];
        self.input = format(&input["format"]);
        self.output = format(&self.object["audio"]["output"]["format"]);
        self.transcribe = !input["transcription"].is_null();
        self.turns = turns(&input["turn_detection"]);
    }
}

fn check(session: &Value) -> Result<(), Refusal> {
    let Some(fields) = session.as_object() else {
        return Err(Refusal::missing("session"));
    };
    match session["type"].as_str() {
        None => return Err(Refusal::missing("session.type")),
        Some("realtime" | "transcription") => {}
        Some(other) => {
            let message = format!("Invalid value: '{other}'.");
            return Err(Refusal::at("invalid_value", message, "session.type"));
        }
    }
    if let Some(field) = BETA_FIELDS.iter().find(|field| fields.contains_key(**field)) {
        let param = format!("session.{field}");
        return Err(Refusal::at("unknown_parameter", format!("Unknown parameter: '{param}'."), param));
    }
    for side in ["input", "output"] {
        let format = &session["audio"][side]["format"];
        if !format.is_null() && !matches!(format["type"].as_str(), Some("audio/pcm" | "audio/pcmu")) {
            let message = format!("Invalid value: {}.", format["type"]);
            return Err(Refusal::at("invalid_value", message, format!("session.audio.{side}.format.type")));
        }
    }
    Ok(())
}

/// Objects down to `audio.input` and `audio.output` are merged; what stands below is replaced as a whole.
fn merge(old: &mut Value, new: &Value) {
    let (Some(old), Some(new)) = (old.as_object_mut(), new.as_object()) else { return };
    for (key, value) in new {
        match old.get_mut(key) {
            _ if key == "model" || key == "id" => {}
            Some(inner) if matches!(key.as_str(), "audio" | "input" | "output") && value.is_object() => {
                merge(inner, value);
            }
            _ => {
                old.insert(key.clone(), value.clone());
            }
        }
    }
}

fn format(object: &Value) -> Format {
    if object["type"] == "audio/pcmu" { Format::Ulaw } else { Format::Pcm }
}

fn turns(detection: &Value) -> Option<Turns> {
    let kind = detection["type"].as_str()?;
    let number = |name: &str, default: u32| detection[name].as_u64().map_or(default, |n| n as u32);
    // Semantic detection waits for meaning; its longest wait at medium eagerness is 4 s, but a finished sentence is
    // answered at once, which is all a look-alike can know.
    let silence_default = if kind == "semantic_vad" { 400 } else { 500 };
    Some(Turns {
        vad: vad::Settings {
            threshold: detection["threshold"].as_f64().unwrap_or(0.5),
            prefix_padding_ms: number("prefix_padding_ms", 300),
            silence_duration_ms: number("silence_duration_ms", silence_default),
        },
        create_response: detection["create_response"].as_bool().unwrap_or(true),
        interrupt_response: detection["interrupt_response"].as_bool().unwrap_or(true),
        idle_timeout_ms: detection["idle_timeout_ms"].as_u64().map(|ms| ms as u32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::defaults("sess_1", "gpt-realtime-2.1", 0)
    }

    #[test]
    fn an_update_changes_what_it_names_and_nothing_else() {
        let mut config = config();
        let update = json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}});
        config.update(&update).unwrap();
        assert_eq!((config.input, config.output), (Format::Ulaw, Format::Pcm));
        assert_eq!(config.object()["audio"]["output"]["voice"], "marin");
        assert_eq!(config.turns.unwrap().vad.silence_duration_ms, 200);
    }

    #[test]
    fn an_update_without_a_type_is_refused() {
        let refusal = config().update(&json!({"instructions": "hello"})).unwrap_err();
        assert_eq!((refusal.code, refusal.param.as_deref()), ("missing_required_parameter", Some("session.type")));
    }

    #[test]
    fn a_beta_field_is_refused_and_changes_nothing() {
        let mut config = config();
        let update = json!({"type": "realtime", "instructions": "x", "input_audio_format": "g711_ulaw"});
        assert_eq!(config.update(&update).unwrap_err().code, "unknown_parameter");
        assert_ne!(config.object()["instructions"], "x");
    }

    #[test]
    fn no_turn_detection_means_the_client_takes_the_turns() {
        let mut config = config();
        config.update(&json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}})).unwrap();
        assert_eq!(config.turns, None);
    }
}
