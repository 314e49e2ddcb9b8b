//! Runs tool calls; results come back as inputs. A tool the agent does not have gets a typed error, never silence.
//!
//! Built in: `hang_up`, which ends the call when the goodbye has been heard.

use call::{ControlInput, EndBy, Spoken, ToolAnswer, ToolCallId, ToolInput};
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// The built-in that ends the call.
pub const HANG_UP: &str = "hang_up";

/// The tools of one call.
#[derive(Default)]
pub struct Tools {
    answers: VecDeque<ToolInput>,
    control: Option<ControlInput>,
}

impl Tools {
    /// Runs a tool. Built-ins answer at once.
    pub fn run(&mut self, call: ToolCallId, name: &str, _arguments: &Spoken) {
        let output = if name == HANG_UP {
            self.control = Some(ControlInput::Finish(EndBy::Agent));
            r#"{"status":"the call ends when your goodbye has been heard"}"#.to_owned()
        } else {
            serde_json::json!({ "error": "unknown_tool", "tool": name }).to_string()
        };
        self.answers.push_back(ToolInput::Answered(ToolAnswer::new(call, Spoken::new(output))));
    }

    /// Nobody waits for this answer any more.
    pub fn cancel(&mut self, call: &ToolCallId) {
        self.answers.retain(|answer| !matches!(answer, ToolInput::Answered(answer) if answer.call == *call));
    }

    /// What a built-in wants of the call.
    pub fn take_control(&mut self) -> Option<ControlInput> {
        self.control.take()
    }

    /// The next answer. Asked again after every happening, so it needs no waker of its own: answers only appear while
    /// commands are carried out.
    pub fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<ToolInput> {
        self.answers.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
