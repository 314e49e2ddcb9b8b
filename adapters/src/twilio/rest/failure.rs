//! Why a try failed, whether it may be repeated, and what it means in the end.
//!
//! The one rule behind it: what was sent and not properly answered is [`TelephoneError::Away`] where it only read, and
//! [`TelephoneError::Unknown`] where it may have changed something.
//!
//! Twilio's error bodies: `{code, message, more_info, status}`, and RFC 9457 problem documents in newer APIs:
//! <https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions> (read 2026-11). Their `message` and
//! `detail` may hold numbers: they are never read.

use super::exchange::Effect;
use crate::twilio::advice::advice;
use common::ports::TelephoneError;
use reqwest::StatusCode;
use serde_json::Value;
use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

/// "The requested resource was not found": also what ending a call that is over gives.
const NOT_FOUND: u32 = 20_404;
/// "Call is not in-progress."
const NOT_IN_PROGRESS: u32 = 21_220;
/// "Too many requests."
const TOO_MANY: u32 = 20_429;
/// The longest pause that a server is granted before the next try. Longer, and whoever waits is better told now.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a try failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent,
    /// It was sent; nothing, or not all, came back in time.
    Silent,
    /// It was sent; the connection broke, or the answer is nonsense.
    Broken(&'static str),
    /// The answer is longer than anything that was asked for.
    TooLong { most: usize },
    /// A server's fault.
    Faulty(StatusCode),
    /// Asked too often; when to come back.
    Busy { code: Option<u32>, wait: Option<Duration> },
    /// No.
    Refused { status: StatusCode, code: Option<u32> },
}

impl Failure {
    /// From the client's error. The address holds the account and the call: nothing of the error's words is taken.
    pub(super) fn of(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            return Self::NotSent;
        }
        if error.is_timeout() { Self::Silent } else { Self::Broken(broken(&error)) }
    }

    /// From an answer that is no success.
    pub(super) fn refused(status: StatusCode, body: &[u8], wait: Option<Duration>) -> Self {
        let code = serde_json::from_slice(body).ok().as_ref().and_then(code);
        Self::told(status, code, wait)
    }

    fn told(status: StatusCode, code: Option<u32>, wait: Option<Duration>) -> Self {
        match code {
            _ if status == StatusCode::TOO_MANY_REQUESTS => Self::Busy { code, wait },
            Some(TOO_MANY) => Self::Busy { code, wait },
            // Twilio says so when a recording is being paused and the call does not answer in time.
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Self::Faulty(status),
            _ => Self::Refused { status, code },
        }
    }

    /// An answer that is not what was asked for.
    pub(super) fn unreadable() -> Self {
        Self::Broken("its answer cannot be read")
    }

    /// Whether the same may be asked again.
    pub(super) fn may_be_repeated(&self, effect: Effect) -> bool {
        match self {
            Self::NotSent | Self::Busy { .. } => true,
            Self::Faulty(_) => effect != Effect::Creates,
            Self::Broken(_) => effect == Effect::Reads,
            Self::Silent | Self::TooLong { .. } | Self::Refused { .. } => false,
        }
    }

    /// How long to wait before it is: as long as the server asks for, if that is short; `None` gives up.
    pub(super) fn wait(&self, usual: Option<Duration>) -> Option<Duration> {
        let usual = usual?;
        match self {
            Self::Busy { wait: Some(wait), .. } if *wait > LONGEST_PAUSE => None,
            Self::Busy { wait: Some(wait), .. } => Some(usual.max(*wait)),
            _ => Some(usual),
        }
    }

    /// What it means to whoever asked.
    pub(super) fn meaning(self, effect: Effect) -> TelephoneError {
        let uncertain = |why: String| match effect {
            Effect::Reads => TelephoneError::Away(why),
            Effect::Sets | Effect::Creates => TelephoneError::Unknown(why),
        };
        match self {
            Self::NotSent => TelephoneError::Away("no connection".to_owned()),
            Self::Silent => uncertain("it did not answer in time".to_owned()),
            Self::Broken(why) => uncertain(why.to_owned()),
            Self::TooLong { most } if effect == Effect::Reads => {
                let advice = format!("its answer is longer than {} MiB; fetch it another way", most / (1024 * 1024));
                let status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
                TelephoneError::Refused { code: None, status, advice }
            }
            Self::TooLong { .. } => uncertain("its answer is too long".to_owned()),
            Self::Faulty(status) => uncertain(format!("status {status}")),
            Self::Busy { code, .. } => TelephoneError::Busy { code },
            Self::Refused { status, code } => {
                let status = status.as_u16();
                TelephoneError::Refused { code, status, advice: advice(code, status) }
            }
        }
    }
}

