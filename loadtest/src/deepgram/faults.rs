//! What can be made to go wrong, each with its probability or its time. Nothing goes wrong unless asked for.

use std::time::Duration;

use super::codes::{ErrorCode, WarningCode};
use crate::provider::faults::{Chance, Ending};

/// The moment of a session at which something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Right after `Welcome`.
    Welcome,
    /// Instead of `SettingsApplied`.
    Settings,
    /// Right after `SettingsApplied`.
    Applied,
    /// When the caller starts to speak.
    Listening,
    /// After the caller's turn, before any audio.
    BeforeAudio,
    /// In the middle of an answer's audio.
    MidAudio,
    /// While a function's answer is awaited.
    Calling,
    /// Right after `AgentAudioDone`.
    Answered,
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An `Error`, and the socket is closed.
    Error(ErrorCode),
    /// A `Warning`, and the session goes on.
    Warning(WarningCode),
    /// The socket ends without an `Error`.
    Close(Ending),
}

/// A failure in some phase.
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// Probability each time the phase is reached.
    pub chance: Chance,
    /// When.
    pub phase: Phase,
    /// What.
    pub failure: Failure,
}

impl Break {
    /// A failure that comes every time.
    #[must_use]
    pub const fn always(phase: Phase, failure: Failure) -> Self {
        Self { chance: Chance::ALWAYS, phase, failure }
    }
}

/// Everything that can be made to go wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The connection is dropped before a byte is answered.
    pub refuse: Chance,
    /// The upgrade is answered with this HTTP status instead (401, 429, 500, 503, ...).
    pub upgrade: Option<(Chance, u16)>,
    /// The upgrade takes this long.
    pub upgrade_delay: Duration,
    /// Failures in chosen phases.
    pub breaks: Vec<Break>,
    /// `SettingsApplied` never comes.
    pub applied_missing: Chance,
    /// This long nothing happens before an answer's first audio, but complaints about the model.
    pub stall_before_audio: Option<(Chance, Duration)>,
    /// This long nothing happens in the middle of an answer's audio.
    pub stall_in_audio: Option<(Chance, Duration)>,
    /// `UserStartedSpeaking` although nobody spoke, in the middle of an answer; no words follow.
    pub false_speech: Chance,
    /// The end of a turn is not noticed before `eot_timeout_ms` of silence.
    pub timeout_turns: Chance,
    /// A caller who seemed to have finished goes on 200 to 600 ms later: speculative calls are cancelled.
    pub resumed_speech: Chance,
    /// A `FunctionCallRequest` comes twice.
    pub duplicate_calls: Chance,
    /// A function with an endpoint fails: a `Warning` instead of its answer.
    pub server_function_failed: Chance,
    /// `AgentAudioDone` does not come although nobody interrupted.
    pub done_missing: Chance,
    /// Before a message, one of a type nobody knows.
    pub unknown_messages: Chance,
    /// A message carries fields nobody knows.
    pub unknown_fields: Chance,
    /// The words of an answer are followed by 64 KiB of text.
    pub huge_text: Chance,
    /// This long the service does not read between two reads: the peer's socket fills up.
    pub slow_reader: Duration,
}
