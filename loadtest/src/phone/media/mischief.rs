//! What a telephone does wrong in a media stream, when its plan says so.

use std::task::Context;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Media, QUIET, push};
use crate::phone::call::Call;
use crate::phone::fault::Mischief;
use crate::phone::handshake::Socket;
use crate::watermark::SILENCE;

impl Media {
    pub(super) fn misbehave(&mut self, deed: Mischief, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) {
        match deed {
            Mischief::SecondStart => {
                let start = self.writer.start(call.network.account_sid(), &call.sid, &self.parameters);
                self.push(socket, start, cx);
            }
            Mischief::SecondSocket => call.replay(self.url.clone(), self.parameters.clone()),
            Mischief::Binary => {
                push(socket, Message::Binary(vec![0; 16].into()), cx);
            }
            Mischief::BrokenJson => {
                self.push(socket, Utf8Bytes::from_static(r#"{"event":"media","#), cx);
            }
            Mischief::Oversize(bytes) => {
                let text = self.writer.media(self.schedule.index(), &STANDARD.encode(vec![SILENCE; bytes]));
                self.push(socket, text, cx);
            }
            Mischief::Flood(messages) => self.extra(socket, messages, cx),
            Mischief::Cut => self.cut = true,
        }
    }

    /// Silence beyond the schedule.
    pub(super) fn extra(&mut self, socket: &mut Socket, messages: u32, cx: &mut Context<'_>) {
        let Some(frame) = QUIET.frame(0) else { return };
        for _ in 0..messages {
            let text = self.writer.media(self.schedule.index(), frame.base64);
            self.push(socket, text, cx);
        }
    }
}
