//! The call detail record: one row a call, whatever was seen of it, in whatever order.

use crate::costs::Costs;
use crate::event::{Direction, MachineDeed, Source};
use crate::ids::{AgentId, AttemptId, CallId, CompanyId, RecordingId, WorkerId};
use crate::private::PhoneNumber;
use call::{Turn, Usage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Tools run.
    pub tools: u32,
    /// Places it was sent to.
    pub transfers: u32,
    /// Stream start → first agent audio.
    pub first_word_ms: Option<u64>,
    /// Largest wait for an answer.
    pub reply_gap_max_ms: Option<u64>,
    /// Sum of waits, for the mean.
    pub reply_gap_sum_ms: u64,
    /// Number of waits.
    pub reply_gaps: u32,
    /// What the providers billed.
    pub usage: Usage,
    /// What it cost, part by part.
    #[serde(default)]
    pub costs: Costs,
    /// For a call that we made: which try of which batch it was.
    #[serde(default)]
    pub attempt: Option<AttemptId>,
    /// Who answered a call that we made, by Twilio's verdict: `human`, `machine_end_beep`, ...
    #[serde(default)]
    pub answered_by: Option<String>,
    /// What was done when a machine answered.
    #[serde(default)]
    pub machine: Option<MachineDeed>,
    /// Text messages sent.
    #[serde(default)]
    pub messages: u32,
    /// Recordings made, deleted ones too.
    #[serde(default)]
    pub recordings: u32,
    /// Per source and epoch: events stored and, once known, how many there are.
    pub tally: BTreeMap<String, Tally>,
    /// Whether every event of every source that closed is here, and the call is closed.
    pub complete: bool,
    /// What the fold remembers beside the answer. For the fold only.
    #[serde(default)]
    pub evidence: Evidence,
}

/// What the fold must remember so that the order of events does not matter: the words behind an answer that a later
/// event may still change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Twilio's word on the length of the call.
    pub twilio_duration_ms: Option<u64>,
    /// The last word on the end of the call from a worker or the gateway.
    pub closing: Option<Closing>,
    /// The part of the call whose first word is known; the earliest counts.
    pub first_word_epoch: Option<u64>,
    /// Whether Twilio said that a media stream started, so that a worker must have something to tell.
    pub streamed: bool,
    /// Who was to answer, by the webhook, once a later word stands over it; until then the columns say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
    /// Who was to answer, by the caller's choice from a menu; the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Configured>,
    /// How the agent speaks, by the last word of a worker; of the same claim it stands over the caller's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured: Option<Configured>,
    /// The claims under which the call left for a place.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<u64>,
    /// The media streams, by claim: each is billed by itself.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub streams: BTreeMap<u64, Streamed>,
    /// The recordings, each once, whoever speaks of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub recordings: BTreeMap<RecordingId, Recorded>,
    /// When Twilio first said who answered; looking for a machine is billed once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by_ms: Option<u64>,
}

/// When a media stream ran, milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Streamed {
    /// It began.
    pub began_ms: Option<u64>,
    /// Its worker said that it was over.
    pub ended_ms: Option<u64>,
}

/// A recording, as far as it costs something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recorded {
    /// Its length, where Twilio made it.
    pub length_ms: Option<u64>,
    /// When Twilio said that it is complete.
    pub completed_ms: Option<u64>,
}

/// The webhook's word on who answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The agent.
    pub agent: Option<AgentId>,
    /// Version of its configuration.
    pub version: Option<String>,
    /// Language of the conversation.
    pub language: Option<String>,
}

/// A later word on who answers, or how. The greatest by epoch and sequence counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Configured {
    /// Under which claim.
    pub epoch: u64,
    /// Sequence of the event.
    pub sequence: u64,
    /// The agent; `None` for the one that answers already.
    pub agent: Option<AgentId>,
    /// Version of the agent's configuration.
    pub version: String,
    /// Language of the conversation.
    pub language: String,
}

/// A worker's or the gateway's word on the end of the call. The greatest by epoch, source and sequence counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Under which claim.
    pub epoch: u64,
    /// Who said it.
    pub source: Source,
    /// Sequence of the event.
    pub sequence: u64,
    /// Why the part ended.
    pub reason: String,
    /// Whether the part left for a place where somebody else may talk to the caller.
    #[serde(default)]
    pub left_for: LeftFor,
}

/// Where a part of a call left for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftFor {
    /// Nowhere, or another worker.
    #[default]
    Nowhere,
    /// Somebody else, a queue, a conference; or keys were sent.
    Place,
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
    /// What [`Cdr::end_reason`] says while the call goes on.
    pub const OPEN: &'static str = "open";

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
            tools: 0,
            transfers: 0,
            first_word_ms: None,
            reply_gap_max_ms: None,
            reply_gap_sum_ms: 0,
            reply_gaps: 0,
            usage: Usage::default(),
            costs: Costs::default(),
            attempt: None,
            answered_by: None,
            machine: None,
            messages: 0,
            recordings: 0,
            tally: BTreeMap::new(),
            complete: false,
            evidence: Evidence::default(),
        }
    }

    /// Whether the call goes on, as far as is known.
    pub fn is_open(&self) -> bool {
        self.end_reason.as_deref().is_none_or(|reason| reason == Self::OPEN)
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
