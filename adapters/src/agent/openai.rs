//! OpenAI Realtime (GA, over WebSocket): the codec of one link.
//! <https://platform.openai.com/docs/api-reference/realtime> (read 2026-11).
//!
//! Before it: the worker's provider socket. After it: the call core, which sees only [`AgentEvent`]s. The files under
//! it each know one thing: `dial` the address, `session` the configuration, `history` the rebuilt conversation,
//! `server` what the server says, `hear` what of it the call is told, `tell` what the server is told, `gate` when an
//! answer may be asked for, `errors` which faults end a link, `usage` what is billed.
//!
//! Decisions:
//! - No audio is sent before the server has confirmed mu-law both ways; earlier caller audio is dropped here, because
//!   the server would take it for PCM.
//! - Audio of an answer that was never announced announces it: the core gets `ReplyStarted` first.
//! - A key press becomes a line of the conversation and asks for no answer: keys come in rows, and an answer to each
//!   would speak over the next. The core asks with [`AgentCommand::Reply`] when it wants one.
//! - After [`AgentInput::Lost`] the codec is deaf and mute.
//! - Replies and items are numbered from 1 on every link.

mod dial;
mod errors;
mod gate;
mod hear;
mod history;
mod server;
mod session;
mod tell;
mod usage;

use super::faults;
use super::names::{Names, Replies};
use bytes::{Bytes, BytesMut};
use call::{AgentCommand, AgentInput, Conversation, ItemId, LinkFault};
use common::company::AgentSnapshot;
use common::ports::AgentEvent;
use common::ports::agent::{AgentCodec, AgentFrame, AgentIo, AgentRoute, Dial};
use common::private::{ExposeSecret as _, SecretString};
use gate::Gate;
use history::History;
use std::time::Duration;

const APPEND_HEAD: &[u8] = br#"{"type":"input_audio_buffer.append","audio":""#;
const APPEND_TAIL: &[u8] = br#""}"#;

/// Room for a dozen 20 ms frames; the buffer is used again once they have been sent. Smaller allocates more often,
/// larger costs memory on every call.
const SEND_BUFFER: usize = 4 * 1024;

/// A way to OpenAI for this agent.
pub(super) fn route(agent: &AgentSnapshot, voice: u32, base_url: &str, key: &SecretString) -> AgentRoute {
    let authorization = SecretString::from(format!("Bearer {}", key.expose_secret()));
    let url = dial::url(base_url, &agent.voice(voice).model);
    let dial = Dial { url, authorization: Some(authorization), headers: Vec::new() };
    AgentRoute { provider: "openai", codec: Box::new(OpenaiLink::new(agent, voice)), dial: Some(dial) }
}

/// One link's codec.
struct OpenaiLink {
    agent: AgentSnapshot,
    /// Which of the agent's voices this is.
    voice: u32,
    phase: Phase,
    gate: Gate,
    replies: Replies,
    items: Names,
    /// Tools asked for, so that each is run once though the server names it twice.
    tools: Names,
    /// Tools of which the server has the output.
    answered: Names,
    change: Change,
    /// What the caller is saying now: the item for a server that does not name it when it ends.
    caller: Option<ItemId>,
    /// Faults of the server so far: the second one ends the link.
    server_faults: u32,
    /// Messages sent so far: their ids.
    sent: u32,
    buffer: BytesMut,
}

/// How far the link has come.
enum Phase {
    /// The configuration is on its way; then this conversation is told.
    Configuring(History),
    /// The conversation is on its way; over when the server has taken its last item.
    Restoring(History),
    /// Audio flows.
    Talking,
    /// The link was given up.
    Over,
}

/// Whether the agent is configured otherwise than the server was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    /// To be told once the link is ready.
    Waits,
}

impl OpenaiLink {
    fn new(agent: &AgentSnapshot, voice: u32) -> Self {
        Self {
            agent: agent.clone(),
            voice,
            phase: Phase::Configuring(History::default()),
            gate: Gate::default(),
            replies: Replies::default(),
            items: Names::default(),
            tools: Names::default(),
            answered: Names::default(),
            change: Change::None,
            caller: None,
            server_faults: 0,
            sent: 0,
            buffer: BytesMut::with_capacity(SEND_BUFFER),
        }
    }

    fn input(io: &mut AgentIo, input: AgentInput) {
        io.events.push_back(AgentEvent::Input(input));
    }

    fn lose(&mut self, fault: LinkFault, io: &mut AgentIo) {
        self.phase = Phase::Over;
        Self::input(io, AgentInput::Lost(fault));
    }
}

impl AgentCodec for OpenaiLink {
    fn opened(&mut self, conversation: &Conversation, io: &mut AgentIo) {
        self.phase = Phase::Configuring(History::of(conversation));
        self.change = Change::None;
        self.know(&conversation.tools);
        io.send.push_back(AgentFrame::Text(session::update(&self.agent, self.voice)));
    }

    fn caller_audio(&mut self, payload: &Bytes, _length: Duration, io: &mut AgentIo) {
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        self.buffer.reserve(APPEND_HEAD.len() + payload.len() + APPEND_TAIL.len());
        self.buffer.extend_from_slice(APPEND_HEAD);
        self.buffer.extend_from_slice(payload);
        self.buffer.extend_from_slice(APPEND_TAIL);
        io.send.push_back(AgentFrame::Text(self.buffer.split().freeze()));
    }

    fn configure(&mut self, agent: &AgentSnapshot, io: &mut AgentIo) {
        self.agent = agent.clone();
        self.change = Change::Waits;
        self.tell_change(io);
    }

    fn command(&mut self, command: AgentCommand, io: &mut AgentIo) {
        if !matches!(self.phase, Phase::Over) {
            self.tell(command, io);
        }
    }

    fn text(&mut self, frame: Bytes, io: &mut AgentIo) {
        if !matches!(self.phase, Phase::Over) {
            self.hear(&frame, io);
        }
    }

    fn binary(&mut self, _frame: Bytes, io: &mut AgentIo) {
        io.events.push_back(AgentEvent::Unknown);
    }

    fn closed(&self, code: Option<u16>, reason: &str) -> LinkFault {
        errors::closed(code, reason)
    }

    fn refused(&self, status: u16) -> LinkFault {
        faults::refused(status)
    }
}
