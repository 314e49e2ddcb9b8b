//! What a company wants around its calls: recordings, text messages, summaries, webhooks to its own systems.

use super::SecretRef;
use crate::money::Money;
use crate::private::PhoneNumber;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether and how an agent's calls are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recording {
    /// Who records.
    pub by: RecordBy,
    /// From when on.
    pub from: RecordFrom,
    /// What the caller hears before the greeting, by language: that the call is recorded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub announcement: BTreeMap<String, String>,
    /// Tools during whose runs nothing is kept, besides what the agent pauses itself.
    pub pause_for: Vec<String>,
    /// Days after which recordings are deleted; `None` keeps them.
    pub keep_days: Option<u32>,
    /// Whether Twilio's own copy is deleted once it was fetched.
    pub at_twilio: AtTwilio,
}

/// Who records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordBy {
    /// Nobody.
    #[default]
    Nobody,
    /// The worker that carries the call: caller and agent as heard, a channel each.
    Patchbay,
    /// Twilio.
    Twilio,
}

/// From when on a call is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordFrom {
    /// From when the agent's first words, which announce it (`consent`), have been heard to their end.
    #[default]
    Announced,
    /// From the start of the call.
    Start,
    /// Only when the agent starts it with its tool, after the caller has agreed.
    Asked,
}

/// What becomes of Twilio's copy of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtTwilio {
    /// It is fetched into the store of recordings and deleted at Twilio.
    #[default]
    Fetch,
    /// It stays at Twilio and is not fetched.
    Leave,
}

/// What is done after an agent's calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterCall {
    /// Whether a model sums calls up, and what it is asked.
    pub summary: Option<SummaryWish>,
    /// Text messages to the person on the telephone, in the order checked; the first whose condition holds is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<AfterMessage>,
}

/// What a model is asked about a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryWish {
    /// Added to the standard instructions.
    pub instructions: String,
    /// JSON Schema of further fields, an object; `None` for none.
    pub fields: Option<Value>,
}

/// A text message after a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterMessage {
    /// Name of its template.
    pub template: String,
    /// How the call must have ended for it, by the record's end reason; empty for any end.
    pub when: Vec<String>,
}

/// A text message as a company words it: nothing else is ever sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTemplate {
    /// For the model: when to send it.
    pub description: String,
    /// The wording by language, `{field}` replaced; the agent's default language where one is missing.
    pub texts: BTreeMap<String, String>,
    /// Names of the fields in it, each with the most characters it may have.
    pub fields: BTreeMap<String, u32>,
}

/// What a company may send, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texting {
    /// Our number for messages; `None` for the number of the call.
    pub from: Option<PhoneNumber>,
    /// Countries messages may go to, two capital letters each.
    pub countries: Vec<String>,
    /// Messages in one call.
    pub per_call: u32,
    /// Messages to one number in a day.
    pub per_number_day: u32,
    /// Messages of the company in a day.
    pub per_day: u32,
    /// By name.
    pub templates: BTreeMap<String, MessageTemplate>,
}

impl Default for Texting {
    fn default() -> Self {
        Self {
            from: None,
            countries: vec!["US".into(), "CA".into()],
            per_call: 1,
            per_number_day: 3,
            per_day: 1_000,
            templates: BTreeMap::new(),
        }
    }
}

/// One of the company's systems that is told about calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Where: an `https` URL, or `{service}/…` with a service of the company.
    pub url: String,
    /// Kinds of events it wants: `call.started`, `call.ended`, `call.summarized`, `recording.stored`, `ticket.opened`,
    /// `message.updated`, `transfer.ended`, `opted_out`.
    pub events: Vec<String>,
    /// Secret the body is signed with, HMAC-SHA256.
    pub secret: Option<SecretRef>,
}

/// Kinds of events a company's systems may be told.
pub const HOOK_EVENTS: [&str; 8] = [
    "call.started",
    "call.ended",
    "call.summarized",
    "recording.stored",
    "ticket.opened",
    "message.updated",
    "transfer.ended",
    "opted_out",
];

/// The most a call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// When a call has cost this much, the agent says that time is up and the call ends.
    pub usd: Money,
}
