//! How a request can end badly, and what that means for one that must not be repeated.

use crate::answer::{Source, wrapped};
use crate::errors::{ErrorCode, Problem};
use crate::guard::{self, Forbidden};
use call::ToolOutcome;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Most of what a service says about its own error that the model gets, in bytes of JSON.
const LONGEST_COMPLAINT: usize = 1_024;

/// Whether a request may be made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// It has an effect each time.
    Never,
}

/// How a request ended badly.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// There was no connection: nothing went out.
    NotSent,
    /// The guard did not allow it: nothing went out.
    Forbidden(&'static str),
    /// It went out; no whole answer came.
    Lost,
    /// The service answered something that is no use.
    Unusable(&'static str),
    /// The service answered with an error, and perhaps said more.
    Status(StatusCode, Option<Value>),
    /// It could not be made at all; no try mends that.
    Final(Problem),
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Final(problem)
    }
}

impl From<Forbidden> for Trouble {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden.0)
    }
}

impl From<&reqwest::Error> for Trouble {
    fn from(error: &reqwest::Error) -> Self {
        match guard::verdict(error) {
            Some(forbidden) => Self::Forbidden(forbidden.0),
            None if error.is_connect() || error.is_builder() => Self::NotSent,
            None => Self::Lost,
        }
    }
}

impl Trouble {
    /// Whether the same request may do better in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::NotSent => true,
            Self::Status(status, _) => matches!(status.as_u16(), 502..=504),
            Self::Forbidden(_) | Self::Lost | Self::Unusable(_) | Self::Final(_) => false,
        }
    }

    /// What the model is told. After a request that must not be repeated, whatever leaves its effect open is said to.
    pub(crate) fn problem(self, repeat: Repeat) -> Problem {
        let unless_open = |code: ErrorCode| match repeat {
            Repeat::Safe => code.into(),
            Repeat::Never => ErrorCode::OutcomeUnknown.into(),
        };
        match self {
            Self::Final(problem) => problem,
            Self::NotSent => ErrorCode::Unavailable.into(),
            Self::Forbidden(why) => Problem::forbidden(why),
            Self::Lost => unless_open(ErrorCode::Unavailable),
            Self::Unusable(_) => unless_open(ErrorCode::BadAnswer),
            Self::Status(status, said) => match status.as_u16() {
                // A redirect may follow an effect; it is not followed itself.
                300..=399 => unless_open(ErrorCode::BadAnswer),
                401 | 403 | 407 => ErrorCode::Refused.into(),
                404 | 410 => complaint(ErrorCode::NotFound, status, said),
                408 | 500 | 502 | 504 => unless_open(ErrorCode::Unavailable),
                429 => Problem::from(ErrorCode::RateLimited).counted(ToolOutcome::Failed),
                503 => ErrorCode::Unavailable.into(),
                _ => complaint(ErrorCode::Failed, status, said),
            },
        }
    }
}

fn complaint(code: ErrorCode, status: StatusCode, said: Option<Value>) -> Problem {
    let mut details = json!({"status": status.as_u16()});
    if let Some(said) = said.filter(|said| !said.is_null() && said.to_string().len() <= LONGEST_COMPLAINT) {
        details["answer"] = wrapped(said, Source::Outside);
    }
    Problem::new(code, details)
}
