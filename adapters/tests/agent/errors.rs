//! Which faults end a link, and how.

use crate::support::{Link, UPDATED, route, snapshot};
use call::{AgentCommand, Conversation, LinkFault};
use serde_json::json;

#[test]
fn a_close_code_says_what_to_do() {
    let codec = route(&snapshot()).codec;
    let limit = "Your session hit the maximum duration of 60 minutes.";
    for (code, reason, wanted) in [
        (Some(1000), "", LinkFault::Broken),
        (Some(1001), limit, LinkFault::Expired),
        (Some(1001), "going away", LinkFault::Broken),
        (Some(1005), "", LinkFault::Broken),
        (Some(1006), "", LinkFault::Broken),
        (Some(1011), "", LinkFault::Broken),
        (Some(1012), "", LinkFault::Broken),
        (Some(1013), "", LinkFault::Busy),
        (Some(1015), "", LinkFault::Broken),
        (Some(3000), "invalid_request_error.invalid_api_key", LinkFault::Refused),
        (Some(4000), "invalid_request_error.beta_api_shape_disabled", LinkFault::Refused),
        (Some(4002), "invalid_request_error.something_new", LinkFault::Refused),
        (Some(4002), "", LinkFault::Broken),
        (None, "", LinkFault::Broken),
    ] {
        assert_eq!(codec.closed(code, reason), wanted, "{code:?} {reason}");
    }
}

#[test]
fn a_refused_upgrade_says_what_to_do() {
    let codec = route(&snapshot()).codec;
    for (status, wanted) in [
        (400, LinkFault::Refused),
        (401, LinkFault::Refused),
        (403, LinkFault::Refused),
        (404, LinkFault::Refused),
        (408, LinkFault::Broken),
        (429, LinkFault::Busy),
        (500, LinkFault::Broken),
        (502, LinkFault::Broken),
        (503, LinkFault::Busy),
    ] {
        assert_eq!(codec.refused(status), wanted, "{status}");
    }
}

#[test]
fn every_fatal_code_ends_the_link() {
    for (code, wanted) in [
        ("session_expired", "lost: Expired"),
        ("invalid_api_key", "lost: Refused"),
        ("beta_api_shape_disabled", "lost: Refused"),
        ("model_not_found", "lost: Refused"),
        ("insufficient_quota", "lost: Refused"),
        ("credit_balance_exhausted", "lost: Refused"),
        ("billing_hard_limit_reached", "lost: Refused"),
        ("account_deactivated", "lost: Refused"),
    ] {
        let mut link = Link::talking();
        link.hear_json(&json!({"type": "error", "error": {"type": "invalid_request_error", "code": code}}));
        assert_eq!(link.events(), [wanted], "{code}");
    }
}

#[test]
fn a_failed_answer_without_money_ends_the_link() {
    let error = json!({"type": "insufficient_quota", "code": "insufficient_quota"});
    let details = json!({"type": "failed", "error": error});
    let mut link = Link::talking();
    link.hear_json(&json!({
        "type": "response.done", "response": {"id": "r", "status": "failed", "status_details": details},
    }));
    let wanted = ["reply 1 starts", "complained: insufficient_quota", "reply 1 done: Failed", "lost: Refused"];
    assert_eq!(link.events(), wanted);
}

#[test]
fn harmless_races_are_not_reported() {
    for (code, param) in [
        ("response_cancel_not_active", None),
        ("input_audio_buffer_commit_empty", None),
        ("item_truncate_invalid_item_id", None),
        ("item_delete_invalid_item_id", None),
        ("invalid_tool_call_id", None),
        ("invalid_value", Some("audio_end_ms")),
    ] {
        let mut link = Link::talking();
        link.hear_json(&json!({"type": "error", "error": {"code": code, "param": param}}));
        assert!(link.events().is_empty(), "{code}");
    }
}

#[test]
fn the_servers_second_fault_ends_the_link() {
    let mut link = Link::talking();
    link.hear("openai/server.error__server_error");
    link.hear("openai/server.error__server_error");
    let wanted = ["complained: server_error", "complained: server_error", "lost: Broken"];
    assert_eq!(link.events(), wanted);
}

#[test]
fn before_the_link_is_ready_a_full_or_faulty_server_is_left() {
    for (error, wanted) in [
        (json!({"type": "requests", "code": "rate_limit_exceeded"}), "lost: Busy"),
        (json!({"type": "server_error", "code": null}), "lost: Broken"),
    ] {
        let mut link = Link::opened(&snapshot(), &Conversation::default());
        link.hear_json(&json!({"type": "error", "error": error}));
        assert_eq!(link.events(), [wanted]);
    }
}

#[test]
fn a_complaint_never_carries_what_somebody_said() {
    let mut link = Link::talking();
    link.hear_json(&json!({"type": "error", "error": {"type": "odd_error", "code": "my card is 4111 1111"}}));
    link.hear_json(&json!({"type": "error", "error": {"type": "caller said: hello", "code": "x".repeat(65)}}));
    assert_eq!(link.events(), ["complained: odd_error", "complained: unnamed_error"]);
}

#[test]
fn a_lost_link_is_deaf_and_mute() {
    let mut link = Link::talking();
    link.hear("openai/server.error__session_expired");
    link.events();
    link.hear(UPDATED);
    link.hear("openai/server.response.output_audio.delta__pcmu");
    link.tell(AgentCommand::Reply);
    link.caller_audio("AAAA");
    assert!(link.events().is_empty());
    assert!(link.sent().is_empty());
}