/// What broke, in words of our own.
fn broken(error: &reqwest::Error) -> &'static str {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::ConnectionReset) {
            return "the connection was reset";
        }
        cause = inner.source();
    }
    if error.is_decode() || error.is_body() { "the connection broke in its answer" } else { "the connection broke" }
}

/// A success that carries an error: proxies and stand-ins answer 200 for everything. Twilio's own resources have no
/// `status` that is a number.
pub(super) fn lie(body: &[u8]) -> Option<Failure> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let status = body.get("status")?.as_u64().filter(|status| (400..600).contains(status))?;
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    Some(Failure::told(status, code(&body), None))
}

/// Twilio's code: a number, a number as text, or only the end of the address where it is explained.
fn code(body: &Value) -> Option<u32> {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let address = |value: &Value| value.as_str()?.rsplit('/').next()?.parse().ok();
    let named = body.get("code").and_then(number);
    named.or_else(|| ["more_info", "type"].iter().find_map(|key| body.get(key).and_then(address)))
}

/// A call that cannot be changed because it is over has what was wanted, or never will.
pub(super) fn already_over(error: TelephoneError) -> TelephoneError {
    match error {
        TelephoneError::Refused { status: 404, .. } => TelephoneError::AlreadyOver,
        TelephoneError::Refused { code: Some(NOT_FOUND | NOT_IN_PROGRESS), .. } => TelephoneError::AlreadyOver,
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_code_is_found_wherever_it_is() {
        for (body, wanted) in [
            (json!({"code": 20404, "message": "…", "status": 404}), Some(20404)),
            (json!({"code": "21211"}), Some(21211)),
            (json!({"more_info": "https://www.twilio.com/docs/errors/20003"}), Some(20003)),
            (json!({"type": "https://www.twilio.com/docs/api/errors/20429", "title": "Too many"}), Some(20429)),
            (json!({"type": "about:blank"}), None),
            (json!({"code": null}), None),
            (json!({"code": -1}), None),
            (json!({"code": 99999999999u64}), None),
            (json!(["code"]), None),
            (json!("code"), None),
        ] {
            assert_eq!(code(&body), wanted, "{body}");
        }
    }

    #[test]
    fn a_state_in_words_is_no_error() {
        assert!(lie(br#"{"sid": "CA1", "status": "completed"}"#).is_none());
        assert!(lie(br#"{"status": 200}"#).is_none());
        assert!(matches!(lie(br#"{"status": 500}"#), Some(Failure::Faulty(_))));
        assert!(matches!(lie(br#"{"status": 404, "code": 20404}"#), Some(Failure::Refused { code: Some(20404), .. })));
    }

    #[test]
    fn a_long_pause_is_not_waited_for() {
        let busy = |wait| Failure::Busy { code: None, wait };
        let usual = Some(Duration::from_millis(300));
        assert_eq!(busy(None).wait(usual), usual);
        assert_eq!(busy(Some(Duration::from_secs(1))).wait(usual), Some(Duration::from_secs(1)));
        assert_eq!(busy(Some(Duration::from_secs(60))).wait(usual), None);
        assert_eq!(busy(Some(Duration::from_secs(1))).wait(None), None, "the tries are used up");
    }
}
