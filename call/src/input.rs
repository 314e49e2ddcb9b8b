//! All that can happen to a call. Nothing else can.

use crate::{Fact, Kept, Spoken, ToolOutcome, Usage};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Time since the call was answered. The core owns no clock; whoever drives it says what time it is.
pub type At = Duration;

/// One answer of the agent (OpenAI: a response), numbered by the codec in the order it saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyId(pub u32);

/// One utterance in the provider's conversation (OpenAI: an item), numbered by the codec in the order it saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub u32);

/// A point in the audio sent to the line; it comes back when everything before it was played or cleared.
///
/// The generation grows with every `Clear`, so a mark that returns because of a clear is told from one that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MarkId {
    /// How many clears were sent before this mark.
    pub generation: u32,
    /// Unique in the call, ascending.
    pub number: u32,
}

/// The mark's name on the wire, for example `g2-17`.
impl fmt::Display for MarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}-{}", self.generation, self.number)
    }
}

impl MarkId {
    /// Reads a name written by `Display`; `None` for any other text.
    pub fn parse(name: &str) -> Option<Self> {
        let (generation, number) = name.strip_prefix('g')?.split_once('-')?;
        Some(Self { generation: generation.parse().ok()?, number: number.parse().ok()? })
    }
}

/// The provider's own name of a tool call; at most 64 bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallId(pub String);

/// A key pressed on the telephone: `0`-`9`, `*`, `#`, `A`-`D`. It does not print: digits may be a card number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digit(pub char);

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(_)")
    }
}

/// All that can happen to a call, audio apart (see [`Frame`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// From the caller's side.
    Line(LineInput),
    /// From the voice agent.
    Agent(AgentInput),
    /// From a tool that was run.
    Tool(ToolInput),
    /// From an operator, a supervisor, the worker itself or the registry.
    Control(ControlInput),
    /// The moment [`crate::Command`]'s deadline named has come.
    Timeout,
}

/// What the telephone line does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LineInput {
    /// The media stream has started: audio may flow both ways.
    Started,
    /// A mark came back.
    Marked(MarkId),
    /// The caller pressed a key.
    Pressed(Digit),
    /// The stream was stopped by the telephone network; it gives no reason.
    Stopped,
    /// The socket ended, fell silent or did not take our audio any more, without a stop.
    Lost,
}

/// What the voice agent does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentInput {
    /// The session is configured and, after a redial, knows the history: audio may flow.
    Ready,
    /// The provider hears the caller begin to speak. `item` is what the caller's words will be called.
    CallerStarted {
        /// The utterance that begins.
        item: ItemId,
    },
    /// The provider hears the caller stop.
    CallerStopped {
        /// The utterance that ended.
        item: ItemId,
    },
    /// The caller's words as text; `None` when they could not be transcribed. May come late and in any order.
    CallerSaid {
        /// The utterance.
        item: ItemId,
        /// Its words.
        text: Option<Spoken>,
    },
    /// The agent begins an answer.
    ReplyStarted {
        /// The answer.
        reply: ReplyId,
    },
    /// More of the text of what the agent says; usually ahead of the audio.
    ReplyText {
        /// The answer.
        reply: ReplyId,
        /// The utterance within the answer.
        item: ItemId,
        /// Text to append.
        text: Spoken,
    },
    /// The answer is complete: no more audio of it will come.
    ReplyDone {
        /// The answer.
        reply: ReplyId,
        /// How it ended.
        outcome: ReplyOutcome,
        /// What it cost; billed even when nobody heard it.
        usage: Usage,
    },
    /// Transcription of the caller was billed.
    Transcribed {
        /// What it cost.
        usage: Usage,
    },
    /// The agent wants a tool to be run.
    ToolAsked {
        /// The provider's name of this tool call.
        call: ToolCallId,
        /// The tool's name.
        name: String,
        /// Its arguments, JSON as the model wrote it; may hold anything the caller said.
        arguments: Spoken,
    },
    /// The provider does not want this tool call any more: the caller went on speaking.
    ToolCancelled {
        /// The provider's name of the tool call.
        call: ToolCallId,
    },
    /// The provider reported an error that leaves the session open; `code` is the provider's, never its message.
    Complained {
        /// For example `rate_limit_exceeded`.
        code: String,
    },
    /// The link is gone, or is to be given up.
    Lost(LinkFault),
}

/// Why the agent's link is gone, as far as it changes what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkFault {
    /// The network or the server failed: dial again.
    Broken,
    /// The provider's own limit on the length of a session was reached: dial again at once.
    Expired,
    /// Too many sessions or requests: dial again later.
    Busy,
    /// Wrong key, no money, unknown model: dialling again cannot help.
    Refused,
}

