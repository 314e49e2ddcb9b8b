//! Every server message there is: what the call is told of it. A golden file without a line here fails the test.

use crate::support::{Link, golden, snapshot};
use call::Conversation;
use std::collections::BTreeSet;

/// A file, and the events it causes on a link that talks and has heard nothing yet.
const SERVER: &[(&str, &[&str])] = &[
    ("openai-beta/server.conversation.item.created", &[]),
    ("openai-beta/server.response.audio.delta", &["reply 1 starts", "audio of reply 1 item 1: 20 ms"]),
    ("openai-beta/server.response.audio.done", &[]),
    ("openai-beta/server.response.audio_transcript.delta", &["reply 1 starts", "text of reply 1 item 1: Sure"]),
    ("openai-beta/server.response.audio_transcript.done", &[]),
    ("openai-beta/server.response.text.delta", &[]),
    ("openai-beta/server.response.text.done", &[]),
    ("openai/server.conversation.created", &[]),
    ("openai/server.conversation.item.added__assistant_in_progress", &[]),
    ("openai/server.conversation.item.added__client_created_assistant", &[]),
    ("openai/server.conversation.item.added__function_call", &[]),
    ("openai/server.conversation.item.added__function_call_output", &[]),
    ("openai/server.conversation.item.added__user_audio", &[]),
    ("openai/server.conversation.item.created__beta_name", &[]),
    ("openai/server.conversation.item.deleted", &[]),
    ("openai/server.conversation.item.done__assistant_audio", &[]),
    ("openai/server.conversation.item.done__assistant_incomplete", &[]),
    ("openai/server.conversation.item.done__user_audio", &[]),
    (
        "openai/server.conversation.item.input_audio_transcription.completed__duration",
        &["caller said item 1: I want to move my booking to Friday.", "transcribed:, 2080 billed ms"],
    ),
    (
        "openai/server.conversation.item.input_audio_transcription.completed__tokens",
        &["caller said item 1: I want to move my booking to Friday.", "transcribed:, 33 transcription"],
    ),
    ("openai/server.conversation.item.input_audio_transcription.delta", &[]),
    ("openai/server.conversation.item.input_audio_transcription.failed", &["caller said item 1: ?"]),
    ("openai/server.conversation.item.input_audio_transcription.segment", &[]),
    ("openai/server.conversation.item.retrieved", &[]),
    ("openai/server.conversation.item.truncated", &[]),
    ("openai/server.error__active_response", &[]),
    ("openai/server.error__assistant_audio_history_rejected", &["complained: missing_required_parameter"]),
    ("openai/server.error__beta_disabled", &["lost: Refused"]),
    ("openai/server.error__cancel_not_active", &[]),
    ("openai/server.error__commit_empty", &[]),
    ("openai/server.error__insufficient_quota", &["lost: Refused"]),
    ("openai/server.error__invalid_api_key", &["lost: Refused"]),
    ("openai/server.error__invalid_value", &["complained: invalid_value"]),
    ("openai/server.error__missing_session_type", &["complained: missing_required_parameter"]),
    ("openai/server.error__retrieve_unknown_item", &[]),
    ("openai/server.error__server_error", &["complained: server_error"]),
    ("openai/server.error__session_expired", &["lost: Expired"]),
    ("openai/server.error__string_too_long", &["complained: string_above_max_length"]),
    ("openai/server.error__truncate_past_end", &[]),
    ("openai/server.error__unknown_parameter", &["complained: unknown_parameter"]),
    ("openai/server.input_audio_buffer.cleared", &[]),
    ("openai/server.input_audio_buffer.committed", &[]),
    ("openai/server.input_audio_buffer.dtmf_event_received__sip_only", &[]),
    ("openai/server.input_audio_buffer.speech_started", &["caller starts item 1"]),
    ("openai/server.input_audio_buffer.speech_stopped", &["caller stops item 1"]),
    ("openai/server.input_audio_buffer.timeout_triggered", &[]),
    ("openai/server.mcp_list_tools.completed", &[]),
    ("openai/server.mcp_list_tools.failed", &[]),
    ("openai/server.mcp_list_tools.in_progress", &[]),
    ("openai/server.output_audio_buffer.cleared__webrtc_sip_only", &[]),
    ("openai/server.output_audio_buffer.started__webrtc_sip_only", &[]),
    ("openai/server.output_audio_buffer.stopped__webrtc_sip_only", &[]),
    ("openai/server.rate_limits.updated", &[]),
    ("openai/server.response.content_part.added__audio", &[]),
    ("openai/server.response.content_part.added__text", &[]),
    ("openai/server.response.content_part.done__audio", &[]),
    ("openai/server.response.created", &["reply 1 starts"]),
    (
        "openai/server.response.done__cancelled_by_client",
        &[
            "reply 1 starts",
            "reply 1 done: Cancelled, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    (
        "openai/server.response.done__cancelled_turn_detected",
        &[
            "reply 1 starts",
            "reply 1 done: Cancelled, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    (
        "openai/server.response.done__completed",
        &[
            "reply 1 starts",
            "reply 1 done: Completed, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    (
        "openai/server.response.done__failed_rate_limit",
        &["reply 1 starts", "complained: inference_rate_limit_exceeded", "reply 1 done: Failed"],
    ),
    (
        "openai/server.response.done__failed_server_error",
        &["reply 1 starts", "complained: server_error", "reply 1 done: Failed"],
    ),
    (
        "openai/server.response.done__function_call",
        &[
            "reply 1 starts",
            r#"tool lookup_booking call_Tn4vQz81LmXe {"reference":"KQ7P2M"}"#,
            "reply 1 done: Completed, 412 text in, 320 cached, 129 audio in, 64 cached, 18 text out",
        ],
    ),
    (
        "openai/server.response.done__incomplete_content_filter",
        &[
            "reply 1 starts",
            "reply 1 done: Incomplete, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    (
        "openai/server.response.done__incomplete_max_output_tokens",
        &[
            "reply 1 starts",
            "reply 1 done: Incomplete, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    (
        "openai/server.response.done__out_of_band",
        &[
            "reply 1 starts",
            "reply 1 done: Completed, 412 text in, 320 cached, 129 audio in, 64 cached, 27 text out, 84 audio out",
        ],
    ),
    ("openai/server.response.function_call_arguments.delta", &[]),
    ("openai/server.response.function_call_arguments.done", &[]),
    ("openai/server.response.mcp_call.completed", &[]),
    ("openai/server.response.mcp_call.failed", &[]),
    ("openai/server.response.mcp_call.in_progress", &[]),
    ("openai/server.response.mcp_call_arguments.delta", &[]),
    ("openai/server.response.mcp_call_arguments.done", &[]),
    // Base64 does not say that it is PCM: it plays as mu-law. That is why the session's formats are checked.
    ("openai/server.response.output_audio.delta__pcm24k", &["reply 1 starts", "audio of reply 1 item 1: 300 ms"]),
    ("openai/server.response.output_audio.delta__pcmu", &["reply 1 starts", "audio of reply 1 item 1: 100 ms"]),
    ("openai/server.response.output_audio.done", &[]),
    ("openai/server.response.output_audio_transcript.delta", &["reply 1 starts", "text of reply 1 item 1: Sure. What"]),
    ("openai/server.response.output_audio_transcript.done", &[]),
    ("openai/server.response.output_item.added__function_call", &[]),
    ("openai/server.response.output_item.added__message", &[]),
    (
        "openai/server.response.output_item.done__function_call",
        &[r#"tool lookup_booking call_Tn4vQz81LmXe {"reference":"KQ7P2M"}"#],
    ),
    ("openai/server.response.output_item.done__message", &[]),
    ("openai/server.response.output_item.done__message_incomplete", &[]),
    ("openai/server.response.output_text.delta", &[]),
    ("openai/server.response.output_text.done", &[]),
    ("openai/server.session.created", &[]),
    ("openai/server.session.updated__twilio_pcmu", &[]),
];

#[test]
fn every_server_message_means_what_the_table_says() {
    for (name, wanted) in SERVER {
        let mut link = Link::talking();
        link.hear(name);
        assert_eq!(link.events(), *wanted, "{name}");
    }
}

#[test]
fn every_golden_server_message_is_in_the_table() {
    let listed: BTreeSet<String> = SERVER.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut found = BTreeSet::new();
    for folder in ["openai", "openai-beta"] {
        let path = format!("{}/tests/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(path).expect("the golden messages are there") {
            let name = file.expect("a file").file_name().into_string().expect("ASCII");
            if let Some(name) = name.strip_suffix(".json").filter(|name| name.starts_with("server.")) {
                found.insert(format!("{folder}/{name}"));
            }
        }
    }
    assert_eq!(listed, found);
}

#[test]
fn the_same_messages_before_the_link_is_ready_make_it_ready_or_lost_or_nothing_worse() {
    for (name, _) in SERVER {
        let mut link = Link::opened(&snapshot(), &Conversation::default());
        link.text(golden(name));
        let events = link.events();
        assert!(!events.iter().any(|event| event == "unreadable" || event == "unknown"), "{name}: {events:?}");
    }
}

#[test]
fn what_is_not_a_message_is_unreadable_and_what_is_new_is_unknown() {
    let mut link = Link::talking();
    for frame in ["", "{", "[]", "null", r#""text""#, r#"{"event_id":"e"}"#, r#"{"type":null}"#] {
        link.text(frame.into());
        assert_eq!(link.events(), ["unreadable"], "{frame}");
    }
    link.text(r#"{"type":"session.weather.updated","sky":["clear"]}"#.into());
    assert_eq!(link.events(), ["unknown"]);
}

#[test]
fn a_known_message_with_nothing_in_it_ends_nothing() {
    for kind in [
        "session.updated",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "response.created",
        "response.done",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_item.done",
        "error",
    ] {
        let mut link = Link::talking();
        link.hear_json(&serde_json::json!({"type": kind}));
        link.hear_json(&serde_json::json!({"type": kind, "item_id": null, "response": null, "item": 5, "error": "x"}));
        let events = link.events();
        assert!(!events.iter().any(|event| event.starts_with("lost")), "{kind}: {events:?}");
        link.caller_audio("AAAA");
        assert_eq!(link.sent_types(), ["input_audio_buffer.append"], "{kind}");
    }
}
