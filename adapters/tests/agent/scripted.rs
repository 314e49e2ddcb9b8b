//! The scripted agent: what it hears, and what it says.

use crate::support::{Link, conversation, openai, snapshot};
use adapters::agent::Providers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use call::{AgentCommand, Conversation, Cue, Speaker, Spoken};
use common::company::{AgentSnapshot, Provider};
use common::ports::{AgentEvent, Agents as _};
use common::testing;
use std::path::Path;

/// Loud enough for speech.
const SPEECH: u8 = 0x90;
const SILENCE: u8 = 0xFF;

#[test]
fn it_is_ready_at_once_and_greets_when_asked() {
    let mut link = demo(&Conversation::default());
    assert_eq!(link.events(), ["ready"]);
    link.tell(AgentCommand::Cue(Cue::Greeting));
    let audio = audio_of(&link);
    let events = link.events();
    assert_eq!(events[0], "reply 1 starts");
    assert_eq!(events[1], "text of reply 1 item 1: Hello, this is Harbour Rooms. How can I help you?");
    assert_eq!(events[2], "audio of reply 1 item 1: 100 ms");
    assert!(events.last().expect("an end").starts_with("reply 1 done: Completed"), "{events:?}");
    assert_eq!(audio, std::fs::read(voice("greeting")).expect("the recording is there"));
}

#[test]
fn turns_are_answered_in_order_until_the_agent_hangs_up_and_asks_again() {
    let mut link = demo(&Conversation::default());
    let mut said = Vec::new();
    for _ in 0..4 {
        link.events();
        speak(&mut link, SPEECH, 400);
        assert_eq!(link.events().len(), 1, "the caller is heard to start");
        speak(&mut link, SILENCE, 600);
        let events = link.events();
        assert!(events[0].starts_with("caller stops"), "{events:?}");
        let words =
            events.iter().filter_map(|event| event.split_once(": ").filter(|_| event.starts_with("caller said")));
        said.extend(words.map(|(_, words)| words.to_owned()));
        let asked: Vec<&String> = events.iter().filter(|event| event.starts_with("tool")).collect();
        if said.len() == 3 {
            assert_eq!(asked, ["tool hang_up script-3 {}"]);
        } else {
            assert!(asked.is_empty());
        }
    }
    let wanted = [
        "What time is breakfast?",
        "Thank you. Do you have a room for Friday?",
        "Yes, sorry. That is all. Goodbye.",
        "?",
    ];
    assert_eq!(said, wanted);
}

#[test]
fn one_utterance_has_one_item() {
    let mut link = demo(&Conversation::default());
    link.events();
    speak(&mut link, SPEECH, 400);
    speak(&mut link, SILENCE, 600);
    let events = link.events();
    assert_eq!(events[0], "caller starts item 1");
    assert_eq!(events[1], "caller stops item 1");
    assert_eq!(events[2], "caller said item 1: What time is breakfast?");
    assert_eq!(events[3], "transcribed:, 4 transcription");
    assert_eq!(events[4], "reply 1 starts");
    assert!(events[5].starts_with("text of reply 1 item 2: Breakfast"));
}

#[test]
fn a_caller_who_interrupts_is_heard() {
    let mut link = demo(&Conversation::default());
    link.tell(AgentCommand::Cue(Cue::Greeting));
    link.events();
    speak(&mut link, SPEECH, 200);
    assert_eq!(link.events(), ["caller starts item 2"]);
}

#[test]
fn it_goes_on_where_another_left_off() {
    let turns =
        [(Speaker::Agent, Some("Hello.")), (Speaker::Caller, Some("Breakfast?")), (Speaker::Agent, Some("At seven."))];
    let mut link = demo(&conversation(&turns));
    speak(&mut link, SPEECH, 200);
    speak(&mut link, SILENCE, 600);
    assert!(link.events().contains(&"caller said item 1: Thank you. Do you have a room for Friday?".to_owned()));
}

#[test]
fn words_without_a_recording_are_a_tone_of_their_length() {
    let mut link = demo(&Conversation::default());
    link.tell(AgentCommand::Say(Spoken::new("ten chars.")));
    let audio = audio_of(&link);
    assert_eq!(audio.len(), 650 * 8);
    assert!(audio.iter().any(|byte| *byte != SILENCE));
    link.tell(AgentCommand::Say(Spoken::new("long ".repeat(10_000))));
    assert_eq!(audio_of(&link).len(), (650 + 10_000) * 8);
}

#[test]
fn audio_that_is_not_base64_is_not_heard() {
    let mut link = demo(&Conversation::default());
    link.events();
    for payload in ["", "A", "====", "ä", "AAA"] {
        link.caller_audio(payload);
    }
    link.text("{}".into());
    assert_eq!(link.events(), ["unknown"]);
}

fn demo(conversation: &Conversation) -> Link {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents/demo/script.toml");
    let agent = AgentSnapshot { voices: vec![testing::voice(Provider::Scripted)], script: Some(script), ..snapshot() };
    Link::open(Providers::new(openai(None)).open(&agent, 0).expect("there is a script"), conversation)
}

fn voice(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../agents/harbour/voice/{name}.ulaw"))
}

/// The caller's side for so long, in 20 ms frames.
fn speak(link: &mut Link, byte: u8, ms: usize) {
    for _ in 0..ms / 20 {
        link.caller_audio(STANDARD.encode([byte; 160]));
    }
}

fn audio_of(link: &Link) -> Vec<u8> {
    let audio = |event: &AgentEvent| match event {
        AgentEvent::Audio { payload, .. } => STANDARD.decode(payload).expect("base64"),
        _ => Vec::new(),
    };
    link.io.events.iter().flat_map(audio).collect()
}
