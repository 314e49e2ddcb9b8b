//! All that the core can ask of the world.

use crate::{CallEvent, EndReason, ItemId, MarkId, NextStep, ReplyId, Spoken, ToolCallId};
use serde::{Deserialize, Serialize};

/// What the driver is to do now. Commands are taken after every input, in order, until none is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Make the line forget all audio it has not played yet.
    Clear,
    /// Send this mark to the line behind the audio already sent.
    Mark(MarkId),
    /// Tell the agent.
    Agent(AgentCommand),
    /// Open a new link to the agent and give it the conversation so far ([`crate::Turn`]s heard).
    Dial {
        /// 1 for the first redial of this loss.
        attempt: u32,
        /// Which of the agent's providers, best first; below [`crate::Limits::providers`].
        provider: u32,
    },
    /// Close the agent's link.
    DropAgent,
    /// Run a tool; the answer comes back as [`crate::ToolInput`].
    RunTool {
        /// The provider's name of the tool call.
        call: ToolCallId,
        /// The tool's name.
        name: String,
        /// JSON as the model wrote it.
        arguments: Spoken,
    },
    /// Nobody waits for this tool any more.
    CancelTool {
        /// The provider's name of the tool call.
        call: ToolCallId,
    },
    /// Store the conversation so that another worker could go on.
    Checkpoint,
    /// Let the world know.
    Publish(CallEvent),
    /// End the phone call at the telephone network (by REST where possible, else by closing the stream).
    HangUp(EndReason),
    /// Close the stream so that the telephone network asks for this step.
    Leave(NextStep),
    /// The call is over for this worker: release everything. Always the last command.
    Close(EndReason),
}

/// What the agent is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentCommand {
    /// Speak at an occasion; the wording belongs to the agent's configuration.
    Cue(Cue),
    /// Say this.
    Say(Spoken),
    /// Stop generating this answer. Only when the provider does not stop by itself.
    Cancel {
        /// The answer.
        reply: ReplyId,
    },
    /// The caller heard only this much of an utterance.
    Truncate {
        /// The utterance.
        item: ItemId,
        /// Milliseconds heard; never more than were received.
        heard_ms: u32,
    },
    /// A tool's result.
    ToolOutput {
        /// Which tool call.
        call: ToolCallId,
        /// JSON text.
        output: Spoken,
    },
    /// Go on speaking: all tool results are in, or an answer failed and is asked for again.
    Reply,
    /// The caller pressed a key.
    Pressed(crate::Digit),
}

/// Occasions on which the agent speaks unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cue {
    /// First words of a call.
    Greeting,
    /// The caller has been silent for a while.
    SilencePrompt,
    /// The caller has been silent too long: the call ends after this.
    SilenceFarewell,
    /// The call has reached its maximum length and ends after this.
    TimeLimit,
    /// The conversation goes on after an interruption of the service.
    Resumed,
    /// The caller was to be put through and nobody answered.
    NobodyAnswered,
    /// The keys the agent wanted sent were sent.
    DigitsSent,
}
