//! Deepgram Voice Agent v1: the codec of one link.
//! <https://developers.deepgram.com/docs/voice-agent> (read 2026-11).
//!
//! Before it: the worker's provider socket. After it: the call core, which sees only [`AgentEvent`]s. The files under
//! it each know one thing: `settings` the configuration, `history` the rebuilt conversation, `server` what the server
//! says, `hear` what becomes of it, `caller` the caller's utterances, `speech` the agent's answers, `requests` the
//! functions it wants run, `tell` what the server is told, `wish` what it is asked to say, `updates` how a running
//! session is changed, `clock` time, `errors` which faults end a link.
//!
//! The protocol has no ids for answers and utterances, no cancel, no truncate and no usage, so all of that is made here:
//! - An answer begins with the first audio, text or function request after a turn, and ends with `AgentAudioDone`, or
//!   when nothing of it came for a while. One that is nothing but a request for functions ends with it: the core must be
//!   free to have a filler said while a function runs. Results are followed by an answer of its own.
//! - Audio that comes after the caller was heard to start belongs to the answer they interrupted and is thrown away,
//!   until a turn, a function request or a few seconds tell that a new answer began.
//! - Time is the caller's audio, as a codec has no clock: a telephone line sends it without a pause. It also is what
//!   Deepgram bills, and why no `KeepAlive` is sent.
//! - The greeting is not part of the settings: a link may be opened before the caller is on the line, and would speak to
//!   nobody. Like every cue it is an `InjectAgentMessage`, when the core asks for it.
//! - Keys come in rows, and an answer to each would speak over the next: a row is told as one line of the caller's when
//!   it is over, and answered.
//! - After [`AgentInput::Lost`] the codec is deaf and mute. Answers and utterances are numbered from 1 on every link.

mod caller;
mod clock;
mod errors;
mod hear;
mod history;
mod requests;
mod server;
mod settings;
mod speech;
mod tell;
mod updates;
mod wish;

use super::{address, faults};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use call::{AgentCommand, AgentInput, Conversation, ItemId, LinkFault};
use caller::Caller;
use clock::Clock;
use common::company::AgentSnapshot;
use common::ports::AgentEvent;
use common::ports::agent::{AgentCodec, AgentFrame, AgentIo, AgentRoute, Dial};
use common::private::{ExposeSecret as _, SecretString};
use history::History;
use requests::Requests;
use serde_json::Value;
use speech::Speech;
use std::time::Duration;
use updates::Updates;
use wish::Wish;

const PATH: &str = "/v1/agent/converse";

/// Room for a dozen 20 ms frames, or for one second of the agent in base64; the buffer is used again once they have been
/// sent. Smaller allocates more often, larger costs memory on every call.
const BUFFER: usize = 2 * 1024;

/// A way to Deepgram for this agent.
pub(super) fn route(agent: &AgentSnapshot, voice: u32, base_url: &str, key: &SecretString) -> AgentRoute {
    let authorization = SecretString::from(format!("Token {}", key.expose_secret()));
    let url = format!("{}{PATH}", address::websocket(base_url));
    let dial = Dial { url, authorization: Some(authorization), headers: Vec::new() };
    AgentRoute { provider: "deepgram", codec: Box::new(DeepgramLink::new(agent, voice)), dial: Some(dial) }
}

/// One link's codec.
struct DeepgramLink {
    agent: AgentSnapshot,
    /// Which of the agent's voices this is.
    voice: u32,
    phase: Phase,
    clock: Clock,
    caller: Caller,
    speech: Speech,
    requests: Requests,
    /// What the agent was asked to say and has not begun.
    wish: Wish,
    history: History,
    updates: Updates,
    /// Utterances of either side so far.
    items: u32,
    buffer: BytesMut,
}

/// How far the link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing may be sent before the server's welcome.
    Waiting,
    /// The settings are on their way.
    Configuring,
    /// Audio flows.
    Talking,
    /// The link was given up.
    Over,
}

impl DeepgramLink {
    fn new(agent: &AgentSnapshot, voice: u32) -> Self {
        Self {
            agent: agent.clone(),
            voice,
            phase: Phase::Waiting,
            clock: Clock::default(),
            caller: Caller::default(),
            speech: Speech::default(),
            requests: Requests::default(),
            wish: Wish::default(),
            history: History::default(),
            updates: Updates::default(),
            items: 0,
            buffer: BytesMut::with_capacity(BUFFER),
        }
    }

    fn input(io: &mut AgentIo, input: AgentInput) {
        io.events.push_back(AgentEvent::Input(input));
    }

    fn send(io: &mut AgentIo, message: &Value) {
        io.send.push_back(AgentFrame::Text(Bytes::from(message.to_string())));
    }

    fn item(&mut self) -> ItemId {
        self.items += 1;
        ItemId(self.items)
    }

    fn lose(&mut self, fault: LinkFault, io: &mut AgentIo) {
        self.phase = Phase::Over;
        Self::input(io, AgentInput::Lost(fault));
    }

    /// What becomes possible with time.
    fn tick(&mut self, io: &mut AgentIo) {
        self.bill(io);
        self.end_what_is_overdue(io);
        self.end_noise(io);
        self.wish_again(io);
        self.ask_for_what_is_missed(io);
        self.tell_keys(io);
        self.update(io);
    }
}

impl AgentCodec for DeepgramLink {
    fn opened(&mut self, conversation: &Conversation, _io: &mut AgentIo) {
        self.history = History::of(conversation);
    }

    fn caller_audio(&mut self, payload: &Bytes, length: Duration, io: &mut AgentIo) {
        if self.phase != Phase::Talking {
            return;
        }
        let start = self.buffer.len();
        self.buffer.resize(start + base64::decoded_len_estimate(payload.len()), 0);
        let Ok(bytes) = STANDARD.decode_slice(payload, &mut self.buffer[start..]) else {
            self.buffer.truncate(start);
            return;
        };
        self.buffer.truncate(start + bytes);
        let audio = self.buffer.split().freeze();
        self.caller.listen(&audio, length);
        io.send.push_back(AgentFrame::Binary(audio));
        if self.clock.advance(length) == clock::Tick::Now {
            self.tick(io);
        }
    }

    fn configure(&mut self, agent: &AgentSnapshot, io: &mut AgentIo) {
        self.agent = agent.clone();
        self.change(io);
    }

    fn command(&mut self, command: AgentCommand, io: &mut AgentIo) {
        if self.phase == Phase::Talking {
            self.tell(command, io);
        }
    }

    fn text(&mut self, frame: Bytes, io: &mut AgentIo) {
        if self.phase != Phase::Over {
            self.hear(&frame, io);
        }
    }

    fn binary(&mut self, frame: Bytes, io: &mut AgentIo) {
        match self.phase {
            Phase::Talking => self.agent_audio(&frame, io),
            Phase::Waiting | Phase::Configuring => io.events.push_back(AgentEvent::Unknown),
            Phase::Over => {}
        }
    }

    fn closed(&self, code: Option<u16>, _reason: &str) -> LinkFault {
        errors::closed(code)
    }

    fn refused(&self, status: u16) -> LinkFault {
        faults::refused(status)
    }
}
