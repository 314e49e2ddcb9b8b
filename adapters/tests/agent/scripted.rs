//! The scripted agent: what it hears, and what it says.

use crate::support::{Link, conversation, openai, snapshot};
use adapters::agent::Providers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use call::{AgentCommand, Conversation, Cue, Journal, Speaker, Spoken, ToolCallId, ToolStage};
use common::company::{AgentSnapshot, Language, Provider};
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
            assert_eq!(asked, ["tool hang_up script-0-1 {}"]);
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
fn a_turn_asks_for_its_tools_first_and_is_said_when_the_outputs_are_in() {
    let mut link = orders("en");
    assert_eq!(
        turn(&mut link)[3..],
        [
            "reply 1 starts",
            r#"tool lookup_order script-0-1 {"order_id":"ABC123"}"#,
            "tool weather script-0-2 {}",
            "reply 1 done: Completed, 8 text in, 4 audio in, 5 text out",
        ]
    );
    link.tell(AgentCommand::Say(Spoken::new("One moment, please.")));
    assert_eq!(audio_of(&link).len(), 80, "the filler is recorded");
    link.events();
    for call in ["script-0-1", "script-0-2"] {
        link.tell(AgentCommand::ToolOutput { call: ToolCallId(call.into()), output: Spoken::new("{}") });
    }
    assert!(link.events().is_empty());
    link.tell(AgentCommand::Reply);
    assert_eq!(link.events()[1], "text of reply 3 item 3: It is on its way. Goodbye.");
    assert!(turn(&mut link).iter().any(|event| event.ends_with("The end.")));
}

#[test]
fn the_agents_own_tool_ends_the_call_behind_the_last_words() {
    let mut link = orders("en");
    turn(&mut link);
    link.tell(AgentCommand::Reply);
    let events = link.events();
    assert_eq!(events[events.len() - 2], "tool end_call script-0-3 {}");
}

#[test]
fn a_caller_who_was_not_answered_on_a_lost_link_is_answered_and_tool_calls_have_new_names() {
    let mut before = conversation(&[(Speaker::Agent, Some("Hello.")), (Speaker::Caller, Some("My order?"))]);
    let output = Spoken::new("{}");
    let call = ToolCallId("script-0-1".into());
    let (name, arguments) = ("lookup_order".into(), Spoken::new("{}"));
    before.tools.push(Journal { call, name, arguments, after: 2, stage: ToolStage::Done { output } });
    let mut link = open("en", &before);
    link.events();
    link.tell(AgentCommand::Reply);
    let events = link.events();
    assert_eq!(events[1], "text of reply 1 item 1: It is on its way. Goodbye.");
    assert_eq!(events[events.len() - 2], "tool end_call script-3-1 {}");
}

#[test]
fn each_language_may_have_a_script_of_its_own_and_the_call_may_change_to_it() {
    let mut link = orders("en");
    link.events();
    link.tell(AgentCommand::Cue(Cue::Greeting));
    assert!(link.events()[1].ends_with("Hello. How can I help you?"));
    let spanish = agent().in_language("es-MX").expect("spoken");
    link.codec.configure(&spanish, &mut link.io);
    link.tell(AgentCommand::Cue(Cue::Greeting));
    assert!(link.events()[1].ends_with("Hola."));
    link.tell(AgentCommand::Cue(Cue::NobodyAnswered));
    assert!(link.events()[1].ends_with("Nadie contesta."));
    let words = turn(&mut orders("fr"));
    assert_eq!(words[1], "caller said item 1: Where is my order?", "no script of its own: the agent's");
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

const ORDERS: &str = r#"
[[cue]]
name = "filler"
text = "One moment, please."
audio = "filler.ulaw"

[[turn]]
caller = "Where is my order?"
text = "It is on its way. Goodbye."
then = "hang_up"
tools = [{ name = "lookup_order", arguments = { order_id = "ABC123" } }, { name = "weather" }]

[[turn]]
caller = "Thank you."
text = "The end."
"#;

const PEDIDOS: &str = r#"
[[cue]]
name = "greeting"
text = "Hola."

[[cue]]
name = "nobody_answered"
text = "Nadie contesta."
"#;

fn agent() -> AgentSnapshot {
    let mut agent = AgentSnapshot { voices: vec![testing::voice(Provider::Scripted)], ..testing::agent_snapshot() };
    agent.tools[0].name = "end_call".into();
    for tag in ["es", "fr"] {
        let phrases = agent.languages[0].phrases.clone();
        agent.languages.push(Language { tag: tag.into(), instructions: String::new(), phrases, voices: Vec::new() });
    }
    agent
}

/// A desk with two scripts, and a recorded filler.
fn open(language: &str, conversation: &Conversation) -> Link {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [("script.toml", ORDERS), ("script.es.toml", PEDIDOS), ("filler.ulaw", &"a".repeat(80))];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let agent = agent().in_language(language).expect("spoken");
    let agent = AgentSnapshot { script: Some(folder.path().join("script.toml")), ..agent };
    Link::open(Providers::new(openai(None)).open(&agent, 0).expect("there is a script"), conversation)
}

fn orders(language: &str) -> Link {
    open(language, &Conversation::default())
}

/// The caller says something; what happens then.
fn turn(link: &mut Link) -> Vec<String> {
    link.events();
    speak(link, SPEECH, 400);
    speak(link, SILENCE, 600);
    let events = link.events();
    assert!(events[0].starts_with("caller starts"), "{events:?}");
    events[1..].to_vec()
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
