//! The shape of the settings: which fields there are, where, and of what kind. Being parsed into these types is the
//! check, so many fields are never read again.
#![allow(dead_code, reason = "a field that is only there to be known is never read")]

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// The `Settings` message without its type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::deepgram) struct Settings {
    pub(super) tags: Option<Vec<String>>,
    pub(super) experimental: Option<bool>,
    pub(super) flags: Option<Flags>,
    pub(super) mip_opt_out: Option<bool>,
    pub(super) audio: Audio,
    pub(super) agent: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flags {
    pub(super) history: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audio {
    pub(super) input: Option<Input>,
    pub(super) output: Option<Output>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) encoding: String,
    pub(super) sample_rate: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) encoding: String,
    pub(super) sample_rate: Option<u32>,
    pub(super) bitrate: Option<u32>,
    pub(super) container: Option<String>,
}

/// The `agent` object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub(super) greeting: Option<String>,
    pub(super) context: Option<Context>,
    pub(super) listen: Option<Listen>,
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) think: Vec<Think>,
    pub(super) think_live: Option<ThinkLive>,
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) speak: Vec<Speak>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Context {
    pub(super) messages: Vec<Value>,
}

/// One message of a restored conversation.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum Restored {
    History { role: Option<Role>, content: Option<String>, function_calls: Option<Vec<RestoredCall>> },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    User,
    Assistant,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoredCall {
    id: String,
    name: String,
    client_side: bool,
    arguments: String,
    response: String,
    thought_signature: Option<String>,
}

/// The `listen` block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::deepgram) struct Listen {
    pub(super) provider: ListenProvider,
}

/// Nova and Flux in one: which fields go with which is a matter of values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenProvider {
    #[serde(rename = "type")]
    pub(super) kind: Option<Deepgram>,
    pub(super) version: Option<String>,
    pub(super) model: Option<String>,
    pub(super) language: Option<String>,
    pub(super) language_hints: Option<Vec<String>>,
    pub(super) smart_format: Option<bool>,
    pub(super) keyterms: Option<Vec<String>>,
    pub(super) eot_threshold: Option<f64>,
    pub(super) eager_eot_threshold: Option<f64>,
    pub(super) eot_timeout_ms: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deepgram {
    Deepgram,
}

/// One `think` block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::deepgram) struct Think {
    pub(super) provider: ThinkProvider,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) prompt: Option<String>,
    pub(super) context_length: Option<Value>,
    #[serde(default)]
    pub(super) functions: Vec<Function>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThinkProvider {
    #[serde(rename = "type")]
    pub(super) kind: ThinkKind,
    pub(super) model: String,
    pub(super) version: Option<String>,
    pub(super) temperature: Option<f64>,
    pub(super) reasoning_mode: Option<ReasoningMode>,
    pub(super) credentials: Option<Value>,
    pub(super) voice_prompt_opt_out: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ThinkKind {
    OpenAi,
    Anthropic,
    Google,
    Groq,
    AwsBedrock,
    Deepgram,
    Nvidia,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReasoningMode {
    None,
    Minimal,
    Low,
    Medium,
    High,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) method: Option<String>,
    pub(super) headers: Option<serde_json::Map<String, Value>>,
}

/// A function the model may call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<serde_json::Map<String, Value>>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) defer_until_eot: Option<bool>,
    pub(super) initial_agent_filler: Option<bool>,
    pub(super) agent_filler_max_count: Option<u32>,
    pub(super) agent_filler_interval_ms: Option<u32>,
}

/// The `think_live` block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::deepgram) struct ThinkLive {
    pub(super) provider: ThinkLiveProvider,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThinkLiveProvider {
    #[serde(rename = "type")]
    kind: Deepgram,
    version: Option<String>,
    agent_backchannel_sensitivity: Option<f64>,
    presence_check_max_count: Option<u32>,
    presence_check_interval_ms: Option<u32>,
    frustration_max_count: Option<u32>,
    restricted_terms: Option<Vec<String>>,
}

/// One `speak` block.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::deepgram) struct Speak {
    pub(super) provider: SpeakProvider,
    pub(super) endpoint: Option<Endpoint>,
}

/// Who speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum SpeakProvider {
    Deepgram {
        version: Option<String>,
        model: Option<String>,
        speed: Option<f64>,
        expressivity: Option<i8>,
    },
    ElevenLabs {
        model_id: String,
        voice_id: Option<String>,
        language_code: Option<String>,
        language: Option<String>,
    },
    Cartesia {
        model_id: String,
        voice: CartesiaVoice,
        language: Option<String>,
        volume: Option<f64>,
        version: Option<String>,
    },
    OpenAi {
        model: String,
        voice: String,
        version: Option<String>,
    },
    AwsPolly {
        voice: String,
        language_code: Option<String>,
        language: Option<String>,
        engine: String,
        credentials: Option<Value>,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CartesiaVoice {
    mode: String,
    id: String,
}

/// A block, or a list of blocks of which the later ones step in for the earlier.
pub(in crate::deepgram) fn one_or_many<'de, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(input)?;
    let blocks = match value {
        Value::Array(blocks) => blocks,
        block => vec![block],
    };
    let read = blocks.into_iter().map(serde_json::from_value).collect::<Result<Vec<T>, _>>();
    read.map_err(serde::de::Error::custom)
}
