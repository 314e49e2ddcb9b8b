//! Models that read calls that are over: an OpenAI-compatible service, and a simulated one that needs no network.
//!
//! Before them: the recorder, with a transcript, instructions and the schema of the answer. After them: nothing; whether
//! an answer fits is for the recorder to find out.

mod openai;
mod scripted;

pub use openai::OpenAi;
pub use scripted::Scripted;

use common::config::Summary;
use common::ports::{Summarizer, SummaryError};
use std::sync::Arc;

/// The model that is configured; the simulated one where there is no key. A TLS provider must be installed.
pub fn open(config: &Summary) -> Result<Arc<dyn Summarizer>, SummaryError> {
    Ok(match &config.api_key {
        Some(key) => Arc::new(OpenAi::new(&config.base_url, &config.model, key.clone())?),
        None => Arc::new(Scripted),
    })
}
