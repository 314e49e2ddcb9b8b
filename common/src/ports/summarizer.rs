//! A model that reads a call and says what it was about. Adapters: an OpenAI-compatible service, a simulated one.

use super::Health;
use crate::private::Spoken;
use async_trait::async_trait;
use call::Usage;
use serde_json::Value;

/// What a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRequest {
    /// What it is to do.
    pub instructions: String,
    /// The conversation, a line a turn. Personal data.
    pub transcript: Spoken,
    /// JSON Schema the answer must fit.
    pub schema: Value,
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryAnswer {
    /// JSON, as the model wrote it: it may be nonsense. Personal data.
    pub text: Spoken,
    /// The model.
    pub model: String,
    /// What it billed.
    pub usage: Usage,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// It does not answer, or too slowly, or is asked too often: the same again later.
    #[error("the summary model is away: {0}")]
    Away(String),
    /// Wrong key, unknown model, no money: asking again does not help before a person has.
    #[error("the summary model refuses: {0}")]
    Refused(String),
}

/// A model that reads calls.
#[async_trait]
pub trait Summarizer: Send + Sync + 'static {
    /// Whether it answers: for `doctor`.
    async fn check(&self) -> Result<Health, SummaryError>;
    /// Asks it once.
    async fn ask(&self, request: &SummaryRequest) -> Result<SummaryAnswer, SummaryError>;
}
