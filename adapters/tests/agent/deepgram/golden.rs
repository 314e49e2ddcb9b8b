//! Every message there is: what the call is told of each of the server's, and that ours look like the golden ones. A
//! golden file without a line here fails the test.

use super::support::{opened, snapshot, talking};
use crate::support::{golden, golden_json};
use call::Conversation;
use std::collections::BTreeSet;

const CALLER: [&str; 3] =
    ["caller starts item 1", "caller stops item 1", "caller said item 1: I want to move my booking to Friday."];
const ASKED: &str = r#"tool lookup_booking call_dg0002 {"reference":"KQ7P2M"}"#;

/// A file, and the events it causes on a link that talks and has heard nothing yet.
const SERVER: &[(&str, &[&str])] = &[
    ("AgentAudioDone", &[]),
    ("AgentStartedSpeaking", &[]),
    ("AgentThinking", &[]),
    (
        "ConversationText__assistant",
        &["reply 1 starts", "text of reply 1 item 1: Sure. What is the booking reference?"],
    ),
    ("ConversationText__filler", &["reply 1 starts", "text of reply 1 item 1: Bear with me."]),
    ("ConversationText__user", &CALLER),
    (
        "ConversationText__user_multilingual",
        &["caller starts item 1", "caller stops item 1", "caller said item 1: Sí, el viernes."],
    ),
    ("EndOfTurn__manual", &[]),
    ("EndOfTurn__model", &[]),
    ("EndOfTurn__timeout", &[]),
    ("Error__asr_connection_closed", &["complained: ASR_CONNECTION_CLOSED", "lost: Broken"]),
    ("Error__asr_driver_timeout", &["complained: ASR_DRIVER_TIMEOUT", "lost: Broken"]),
    ("Error__binary_message_before_settings", &["complained: BINARY_MESSAGE_BEFORE_SETTINGS", "lost: Refused"]),
    ("Error__client_message_timeout", &["complained: CLIENT_MESSAGE_TIMEOUT", "lost: Broken"]),
    ("Error__failed_to_speak", &["complained: FAILED_TO_SPEAK", "lost: Broken"]),
    ("Error__failed_to_start_listening", &["complained: FAILED_TO_START_LISTENING", "lost: Broken"]),
    ("Error__failed_to_think", &["complained: FAILED_TO_THINK", "lost: Broken"]),
    ("Error__internal_server_error", &["complained: INTERNAL_SERVER_ERROR", "lost: Broken"]),
    ("Error__invalid_agent_id", &["complained: INVALID_AGENT_ID", "lost: Refused"]),
    ("Error__invalid_settings", &["complained: INVALID_SETTINGS", "lost: Refused"]),
    ("Error__maximum_session_length_reached", &["complained: MAXIMUM_SESSION_LENGTH_REACHED", "lost: Expired"]),
    ("Error__non_existent_function_called", &["complained: NON_EXISTENT_FUNCTION_CALLED", "lost: Broken"]),
    (
        "Error__non_settings_message_before_settings",
        &["complained: NON_SETTINGS_MESSAGE_BEFORE_SETTINGS", "lost: Refused"],
    ),
    ("Error__server_going_away", &["complained: SERVER_GOING_AWAY", "lost: Broken"]),
    ("Error__settings_already_applied", &["complained: SETTINGS_ALREADY_APPLIED", "lost: Refused"]),
    ("Error__unparsable_client_message", &["complained: UNPARSABLE_CLIENT_MESSAGE", "lost: Refused"]),
    ("Error__user_audio_format", &["complained: USER_AUDIO_FORMAT", "lost: Refused"]),
    ("FrustrationDetected", &[]),
    ("FunctionCallCancelled", &[]),
    ("FunctionCallRequest__client_side", &["reply 1 starts", ASKED, "reply 1 done: Completed"]),
    ("FunctionCallRequest__server_side", &[]),
    (
        "FunctionCallRequest__two_calls",
        &[
            "reply 1 starts",
            r#"tool lookup_booking call_dg0004 {"reference":"KQ7P2M"}"#,
            "tool end_call call_dg0005 {}",
            "reply 1 done: Completed",
        ],
    ),
    ("FunctionCallResponse__server_side", &[]),
    ("History__content", &[]),
    ("History__function_calls", &[]),
    ("InjectionRefused", &[]),
    ("LatencyReport__stt", &[]),
    ("LatencyReport__total", &[]),
    ("LatencyReport__tts", &[]),
    ("LatencyReport__ttt_text", &[]),
    ("LatencyReport__ttt_token", &[]),
    ("ListenUpdated", &[]),
    ("PromptUpdated", &[]),
    ("SettingsApplied", &[]),
    ("SpeakUpdated", &[]),
    ("ThinkLiveUpdated", &[]),
    ("ThinkUpdated", &[]),
    ("UserStartedSpeaking", &["caller starts item 1"]),
    ("Warning__force_end_turn_unsupported", &["complained: FORCE_END_TURN_UNSUPPORTED"]),
    ("Warning__function_call_failed", &["complained: FUNCTION_CALL_FAILED"]),
    ("Warning__inject_agent_message_during_agent_speech", &[]),
    ("Warning__inject_agent_message_during_user_speech", &[]),
    ("Warning__maximum_session_length_approaching", &["complained: MAXIMUM_SESSION_LENGTH_APPROACHING"]),
    ("Warning__prompt_too_long", &["complained: PROMPT_TOO_LONG"]),
    ("Warning__slow_speak_request", &["complained: SLOW_SPEAK_REQUEST"]),
    ("Warning__slow_think_request", &["complained: SLOW_THINK_REQUEST"]),
    ("Warning__speak_request_failed", &["complained: SPEAK_REQUEST_FAILED"]),
    ("Warning__think_request_failed", &["complained: THINK_REQUEST_FAILED"]),
    ("Warning__voice_prompt_added", &[]),
    ("Welcome", &[]),
];

