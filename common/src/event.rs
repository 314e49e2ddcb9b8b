//! What the bus carries: an event of a call, who saw it, and which one it is.

use crate::ids::{AgentId, AttemptId, CallId, CompanyId, Epoch, MessageId, RecordingId, StreamId, WorkerId};
use crate::private::PhoneNumber;
use call::CallEvent;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of [`Envelope`] this build writes. Readers accept every version up to it and newer ones they can parse.
pub const ENVELOPE_VERSION: u16 = 3;

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

/// The witnesses of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The gateway: webhooks, routing.
    Gateway,
    /// The worker that carried the call.
    Worker,
    /// Twilio's own callbacks.
    Twilio,
    /// The recording that a worker makes: it is stored after the call's part has ended.
    Tap,
    /// The recorder, after the call: its summary, its messages, what becomes of its recordings.
    Recorder,
}

impl Source {
    /// Its name in keys and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
            Self::Twilio => "twilio",
            Self::Tap => "tap",
            Self::Recorder => "recorder",
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
    /// Seen by the recording that a worker makes.
    Tap(TapEvent),
    /// Done by the recorder after the call.
    Recorder(RecorderEvent),
}

impl Event {
    /// The kind, one lower-case word with underscores, as it stands in the JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gateway(event) => event.kind(),
            Self::Worker(event) => worker_kind(event),
            Self::Twilio(event) => event.kind(),
            Self::Tap(event) => event.kind(),
            Self::Recorder(event) => event.kind(),
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
        CallEvent::Used { .. } => "used",
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
        /// For a call that we made: which try of which batch it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
    },
    /// A machine has answered a call that we made.
    Machine {
        /// Twilio's verdict: `machine_end_beep`, `fax`, ...
        answered_by: String,
        /// What was done.
        deed: MachineDeed,
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
            Self::Machine { .. } => "machine",
            Self::Assigned { .. } => "assigned",
            Self::Chosen { .. } => "chosen",
            Self::Returned { .. } => "returned",
            Self::Refused { .. } => "refused",
        }
    }
}

/// What was done when a machine answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineDeed {
    /// The agent goes on as if a person had answered.
    WentOn,
    /// The call was ended.
    HungUp,
    /// A message was spoken after the beep.
    LeftMessage,
}

impl MachineDeed {
    /// Its name in columns and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WentOn => "went_on",
            Self::HungUp => "hung_up",
            Self::LeftMessage => "left_message",
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
        /// For a call that we made: which try of which batch it is, by the callback's own address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
    },
    /// Who answered a call that we made, by the sound of it. Its sequence is derived, so repeats are one.
    AnsweredBy {
        /// `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax`, `unknown`.
        #[serde(rename = "answered_by")]
        by: String,
        /// How long it took to tell.
        after_ms: Option<u64>,
    },
    /// The state of a text message has changed. Its sequence is derived from message and status, so repeats are one.
    Message {
        /// Which.
        message: MessageId,
        /// `queued`, `sent`, `delivered`, `undelivered`, `failed`, ...
        status: String,
        /// Twilio's error code.
        error_code: Option<u32>,
    },
    /// The state of a recording that Twilio makes has changed. Its sequence is derived, so repeats are one.
    Recording {
        /// Which.
        recording: RecordingId,
        /// `in-progress`, `completed`, `absent`.
        status: String,
        /// Its length, when it is complete.
        duration_s: Option<u64>,
        /// 1 or 2.
        channels: Option<u8>,
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
            Self::AnsweredBy { .. } => "answered_by",
            Self::Message { .. } => "message",
            Self::Recording { .. } => "recording",
        }
    }
}

/// What becomes of the recording that a worker makes. One event a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TapEvent {
    /// It stands in the store of recordings.
    Stored {
        /// Which.
        recording: RecordingId,
        /// Its name in the store.
        place: String,
        /// When its first sample was heard, milliseconds since 1970.
        began_ms: u64,
        /// How long it is.
        length_ms: u64,
        /// How large.
        bytes: u64,
        /// How much of the length was not kept: paused, or the tap could not follow.
        silent_ms: u64,
    },
    /// It could not be kept.
    Lost {
        /// Which.
        recording: RecordingId,
        /// Why: `no_space`, `store_away`, `worker_stopped`.
        why: String,
    },
}

impl TapEvent {
    fn kind(&self) -> &'static str {
        match self {
            Self::Stored { .. } => "stored",
            Self::Lost { .. } => "lost",
        }
    }
}

/// What the recorder does after a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecorderEvent {
    /// A model was asked for the summary; it is billed even where its answer was of no use.
    Summarized {
        /// The model.
        model: String,
        /// What it billed.
        usage: call::Usage,
    },
    /// A text message was sent after the call.
    Messaged {
        /// The telephone network's id of it.
        message: MessageId,
        /// Name of its template.
        template: String,
        /// Country it went to, two capital letters; empty when unknown.
        country: String,
        /// Parts it was cut into.
        segments: u32,
    },
    /// A recording that Twilio made was fetched into the store of recordings.
    Fetched {
        /// Which.
        recording: RecordingId,
        /// Its name in the store.
        place: String,
        /// How large.
        bytes: u64,
    },
    /// A recording was deleted, here or at Twilio.
    Deleted {
        /// Which.
        recording: RecordingId,
        /// Why: `retention`, `refused`, `fetched`, `asked`.
        why: String,
    },
}

impl RecorderEvent {
    fn kind(&self) -> &'static str {
        match self {
            Self::Summarized { .. } => "summarized",
            Self::Messaged { .. } => "messaged",
            Self::Fetched { .. } => "fetched",
            Self::Deleted { .. } => "deleted",
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

    /// Fields of an event stand beside the words that say who tells it and what: none may be called as they are.
    #[test]
    fn no_field_of_an_event_hides_who_tells_it() {
        let used = CallEvent::Used {
            usage: call::Usage { audio_in: 1, ..Default::default() },
            by: Some(call::UsedBy { provider: "openai".into(), model: "gpt-realtime".into() }),
        };
        let message = MessageId::parse("SM1").unwrap();
        let recording = RecordingId::parse("RE1").unwrap();
        let events = [
            Event::Worker(used),
            Event::Twilio(TwilioEvent::AnsweredBy { by: "human".into(), after_ms: Some(1) }),
            Event::Twilio(TwilioEvent::Message { message, status: "sent".into(), error_code: None }),
            Event::Gateway(GatewayEvent::Machine { answered_by: "fax".into(), deed: MachineDeed::HungUp }),
            Event::Tap(TapEvent::Lost { recording: recording.clone(), why: "no_space".into() }),
            Event::Recorder(RecorderEvent::Deleted { recording, why: "asked".into() }),
            Event::Recorder(RecorderEvent::Summarized { model: "m".into(), usage: call::Usage::default() }),
        ];
        for event in events {
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
        }
    }
}
