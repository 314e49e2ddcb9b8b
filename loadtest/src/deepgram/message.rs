//! What a client may say, message by message, as strictly as the service takes it: a field it does not know, a float
//! where a whole number belongs or a field in the wrong place, and the message cannot be parsed.
//!
//! The shapes of the settings are in `settings/shape.rs`; whether their values make sense is decided in `settings.rs`.

use serde::Deserialize;
use serde_json::Value;

use super::{
    codes::ErrorCode,
    settings::shape::{Listen, Settings, Speak, Think, ThinkLive, one_or_many},
};

/// Why a message ends the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code the client is given.
    pub(super) code: ErrorCode,
    /// The description the client is given.
    pub(super) description: String,
    /// What was wrong, for the truth.
    pub(super) why: String,
}

impl Refusal {
    /// The usual words for a code.
    pub(super) fn new(code: ErrorCode, why: impl Into<String>) -> Self {
        Self { code, description: code.description().to_owned(), why: why.into() }
    }

    /// Settings whose values are refused: the description names them.
    pub(super) fn settings(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { code: ErrorCode::InvalidSettings, description: why.clone(), why }
    }
}

/// Everything a client can say in text.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Said {
    Settings(Box<Settings>),
    UpdateListen {
        listen: Listen,
    },
    UpdateThink {
        #[serde(deserialize_with = "one_or_many")]
        think: Vec<Think>,
    },
    #[serde(rename = "UpdateThink_Live")]
    UpdateThinkLive {
        #[allow(dead_code, reason = "being parsed is its only check")]
        think_live: ThinkLive,
    },
    UpdateSpeak {
        #[serde(deserialize_with = "one_or_many")]
        speak: Vec<Speak>,
    },
    UpdatePrompt {
        prompt: String,
    },
    InjectUserMessage {
        content: String,
    },
    InjectAgentMessage {
        message: Option<String>,
        #[serde(default)]
        behavior: Behavior,
        is_dynamic: Option<bool>,
    },
    FunctionCallResponse {
        id: String,
        name: String,
        content: String,
        thought_signature: Option<String>,
    },
    ForceEndTurn {},
    KeepAlive {},
}

/// What an injection does about what is being said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Behavior {
    /// Only when neither side is in a turn.
    #[default]
    Default,
    /// After what is already queued.
    Queue,
    /// Instead of what is being said.
    Interrupt,
}

/// Reads one text message.
pub(super) fn parse(object: &Value) -> Result<Said, Refusal> {
    let refused = |problem: serde_json::Error| Refusal::new(ErrorCode::UnparsableClientMessage, problem.to_string());
    Said::deserialize(object).map_err(refused)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(message: Value) -> String {
        parse(&message).unwrap_err().why
    }

    #[test]
    fn a_field_nobody_knows_cannot_be_parsed() {
        assert!(why(json!({"type": "KeepAlive", "now": true})).contains("now"));
        assert!(why(json!({"type": "InjectAgentMessage", "content": "Hello."})).contains("content"));
        assert!(why(json!({"type": "UpdateInstructions", "instructions": ""})).contains("UpdateInstructions"));
    }

    #[test]
    fn a_missing_field_cannot_be_parsed() {
        assert!(why(json!({"type": "FunctionCallResponse", "id": "1", "name": "f"})).contains("content"));
        assert!(why(json!({"type": "FunctionCallResponse", "id": "1", "name": "f", "content": {}})).contains("string"));
    }
}
