//! Which faults matter. An `error` is judged by its code, then its type, never by its message; most leave the session
//! open. <https://platform.openai.com/docs/guides/error-codes> (read 2026-11)

use call::LinkFault;

/// What an `error` event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A race that happens in every good conversation.
    Harmless,
    /// An answer was asked for while another runs.
    AnswerRuns,
    /// The server had a fault.
    ServerFault,
    /// Reported; the session goes on.
    Complaint,
    /// The link is of no use any more.
    Fatal(LinkFault),
}

/// Judges an `error` event.
pub(super) fn judge(code: Option<&str>, kind: Option<&str>, param: Option<&str>) -> Verdict {
    match code {
        Some("response_cancel_not_active" | "input_audio_buffer_commit_empty" | "invalid_tool_call_id") => {
            Verdict::Harmless
        }
        Some(code) if code.ends_with("_invalid_item_id") => Verdict::Harmless,
        Some("invalid_value") if param == Some("audio_end_ms") => Verdict::Harmless,
        Some("conversation_already_has_active_response") => Verdict::AnswerRuns,
        Some(code) => fatal(code).map_or_else(|| by_kind(kind), Verdict::Fatal),
        None => by_kind(kind),
    }
}

/// The fault behind codes that end a link, in an `error` or in an answer that failed.
pub(super) fn fatal(code: &str) -> Option<LinkFault> {
    match code {
        "session_expired" => Some(LinkFault::Expired),
        "invalid_api_key"
        | "beta_api_shape_disabled"
        | "model_not_found"
        | "insufficient_quota"
        | "credit_balance_exhausted"
        | "billing_hard_limit_reached"
        | "account_deactivated" => Some(LinkFault::Refused),
        _ => None,
    }
}

fn by_kind(kind: Option<&str>) -> Verdict {
    match kind {
        Some("insufficient_quota") => Verdict::Fatal(LinkFault::Refused),
        Some("server_error") => Verdict::ServerFault,
        _ => Verdict::Complaint,
    }
}

/// What a close code means; `None` is a socket that broke. A normal close (1000) that we did not begin is a server that
/// gave up on us: dialling again is right.
pub(super) fn closed(code: Option<u16>, reason: &str) -> LinkFault {
    match code {
        Some(1001) if reason.contains("maximum duration") => LinkFault::Expired,
        Some(1013) => LinkFault::Busy,
        Some(1008 | 3000 | 4000) => LinkFault::Refused,
        Some(3001..=4999) if reason.starts_with("invalid_request_error") => LinkFault::Refused,
        _ => LinkFault::Broken,
    }
}
