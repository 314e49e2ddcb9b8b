//! The codes of `Error` and `Warning`, each with the words that come with it.
//!
//! An `Error` ends the session, a `Warning` does not.

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its own text")]
pub enum ErrorCode {
    AgentIdNotSupported,
    AsrConnectionClosed,
    AsrDriverTimeout,
    BinaryMessageBeforeSettings,
    ClientMessageTimeout,
    FailedToSpeak,
    FailedToStartListening,
    FailedToThink,
    InternalServerError,
    InvalidAgentId,
    InvalidSettings,
    MaximumSessionLengthReached,
    NonExistentFunctionCalled,
    NonSettingsMessageBeforeSettings,
    ServerGoingAway,
    SettingsAlreadyApplied,
    UnparsableClientMessage,
    UserAudioFormat,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 18] = [
        Self::AgentIdNotSupported,
        Self::AsrConnectionClosed,
        Self::AsrDriverTimeout,
        Self::BinaryMessageBeforeSettings,
        Self::ClientMessageTimeout,
        Self::FailedToSpeak,
        Self::FailedToStartListening,
        Self::FailedToThink,
        Self::InternalServerError,
        Self::InvalidAgentId,
        Self::InvalidSettings,
        Self::MaximumSessionLengthReached,
        Self::NonExistentFunctionCalled,
        Self::NonSettingsMessageBeforeSettings,
        Self::ServerGoingAway,
        Self::SettingsAlreadyApplied,
        Self::UnparsableClientMessage,
        Self::UserAudioFormat,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// The description on the wire.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::AgentIdNotSupported => ("AGENT_ID_NOT_SUPPORTED", "Stored configurations are not supported here."),
            Self::AsrConnectionClosed => ("ASR_CONNECTION_CLOSED", "The speech-to-text connection closed."),
            Self::AsrDriverTimeout => ("ASR_DRIVER_TIMEOUT", "No transcript arrived in time."),
            Self::BinaryMessageBeforeSettings => {
                ("BINARY_MESSAGE_BEFORE_SETTINGS", "A binary message arrived before Settings.")
            }
            Self::ClientMessageTimeout => {
                ("CLIENT_MESSAGE_TIMEOUT", "No message was received from the client in time.")
            }
            Self::FailedToSpeak => ("FAILED_TO_SPEAK", "All speak providers failed."),
            Self::FailedToStartListening => ("FAILED_TO_START_LISTENING", "The listen connection could not be opened."),
            Self::FailedToThink => ("FAILED_TO_THINK", "All think providers failed."),
            Self::InternalServerError => ("INTERNAL_SERVER_ERROR", "An internal server error occurred."),
            Self::InvalidAgentId => ("INVALID_AGENT_ID", "The stored agent configuration was not found."),
            Self::InvalidSettings => ("INVALID_SETTINGS", "The settings are not valid."),
            Self::MaximumSessionLengthReached => {
                ("MAXIMUM_SESSION_LENGTH_REACHED", "The session reached its maximum length.")
            }
            Self::NonExistentFunctionCalled => ("NON_EXISTENT_FUNCTION_CALLED", "The function is not defined."),
            Self::NonSettingsMessageBeforeSettings => {
                ("NON_SETTINGS_MESSAGE_BEFORE_SETTINGS", "A message arrived before Settings.")
            }
            Self::ServerGoingAway => ("SERVER_GOING_AWAY", "The server is shutting down."),
            Self::SettingsAlreadyApplied => ("SETTINGS_ALREADY_APPLIED", "Settings were already applied."),
            Self::UnparsableClientMessage => ("UNPARSABLE_CLIENT_MESSAGE", "The client message could not be parsed."),
            Self::UserAudioFormat => ("USER_AUDIO_FORMAT", "The audio does not match the declared format."),
        }
    }
}

/// What the client is told while the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its own text")]
pub enum WarningCode {
    ForceEndTurnUnsupported,
    FunctionCallFailed,
    Gpt4oStreamEndError,
    InjectAgentMessageDuringAgentSpeech,
    InjectAgentMessageDuringUserSpeech,
    MaximumSessionLengthApproaching,
    PromptTooLong,
    SlowSpeakRequest,
    SlowThinkRequest,
    SpeakRequestFailed,
    ThinkRequestFailed,
    VoicePromptAdded,
}

impl WarningCode {
    /// The code on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// The description on the wire.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ForceEndTurnUnsupported => {
                ("FORCE_END_TURN_UNSUPPORTED", "ForceEndTurn needs a Flux listen provider.")
            }
            Self::FunctionCallFailed => ("FUNCTION_CALL_FAILED", "A function call failed."),
            Self::Gpt4oStreamEndError => ("GPT_4O_STREAM_END_ERROR", "The stream of the language model ended badly."),
            Self::InjectAgentMessageDuringAgentSpeech => {
                ("INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH", "InjectAgentMessage was ignored during agent speech.")
            }
            Self::InjectAgentMessageDuringUserSpeech => {
                ("INJECT_AGENT_MESSAGE_DURING_USER_SPEECH", "InjectAgentMessage was ignored during user speech.")
            }
            Self::MaximumSessionLengthApproaching => {
                ("MAXIMUM_SESSION_LENGTH_APPROACHING", "The session will close in five minutes.")
            }
            Self::PromptTooLong => ("PROMPT_TOO_LONG", "The prompt was too long and was truncated."),
            Self::SlowSpeakRequest => ("SLOW_SPEAK_REQUEST", "We have now waited 5 seconds for a speak response."),
            Self::SlowThinkRequest => ("SLOW_THINK_REQUEST", "We have now waited 5 seconds for a think response."),
            Self::SpeakRequestFailed => ("SPEAK_REQUEST_FAILED", "A speak provider request failed."),
            Self::ThinkRequestFailed => ("THINK_REQUEST_FAILED", "A think provider request failed."),
            Self::VoicePromptAdded => {
                ("VOICE_PROMPT_ADDED", "Spoken-style instructions were placed before the prompt.")
            }
        }
    }
}
