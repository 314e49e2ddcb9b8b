//! What one call remembers of its tools: how often each ran, what the caller was asked to agree to, and which requests
//! must not be repeated.
//!
//! Before it: the session, which owns it for one call and begins a resumed one from the conversation's journal. After it:
//! [`crate::toolbox`], which asks. It never keeps answers.

use crate::effects::{Effect, Effects, Stage, same_object};
use crate::errors::ErrorCode;
use call::{Conversation, Journal, ToolCallId, ToolStage};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// What one call remembers of its tools.
#[derive(Default)]
pub struct Memory {
    runs: BTreeMap<String, u32>,
    asked: Vec<Confirmation>,
    tickets: Vec<Opened>,
    effects: Effects,
}

/// Without the arguments: they are the caller's words.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.asked.len();
        f.debug_struct("Memory")
            .field("runs", &self.runs)
            .field("asked", &asked)
            .field("effects", &self.effects)
            .finish()
    }
}

/// The caller is to agree to this.
struct Confirmation {
    tool: String,
    arguments: Value,
    /// Numbers of turns given out when it was asked for.
    after: u32,
}

/// A ticket was opened with this.
struct Opened {
    tool: String,
    arguments: Value,
    output: Value,
}

impl Memory {
    /// What is known of the tools of a call that another worker began.
    pub fn resume(conversation: &Conversation) -> Self {
        let mut memory = Self::default();
        for journal in &conversation.tools {
            memory.learn(journal);
        }
        memory
    }

    fn learn(&mut self, journal: &Journal) {
        *self.runs.entry(journal.name.clone()).or_default() += 1;
        let Ok(arguments) = serde_json::from_str(journal.arguments.reveal()) else { return };
        match end_of(&journal.stage) {
            End::Unknown => self.effects.add_unknown(&journal.name, arguments),
            End::ToConfirm => {
                self.asked.push(Confirmation { tool: journal.name.clone(), arguments, after: journal.after });
            }
            End::Ticket(output) => {
                self.tickets.push(Opened { tool: journal.name.clone(), arguments, output });
            }
            End::Known => {}
        }
    }

    /// What the model was told of the ticket that was opened with the same words.
    pub(crate) fn ticket(&self, tool: &str, arguments: &Map<String, Value>) -> Option<&Value> {
        let same = |ticket: &&Opened| ticket.tool == tool && same_object(&ticket.arguments, arguments);
        self.tickets.iter().find(same).map(|ticket| &ticket.output)
    }

    /// A ticket was opened.
    pub(crate) fn opened(&mut self, tool: &str, arguments: Map<String, Value>, output: Value) {
        self.tickets.push(Opened { tool: tool.to_owned(), arguments: arguments.into(), output });
    }

    /// Counts a run; `false` when it ran as often as it may.
    pub(crate) fn count(&mut self, tool: &str, most: u32) -> bool {
        let runs = self.runs.entry(tool.to_owned()).or_default();
        let fits = *runs < most;
        *runs += u32::from(fits);
        fits
    }

    /// How far the same request is, as far as this call or the conversation's journal knows.
    pub(crate) fn stage(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        conversation: &Conversation,
        own: &ToolCallId,
    ) -> Option<Stage> {
        let known = self.effects.stage(tool, arguments);
        known.or_else(|| {
            let others = conversation.tools.iter().filter(|journal| journal.call != *own && journal.name == tool);
            let same = others.filter(|journal| {
                let parsed: Option<Value> = serde_json::from_str(journal.arguments.reveal()).ok();
                parsed.is_some_and(|parsed| same_object(&parsed, arguments))
            });
            same.filter_map(|journal| match (&journal.stage, end_of(&journal.stage)) {
                (ToolStage::Started, _) => Some(Stage::Running),
                (_, End::Unknown) => Some(Stage::Unknown),
                (_, End::Known | End::ToConfirm | End::Ticket(_)) => None,
            })
            .max_by_key(|stage| *stage == Stage::Unknown)
        })
    }

    /// A request that must not be repeated is about to go out.
    pub(crate) fn begin(&self, tool: &str, arguments: &Map<String, Value>) -> Effect {
        self.effects.begin(tool, arguments)
    }

    /// Whether the caller has spoken since they were to agree to this. The first time it is noted that they are to.
    pub(crate) fn confirmed(
        &mut self,
        tool: &str,
        arguments: &Map<String, Value>,
        conversation: &Conversation,
    ) -> bool {
        let same = |asked: &Confirmation| asked.tool == tool && same_object(&asked.arguments, arguments);
        let Some(place) = self.asked.iter().position(same) else {
            let arguments = Value::Object(arguments.clone());
            self.asked.push(Confirmation { tool: tool.to_owned(), arguments, after: conversation.numbered });
            return false;
        };
        let after = self.asked[place].after;
        // By the sound: the transcript of a "yes" may come behind the tool call it agrees to.
        let spoken = conversation.caller_spoke > after;
        if spoken {
            self.asked.remove(place);
        }
        spoken
    }
}

/// What a journal's entry says to a worker that did not write it.
enum End {
    Known,
    Unknown,
    ToConfirm,
    Ticket(Value),
}

fn end_of(stage: &ToolStage) -> End {
    match stage {
        ToolStage::Started | ToolStage::Unknown => End::Unknown,
        ToolStage::Done { output } => {
            let output: Value = serde_json::from_str(output.reveal()).unwrap_or_default();
            match output["error"].as_str() {
                Some(code) if code == ErrorCode::OutcomeUnknown.as_str() => End::Unknown,
                Some(code) if code == ErrorCode::ConfirmationNeeded.as_str() => End::ToConfirm,
                _ if output["result"]["ticket"].is_string() => End::Ticket(output),
                _ => End::Known,
            }
        }
    }
}
