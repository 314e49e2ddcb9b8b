//! What the bus carries: an event of a call, who saw it, and which one it is.

use crate::ids::{AgentId, CallId, CompanyId, Epoch, StreamId, WorkerId};
use crate::private::PhoneNumber;
use call::CallEvent;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of [`Envelope`] this build writes. Readers accept every version up to it and newer ones they can parse.
pub const ENVELOPE_VERSION: u16 = 2;

/// Which event: the key under which it is stored exactly once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventKey {
    /// Of which call.
    pub call: CallId,
    /// Who saw it.
    pub source: Source,
    /// Under which claim of the call; 0 where there was none.
    pub epoch: Epoch,
    /// Counts from 0 within call, source and epoch, without gaps.
    pub sequence: u64,
}

/// The key as text, `CA…:worker:1764000000000:3`; the bus uses it to recognise repeats.
impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.call, self.source.as_str(), self.epoch, self.sequence)
    }
}

/// The three witnesses of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The gateway: webhooks, routing.
    Gateway,
    /// The worker that carried the call.
    Worker,
    /// Twilio's own callbacks.
    Twilio,
}

impl Source {
    /// Its name in keys and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
            Self::Twilio => "twilio",
        }
    }
}

/// An event on its way to the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of this shape.
    pub version: u16,
    /// Which event it is.
    pub key: EventKey,
    /// Whose call; `None` where no company could be found.
    pub company: Option<CompanyId>,
    /// When it was seen, milliseconds since 1970.
    pub at_ms: u64,
    /// W3C trace context of the call, `00-…`; empty when not traced.
    #[serde(default)]
    pub trace: String,
    /// What happened.
    pub event: Event,
}

impl Envelope {
    /// The subject it is published under: `pb.ev.{company}.{call}.{kind}`; `-` for no company.
    pub fn subject(&self) -> String {
        let company = self.company.as_ref().map_or("-", CompanyId::as_str);
        format!("pb.ev.{company}.{}.{}", self.key.call, self.event.kind())
    }
}

/// What happened, by who saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Event {
    /// Seen by the gateway.
    Gateway(GatewayEvent),
    /// Seen by the worker's call core.
    Worker(CallEvent),
    /// Said by Twilio.
    Twilio(TwilioEvent),
}

impl Event {
    /// The kind, one lower-case word with underscores, as it stands in the JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gateway(event) => event.kind(),
            Self::Worker(event) => worker_kind(event),
            Self::Twilio(event) => event.kind(),
        }
    }
}

fn worker_kind(event: &CallEvent) -> &'static str {
    match event {
        CallEvent::Answered { .. } => "answered",
        CallEvent::AgentReady { .. } => "agent_ready",
        CallEvent::FirstWord { .. } => "first_word",
        CallEvent::Turn(_) => "turn",
        CallEvent::Interrupted { .. } => "interrupted",
        CallEvent::ReplyGap { .. } => "reply_gap",
        CallEvent::SilencePrompted { .. } => "silence_prompted",
        CallEvent::AgentLost { .. } => "agent_lost",
        CallEvent::AgentRestored { .. } => "agent_restored",
        CallEvent::ReplyFailed { .. } => "reply_failed",
        CallEvent::AgentComplained { .. } => "agent_complained",
        CallEvent::ToolRun { .. } => "tool_run",
        CallEvent::Fact(_) => "fact",
        CallEvent::Configured { .. } => "configured",
        CallEvent::Used(_) => "used",
        CallEvent::Ended { .. } => "ended",
    }
}

