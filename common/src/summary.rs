//! What a model made of a call after it ended.

use crate::ids::{AgentId, CallId, CompanyId};
use call::Spoken;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a model made of a call. Personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub company: CompanyId,
    /// Which agent spoke.
    pub agent: AgentId,
    /// Two or three sentences.
    pub text: Spoken,
    /// Whether the caller got what they called for.
    pub outcome: CallOutcome,
    /// How the caller felt at the end.
    pub sentiment: Sentiment,
    /// The agent's own fields, valid by its schema; `null` where it asks for none.
    pub fields: Value,
    /// The model that was asked.
    pub model: String,
    /// When, milliseconds since 1970.
    pub made_ms: u64,
}

/// Whether the caller got what they called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Yes.
    Resolved,
    /// In part.
    PartlyResolved,
    /// No.
    Unresolved,
    /// Somebody else goes on with it: a transfer, a ticket.
    Escalated,
    /// There was nothing to settle: a wrong number, a hang-up, a machine.
    NoRequest,
}

/// How the caller felt at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// Pleased.
    Positive,
    /// Neither.
    Neutral,
    /// Displeased.
    Negative,
}
