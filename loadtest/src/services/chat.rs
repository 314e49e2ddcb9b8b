//! A look-alike of a service with OpenAI's chat completions: `POST /v1/chat/completions`, `GET /v1/models`.
//!
//! It understands nothing: an answer is made up from the JSON Schema it must fit (`chat/answer.rs`) and from the letters
//! of the question, so the same question has the same answer. What a model does wrong with its words is a [`Habit`];
//! what a server does wrong (429, 500, slow, no answer) is a fault of its [`Server`].
//!
//! The API: <https://platform.openai.com/docs/api-reference/chat/create> (read 2026-11).

mod answer;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Map, Value, json};

use super::server::Server;

/// The key it takes.
pub const KEY: &str = "sk-chat-look-alike";
/// The model it has.
pub const MODEL: &str = "gpt-look-alike-mini";

/// Letters a token has, about.
const TOKEN_LETTERS: usize = 4;
/// The shortest beginning that is cached, in tokens, and by how many more it grows.
const CACHE_FROM: usize = 1_024;
const CACHE_STEP: usize = 128;

/// What a model makes of its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// JSON of the schema asked for.
    #[default]
    Plain,
    /// The same in a Markdown fence.
    Fenced,
    /// The same with a sentence before and after it.
    Prose,
    /// Words that are no JSON.
    Nonsense,
    /// JSON that stops in the middle, with `finish_reason` `length`.
    CutShort,
    /// JSON of another schema.
    OtherShape,
    /// No words, and a refusal.
    Refusing,
}

type Shared = Arc<Mutex<Mind>>;

#[derive(Debug, Default)]
struct Mind {
    /// What goes wrong next, and how often still.
    habits: Vec<(Habit, u32)>,
    /// Fields that are answered so wherever a schema has them.
    fields: Map<String, Value>,
    /// Beginnings of conversations that were asked before.
    known: BTreeSet<String>,
}

/// The running service.
#[derive(Debug)]
pub struct Chat {
    /// Its server.
    pub server: Server,
    mind: Shared,
}

impl Chat {
    pub(super) async fn open() -> Result<Self> {
        let mind = Shared::default();
        let routes = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models))
            .with_state(Arc::clone(&mind));
        Ok(Self { server: Server::open(routes).await?, mind })
    }

    /// What a client takes for its base URL.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// The next `times` answers are spoilt so; [`u32::MAX`] for all.
    pub fn next(&self, habit: Habit, times: u32) {
        lock(&self.mind).habits.push((habit, times));
    }

    /// Answers this in a field of this name from now on, whatever its schema says.
    pub fn always(&self, field: impl Into<String>, value: Value) {
        lock(&self.mind).fields.insert(field.into(), value);
    }
}

fn lock(mind: &Shared) -> MutexGuard<'_, Mind> {
    mind.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn models(headers: HeaderMap) -> Response {
    if let Some(refusal) = stranger(&headers) {
        return refusal;
    }
    let model = json!({"id": MODEL, "object": "model", "created": 1_790_000_000, "owned_by": "look-alike"});
    Json(json!({"object": "list", "data": [model]})).into_response()
}

async fn complete(State(mind): State<Shared>, headers: HeaderMap, Json(question): Json<Value>) -> Response {
    if let Some(refusal) = stranger(&headers) {
        return refusal;
    }
    let Some(messages) = question["messages"].as_array().filter(|messages| !messages.is_empty()) else {
        return problem(StatusCode::BAD_REQUEST, "invalid_request_error", "messages is required");
    };
    let Some(model) = question["model"].as_str() else {
        return problem(StatusCode::BAD_REQUEST, "invalid_request_error", "model is required");
    };
    let mut mind = lock(&mind);
    let text: String = messages.iter().map(letters).collect();
    let schema = &question["response_format"]["json_schema"]["schema"];
    let proper = match question["response_format"]["type"].as_str() {
        Some("json_schema" | "json_object") => answer::fitting(schema, &text, &mind.fields).to_string(),
        _ => "I have read it.".to_owned(),
    };
    let usage = usage(&mut mind, messages, &text, &proper);
    let (content, finish_reason, refusal) = spoken(mind.habit(), proper);
    Json(json!({
        "id": format!("chatcmpl-{:016x}", answer::number(&text)), "object": "chat.completion",
        "created": jiff::Timestamp::now().as_second(), "model": model, "system_fingerprint": "fp_look_alike",
        "choices": [{
            "index": 0, "finish_reason": finish_reason, "logprobs": null,
            "message": {"role": "assistant", "content": content, "refusal": refusal, "annotations": []},
        }],
        "usage": usage,
    }))
    .into_response()
}

impl Mind {
    fn habit(&mut self) -> Habit {
        let Some((habit, left)) = self.habits.iter_mut().find(|(_, left)| *left > 0) else { return Habit::Plain };
        *left -= u32::from(*left < u32::MAX);
        *habit
    }
}

/// The answer as the model words it: content, why it ended, refusal.
fn spoken(habit: Habit, proper: String) -> (Option<String>, &'static str, Option<&'static str>) {
    let content = match habit {
        Habit::Plain => proper,
        Habit::Fenced => format!("```json\n{proper}\n```"),
        Habit::Prose => format!("Here is the summary you asked for:\n\n{proper}\n\nLet me know if you need more."),
        Habit::Nonsense => "As a large language model I think that calls are fine {".to_owned(),
        Habit::CutShort => {
            let half = proper.chars().take(proper.chars().count() / 2).collect();
            return (Some(half), "length", None);
        }
        Habit::OtherShape => json!({"answer": 42, "items": [null]}).to_string(),
        Habit::Refusing => return (None, "stop", Some("I'm sorry, I can't help with that.")),
    };
    (Some(content), "stop", None)
}

/// What is billed. The beginning of a question that was asked before comes out of the cache.
fn usage(mind: &mut Mind, messages: &[Value], text: &str, answer: &str) -> Value {
    let tokens = |letters: usize| letters.div_ceil(TOKEN_LETTERS);
    let beginning = messages.first().map(letters).unwrap_or_default();
    let same = tokens(beginning.chars().count());
    let cached = if same >= CACHE_FROM && mind.known.contains(&beginning) { same / CACHE_STEP * CACHE_STEP } else { 0 };
    mind.known.insert(beginning);
    let (prompt, completion) = (tokens(text.chars().count()), tokens(answer.chars().count()));
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

/// The words of a message, whose content is a text or a list of parts.
fn letters(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn stranger(headers: &HeaderMap) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = given.and_then(|given| given.strip_prefix("Bearer ")) == Some(KEY);
    (!is_known).then(|| problem(StatusCode::UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided"))
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    let error = json!({"message": message, "type": "invalid_request_error", "param": null, "code": code});
    (status, Json(json!({"error": error}))).into_response()
}