/// What the gateway sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GatewayEvent {
    /// A call came in. Written before Twilio gets its answer.
    Accepted {
        /// Direction of the call.
        direction: Direction,
        /// Who calls.
        from: PhoneNumber,
        /// Who is called.
        to: PhoneNumber,
        /// The agent that answers; `None` for an unknown number.
        agent: Option<AgentId>,
        /// Version of its configuration.
        agent_version: Option<String>,
        /// BCP 47 language.
        language: Option<String>,
    },
    /// A worker was reserved.
    Assigned {
        /// Which.
        worker: WorkerId,
        /// How often the call was assigned before.
        resumes: u32,
    },
    /// The caller pressed a key of the menu, or none in time.
    Chosen {
        /// The key.
        key: Option<char>,
        /// The agent that answers.
        agent: AgentId,
        /// Version of its configuration.
        agent_version: String,
        /// BCP 47 language it begins in.
        language: String,
    },
    /// A place the call was sent to has been left.
    Returned {
        /// The claim under which the call was sent there.
        left: Epoch,
        /// `transfer`, `conference`, `queue` or `digits`.
        way: String,
        /// Name of the place.
        place: String,
        /// How it ended.
        outcome: PlaceOutcome,
        /// Connected time.
        talked_s: Option<u64>,
    },
    /// The caller heard a sentence instead of an agent.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

impl GatewayEvent {
    fn kind(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Assigned { .. } => "assigned",
            Self::Chosen { .. } => "chosen",
            Self::Returned { .. } => "returned",
            Self::Refused { .. } => "refused",
        }
    }
}

/// How a place a call was sent to ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceOutcome {
    /// Somebody talked to the caller; the call is over.
    Answered,
    /// Nobody answered in time.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// It could not be reached.
    Failed,
    /// The person called heard the briefing and did not take the call.
    Declined,
    /// The caller left: hung up, or went out of a queue.
    Left,
}

impl PlaceOutcome {
    /// Its name in columns and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Left => "left",
        }
    }
}

/// Direction of a call, seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They called us.
    Inbound,
    /// We called them.
    Outbound,
}

/// Why a caller did not reach an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No agent answers this number.
    UnknownNumber,
    /// The company in the path does not exist.
    UnknownCompany,
    /// Every worker is full, or there is none.
    NoCapacity,
    /// The company has its maximum of calls.
    CompanyFull,
    /// The call could not be resumed often enough.
    TooManyResumes,
    /// Something inside failed or took too long.
    Internal,
}

impl Refusal {
    /// Its name in columns, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownNumber => "unknown_number",
            Self::UnknownCompany => "unknown_company",
            Self::NoCapacity => "no_capacity",
            Self::CompanyFull => "company_full",
            Self::TooManyResumes => "too_many_resumes",
            Self::Internal => "internal",
        }
    }
}

/// What Twilio says by its callbacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TwilioEvent {
    /// The call's status changed. The event's sequence is Twilio's `SequenceNumber`.
    Status {
        /// `ringing`, `in-progress`, `completed`, `busy`, `failed`, `no-answer`, `canceled`.
        status: String,
        /// Seconds, on final states.
        duration_s: Option<u64>,
        /// SIP answer, on final states.
        sip_code: Option<u16>,
    },
    /// A media stream started, stopped or failed. Its sequence is derived from stream and event, so repeats are one.
    Stream {
        /// Which stream.
        stream: Option<StreamId>,
        /// `stream-started`, `stream-stopped`, `stream-error`.
        event: String,
        /// Twilio's error code when it can be found in the text, else 0.
        error_code: Option<u32>,
    },
}

impl TwilioEvent {
    fn kind(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Stream { .. } => "stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_survives_json() {
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            key: EventKey {
                call: CallId::parse("CA00000000000000000000000000000002").unwrap(),
                source: Source::Worker,
                epoch: Epoch(7),
                sequence: 3,
            },
            company: Some(CompanyId::parse("harbour").unwrap()),
            at_ms: 1,
            trace: String::new(),
            event: Event::Worker(CallEvent::FirstWord { after_ms: 90 }),
        };
        let json = serde_json::to_string(&envelope).unwrap();
        assert!(json.contains(r#""by":"worker","kind":"first_word""#), "{json}");
        assert_eq!(serde_json::from_str::<Envelope>(&json).unwrap(), envelope);
        assert_eq!(envelope.key.to_string(), "CA00000000000000000000000000000002:worker:7:3");
        assert_eq!(envelope.subject(), "pb.ev.harbour.CA00000000000000000000000000000002.first_word");
    }
}
