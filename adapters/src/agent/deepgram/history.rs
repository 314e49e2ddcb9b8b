//! Rebuilds a conversation in a new session: nothing of the old one survives on the server.
//!
//! What was heard goes into `agent.context` of the settings, with the functions that were run at their place. A caller
//! who was not answered is held back: their words, written again as if said now, are what the agent answers. What cannot
//! be told as history, such as the result of a function asked for on the lost link, becomes a note in the prompt.

use super::DeepgramLink;
use call::{Conversation, Journal, Speaker, Spoken, ToolCallId, ToolStage, Turn};
use common::ports::agent::AgentIo;
use serde_json::{Value, json};

/// Keeps the agent from greeting the caller again.
const RESUMED: &str = "The connection to the caller was interrupted and is back. Go on from the conversation so far and \
                       do not greet again.";

/// What the agent is told of a function that runs while the link changed.
const RUNNING: &str = r#"{"status":"running","note":"Its result will follow. Do not ask for it again."}"#;

/// What the agent is told of a function nobody knows the end of.
const UNKNOWN: &str = r#"{"error":"outcome_unknown","note":"It may or may not have been done. Do not repeat it; tell the caller that it has to be checked."}"#;

/// Notes kept; the oldest but the first are forgotten. Each stands in every prompt from then on.
const MOST_NOTES: usize = 16;

/// What was said before this link.
#[derive(Debug, Default)]
pub(super) struct History {
    messages: Vec<Value>,
    notes: Vec<String>,
    /// The caller's last words, when nobody answered them.
    held: Option<String>,
    /// Functions that run: their results are still to come.
    running: Vec<(ToolCallId, String)>,
}

impl History {
    /// Of this conversation; nothing of an empty one.
    pub(super) fn of(conversation: &Conversation) -> Self {
        let mut history = Self::default();
        let mut tools = conversation.tools.iter().peekable();
        for turn in &conversation.turns {
            while let Some(tool) = tools.next_if(|tool| tool.after < turn.number) {
                history.add_tool(tool);
            }
            history.add_turn(turn);
        }
        tools.for_each(|tool| history.add_tool(tool));
        if !history.messages.is_empty() {
            history.notes.push(RESUMED.to_owned());
        }
        history.hold_unanswered();
        history
    }

    /// For the settings, oldest first.
    pub(super) fn messages(&self) -> &[Value] {
        &self.messages
    }

    /// For the prompt.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The caller's words that wait for an answer; once.
    pub(super) fn take_held(&mut self) -> Option<String> {
        self.held.take()
    }

    /// A function asked for on an earlier link has ended; `false` for one that is not known, or was told already.
    pub(super) fn ended(&mut self, call: &ToolCallId, output: &Spoken) -> bool {
        let Some(place) = self.running.iter().position(|(running, _)| running == call) else { return false };
        let (_, name) = self.running.remove(place);
        self.note(format!("The result of {name}, asked for before the interruption: {}", output.reveal()));
        true
    }

    fn note(&mut self, note: String) {
        if self.notes.len() >= MOST_NOTES {
            self.notes.remove(1);
        }
        self.notes.push(note);
    }

    fn add_turn(&mut self, turn: &Turn) {
        let Some(text) = turn.text.as_ref().map(|text| text.reveal().trim()).filter(|text| !text.is_empty()) else {
            return;
        };
        let role = match turn.speaker {
            Speaker::Caller => "user",
            Speaker::Agent => "assistant",
        };
        self.messages.push(json!({"type": "History", "role": role, "content": text}));
    }

    fn add_tool(&mut self, tool: &Journal) {
        let response = match &tool.stage {
            ToolStage::Started => RUNNING,
            ToolStage::Unknown => UNKNOWN,
            ToolStage::Done { output } => output.reveal(),
        };
        if tool.stage == ToolStage::Started {
            self.running.push((tool.call.clone(), tool.name.clone()));
        }
        let call = json!({
            "id": tool.call.0,
            "name": tool.name,
            "client_side": true,
            "arguments": tool.arguments.reveal(),
            "response": response,
        });
        self.messages.push(json!({"type": "History", "function_calls": [call]}));
    }

    fn hold_unanswered(&mut self) {
        if let Some(last) = self.messages.pop_if(|last| last["role"] == "user") {
            self.held = last["content"].as_str().map(str::to_owned);
        }
    }
}

impl DeepgramLink {
    /// The conversation goes on in another way than by an answer to the words held back: the agent is told of them.
    pub(super) fn history_is_late(&mut self, io: &mut AgentIo) {
        if let Some(words) = self.history.take_held() {
            self.history.note(format!("The caller's last words before the interruption, not answered yet: {words}"));
            self.change(io);
        }
    }
}
