//! The one table of errors a tool call can have: what the model is told, and how the record counts it.
//!
//! Before it: everything that decides about or runs a tool. After it: [`crate::answer`]. Advice is for the model, in
//! English, and never holds what the caller said.

use call::ToolOutcome;
use serde_json::{Value, json};

/// Why a tool call did not answer well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The agent has no such tool, or it is turned off.
    UnknownTool,
    /// The arguments are no JSON or do not fit the tool's schema.
    InvalidArguments,
    /// It ran too often in this call or this minute.
    RateLimited,
    /// The caller has to agree first.
    ConfirmationNeeded,
    /// The same request is under way.
    AlreadyRunning,
    /// The request may or may not have taken effect.
    OutcomeUnknown,
    /// No answer in time; nothing was changed by asking.
    Timeout,
    /// The service cannot be reached, or has failed too often lately.
    Unavailable,
    /// The service answered that it could not.
    Failed,
    /// The service answered something that cannot be used.
    BadAnswer,
    /// The service, or Patchbay, does not allow it.
    Refused,
    /// There is no such thing.
    NotFound,
    /// The place is not on the company's list.
    NotListed,
    /// The place's number costs more than a call, or reaches where calls may not go.
    PremiumNumber,
    /// The place's number is none.
    InvalidNumber,
    /// The agent does not speak this language.
    NotSpoken,
    /// The person on the telephone cannot be sent a message.
    NotTextable,
}

/// Code as the model and the record see it, how the record counts it, and what the model is told to do.
const fn row(code: ErrorCode) -> (&'static str, ToolOutcome, &'static str) {
    use ErrorCode as E;
    use ToolOutcome::{Failed, Refused, TimedOut};
    match code {
        E::UnknownTool => ("unknown_tool", Refused, "There is no such tool. Go on without it."),
        E::InvalidArguments => {
            ("invalid_arguments", Refused, "Ask the caller for what is missing or wrong, then call the tool again.")
        }
        E::RateLimited => ("rate_limited", Refused, "It was used too often. Go on without it."),
        E::ConfirmationNeeded => (
            "confirmation_needed",
            Refused,
            "Nothing was done yet. Read these arguments back and ask the caller to agree. After the caller has agreed, \
             call the tool again with exactly the same arguments.",
        ),
        E::AlreadyRunning => ("already_running", Refused, "The same request is under way. Wait for its answer."),
        E::OutcomeUnknown => (
            "outcome_unknown",
            Failed,
            "It may or may not have been done, and it is not done again. Tell the caller so. A look-up or a person has \
             to check; do not repeat it.",
        ),
        E::Timeout => ("timeout", TimedOut, "It took too long. Nothing was changed; it may be tried again once."),
        E::Unavailable => ("unavailable", Failed, "The service cannot be reached at the moment. Tell the caller so."),
        E::Failed => ("failed", Failed, "The service could not do it. Tell the caller so."),
        E::BadAnswer => ("bad_answer", Failed, "The service's answer cannot be used. Tell the caller so."),
        E::Refused => ("refused", Failed, "It is not allowed. Do not try it another way."),
        E::NotFound => ("not_found", Failed, "There is no such entry. Check the spelling with the caller."),
        E::NotListed => ("not_listed", Refused, "Only the listed places can be chosen; numbers cannot be dialled."),
        E::PremiumNumber => ("premium_number", Refused, "Calls to this place are not allowed. Offer something else."),
        E::InvalidNumber => ("invalid_number", Refused, "This place cannot be called. Offer something else."),
        E::NotTextable => ("not_textable", Refused, "This caller cannot get text messages. Say it instead."),
        E::NotSpoken => ("not_spoken", Refused, "Go on in the language of the conversation."),
    }
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::UnknownTool,
        Self::InvalidArguments,
        Self::RateLimited,
        Self::ConfirmationNeeded,
        Self::AlreadyRunning,
        Self::OutcomeUnknown,
        Self::Timeout,
        Self::Unavailable,
        Self::Failed,
        Self::BadAnswer,
        Self::Refused,
        Self::NotFound,
        Self::NotListed,
        Self::PremiumNumber,
        Self::InvalidNumber,
        Self::NotSpoken,
        Self::NotTextable,
    ];

    /// As the model and the record see it.
    pub const fn as_str(self) -> &'static str {
        row(self).0
    }

    /// How the record counts it, where the occasion does not say more.
    pub const fn outcome(self) -> ToolOutcome {
        row(self).1
    }

    /// What the model is told to do.
    pub const fn advice(self) -> &'static str {
        row(self).2
    }
}

/// An error on its way to the model.
#[derive(Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) code: ErrorCode,
    pub(crate) outcome: ToolOutcome,
    details: Option<Value>,
    /// Why the guard did not let the request out, if it did not: for the log, not for the model.
    pub(crate) forbidden: Option<&'static str>,
}

/// Without the details: they may hold what was said.
impl std::fmt::Debug for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Problem").field("code", &self.code).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self { code, outcome: code.outcome(), details: None, forbidden: None }
    }
}

impl Problem {
    /// An error and more about it, for the model.
    pub(crate) fn new(code: ErrorCode, details: Value) -> Self {
        Self { details: Some(details), ..code.into() }
    }

    /// The same, counted differently.
    pub(crate) fn counted(self, outcome: ToolOutcome) -> Self {
        Self { outcome, ..self }
    }

    /// The guard did not let the request out.
    pub(crate) fn forbidden(why: &'static str) -> Self {
        Self { forbidden: Some(why), ..Self::from(ErrorCode::Refused).counted(ToolOutcome::Refused) }
    }

    /// Whether it tells against the service, and not against what was asked of it.
    pub(crate) fn blames_service(&self) -> bool {
        use ErrorCode as E;
        matches!(self.code, E::Unavailable | E::Timeout | E::OutcomeUnknown | E::BadAnswer)
    }

    /// What the model gets.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({"error": self.code.as_str(), "advice": self.code.advice()});
        if let Some(details) = &self.details {
            json["details"] = details.clone();
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_of_its_own_and_advice() {
        let codes: std::collections::BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| code.advice().ends_with('.')));
    }
}
