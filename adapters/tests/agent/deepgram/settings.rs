//! How a session is configured.

use super::support::{account, opened, route, snapshot, welcomed};
use crate::support::{golden_json, openai};
use adapters::agent::Providers;
use call::{AgentCommand, Conversation, Cue};
use common::company::{BuiltIn, Confirm, Language, Phrases, ToolKind, TurnDetection};
use common::ports::Agents as _;
use common::private::ExposeSecret as _;
use common::testing;
use serde_json::{Value, json};

#[test]
fn deepgram_is_dialled_with_a_token() {
    let dial = route(&snapshot()).dial.expect("a socket is needed");
    assert_eq!(dial.url, "wss://agent.deepgram.com/v1/agent/converse");
    assert_eq!(dial.authorization.expect("a key").expose_secret(), "Token dg-test");
    assert!(dial.headers.is_empty());
}

#[test]
fn a_new_key_and_a_stand_in_are_used_for_the_next_dial() {
    let providers = Providers::new(openai(None)).with_deepgram(account(Some("dg-old")));
    let mut new = account(Some("dg-new"));
    new.base_url = "http://127.0.0.1:4000/".into();
    providers.renew_deepgram(new);
    let dial = providers.open(&snapshot(), 0).expect("there is a key").dial.expect("a socket");
    assert_eq!(dial.url, "ws://127.0.0.1:4000/v1/agent/converse");
    assert_eq!(dial.authorization.expect("a key").expose_secret(), "Token dg-new");
}

#[test]
fn without_a_key_nobody_answers_and_the_reason_is_said() {
    let error = Providers::new(openai(Some("sk-test"))).open(&snapshot(), 0).err().expect("nobody");
    let wanted = "agent reception of harbour cannot answer: no DEEPGRAM_API_KEY is set and it has no script";
    assert_eq!(error.0, wanted);
}

#[test]
fn nothing_is_sent_before_the_welcome_nor_audio_before_the_settings_are_applied() {
    let mut link = opened(&snapshot(), &Conversation::default());
    link.caller_audio("AAAA");
    link.tell(AgentCommand::Cue(Cue::Greeting));
    link.server("SettingsApplied");
    assert!(link.sent().is_empty());
    assert!(link.events().is_empty());
    link.server("Welcome");
    assert_eq!(link.sent_types(), ["Settings"]);
    link.caller_audio("AAAA");
    link.server("Welcome");
    assert!(link.sent().is_empty());
    link.server("SettingsApplied");
    assert_eq!(link.events(), ["ready"]);
    link.caller_audio("AAAA");
    assert_eq!(link.sent(), [json!({"binary_bytes": 3})]);
}

#[test]
fn the_settings_have_the_golden_shape_but_no_greeting() {
    let (_, settings) = welcomed(&snapshot(), &Conversation::default());
    let mut golden = golden_json("deepgram/client.Settings__twilio_mulaw");
    // What this agent does not set.
    golden["agent"].as_object_mut().expect("object").remove("greeting");
    golden["agent"]["listen"]["provider"].as_object_mut().expect("object").remove("keyterms");
    golden["agent"]["think"]["provider"].as_object_mut().expect("object").remove("temperature");
    // What it words itself.
    golden["tags"] = json!(["harbour", "reception"]);
    golden["agent"]["think"]["prompt"] = settings["agent"]["think"]["prompt"].clone();
    assert_eq!(settings, golden);
    let prompt = settings["agent"]["think"]["prompt"].as_str().expect("text");
    assert!(prompt.starts_with("You answer the phone for Harbour Rooms.\n\n"), "{prompt}");
}

#[test]
fn whole_numbers_are_written_as_such() {
    let (_, settings) = welcomed(&snapshot(), &Conversation::default());
    let text = settings.to_string();
    assert!(text.contains(r#""sample_rate":8000"#) && text.contains(r#""eot_timeout_ms":5000"#), "{text}");
}

#[test]
fn what_cannot_be_undone_waits_for_the_end_of_the_turn() {
    let leaving = [BuiltIn::HangUp, BuiltIn::Transfer, BuiltIn::Enqueue, BuiltIn::Conference, BuiltIn::SendDigits];
    let search = || ToolKind::BuiltIn(BuiltIn::SearchRecords { record: "article".into(), most: 3 });
    let mut tools: Vec<_> = leaving.map(|kind| testing::tool("leaves", ToolKind::BuiltIn(kind))).into();
    tools.push(testing::tool("searches", search()));
    tools.push(testing::tool("pays", search()));
    tools[6].idempotent = false;
    tools.push(testing::tool("asks", search()));
    tools[7].confirm = Confirm::ReadBack;
    let mut agent = snapshot();
    agent.tools = tools;
    let (_, settings) = welcomed(&agent, &Conversation::default());
    for function in settings["agent"]["think"]["functions"].as_array().expect("functions") {
        let wanted = if function["name"] == "searches" { Value::Null } else { json!(true) };
        assert_eq!(function["defer_until_eot"], wanted, "{function}");
    }
    agent.tools.clear();
    let (_, settings) = welcomed(&agent, &Conversation::default());
    assert_eq!(settings["agent"]["think"]["functions"], Value::Null);
}

#[test]
fn each_listener_is_told_the_language_its_own_way() {
    let mut agent = snapshot();
    let spanish = Language {
        tag: "es-US".into(),
        instructions: "Hablas español.".into(),
        phrases: Phrases::default(),
        voices: vec!["aura-2-celeste-es".into()],
    };
    agent.languages.push(spanish);
    let agent = agent.in_language("es").expect("spoken");
    let (_, settings) = welcomed(&agent, &Conversation::default());
    let wanted = json!({
        "type": "deepgram", "version": "v2", "model": "flux-general-multi", "language_hints": ["es", "en"],
        "eot_threshold": 0.7, "eot_timeout_ms": 5000,
    });
    assert_eq!(settings["agent"]["listen"]["provider"], wanted);
    assert_eq!(settings["agent"]["speak"]["provider"], json!({"type": "deepgram", "model": "aura-2-celeste-es"}));

    let mut nova = agent;
    nova.voices[0].transcription = Some("nova-3".into());
    let (_, settings) = welcomed(&nova, &Conversation::default());
    let wanted =
        json!({"type": "deepgram", "version": "v1", "model": "nova-3", "language": "es", "smart_format": true});
    assert_eq!(settings["agent"]["listen"]["provider"], wanted);
}

#[test]
fn a_patient_agent_waits_longer_and_another_company_thinks() {
    let mut agent = snapshot();
    agent.voices[0].turn_detection = TurnDetection::SemanticVad { eagerness: "low".into() };
    agent.voices[0].thinker = Some("anthropic".into());
    agent.voices[0].voice = "flux-kit-en".into();
    let (_, settings) = welcomed(&agent, &Conversation::default());
    assert_eq!(settings["agent"]["listen"]["provider"]["eot_timeout_ms"], 8000);
    assert_eq!(settings["agent"]["think"]["provider"], json!({"type": "anthropic", "model": "gpt-4.1-mini"}));
    let wanted = json!({"type": "deepgram", "version": "v2", "model": "flux-kit-en"});
    assert_eq!(settings["agent"]["speak"]["provider"], wanted);
}
