//! Voice agents: where to connect, and a provider's frames ↔ what the call core understands. Codecs are pure.

use crate::company::AgentSnapshot;
use crate::private::SecretString;
use bytes::Bytes;
use call::{AgentCommand, AgentInput, Conversation, ItemId, LinkFault, ReplyId};
use std::collections::VecDeque;
use std::time::Duration;

/// Finds the provider of an agent. Adapters: OpenAI Realtime, Deepgram Voice Agent, scripted.
pub trait Agents: Send + Sync + 'static {
    /// A codec and where to connect it: to the agent's voice of this number, as the core's `Dial` names it. Called for
    /// each dial, so that a new key is used at once.
    fn open(&self, agent: &AgentSnapshot, voice: u32) -> Result<AgentRoute, NoProvider>;
}

/// The agent cannot be reached as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no voice agent: {0}")]
pub struct NoProvider(pub String);

/// A way to an agent.
pub struct AgentRoute {
    /// Name of the provider, for metrics and records: `openai`, `deepgram`, `scripted`.
    pub provider: &'static str,
    /// Translates.
    pub codec: Box<dyn AgentCodec>,
    /// Where to connect; `None` for an agent that lives in this process and needs no socket.
    pub dial: Option<Dial>,
}

/// A WebSocket to open.
#[derive(Debug)]
pub struct Dial {
    /// `wss://…` or, on loopback, `ws://…`; no secret in it.
    pub url: String,
    /// Sent as `Authorization`: `Bearer …` or `Token …`.
    pub authorization: Option<SecretString>,
    /// Further headers; no secrets.
    pub headers: Vec<(String, String)>,
}

/// One link's codec.
///
/// Every method may put frames to send and events for the call into `io`. None may fail: what cannot be read becomes
/// [`AgentEvent::Unreadable`] or [`AgentInput::Lost`].
pub trait AgentCodec: Send {
    /// The socket is open (or there is none to open). `conversation` is what was heard before; empty on a new call.
    fn opened(&mut self, conversation: &Conversation, io: &mut AgentIo);
    /// Caller audio: base64 mu-law 8 kHz.
    fn caller_audio(&mut self, payload: &Bytes, length: Duration, io: &mut AgentIo);
    /// The agent is configured anew: what can be changed in a running session is told, the rest counts from the next
    /// link on. Before the link is ready it replaces what the link was opened with.
    fn configure(&mut self, agent: &AgentSnapshot, io: &mut AgentIo);
    /// The core wants the agent told.
    fn command(&mut self, command: AgentCommand, io: &mut AgentIo);
    /// A text frame came.
    fn text(&mut self, frame: Bytes, io: &mut AgentIo);
    /// A binary frame came.
    fn binary(&mut self, frame: Bytes, io: &mut AgentIo);
    /// The socket was closed with this code, or broke (`None`): what does it mean?
    fn closed(&self, code: Option<u16>, reason: &str) -> LinkFault;
    /// The HTTP upgrade was refused with this status: what does it mean?
    fn refused(&self, status: u16) -> LinkFault;
}

/// What a codec gives back.
#[derive(Default)]
pub struct AgentIo {
    /// Frames for the provider, in order.
    pub send: VecDeque<AgentFrame>,
    /// What happened, in order.
    pub events: VecDeque<AgentEvent>,
}

/// A frame for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentFrame {
    /// UTF-8 text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// What a provider's frame says.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// Something for the core.
    Input(AgentInput),
    /// Agent audio for the line.
    Audio {
        /// Which answer.
        reply: ReplyId,
        /// Which utterance.
        item: ItemId,
        /// Base64 mu-law 8 kHz; where nothing was converted a slice of the provider's frame.
        payload: Bytes,
        /// How long it plays.
        length: Duration,
    },
    /// A message this build does not know: counted.
    Unknown,
    /// A message that could not be read: counted; many of them end the link.
    Unreadable,
}
