//! A running session is changed.

use super::support::{opened, snapshot, talking, welcomed};
use crate::support::{Link, golden_json};
use call::Conversation;
use common::company::{AgentSnapshot, Language, Phrases};
use serde_json::{Value, json};

#[test]
fn only_what_differs_is_told_and_always_whole() {
    let mut link = talking();
    configure(&mut link, &snapshot());
    assert!(link.messages().is_empty());

    configure(&mut link, &payment());
    let [think] = <[Value; 1]>::try_from(link.messages()).expect("one message");
    let mut golden = golden_json("deepgram/client.UpdateThink");
    golden["think"]["prompt"] = think["think"]["prompt"].clone();
    assert_eq!(think, golden);
    assert!(think["think"]["prompt"].as_str().expect("text").starts_with("Now take payment."));

    let mut voice = payment();
    voice.voices[0].voice = "aura-2-apollo-en".into();
    configure(&mut link, &voice);
    assert_eq!(link.messages(), [golden_json("deepgram/client.UpdateSpeak")]);
}

#[test]
fn another_language_is_heard_thought_and_spoken() {
    let mut link = opened(&bilingual(), &Conversation::default());
    link.server("Welcome");
    link.server("SettingsApplied");
    link.messages();
    configure(&mut link, &bilingual().in_language("es").expect("spoken"));
    let sent = link.messages();
    let types: Vec<&str> = sent.iter().map(|message| message["type"].as_str().expect("text")).collect();
    assert_eq!(types, ["UpdateListen", "UpdateThink", "UpdateSpeak"]);
    let golden = golden_json("deepgram/client.UpdateListen");
    let fields = |message: &Value| -> Vec<String> {
        message["listen"]["provider"].as_object().expect("object").keys().cloned().collect()
    };
    assert_eq!(sent[0]["listen"]["provider"]["language_hints"], json!(["es", "en"]));
    assert!(fields(&golden).iter().all(|field| fields(&sent[0]).contains(field)));
    assert_eq!(sent[2]["speak"]["provider"]["model"], "aura-2-celeste-es");
}

#[test]
fn one_change_of_a_kind_is_on_its_way_at_a_time_and_the_last_one_counts() {
    let mut link = talking();
    configure(&mut link, &payment());
    assert_eq!(link.messages().len(), 1);
    for prompt in ["Be brief.", "Be kind."] {
        configure(&mut link, &with_prompt(prompt));
    }
    assert!(link.messages().is_empty());
    link.server("SpeakUpdated");
    assert!(link.messages().is_empty());
    link.server("ThinkUpdated");
    let [think] = <[Value; 1]>::try_from(link.messages()).expect("one message");
    assert!(think["think"]["prompt"].as_str().expect("text").starts_with("Be kind."));
    // An acknowledgement that never comes is not waited for for ever.
    configure(&mut link, &snapshot());
    link.line(super::support::SILENCE, 4_900);
    assert!(link.messages().is_empty());
    link.line(super::support::SILENCE, 200);
    assert_eq!(link.messages().len(), 1);
}

#[test]
fn what_changes_back_before_it_could_be_told_is_not_told() {
    let mut link = talking();
    configure(&mut link, &payment());
    configure(&mut link, &snapshot());
    configure(&mut link, &payment());
    link.messages();
    link.server("ThinkUpdated");
    assert!(link.messages().is_empty());
}

#[test]
fn before_the_link_is_ready_the_settings_or_the_first_change_carry_it() {
    let mut link = opened(&snapshot(), &Conversation::default());
    configure(&mut link, &payment());
    assert!(link.sent().is_empty());
    link.server("Welcome");
    let settings = link.sent().remove(0);
    assert!(settings["agent"]["think"]["prompt"].as_str().expect("text").starts_with("Now take payment."));

    let (mut link, _) = welcomed(&snapshot(), &Conversation::default());
    configure(&mut link, &payment());
    assert!(link.sent().is_empty());
    link.server("SettingsApplied");
    assert_eq!(link.sent_types(), ["UpdateThink"]);
}

fn payment() -> AgentSnapshot {
    let mut agent = with_prompt("Now take payment.");
    agent.tools.remove(0);
    agent
}

fn with_prompt(prompt: &str) -> AgentSnapshot {
    let mut agent = snapshot();
    agent.languages[0].instructions = prompt.into();
    agent
}

fn bilingual() -> AgentSnapshot {
    let mut agent = snapshot();
    agent.languages.push(Language {
        tag: "es".into(),
        instructions: "Contestas el teléfono.".into(),
        phrases: Phrases::default(),
        voices: vec!["aura-2-celeste-es".into()],
    });
    agent
}

fn configure(link: &mut Link, agent: &AgentSnapshot) {
    link.codec.configure(agent, &mut link.io);
}
