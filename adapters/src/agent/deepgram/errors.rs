//! Which faults matter. Every `Error` ends the session; the socket closes after it with a code that says nothing.
//! <https://developers.deepgram.com/docs/voice-agent-errors-warnings> (read 2026-11)

use call::LinkFault;

/// What an `Error` of this code means.
pub(super) fn judge(code: &str) -> LinkFault {
    match code {
        // The configuration, or a message of ours, will be refused again.
        "UNPARSABLE_CLIENT_MESSAGE"
        | "INVALID_SETTINGS"
        | "INVALID_AGENT_ID"
        | "AGENT_ID_NOT_SUPPORTED"
        | "SETTINGS_ALREADY_APPLIED"
        | "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS"
        | "BINARY_MESSAGE_BEFORE_SETTINGS"
        | "USER_AUDIO_FORMAT" => LinkFault::Refused,
        "MAXIMUM_SESSION_LENGTH_REACHED" => LinkFault::Expired,
        _ => LinkFault::Broken,
    }
}

/// What a close code means when no `Error` came before it; `None` is a socket that broke.
pub(super) fn closed(code: Option<u16>) -> LinkFault {
    match code {
        Some(1008) => LinkFault::Refused,
        Some(1013) => LinkFault::Busy,
        _ => LinkFault::Broken,
    }
}

/// What a `Warning` of this code means to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Warned {
    /// What the agent was asked to say was not taken.
    WishRefused,
    /// Of no use to anybody.
    Nothing,
    /// To be recorded.
    Complaint,
}

/// Judges a `Warning`.
pub(super) fn warned(code: &str) -> Warned {
    match code {
        "INJECT_AGENT_MESSAGE_DURING_USER_SPEECH" | "INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH" => Warned::WishRefused,
        "VOICE_PROMPT_ADDED" => Warned::Nothing,
        _ => Warned::Complaint,
    }
}
