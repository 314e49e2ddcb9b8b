//! Step 5: the link to the voice agent. Before it the session driver, after it a provider's socket.
//!
//! Opens the socket, feeds the codec, keeps caller audio that comes before the agent is ready, and turns every failure
//! into an input for the call. It decides nothing: the core says when to dial again.

use crate::moments;
use crate::socket::{Hearing, Received, Socket, SocketLimits};
use bytes::Bytes;
use call::{AgentCommand, AgentInput, Conversation, LinkFault};
use common::company::AgentSnapshot;
use common::ports::agent::AgentFrame;
use common::ports::{AgentCodec, AgentEvent, AgentIo, Agents, Dial};
use common::private::ExposeSecret;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Longest wait for TCP, TLS and the upgrade together (RELIABILITY: provider connect 3 s). The core's own deadline for
/// `Ready` is above it.
const CONNECT: Duration = Duration::from_secs(3);

/// Caller audio kept while the agent is not ready. More would make the agent answer words long past.
const HELD: Duration = Duration::from_secs(2);

/// Unreadable messages in a row after which the link is taken for broken: a provider that speaks another protocol.
const UNREADABLE: u32 = 5;

type ProviderSocket = Socket<MaybeTlsStream<TcpStream>>;
type Dialling = Pin<Box<dyn Future<Output = Result<ProviderSocket, DialFault>> + Send>>;

/// The link of one call to its agent.
pub struct AgentLink {
    agents: Arc<dyn Agents>,
    snapshot: Arc<AgentSnapshot>,
    codec: Option<Box<dyn AgentCodec>>,
    provider: &'static str,
    conversation: Conversation,
    io: AgentIo,
    way: Way,
    held: VecDeque<(Bytes, Duration)>,
    held_length: Duration,
    ready: bool,
    unreadable: u32,
}

enum Way {
    Down,
    Dialling(Dialling),
    Socket(Box<ProviderSocket>),
    InProcess,
}

enum DialFault {
    Refused(u16),
    Unreachable,
}

impl AgentLink {
    /// A link that is down.
    pub fn new(agents: Arc<dyn Agents>, snapshot: Arc<AgentSnapshot>) -> Self {
        Self {
            agents,
            snapshot,
            codec: None,
            provider: "none",
            conversation: Conversation::default(),
            io: AgentIo::default(),
            way: Way::Down,
            held: VecDeque::new(),
            held_length: Duration::ZERO,
            ready: false,
            unreadable: 0,
        }
    }

    /// Opens the link anew, with what was heard before. What the old link still wanted to say is forgotten.
    pub fn dial(&mut self, conversation: Conversation, voice: u32) {
        self.hang_up();
        self.conversation = conversation;
        match self.agents.open(&self.snapshot, voice) {
            Ok(route) => {
                self.provider = route.provider;
                self.codec = Some(route.codec);
                match route.dial {
                    Some(dial) => self.way = Way::Dialling(Box::pin(connect(dial))),
                    None => {
                        self.way = Way::InProcess;
                        self.opened();
                    }
                }
            }
            Err(error) => {
                moments::provider_unusable(self.snapshot.voice(voice).provider, &error.0);
                self.lost(LinkFault::Refused);
            }
        }
    }

    /// Closes the link. Nothing more comes from it until the next dial.
    pub fn hang_up(&mut self) {
        self.way = Way::Down;
        self.codec = None;
        self.ready = false;
        self.unreadable = 0;
        self.io = AgentIo::default();
    }

    /// Name of the provider dialled last.
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// The agent as the next link will know it.
    pub fn agent(&self) -> &Arc<AgentSnapshot> {
        &self.snapshot
    }

    /// Caller audio: passed on at once, or kept for a moment while the agent is not ready. Returns how much audio had
    /// to be thrown away for it.
    pub fn caller_audio(&mut self, payload: Bytes, length: Duration) -> Duration {
        if self.ready
            && let Some(codec) = &mut self.codec
        {
            codec.caller_audio(&payload, length, &mut self.io);
            self.push();
            return Duration::ZERO;
        }
        self.held.push_back((payload, length));
        self.held_length += length;
        let mut dropped = Duration::ZERO;
        while self.held_length > HELD
            && let Some((_, oldest)) = self.held.pop_front()
        {
            self.held_length -= oldest;
            dropped += oldest;
        }
        dropped
    }

    /// The agent is configured anew: at once where the provider can, else from the next link on.
    pub fn configure(&mut self, snapshot: Arc<AgentSnapshot>) {
        if let Some(codec) = &mut self.codec {
            codec.configure(&snapshot, &mut self.io);
        }
        self.snapshot = snapshot;
        self.push();
    }

    /// Tells the agent.
    pub fn command(&mut self, command: AgentCommand) {
        if let Some(codec) = &mut self.codec {
            codec.command(command, &mut self.io);
            self.push();
        }
    }