/// Messages of ours: those a call needs, each compared by another test, and those it has no use for.
const CLIENT: &[(&str, &str)] = &[
    ("ForceEndTurn", "never: the caller decides when they are done"),
    ("FunctionCallResponse", "sequences"),
    ("InjectAgentMessage", "never: refused while anybody speaks"),
    ("InjectAgentMessage__dynamic", "never: Think Live only"),
    ("InjectAgentMessage__interrupt", "never: the agent does not talk over itself"),
    ("InjectAgentMessage__queue", "wishes"),
    ("InjectUserMessage", "wishes"),
    ("KeepAlive", "never: a telephone line always sends audio"),
    ("Settings__browser_linear16", "never: telephones only"),
    ("Settings__fallbacks_and_server_function", "never: fallbacks are links of their own, functions are ours"),
    ("Settings__resume_with_context", "sequences"),
    ("Settings__stored_agent", "never: agents are configured here"),
    ("Settings__think_live", "never: early access"),
    ("Settings__twilio_mulaw", "settings"),
    ("UpdateListen", "changes"),
    ("UpdatePrompt", "never: whether it adds or replaces is not sure"),
    ("UpdateSpeak", "changes"),
    ("UpdateThink", "changes"),
    ("UpdateThink_Live", "never: early access"),
];

#[test]
fn every_server_message_means_what_the_table_says() {
    for (name, wanted) in SERVER {
        let mut link = talking();
        link.server(name);
        assert_eq!(link.events(), *wanted, "{name}");
    }
}

#[test]
fn every_golden_message_is_in_a_table() {
    let server = SERVER.iter().map(|(name, _)| format!("server.{name}"));
    let client = CLIENT.iter().map(|(name, _)| format!("client.{name}"));
    let listed: BTreeSet<String> = server.chain(client).collect();
    let path = format!("{}/tests/golden/deepgram", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(path).expect("the golden messages are there");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("ASCII"));
    let found: BTreeSet<String> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    assert_eq!(listed, found);
}

#[test]
fn before_the_link_is_ready_a_message_makes_it_ready_or_lost_or_nothing_worse() {
    for welcomed in [false, true] {
        for (name, _) in SERVER {
            let mut link = opened(&snapshot(), &Conversation::default());
            if welcomed {
                link.server("Welcome");
            }
            link.text(golden(&format!("deepgram/server.{name}")));
            let events = link.events();
            let right =
                |event: &String| event == "ready" || event.starts_with("complained") || event.starts_with("lost");
            assert!(events.iter().all(right), "{name}: {events:?}");
        }
    }
}

#[test]
fn what_is_not_a_message_is_unreadable_and_what_is_new_is_unknown() {
    let mut link = talking();
    for frame in ["", "{", "[]", "null", r#""text""#, r#"{"code":"E"}"#, r#"{"type":null}"#] {
        link.text(frame.into());
        assert_eq!(link.events(), ["unreadable"], "{frame}");
    }
    link.text(r#"{"type":"WeatherReport","sky":["clear"]}"#.into());
    link.says("ConversationText", serde_json::json!({"role": "narrator", "content": "It rained."}));
    assert_eq!(link.events(), ["unknown", "unknown"]);
}

#[test]
fn a_known_message_with_nothing_in_it_ends_nothing() {
    for (name, _) in SERVER.iter().filter(|(name, _)| !name.starts_with("Error")) {
        let kind = golden_json(&format!("deepgram/server.{name}"))["type"].clone();
        let mut link = talking();
        link.hear_json(&serde_json::json!({"type": kind}));
        link.hear_json(&serde_json::json!({"type": kind, "functions": [null, {"id": 5}], "role": 7, "content": null}));
        let events = link.events();
        assert!(!events.iter().any(|event| event.starts_with("lost") || event.starts_with("tool")), "{events:?}");
        link.caller_audio("AAAA");
        assert_eq!(link.sent().last(), Some(&serde_json::json!({"binary_bytes": 3})), "{kind}");
    }
}
