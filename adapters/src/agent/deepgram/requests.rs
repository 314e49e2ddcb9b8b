//! Functions the agent wants run: each asked for once, answered once, and not at all when it was taken back.

use super::DeepgramLink;
use super::speech::Owed;
use crate::agent::names::{Names, Seen, cut};
use call::{AgentInput, ReplyOutcome, Spoken, ToolCallId};
use common::ports::agent::AgentIo;
use serde_json::{Value, json};

/// How much of a request's id the call keeps.
const ID_BYTES: usize = 64;

/// Requests that may wait for an answer. The core refuses far fewer; the oldest are forgotten.
const MOST: usize = 64;

/// Requests of one link.
#[derive(Default)]
pub(super) struct Requests {
    open: Vec<Request>,
    /// All ids, so that a function named twice is run once.
    seen: Names,
}

struct Request {
    id: String,
    name: String,
    arguments: String,
    /// To be sent back with the answer: some models need it.
    signature: Option<String>,
}

impl Requests {
    /// Whether the server waits for none.
    pub(super) fn are_answered(&self) -> bool {
        self.open.is_empty()
    }

    fn take(&mut self, call: &str) -> Option<Request> {
        let place = self.open.iter().position(|request| cut(&request.id, ID_BYTES) == call)?;
        Some(self.open.remove(place))
    }
}

impl DeepgramLink {
    /// Functions are to be run. Those with an address of their own the server runs itself.
    pub(super) fn requested(&mut self, message: &Value, io: &mut AgentIo) {
        self.new_answer(io);
        let functions = message["functions"].as_array().into_iter().flatten();
        let ours = functions.filter(|function| function["client_side"] != false).filter_map(request);
        let new: Vec<Request> = ours.filter(|request| self.requests.seen.number(&request.id).1 == Seen::Now).collect();
        if new.is_empty() {
            return;
        }
        let speaks = self.speech.is_running();
        self.begin(io);
        for request in new {
            let call = ToolCallId(cut(&request.id, ID_BYTES).to_owned());
            let (name, arguments) = (request.name.clone(), Spoken::new(&*request.arguments));
            Self::input(io, AgentInput::ToolAsked { call, name, arguments });
            self.requests.open.push(request);
        }
        let beyond = self.requests.open.len().saturating_sub(MOST);
        self.requests.open.drain(..beyond);
        // What is being said before the request may still be on its way: it ends as every answer does. A request alone is
        // complete.
        if !speaks {
            self.end(ReplyOutcome::Completed, io);
        }
    }

    /// The caller spoke on: these are not wanted any more, and must not be answered.
    pub(super) fn cancelled(&mut self, message: &Value, io: &mut AgentIo) {
        for function in message["functions"].as_array().into_iter().flatten() {
            let id = cut(function["id"].as_str().unwrap_or_default(), ID_BYTES);
            if self.requests.take(id).is_some() {
                Self::input(io, AgentInput::ToolCancelled { call: ToolCallId(id.to_owned()) });
            }
        }
    }

    /// A function was run. One that was asked for on an earlier link cannot be answered on this one: the agent is told
    /// in its prompt.
    pub(super) fn tool_output(&mut self, call: &ToolCallId, output: &Spoken, io: &mut AgentIo) {
        let Some(request) = self.requests.take(&call.0) else {
            if self.history.ended(call, output) {
                self.change(io);
            }
            return;
        };
        let mut response = json!({
            "type": "FunctionCallResponse", "id": request.id, "name": request.name, "content": output.reveal(),
        });
        if let Some(signature) = request.signature {
            response["thought_signature"] = signature.into();
        }
        Self::send(io, &response);
        // The server goes on by itself, behind what is still being said: a filler, or what was said before the request.
        if self.requests.are_answered() && !self.caller.speaks() {
            self.speech.owe(Owed::Answer);
        }
    }
}

/// `None` for one that could not be answered.
fn request(function: &Value) -> Option<Request> {
    let text = |field: &str| function[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let arguments = match &function["arguments"] {
        Value::Null => "{}".to_owned(),
        Value::String(text) if text.trim().is_empty() => "{}".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(Request { id: text("id")?, name: text("name")?, arguments, signature: text("thought_signature") })
}
