//! Whatever a server sends, the codec answers, and what it remembers stays bounded.

use crate::support::{Link, conversation, golden, snapshot};
use bytes::Bytes;
use call::{AgentCommand, Conversation, Cue, ItemId, ReplyId, Speaker, Spoken, ToolCallId};
use common::ports::AgentEvent;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

/// All golden server messages, read once.
static MESSAGES: LazyLock<Vec<Bytes>> = LazyLock::new(messages);

fn messages() -> Vec<Bytes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openai");
    let files = std::fs::read_dir(folder).expect("the golden messages are there");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("ASCII"));
    let mut names: Vec<String> = names.filter(|name| name.starts_with("server.")).collect();
    names.sort();
    names.iter().map(|name| golden(&format!("openai/{}", name.trim_end_matches(".json")))).collect()
}

fn commands() -> impl Strategy<Value = AgentCommand> {
    prop_oneof![
        Just(AgentCommand::Cue(Cue::Greeting)),
        Just(AgentCommand::Reply),
        any::<u32>().prop_map(|reply| AgentCommand::Cancel { reply: ReplyId(reply) }),
        (0..4u32, any::<u32>()).prop_map(|(item, heard_ms)| AgentCommand::Truncate { item: ItemId(item), heard_ms }),
        ".{0,80}".prop_map(|text| AgentCommand::Say(Spoken::new(text))),
        (".{0,80}", ".{0,20}")
            .prop_map(|(call, text)| AgentCommand::ToolOutput { call: ToolCallId(call), output: Spoken::new(text) }),
    ]
}

proptest! {
    #[test]
    fn no_bytes_panic(frame: Vec<u8>) {
        let mut link = Link::talking();
        link.text(Bytes::from(frame.clone()));
        link.codec.binary(Bytes::from(frame), &mut link.io);
        prop_assert!(link.events().len() <= 2);
    }

    #[test]
    fn no_broken_message_panics(
        which: prop::sample::Index, cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let all = &*MESSAGES;
        let mut frame = all[which.index(all.len())].to_vec();
        for (place, byte) in cuts {
            let place = place.index(frame.len());
            frame[place] = byte;
        }
        let mut link = Link::talking();
        link.text(Bytes::from(frame));
        prop_assert!(link.io.events.len() <= 8);
    }

    /// Real messages in any order, between any commands: every answer that ends has begun, once; nothing but JSON goes out.
    #[test]
    fn any_order_of_messages_keeps_the_rules(
        steps in proptest::collection::vec((any::<prop::sample::Index>(), proptest::option::of(commands())), 1..60)
    ) {
        let all = &*MESSAGES;
        let before = conversation(&[(Speaker::Caller, Some("hello"))]);
        for conversation in [Conversation::default(), before] {
            let mut link = Link::opened(&snapshot(), &conversation);
            for (which, command) in &steps {
                link.text(all[which.index(all.len())].clone());
                if let Some(command) = command {
                    link.tell(command.clone());
                }
            }
            let events = link.events();
            for start in ["reply 1 starts", "reply 2 starts", "ready", "lost"] {
                prop_assert!(events.iter().filter(|event| event.starts_with(start)).count() <= 1, "{:?}", events);
            }
            let place = |start: &str| events.iter().position(|event| event.starts_with(start));
            prop_assert!(place("reply 1 done").is_none() || place("reply 1 starts") < place("reply 1 done"));
            prop_assert!(events.iter().rposition(|event| event.starts_with("lost")).is_none_or(|at| at + 1 == events.len()));
            link.sent();
        }
    }
}

#[test]
fn names_are_forgotten_but_never_confused() {
    let mut link = Link::talking();
    let mut last = 0;
    for number in 0..1_000 {
        let message = format!(
            r#"{{"type":"response.audio.delta","response_id":"r{number}","item_id":"i{number}","delta":"AAAA"}}"#
        );
        link.text(Bytes::from(message));
        for event in link.io.events.drain(..) {
            if let AgentEvent::Audio { reply, item, .. } = event {
                assert_eq!(reply.0, item.0);
                assert!(reply.0 > last);
                last = reply.0;
            }
        }
    }
    assert_eq!(last, 1_000);
    link.tell(AgentCommand::Truncate { item: ItemId(1), heard_ms: 1 });
    assert!(link.sent().is_empty(), "long forgotten");
    link.tell(AgentCommand::Truncate { item: ItemId(1_000), heard_ms: 1 });
    assert_eq!(link.sent()[0]["item_id"], "i999");
}
