//! Whatever a server sends, the codec answers, and nobody hears an answer they have interrupted.

use super::support::{SILENCE, SPEECH, opened, resumed, snapshot, talking};
use crate::support::{Link, conversation, golden};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::{AgentCommand, AgentInput, Conversation, Cue, Digit, ItemId, ReplyId, Speaker, Spoken, ToolCallId};
use common::ports::AgentEvent;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// All golden server messages but those that end the link, read once.
static MESSAGES: LazyLock<Vec<Bytes>> = LazyLock::new(|| messages(|name| !name.contains("Error__")));
/// All of them.
static ALL: LazyLock<Vec<Bytes>> = LazyLock::new(|| messages(|_| true));

fn messages(wanted: impl Fn(&str) -> bool) -> Vec<Bytes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/deepgram");
    let files = std::fs::read_dir(folder).expect("the golden messages are there");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("ASCII"));
    let mut names: Vec<String> = names.filter(|name| name.starts_with("server.") && wanted(name)).collect();
    names.sort();
    names.iter().map(|name| golden(&format!("deepgram/{}", name.trim_end_matches(".json")))).collect()
}

/// Something that happens to a link.
#[derive(Clone, Debug)]
enum Step {
    Message(prop::sample::Index),
    Audio(usize),
    Caller(u8, usize),
    Command(AgentCommand),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(Step::Message),
        4 => (0..4_000usize).prop_map(Step::Audio),
        2 => (prop_oneof![Just(SPEECH), Just(SILENCE)], 1..400usize).prop_map(|(byte, frames)| Step::Caller(byte, frames)),
        2 => commands().prop_map(Step::Command),
    ];
    proptest::collection::vec(step, 1..80)
}

fn commands() -> impl Strategy<Value = AgentCommand> {
    prop_oneof![
        Just(AgentCommand::Cue(Cue::Greeting)),
        Just(AgentCommand::Reply),
        (0..6u32).prop_map(|reply| AgentCommand::Cancel { reply: ReplyId(reply) }),
        (0..4u32, any::<u32>()).prop_map(|(item, heard_ms)| AgentCommand::Truncate { item: ItemId(item), heard_ms }),
        ".{0,20}".prop_map(|text| AgentCommand::Say(Spoken::new(text))),
        prop_oneof![Just("call_dg0002".to_owned()), Just("call_dg0004".into()), ".{0,80}"]
            .prop_map(|call| AgentCommand::ToolOutput { call: ToolCallId(call), output: Spoken::new("{}") }),
        Just(AgentCommand::Pressed(Digit('7'))),
    ]
}

fn take(link: &mut Link, step: &Step, messages: &[Bytes]) {
    match step {
        Step::Message(which) => link.text(messages[which.index(messages.len())].clone()),
        Step::Audio(bytes) => link.codec.binary(Bytes::from(vec![0x55; *bytes]), &mut link.io),
        Step::Caller(byte, frames) => {
            let payload = Bytes::from(STANDARD.encode([*byte; 160]));
            for _ in 0..*frames {
                link.caller_audio(payload.clone());
            }
        }
        Step::Command(command) => link.tell(command.clone()),
    }
}

/// What the core may take for granted.
#[derive(Default)]
struct Rules {
    begun: u32,
    running: Option<u32>,
    /// Answers up to this one were interrupted.
    interrupted: u32,
    items: BTreeSet<u32>,
    stopped: BTreeSet<u32>,
    tools: BTreeSet<String>,
}

impl Rules {
    fn check(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Audio { reply, .. } => {
                assert_eq!(self.running, Some(reply.0), "audio belongs to the running answer");
                assert!(reply.0 > self.interrupted, "audio of an interrupted answer");
            }
            AgentEvent::Input(input) => self.check_input(input),
            AgentEvent::Unknown | AgentEvent::Unreadable => {}
        }
    }

    fn check_input(&mut self, input: &AgentInput) {
        match input {
            AgentInput::ReplyStarted { reply } => {
                assert_eq!((reply.0, self.running), (self.begun + 1, None), "one answer at a time");
                (self.begun, self.running) = (reply.0, Some(reply.0));
            }
            AgentInput::ReplyDone { reply, .. } => assert_eq!(self.running.take(), Some(reply.0)),
            AgentInput::ReplyText { reply, .. } => assert!(reply.0 <= self.begun),
            AgentInput::CallerStarted { item } => {
                assert!(self.items.insert(item.0), "an utterance begins once");
                self.interrupted = self.begun;
            }
            AgentInput::CallerStopped { item } => {
                assert!(self.items.contains(&item.0) && self.stopped.insert(item.0), "an utterance ends once");
            }
            AgentInput::CallerSaid { item, .. } => assert!(self.items.contains(&item.0)),
            AgentInput::ToolAsked { call, .. } => assert!(self.tools.insert(call.0.clone()), "a function runs once"),
            AgentInput::ToolCancelled { call } => assert!(self.tools.contains(&call.0)),
            AgentInput::Ready
            | AgentInput::Transcribed { .. }
            | AgentInput::Complained { .. }
            | AgentInput::Lost(_) => {}
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(frame: Vec<u8>) {
        let mut link = talking();
        link.text(Bytes::from(frame.clone()));
        link.codec.caller_audio(&Bytes::from(frame.clone()), std::time::Duration::from_millis(20), &mut link.io);
        link.codec.binary(Bytes::from(frame), &mut link.io);
        prop_assert!(link.events().len() <= 3);
    }

    #[test]
    fn no_broken_message_panics(
        which: prop::sample::Index,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end: prop::sample::Index,
    ) {
        let all = &*ALL;
        let mut frame = all[which.index(all.len())].to_vec();
        for (place, byte) in cuts {
            let place = place.index(frame.len());
            frame[place] = byte;
        }
        frame.truncate(end.index(frame.len()) + 1);
        let mut link = talking();
        link.text(Bytes::from(frame));
        prop_assert!(link.io.events.len() <= 8);
    }

    /// Real messages and audio in any order, between any commands and any speech of the caller.
    #[test]
    fn any_order_of_messages_keeps_the_rules(steps in steps()) {
        let before = conversation(&[(Speaker::Agent, Some("Hello.")), (Speaker::Caller, Some("Hello."))]);
        for mut link in [talking(), resumed(&before)] {
            let mut rules = Rules::default();
            for step in &steps {
                take(&mut link, step, &MESSAGES);
                link.io.events.drain(..).for_each(|event| rules.check(&event));
            }
            link.sent();
        }
    }

    /// And from the very first message, with errors.
    #[test]
    fn a_link_is_lost_once_and_says_nothing_after(steps in steps()) {
        let mut link = opened(&snapshot(), &Conversation::default());
        for step in &steps {
            take(&mut link, step, &ALL);
        }
        let events = link.events();
        for once in ["ready", "lost"] {
            prop_assert!(events.iter().filter(|event| event.starts_with(once)).count() <= 1, "{:?}", events);
        }
        prop_assert!(events.iter().position(|event| event.starts_with("lost")).is_none_or(|at| at + 1 == events.len()));
    }
}
