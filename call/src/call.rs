//! The call: joins the small machines.

use crate::{At, Command, Conversation, Frame, Input, Limits, Pass};

/// One phone call.
#[derive(Debug)]
pub struct Call {
    conversation: Conversation,
    deadline: Option<At>,
}

impl Call {
    /// A new call.
    pub fn answer(_limits: Limits) -> Self {
        Self { conversation: Conversation::default(), deadline: None }
    }

    /// A call another worker had before.
    pub fn resume(_limits: Limits, conversation: Conversation) -> Self {
        Self { conversation, deadline: None }
    }

    /// Tells what happened and when.
    pub fn handle(&mut self, _at: At, _input: Input) {}

    /// Asks whether a piece of audio may pass.
    pub fn frame(&mut self, _at: At, _frame: Frame) -> Pass {
        Pass::Drop
    }

    /// The next thing to do.
    pub fn next_command(&mut self) -> Option<Command> {
        None
    }

    /// When [`Input::Timeout`] is due.
    pub fn deadline(&self) -> Option<At> {
        self.deadline
    }

    /// The turns heard so far.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Whether the last command was `Close`.
    pub fn is_over(&self) -> bool {
        false
    }
}
