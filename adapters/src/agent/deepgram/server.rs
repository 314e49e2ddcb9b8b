//! What the server says: the one table of message types.
//!
//! Most messages by number are reports of latency, so the type is read first, and the rest only of what is of use. Every
//! field may be missing or `null`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// The frame is not a message.
#[derive(Debug)]
pub(super) struct Unreadable;

/// What a message is about, as far as the call cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Welcome,
    Applied,
    CallerStarted,
    CallerStopped,
    Said,
    /// The agent works on an answer.
    Answering,
    AudioDone,
    Requested,
    Cancelled,
    WishRefused,
    ThinkUpdated,
    SpeakUpdated,
    ListenUpdated,
    Warning,
    Error,
    /// Known, and nothing to tell the call.
    Nothing,
    Unknown,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "Welcome" => Self::Welcome,
            "SettingsApplied" => Self::Applied,
            "UserStartedSpeaking" => Self::CallerStarted,
            "EndOfTurn" => Self::CallerStopped,
            "ConversationText" => Self::Said,
            "AgentThinking" | "AgentStartedSpeaking" => Self::Answering,
            "AgentAudioDone" => Self::AudioDone,
            "FunctionCallRequest" => Self::Requested,
            "FunctionCallCancelled" => Self::Cancelled,
            "InjectionRefused" => Self::WishRefused,
            "ThinkUpdated" => Self::ThinkUpdated,
            "SpeakUpdated" => Self::SpeakUpdated,
            "ListenUpdated" => Self::ListenUpdated,
            "Warning" => Self::Warning,
            "Error" => Self::Error,
            // `History` repeats texts and functions for those who keep it; the call keeps its own, of what was heard.
            // `FunctionCallResponse` is about functions the server runs itself, of which none is configured. The others
            // answer messages that are never sent.
            "History"
            | "LatencyReport"
            | "FunctionCallResponse"
            | "PromptUpdated"
            | "ThinkLiveUpdated"
            | "FrustrationDetected" => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

/// Reads a text frame.
pub(super) fn read(frame: &Bytes) -> Result<(Kind, Value), Unreadable> {
    let Typed { r#type } = parse(frame)?;
    match Kind::of(&r#type) {
        kind @ (Kind::Nothing | Kind::Unknown) => Ok((kind, Value::Null)),
        kind => Ok((kind, parse(frame)?)),
    }
}

fn parse<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(frame).map_err(|_| Unreadable)
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}
