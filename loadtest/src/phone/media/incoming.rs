//! What the server says in a media stream.
//!
//! Called by the loop of `stream.rs` for every message; feeds the player and sends back the marks that are reached.
//! What the server does wrong is noticed by Twilio's numbers and otherwise ignored, as Twilio ignores it.

use std::task::Context;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::{Media, PAUSE, Pushed, flush, push};
use crate::phone::call::Call;
use crate::phone::event::PhoneEvent;
use crate::phone::handshake::Socket;
use crate::phone::stream::Over;
use crate::phone::truth::StreamEnd;
use crate::phone::wire::{self, FromServer};
use crate::watermark::fingerprint;

impl Media {
    /// A message of the server, or the end of the connection.
    pub(in crate::phone) fn message(
        &mut self,
        call: &mut Call,
        socket: &mut Socket,
        message: Option<&Result<Message, Error>>,
        cx: &mut Context<'_>,
    ) -> Option<Over> {
        match message {
            Some(Ok(Message::Text(text))) => self.text(text, call, socket, cx),
            Some(Ok(Message::Binary(_))) => {
                call.notice(31950, "a binary frame");
                None
            }
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                call.notice(31921, format!("the server closed the stream with code {}", code.unwrap_or(1005)));
                self.truth.end = StreamEnd::ServerClosed(code);
                Some(Over::Ended)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_))) | None => {
                self.broken(call, "the connection broke")
            }
            Some(Err(error)) => {
                call.notice(31924, error.to_string());
                self.truth.end = StreamEnd::Broken;
                Some(Over::Ended)
            }
        }
    }

    pub(super) fn broken(&mut self, call: &mut Call, how: &str) -> Option<Over> {
        call.notice(31903, how);
        self.truth.end = StreamEnd::Broken;
        Some(Over::Ended)
    }

    fn text(&mut self, text: &Utf8Bytes, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) -> Option<Over> {
        let now = Instant::now();
        match wire::read(text, &self.truth.stream_sid) {
            Ok(FromServer::Media(payload)) => {
                self.decoded.clear();
                if STANDARD.decode_vec(payload.as_bytes(), &mut self.decoded).is_err() {
                    call.notice(31951, "the payload is not base64");
                    return None;
                }
                self.player.audio(now, fingerprint(payload.as_bytes()), &self.decoded);
                if !self.agent_speaks && self.player.is_playing() {
                    self.agent_speaks = true;
                    call.watcher.tell(|| PhoneEvent::AgentAudio);
                }
            }
            Ok(FromServer::Mark(name)) => self.player.mark(now, &name),
            Ok(FromServer::Clear) => {
                let dropped_ms = self.player.clear(now).dropped_bytes / 8;
                call.watcher.tell(|| PhoneEvent::Cleared { dropped_ms });
            }
            Err(fault) => call.notice(31951, fault),
        }
        let over = self.echo(call, socket, cx);
        flush(socket, cx);
        over
    }

    /// Sends back the marks that have been reached.
    pub(super) fn echo(&mut self, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) -> Option<Over> {
        let mut over = None;
        for name in self.player.take_reached() {
            let text = self.writer.mark(&name);
            if let Pushed::Broken = push(socket, Message::Text(text), cx) {
                over = Some(Over::Ended);
            }
            call.watcher.tell(|| PhoneEvent::Mark(name));
        }
        if over.is_some() { self.broken(call, "the connection broke while sending") } else { None }
    }

    /// Tells who watches that the agent has fallen silent.
    pub(super) fn watch(&mut self, call: &Call, now: Instant) {
        let quiet = self.player.quiet_since().is_some_and(|since| now - since >= PAUSE);
        if self.agent_speaks && quiet {
            self.agent_speaks = false;
            let ms = self.player.heard_bytes() / 8;
            call.watcher.tell(|| PhoneEvent::Heard { ms });
        }
    }
}
