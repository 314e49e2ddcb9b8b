//! Chat completions with a JSON Schema for the answer, as OpenAI and those compatible with it have them:
//! <https://platform.openai.com/docs/api-reference/chat/create> and
//! <https://platform.openai.com/docs/guides/structured-outputs> (read 2026-11).

mod strict;

use async_trait::async_trait;
use call::Usage;
use common::ports::summarizer::{SummaryAnswer, SummaryRequest};
use common::ports::{Health, Summarizer, SummaryError};
use common::private::{ExposeSecret as _, SecretString, Spoken};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// One answer, from connecting to the last byte. A long call takes a model some ten seconds; higher holds up the calls
/// behind it while a service hangs.
const TIMEOUT: Duration = Duration::from_secs(30);
/// For `doctor`.
const CHECK: Duration = Duration::from_secs(5);
/// Longest answer that is read: a summary is a thousandth of it.
const MOST_BYTES: usize = 1 << 20;

/// A service compatible with OpenAI's chat completions.
#[derive(Debug)]
pub struct OpenAi {
    http: Client,
    base_url: String,
    model: String,
    key: SecretString,
}

/// An answer, as far as it is read. Services leave fields out.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Billed>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
}

/// Reasoning tokens are part of the completion's and have their price.
#[derive(Deserialize)]
struct Billed {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<Prompted>,
}

#[derive(Deserialize)]
struct Prompted {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl OpenAi {
    /// At this address, with this key. A TLS provider must be installed.
    pub fn new(base_url: &str, model: &str, key: SecretString) -> Result<Self, SummaryError> {
        let http = Client::builder().timeout(TIMEOUT).build().map_err(|error| away(&error))?;
        Ok(Self { http, base_url: base_url.trim_end_matches('/').to_owned(), model: model.to_owned(), key })
    }

    fn body(&self, request: &SummaryRequest) -> Value {
        json!({
            "model": self.model,
            "messages": [
                {"role": "system", "content": request.instructions},
                {"role": "user", "content": request.transcript},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "call_summary",
                    "schema": request.schema,
                    // The service refuses a schema it cannot hold a model to.
                    "strict": strict::can_be(&request.schema),
                },
            },
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, SummaryError> {
        let answer = request.bearer_auth(self.key.expose_secret()).send().await.map_err(|error| away(&error))?;
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(refusal(status)) }
    }
}

#[async_trait]
impl Summarizer for OpenAi {
    async fn check(&self) -> Result<Health, SummaryError> {
        let request = self.http.get(format!("{}/models", self.base_url)).timeout(CHECK);
        let models: Value = read(self.send(request).await?).await?;
        let known = models["data"].as_array();
        let is_listed = known.is_none_or(|models| models.iter().any(|model| model["id"] == self.model.as_str()));
        let fault = format!("the model {} is not among those the key may use", self.model);
        let faults = if is_listed { vec![] } else { vec![fault] };
        Ok(Health { server: format!("summary model {}", self.model), faults })
    }

    async fn ask(&self, request: &SummaryRequest) -> Result<SummaryAnswer, SummaryError> {
        let asked = self.http.post(format!("{}/chat/completions", self.base_url)).json(&self.body(request));
        let completion: Completion = read(self.send(asked).await?).await?;
        // A model that refuses says so instead: no words, which fit no schema.
        let text = completion.choices.into_iter().next().and_then(|choice| choice.message.content);
        Ok(SummaryAnswer {
            text: Spoken::new(text.unwrap_or_default()),
            // As it was asked for, not the dated name the service answers with: prices are set by what is configured.
            model: self.model.clone(),
            usage: completion.usage.map(Usage::from).unwrap_or_default(),
        })
    }
}

impl From<Billed> for Usage {
    fn from(billed: Billed) -> Self {
        Self {
            text_in: billed.prompt_tokens,
            text_cached: billed.prompt_tokens_details.and_then(|prompt| prompt.cached_tokens).unwrap_or_default(),
            text_out: billed.completion_tokens,
            ..Self::default()
        }
    }
}

async fn read<T: for<'de> Deserialize<'de>>(mut answer: Response) -> Result<T, SummaryError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(&error))? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(SummaryError::Away("its answer is too long".into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|_| SummaryError::Away("its answer is no completion".into()))
}

/// Why a request failed, without its address: that may hold more than its host.
fn away(error: &reqwest::Error) -> SummaryError {
    let why = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        error if error.is_builder() => "the client cannot be built",
        _ => "the connection broke",
    };
    SummaryError::Away(why.into())
}

fn refusal(status: StatusCode) -> SummaryError {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            SummaryError::Refused(format!("status {}: check the key of the summary model", status.as_u16()))
        }
        StatusCode::NOT_FOUND => {
            SummaryError::Refused("status 404: check summary.base_url and summary.model".to_owned())
        }
        status if status.is_server_error() || [408, 409, 429].contains(&status.as_u16()) => {
            SummaryError::Away(format!("status {}", status.as_u16()))
        }
        status => SummaryError::Refused(format!("status {}", status.as_u16())),
    }
}
