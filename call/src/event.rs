//! What the world may know of a call. Events carry no ids: the envelope around them does.

use crate::{LinkFault, NextStep, Spoken};
use serde::{Deserialize, Serialize};

/// Something worth recording. All times are milliseconds since the call was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallEvent {
    /// The media stream has started.
    Answered {
        /// Whether another worker had this call before.
        resumed: Resumed,
    },
    /// The agent's link is ready.
    AgentReady {
        /// When.
        at_ms: u64,
    },
    /// The first agent audio of the call was passed to the line.
    FirstWord {
        /// From the start of the stream.
        after_ms: u64,
    },
    /// Somebody's words, as they were heard. Published once, when they are final.
    Turn(Turn),
    /// The caller spoke while the agent was being heard.
    Interrupted {
        /// When.
        at_ms: u64,
        /// How much of the utterance was heard.
        heard_ms: u64,
        /// How much audio was thrown away unheard.
        cleared_ms: u64,
    },
    /// How long the caller waited for an answer: caller stopped → first agent audio passed.
    ReplyGap {
        /// The gap.
        gap_ms: u64,
    },
    /// The caller was asked whether they are still there.
    SilencePrompted {
        /// When.
        at_ms: u64,
    },
    /// The agent's link was lost.
    AgentLost {
        /// When.
        at_ms: u64,
        /// Why.
        fault: LinkFault,
    },
    /// The agent is back, with the conversation.
    AgentRestored {
        /// When.
        at_ms: u64,
        /// How long it was away.
        gap_ms: u64,
        /// How many times was dialled.
        attempts: u32,
    },
    /// An answer failed at the provider.
    ReplyFailed {
        /// When.
        at_ms: u64,
    },
    /// The provider reported an error that left the session open.
    AgentComplained {
        /// The provider's code.
        code: String,
    },
    /// A tool was run.
    ToolRun {
        /// The provider's name of the tool call.
        #[serde(default)]
        call: String,
        /// The tool's name.
        name: String,
        /// From asking to answer.
        took_ms: u64,
        /// How it ended.
        outcome: ToolOutcome,
        /// The typed error the model was given.
        #[serde(default)]
        error: Option<String>,
        /// Arguments and output, where the record may keep them.
        #[serde(default)]
        kept: Option<Kept>,
    },
    /// Something a tool did that the record is to know.
    Fact(Fact),
    /// From now on the agent speaks with this configuration.
    Configured {
        /// When.
        at_ms: u64,
        /// Version of the agent's configuration.
        version: String,
        /// BCP 47 language of the conversation.
        language: String,
    },
    /// What a provider billed.
    Used {
        /// How much of what.
        #[serde(flatten)]
        usage: Usage,
        /// Whose price applies; the core does not know, its driver says.
        #[serde(default, rename = "used_by", skip_serializing_if = "Option::is_none")]
        by: Option<UsedBy>,
    },
    /// The last event of this worker's part of the call.
    Ended {
        /// Why.
        reason: EndReason,
        /// When.
        at_ms: u64,
        /// Where the call went, when it did not end.
        next: Option<NextStep>,
        /// Inputs that made no sense and were ignored.
        ignored: u32,
    },
}

/// Whether a stream begins a conversation or goes on with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resumed {
    /// A new call.
    No,
    /// Another worker had it before.
    Yes,
    /// The caller was to be put through and nobody answered.
    NobodyAnswered,
    /// Keys were sent to the other side.
    DigitsSent,
}

/// How a tool run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It answered.
    Answered,
    /// It did not answer in time.
    TimedOut,
    /// Nobody waits for it any more: the call ended, or the provider took it back.
    Cancelled,
    /// It answered with an error.
    Failed,
    /// It was not run: wrong arguments, not allowed, not confirmed.
    Refused,
}

/// Arguments and output of a tool as the record keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// JSON as the model wrote it.
    pub arguments: Spoken,
    /// JSON as the model got it.
    pub output: Spoken,
}

