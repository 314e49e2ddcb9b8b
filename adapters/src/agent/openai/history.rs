//! Rebuilds a conversation in a new session: nothing of the old one survives on the server.
//!
//! Text only: the caller's as `input_text`, the agent's as `output_text`, because the server refuses agent audio, and
//! caller audio would be billed again. Turns nobody could write down are left out.

use bytes::Bytes;
use call::{Conversation, Speaker, Turn};
use serde_json::{Value, json};

/// Keeps the agent from greeting the caller again.
const RESUMED: &str = "The connection was interrupted and is back. What follows was said before. Go on from there and \
                       do not greet again.";

/// The conversation as messages, and the one that ends it.
#[derive(Default)]
pub(super) struct History {
    items: Vec<Item>,
}

struct Item {
    /// At most 32 characters; longer ones are refused.
    id: String,
    event_id: String,
    role: &'static str,
    text: String,
}

impl History {
    /// What is to be told of a conversation; nothing of an empty one.
    pub(super) fn of(conversation: &Conversation) -> Self {
        let heard = conversation.turns.iter().filter_map(said);
        let all = std::iter::once(("system", RESUMED)).chain(heard);
        let items: Vec<Item> = all.zip(1..).map(|((role, text), number)| Item::new(number, role, text)).collect();
        if items.len() == 1 { Self::default() } else { Self { items } }
    }

    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The messages, oldest first. Only the first says where it belongs: were each to name the one before it, one
    /// refused item would have all after it refused.
    pub(super) fn messages(&self) -> impl Iterator<Item = Bytes> {
        self.items.iter().enumerate().map(|(index, item)| item.message(index))
    }

    /// Whether this item of the server is our last one.
    pub(super) fn ends_with_item(&self, id: &str) -> bool {
        self.items.last().is_some_and(|last| last.id == id)
    }

    /// Whether this message of ours was the last one.
    pub(super) fn ends_with_message(&self, event_id: &str) -> bool {
        self.items.last().is_some_and(|last| last.event_id == event_id)
    }
}

impl Item {
    fn new(number: u32, role: &'static str, text: &str) -> Self {
        let short = match role {
            "assistant" => "ast",
            "user" => "usr",
            _ => "sys",
        };
        let (id, event_id) = (format!("h_{number:04}_{short}"), format!("hist-{number:04}"));
        Self { id, event_id, role, text: text.to_owned() }
    }

    fn message(&self, index: usize) -> Bytes {
        let part = if self.role == "assistant" { "output_text" } else { "input_text" };
        let mut message = json!({
            "type": "conversation.item.create",
            "event_id": self.event_id,
            "item": {
                "id": self.id, "type": "message", "role": self.role, "content": [{"type": part, "text": self.text}],
            },
        });
        if index == 0 {
            message["previous_item_id"] = Value::from("root");
        }
        Bytes::from(message.to_string())
    }
}

fn said(turn: &Turn) -> Option<(&'static str, &str)> {
    let text = turn.text.as_ref()?.reveal().trim();
    let role = match turn.speaker {
        Speaker::Caller => "user",
        Speaker::Agent => "assistant",
    };
    (!text.is_empty()).then_some((role, text))
}