/// How an answer of the agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplyOutcome {
    /// Said in full.
    Completed,
    /// Cut because the caller spoke or because we asked.
    Cancelled,
    /// Cut by the provider: length or content.
    Incomplete,
    /// Nothing will be heard of it; asking again may help.
    Failed,
}

/// What a tool does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToolInput {
    /// It takes long enough that the caller should hear something; said once, if nobody speaks.
    Slow {
        /// Which tool call.
        call: ToolCallId,
        /// What to say meanwhile.
        filler: Spoken,
    },
    /// It ended, well or badly.
    Answered(ToolAnswer),
}

/// How a tool call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolAnswer {
    /// Which tool call.
    pub call: ToolCallId,
    /// JSON text for the model.
    pub output: Spoken,
    /// How it ended, for the record.
    pub outcome: ToolOutcome,
    /// The typed error the model was given, for example `timeout`; `None` when it answered well.
    pub error: Option<String>,
    /// Arguments and output as the record may keep them; `None` where the tool says that nobody may.
    pub kept: Option<Kept>,
    /// What else the record is to know.
    pub facts: Vec<Fact>,
}

impl ToolAnswer {
    /// A tool that answered well, of which the record keeps nothing but the name.
    pub fn new(call: ToolCallId, output: Spoken) -> Self {
        Self { call, output, outcome: ToolOutcome::Answered, error: None, kept: None, facts: Vec::new() }
    }
}

/// What an operator, the worker or the registry wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ControlInput {
    /// Let the agent say this.
    Say(Spoken),
    /// End the call when what is being said has been heard.
    Finish(EndBy),
    /// End the call now.
    HangUp,
    /// Leave the stream for this step when what is being said has been heard.
    Leave(NextStep),
    /// A newer epoch owns this call: fall silent, publish nothing more.
    Fenced,
    /// The worker is stopping: live calls may finish.
    Drain,
    /// From its next answer on the agent speaks with this configuration. The driver has told the agent already.
    Configured {
        /// Version of the agent's configuration.
        version: String,
        /// BCP 47 language of the conversation.
        language: String,
    },
}

/// Who asked for a polite end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndBy {
    /// The agent itself, by its `hang_up` tool.
    Agent,
    /// A person at the console.
    Operator,
    /// The call has cost as much as it may: the agent says that time is up, and it ends.
    Budget,
}

/// What happens to the call after the media stream has been left. Stored with the session, read by the gateway.
///
/// Places are names of the company's own list, never numbers: whoever renders the step looks them up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The call is over.
    HangUp,
    /// Another worker goes on with the conversation.
    Resume,
    /// Somebody is called and put through; when nobody answers, the agent goes on ([`crate::Cue::NobodyAnswered`]).
    Transfer {
        /// Name of the target.
        to: String,
        /// Said to the person called before the caller is put through, who may then decline. `None` puts through at once.
        briefing: Option<Spoken>,
    },
    /// The caller joins a conference.
    Conference {
        /// Name of the room.
        room: String,
    },
    /// The caller waits in a queue until somebody takes the call; after too long the agent goes on.
    Queue {
        /// Name of the queue.
        queue: String,
    },
    /// Keys are sent to the other side, then the agent goes on ([`crate::Cue::DigitsSent`]).
    Digits {
        /// `0`-`9`, `*`, `#`, `w` for half a second of silence. They may be a secret.
        keys: Spoken,
    },
    /// The telephone network says that nobody can answer, and ends the call.
    Apologize,
}

impl NextStep {
    /// The step as the record may keep it: keys may be a secret, and are for the telephone network only.
    pub(crate) fn without_keys(&self) -> Self {
        match self {
            Self::Digits { .. } => Self::Digits { keys: Spoken::default() },
            other => other.clone(),
        }
    }
}

/// A piece of audio that wants to pass. The driver keeps the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who it comes from.
    pub from: From,
    /// How long it plays.
    pub length: Duration,
}

/// Where a piece of audio comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// The caller.
    Caller,
    /// The agent.
    Agent {
        /// Which answer.
        reply: ReplyId,
        /// Which utterance of it.
        item: ItemId,
    },
}

/// The core's verdict on a [`Frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pass {
    /// Send it on; then, if given, this mark.
    Pass {
        /// A mark to send to the line right after the audio.
        mark: Option<MarkId>,
    },
    /// Throw it away.
    Drop,
}
