//! What one session received, sent and was told, and when: one half of the truth about a call.
//!
//! Audio is kept as fingerprints, of the base64 that a telephone's message of the same audio carries: what the telephone
//! sent in a frame of 20 ms has the same fingerprint here if it was passed on whole.

use std::time::Instant;

use serde_json::Value;

use super::codes::{ErrorCode, WarningCode};
use crate::provider::truth::{DeltaOut, PieceIn};

/// Why something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The greeting of the settings.
    Greeting,
    /// The script's answer to the caller or to a function.
    Reply,
    /// An `InjectAgentMessage`.
    Injected,
}

/// One thing the agent said.
#[derive(Clone, Debug)]
pub struct AnswerOut {
    /// Why.
    pub source: Source,
    /// All its words, said or not.
    pub text: String,
    /// Bytes of audio it consists of.
    pub whole_bytes: usize,
    /// Bytes of audio sent so far.
    pub sent_bytes: usize,
    /// When the caller, or another message, cut it short.
    pub interrupted_at: Option<Instant>,
    /// When `AgentAudioDone` was sent.
    pub done_at: Option<Instant>,
}

/// One function asked for.
#[derive(Clone, Debug)]
pub struct CallOut {
    /// When.
    pub at: Instant,
    /// Its id.
    pub id: String,
    /// The function.
    pub name: String,
    /// Its arguments, JSON in a string.
    pub arguments: String,
    /// Whether the client has to answer.
    pub client_side: bool,
    /// When it was answered.
    pub answered_at: Option<Instant>,
    /// When it was cancelled.
    pub cancelled_at: Option<Instant>,
}

/// What a `FunctionCallResponse` was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// The answer that was awaited.
    Awaited,
    /// The call had been answered.
    Repeated,
    /// The call had been cancelled.
    Cancelled,
    /// Nothing of the kind was asked of the client.
    Unasked,
}

/// One `FunctionCallResponse`.
#[derive(Clone, Debug)]
pub struct ResponseIn {
    /// When.
    pub at: Instant,
    /// The id it names.
    pub id: String,
    /// The function it names.
    pub name: String,
    /// What the function found.
    pub content: String,
    /// What it was worth.
    pub worth: Worth,
}

/// One update, injection or other wish of the client, as received.
#[derive(Clone, Debug)]
pub struct WishIn {
    /// When.
    pub at: Instant,
    /// Its type.
    pub kind: &'static str,
    /// The whole message.
    pub message: Value,
}

/// Everything one session knows of its call.
#[derive(Clone, Debug, Default)]
pub struct SessionTruth {
    /// Which session of the provider this is.
    pub number: u32,
    /// What `Welcome` called it.
    pub request_id: String,
    /// Which call it served, by the watermark in the caller's first frame.
    pub call: Option<u64>,
    /// The `Settings` as received.
    pub settings: Option<Value>,
    /// The history they carried: a conversation the client restored.
    pub context: Vec<Value>,
    /// When `SettingsApplied` was sent: audio is taken from here on.
    pub ready_at: Option<Instant>,
    /// When the socket ended.
    pub closed_at: Option<Instant>,
    /// The prompt in force.
    pub prompt: String,
    /// The caller's audio, in the order received.
    pub pieces: Vec<PieceIn>,
    /// When each `UserStartedSpeaking` was sent.
    pub speech_started: Vec<Instant>,
    /// Words of the caller that were written down, and when they were sent.
    pub heard: Vec<(Instant, String)>,
    /// What the agent said, in order.
    pub answers: Vec<AnswerOut>,
    /// Binary frames sent, in order; `item` is an index into `answers`.
    pub deltas: Vec<DeltaOut>,
    /// Functions asked for, in order.
    pub calls: Vec<CallOut>,
    /// Answers of functions received.
    pub responses: Vec<ResponseIn>,
    /// Updates and injections received.
    pub wishes: Vec<WishIn>,
    /// Injections refused.
    pub injections_refused: u32,
    /// `KeepAlive`s received.
    pub keep_alives: u32,
    /// Errors sent to the client.
    pub errors: Vec<ErrorCode>,
    /// Warnings sent to the client.
    pub warnings: Vec<WarningCode>,
    /// What the client did against the protocol, in words; also what the wire has no answer for.
    pub violations: Vec<String>,
}

impl SessionTruth {
    /// Calls of the client that were neither answered nor cancelled.
    pub fn open_calls(&self) -> impl Iterator<Item = &CallOut> {
        self.calls.iter().filter(|call| call.client_side && call.answered_at.is_none() && call.cancelled_at.is_none())
    }

    /// The wishes of one type, in order.
    pub fn wishes_of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.wishes.iter().filter(move |wish| wish.kind == kind).map(|wish| &wish.message)
    }
}