    /// Asks the provider whether it still reads; one that does not is a broken link.
    pub fn ping(&mut self, now: Instant) {
        if let Way::Socket(socket) = &mut self.way
            && socket.ping(now) == Hearing::Deaf
        {
            self.lost(LinkFault::Broken);
        }
    }

    /// What the agent does next. May be dropped and called again at any time; waits for ever while the link is down.
    pub async fn next(&mut self) -> AgentEvent {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<AgentEvent> {
        loop {
            if let Some(event) = self.io.events.pop_front() {
                self.look_at(&event);
                return Poll::Ready(event);
            }
            let received = match &mut self.way {
                Way::Down | Way::InProcess => return Poll::Pending,
                Way::Dialling(dialling) => match dialling.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(result) => {
                        self.dialled(result);
                        continue;
                    }
                },
                Way::Socket(socket) => match socket.poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(received) => received,
                },
            };
            self.received(received);
        }
    }

    fn dialled(&mut self, result: Result<ProviderSocket, DialFault>) {
        moments::provider_dialled(self.provider, if result.is_ok() { "open" } else { "failed" });
        match result {
            Ok(socket) => {
                self.way = Way::Socket(Box::new(socket));
                self.opened();
            }
            Err(DialFault::Refused(status)) => {
                let fault = self.codec.as_ref().map_or(LinkFault::Broken, |codec| codec.refused(status));
                self.lost(fault);
            }
            Err(DialFault::Unreachable) => self.lost(LinkFault::Broken),
        }
    }

    fn opened(&mut self) {
        if let Some(codec) = &mut self.codec {
            codec.opened(&self.conversation, &mut self.io);
            self.push();
        }
    }

    fn received(&mut self, received: Received) {
        let Some(codec) = &mut self.codec else { return };
        match received {
            Received::Text(frame) => codec.text(frame, &mut self.io),
            Received::Binary(frame) => codec.binary(frame, &mut self.io),
            Received::Closed(code, reason) => {
                let fault = codec.closed(code, &reason);
                return self.lost(fault);
            }
            Received::Broken | Received::TooLarge | Received::Malformed => {
                let fault = codec.closed(None, "");
                return self.lost(fault);
            }
        }
        self.push();
    }

    /// Notes what the event means for the link itself before the core hears of it.
    fn look_at(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Input(AgentInput::Ready) => self.became_ready(),
            AgentEvent::Input(AgentInput::Lost(_)) => self.hang_up(),
            AgentEvent::Unreadable => {
                self.unreadable += 1;
                if self.unreadable >= UNREADABLE {
                    self.lost(LinkFault::Broken);
                }
            }
            AgentEvent::Input(_) | AgentEvent::Audio { .. } => self.unreadable = 0,
            AgentEvent::Unknown => {}
        }
    }

    fn became_ready(&mut self) {
        self.ready = true;
        self.held_length = Duration::ZERO;
        for (payload, length) in std::mem::take(&mut self.held) {
            if let Some(codec) = &mut self.codec {
                codec.caller_audio(&payload, length, &mut self.io);
            }
        }
        self.push();
    }

    /// Moves what the codec wants sent into the socket's write buffer.
    fn push(&mut self) {
        while let Some(frame) = self.io.send.pop_front() {
            let Way::Socket(socket) = &mut self.way else { continue };
            let queued = match frame {
                AgentFrame::Text(text) => socket.queue_text(text),
                AgentFrame::Binary(bytes) => socket.queue_binary(bytes),
            };
            if queued.is_err() {
                return self.lost(LinkFault::Broken);
            }
        }
    }

    /// The link is gone: what it still had to say is dropped, and the core hears of it once.
    fn lost(&mut self, fault: LinkFault) {
        self.hang_up();
        self.io.events.push_back(AgentEvent::Input(AgentInput::Lost(fault)));
    }
}

async fn connect(dial: Dial) -> Result<ProviderSocket, DialFault> {
    let mut request = dial.url.as_str().into_client_request().map_err(|_| DialFault::Unreachable)?;
    if let Some(authorization) = &dial.authorization {
        let mut value = HeaderValue::from_str(authorization.expose_secret()).map_err(|_| DialFault::Refused(401))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    for (name, value) in &dial.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers_mut().insert(name, value);
        }
    }
    // Nagle's algorithm would hold each 20 ms frame back for the acknowledgement of the one before.
    let connecting = connect_async_with_config(request, Some(SocketLimits::AGENT.config()), true);
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(Ok((stream, _))) => Ok(into_socket(stream)),
        Ok(Err(Error::Http(response))) => Err(DialFault::Refused(response.status().as_u16())),
        Ok(Err(_)) | Err(_) => Err(DialFault::Unreachable),
    }
}

fn into_socket(stream: WebSocketStream<MaybeTlsStream<TcpStream>>) -> ProviderSocket {
    Socket::new(stream)
}
