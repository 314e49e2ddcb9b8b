//! Rebuilds a conversation in a new session: nothing of the old one survives on the server.
//!
//! Text only: the caller's as `input_text`, the agent's as `output_text`, because the server refuses agent audio, and
//! caller audio would be billed again. Turns nobody could write down are left out. Tools stand where they were asked for;
//! one that still runs has no output yet: it follows when it is there.

use bytes::Bytes;
use call::{Conversation, Journal, Speaker, ToolStage, Turn};
use serde_json::{Value, json};

/// Keeps the agent from greeting the caller again.
const RESUMED: &str = "The connection was interrupted and is back. What follows was said before. Go on from there and \
                       do not greet again.";

/// The output of a tool nobody knows the end of.
const UNKNOWN: &str = r#"{"error":"outcome_unknown","note":"It may or may not have been done. Do not repeat it; tell the caller that it has to be checked."}"#;

/// The conversation as messages, and the one that ends it.
#[derive(Default)]
pub(super) struct History {
    items: Vec<Item>,
}

struct Item {
    /// At most 32 characters; longer ones are refused.
    id: String,
    event_id: String,
    /// The item, without its id.
    item: Value,
}

impl History {
    /// What is to be told of a conversation; nothing of an empty one.
    pub(super) fn of(conversation: &Conversation) -> Self {
        let mut items = vec![message("system", RESUMED)];
        let mut tools = conversation.tools.iter().peekable();
        for turn in &conversation.turns {
            while let Some(tool) = tools.next_if(|tool| tool.after < turn.number) {
                items.extend(run(tool));
            }
            items.extend(said(turn));
        }
        items.extend(tools.flat_map(run));
        if items.len() == 1 {
            return Self::default();
        }
        Self { items: (1..).zip(items).map(|(number, item)| Item::new(number, item)).collect() }
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
    fn new(number: u32, item: Value) -> Self {
        let short = match (item["type"].as_str(), item["role"].as_str()) {
            (_, Some("assistant")) => "ast",
            (_, Some("user")) => "usr",
            (_, Some(_)) => "sys",
            (Some("function_call"), None) => "fc",
            (_, None) => "out",
        };
        Self { id: format!("h_{number:04}_{short}"), event_id: format!("hist-{number:04}"), item }
    }

    fn message(&self, index: usize) -> Bytes {
        let mut item = self.item.clone();
        item["id"] = Value::from(&*self.id);
        let mut message = json!({"type": "conversation.item.create", "event_id": self.event_id, "item": item});
        if index == 0 {
            message["previous_item_id"] = Value::from("root");
        }
        Bytes::from(message.to_string())
    }
}

fn said(turn: &Turn) -> Option<Value> {
    let text = turn.text.as_ref()?.reveal().trim();
    let role = match turn.speaker {
        Speaker::Caller => "user",
        Speaker::Agent => "assistant",
    };
    (!text.is_empty()).then(|| message(role, text))
}

fn message(role: &str, text: &str) -> Value {
    let part = if role == "assistant" { "output_text" } else { "input_text" };
    json!({"type": "message", "role": role, "content": [{"type": part, "text": text}]})
}

/// The request, and its output where there is one.
fn run(tool: &Journal) -> impl Iterator<Item = Value> {
    let call_id = &tool.call.0;
    let output = match &tool.stage {
        ToolStage::Started => None,
        ToolStage::Done { output } => Some(output.reveal()),
        ToolStage::Unknown => Some(UNKNOWN),
    };
    let arguments = tool.arguments.reveal();
    let request = json!({"type": "function_call", "call_id": call_id, "name": tool.name, "arguments": arguments});
    let output = output.map(|output| json!({"type": "function_call_output", "call_id": call_id, "output": output}));
    std::iter::once(request).chain(output)
}