/// Something a tool did that the record is to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A ticket was opened.
    Ticket {
        /// Its number, told to the caller: unique.
        number: String,
        /// `low`, `normal`, `high` or `urgent`.
        priority: String,
        /// What it is about, one word of the company's.
        category: String,
        /// One line.
        subject: Spoken,
        /// All of it.
        details: Spoken,
    },
    /// A text message was sent to the person on the telephone.
    Message {
        /// The telephone network's id of it.
        message: String,
        /// Name of its template.
        template: String,
        /// Country it went to, two capital letters; empty when unknown.
        country: String,
        /// Parts it was cut into: each has its price.
        segments: u32,
    },
    /// The person on the telephone does not want to be called again.
    OptedOut,
    /// The recording of the call began, rested or ended.
    Recording {
        /// Which.
        state: RecordingState,
    },
    /// The agent wanted something it may not do; a person should know.
    Refused {
        /// What: a tool's name.
        what: String,
        /// Why, as a typed error: `not_listed`, `premium_number`, ...
        why: String,
    },
}

/// What becomes of a recording while the call lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// It is kept from now on.
    Started,
    /// Nothing is kept until it goes on; the silence keeps its length.
    Paused,
    /// It goes on.
    Resumed,
    /// Nothing more is kept; what was kept stays.
    Stopped,
    /// The caller does not want to be recorded: nothing more is kept, and what was kept is deleted.
    Refused,
}

/// Somebody's words, as they were heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Position in the conversation, from 1, in the order heard. Numbers may be skipped: a noise takes one and says nothing.
    pub number: u32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was heard of it; `None` when the caller's words could not be transcribed.
    pub text: Option<Spoken>,
    /// When it began to be heard.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: u64,
    /// How much of it was heard.
    pub heard: Heard,
    /// Version of the configuration the agent spoke with; `None` for the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person on the telephone.
    Caller,
    /// The voice agent.
    Agent,
}

/// How much of a turn was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// All of it.
    Whole,
    /// Its beginning: the caller interrupted, or the call ended.
    Part {
        /// Milliseconds of audio heard.
        heard_ms: u64,
        /// Milliseconds of audio generated.
        of_ms: u64,
    },
}

/// What a provider billed, by class. Cached tokens are part of the input tokens of their class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Text tokens in.
    pub text_in: u64,
    /// Of these, cached.
    pub text_cached: u64,
    /// Audio tokens in.
    pub audio_in: u64,
    /// Of these, cached.
    pub audio_cached: u64,
    /// Text tokens out.
    pub text_out: u64,
    /// Audio tokens out.
    pub audio_out: u64,
    /// Tokens of the caller's transcription.
    pub transcription: u64,
    /// Milliseconds of connected or transcribed time, where a provider bills time.
    pub billed_ms: u64,
}

impl Usage {
    /// The sum of both.
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            text_in: self.text_in + other.text_in,
            text_cached: self.text_cached + other.text_cached,
            audio_in: self.audio_in + other.audio_in,
            audio_cached: self.audio_cached + other.audio_cached,
            text_out: self.text_out + other.text_out,
            audio_out: self.audio_out + other.audio_out,
            transcription: self.transcription + other.transcription,
            billed_ms: self.billed_ms + other.billed_ms,
        }
    }
}

/// Whose price a usage has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBy {
    /// The provider's name: `openai`, `deepgram`, `scripted`.
    pub provider: String,
    /// The provider's model.
    pub model: String,
}

/// Why a worker's part of a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The caller hung up, or the telephone network stopped the stream.
    CallerHungUp,
    /// The agent said goodbye.
    AgentHungUp,
    /// An operator ended it.
    OperatorHungUp,
    /// Nobody spoke for too long.
    Silence,
    /// The call reached its maximum length.
    TimeLimit,
    /// The call cost as much as it may.
    Budget,
    /// No voice agent could be reached.
    AgentUnavailable,
    /// The line's socket broke without a word.
    LineLost,
    /// The call goes on elsewhere.
    Moved,
    /// A newer epoch owns the call.
    Fenced,
    /// The worker had to stop.
    WorkerStopped,
}

impl EndReason {
    /// The name stored and shown, for example `caller_hung_up`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller_hung_up",
            Self::AgentHungUp => "agent_hung_up",
            Self::OperatorHungUp => "operator_hung_up",
            Self::Silence => "silence",
            Self::TimeLimit => "time_limit",
            Self::Budget => "budget",
            Self::AgentUnavailable => "agent_unavailable",
            Self::LineLost => "line_lost",
            Self::Moved => "moved",
            Self::Fenced => "fenced",
            Self::WorkerStopped => "worker_stopped",
        }
    }
}
