//! The call detail record: one row a call, whatever was seen of it, in whatever order.

use crate::event::{Direction, Source};
use crate::ids::{AgentId, CallId, CompanyId, WorkerId};
use crate::private::PhoneNumber;
use call::{Turn, Usage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a call. `recorder::fold` fills it; the store keeps it.
///
/// Every field is merged without regard to order: earliest, latest, largest, sum of events that are stored once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cdr {
    /// The call.
    pub call: CallId,
    /// Whose.
    pub company: Option<CompanyId>,
    /// Which agent answered.
    pub agent: Option<AgentId>,
    /// Version of its configuration.
    pub agent_version: Option<String>,
    /// Direction.
    pub direction: Option<Direction>,
    /// Who called.
    pub from: Option<PhoneNumber>,
    /// Who was called.
    pub to: Option<PhoneNumber>,
    /// Language of the conversation.
    pub language: Option<String>,
    /// When the webhook came, milliseconds since 1970.
    pub accepted_ms: Option<u64>,
    /// When the first media stream started.
    pub answered_ms: Option<u64>,
    /// When the last part ended, or Twilio said so.
    pub ended_ms: Option<u64>,
    /// Length of the call: Twilio's word where there is one, else ended − answered.
    pub duration_ms: Option<u64>,
    /// `open`, or why the call ended: the last worker's reason, the gateway's refusal, or Twilio's status.
    pub end_reason: Option<String>,
    /// Twilio's last status.
    pub twilio_status: Option<String>,
    /// Workers that carried it, by epoch.
    pub workers: BTreeMap<u64, WorkerId>,
    /// Turns stored.
    pub turns: u32,
    /// Times the caller interrupted.
    pub interruptions: u32,
    /// Times the agent's link was lost.
    pub agent_losses: u32,
    /// Times the caller was asked whether they are still there.
    pub silence_prompts: u32,
    /// Stream start → first agent audio.
    pub first_word_ms: Option<u64>,
    /// Largest wait for an answer.
    pub reply_gap_max_ms: Option<u64>,
    /// Sum of waits, for the mean.
    pub reply_gap_sum_ms: u64,
    /// Number of waits.
    pub reply_gaps: u32,
    /// What the provider billed.
    pub usage: Usage,
    /// Per source and epoch: events stored and, once known, how many there are.
    pub tally: BTreeMap<String, Tally>,
    /// Whether every event of every source that closed is here, and the call is closed.
    pub complete: bool,
}

/// How many events of one source and epoch are stored, and how many there should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Stored.
    pub seen: u64,
    /// Known from the closing event's sequence.
    pub expected: Option<u64>,
}

impl Cdr {
    /// A record of which nothing is known yet.
    pub fn new(call: CallId) -> Self {
        Self {
            call,
            company: None,
            agent: None,
            agent_version: None,
            direction: None,
            from: None,
            to: None,
            language: None,
            accepted_ms: None,
            answered_ms: None,
            ended_ms: None,
            duration_ms: None,
            end_reason: None,
            twilio_status: None,
            workers: BTreeMap::new(),
            turns: 0,
            interruptions: 0,
            agent_losses: 0,
            silence_prompts: 0,
            first_word_ms: None,
            reply_gap_max_ms: None,
            reply_gap_sum_ms: 0,
            reply_gaps: 0,
            usage: Usage::default(),
            tally: BTreeMap::new(),
            complete: false,
        }
    }

    /// The key of [`Cdr::tally`].
    pub fn tally_key(source: Source, epoch: crate::ids::Epoch) -> String {
        format!("{}:{epoch}", source.as_str())
    }
}

/// A turn as stored: the call's epoch tells parts of a resumed call apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTurn {
    /// Under which claim it was heard.
    pub epoch: u64,
    /// When it was recorded, milliseconds since 1970.
    pub at_ms: u64,
    /// The turn.
    pub turn: Turn,
}
