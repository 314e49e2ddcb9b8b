//! How the agent's messages are written: JSON text with a `type`, in the order of fields Deepgram uses.

use serde_json::{Value, json};

use super::codes::{ErrorCode, WarningCode};

/// One function as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) client_side: bool,
    pub(super) signature: Option<String>,
}

impl Asked {
    fn json(&self) -> Value {
        let mut object = json!({
            "id": self.id, "name": self.name, "arguments": self.arguments, "client_side": self.client_side,
        });
        if let Some(signature) = &self.signature {
            object["thought_signature"] = json!(signature);
        }
        object
    }

    /// The call with its answer, as `History` tells it.
    fn answered(&self, response: &str) -> Value {
        let mut object = self.json();
        object["response"] = json!(response);
        object
    }
}

/// The text of a message: its type first, as Deepgram writes it.
pub(super) fn text(message: &Value) -> String {
    let mut fields = message.clone();
    let kind = fields.as_object_mut().and_then(|fields| fields.remove("type")).unwrap_or_default();
    let fields = fields.to_string();
    let comma = if fields == "{}" { "" } else { "," };
    format!("{{\"type\":{kind}{comma}{}", &fields[1..])
}

pub(super) fn plain(kind: &str) -> Value {
    json!({ "type": kind })
}

pub(super) fn welcome(request_id: &str) -> Value {
    json!({"type": "Welcome", "request_id": request_id})
}

pub(super) fn user_text(content: &str) -> Value {
    json!({"type": "ConversationText", "role": "user", "content": content, "conversational_behavior": "default"})
}

pub(super) fn agent_text(content: &str) -> Value {
    json!({"type": "ConversationText", "role": "assistant", "content": content})
}

pub(super) fn history(role: &str, content: &str) -> Value {
    json!({"type": "History", "role": role, "content": content})
}

pub(super) fn history_of_call(call: &Asked, response: &str) -> Value {
    json!({"type": "History", "function_calls": [call.answered(response)]})
}

pub(super) fn end_of_turn(trigger: &str) -> Value {
    json!({"type": "EndOfTurn", "trigger": trigger})
}

pub(super) fn latency(field: &str, seconds: f64) -> Value {
    json!({"type": "LatencyReport", field: seconds})
}

pub(super) fn started_speaking(total: f64) -> Value {
    json!({"type": "AgentStartedSpeaking", "total_latency": total, "tts_latency": 0.085, "ttt_latency": total - 0.085})
}

pub(super) fn thinking() -> Value {
    json!({"type": "AgentThinking", "content": "I should look that up."})
}

pub(super) fn request(calls: &[Asked]) -> Value {
    let functions: Vec<Value> = calls.iter().map(Asked::json).collect();
    json!({"type": "FunctionCallRequest", "functions": functions})
}

pub(super) fn cancelled(calls: &[Asked]) -> Value {
    let functions: Vec<Value> = calls.iter().map(|call| json!({"id": call.id, "name": call.name})).collect();
    json!({"type": "FunctionCallCancelled", "functions": functions})
}

pub(super) fn response(call: &Asked, content: &str) -> Value {
    json!({"type": "FunctionCallResponse", "id": call.id, "name": call.name, "content": content})
}

pub(super) fn refused(message: &str) -> Value {
    json!({"type": "InjectionRefused", "message": message})
}

pub(super) fn error(code: ErrorCode, description: &str) -> Value {
    json!({"type": "Error", "description": description, "code": code.name()})
}

pub(super) fn warning(code: WarningCode) -> Value {
    json!({"type": "Warning", "description": code.description(), "code": code.name()})
}

/// A message of a type and with fields that no client knows.
pub(super) fn unknown() -> Value {
    json!({"type": "WeatherUpdated", "sky": ["clear", {"wind_kn": 7}], "confidence": null})
}
