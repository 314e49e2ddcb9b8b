//! Twilio Media Streams, both ways: <https://www.twilio.com/docs/voice/media-streams/websocket-messages> (read 2026-11).
//!
//! Before it: the worker's stream, which owns the socket. After it: the same stream, which turns [`LineEvent`]s into
//! inputs of the call. A media frame, fifty a second, is read without a JSON tree ([`crate::wire::json`]); whatever is
//! not written the way Twilio writes it goes through serde. It never decodes audio and never closes a socket.

mod message;

use crate::wire::audio::{decoded_len, playing_time};
use crate::wire::json::{Odd, Value, Walk};
use bytes::{Bytes, BytesMut};
use call::MarkId;
use common::ids::StreamId;
use common::ports::{LineCodec, LineEvent, LineFault, LineStart, Lines};
use std::fmt::Write as _;
use std::time::Duration;

const MEDIA_HEAD: &[u8] = br#"{"event":"media","streamSid":""#;
const MEDIA_NECK: &[u8] = br#"","media":{"payload":""#;
const MEDIA_TAIL: &[u8] = br#""}}"#;

/// Codecs for Twilio's media streams.
#[derive(Clone, Copy, Debug, Default)]
pub struct TwilioLines;

impl Lines for TwilioLines {
    fn open(&self) -> Box<dyn LineCodec> {
        Box::new(TwilioLine::default())
    }
}

/// One stream's codec: all it remembers is which stream it is.
#[derive(Debug, Default)]
struct TwilioLine {
    stream: Option<StreamId>,
}

impl LineCodec for TwilioLine {
    fn read(&mut self, frame: Bytes) -> Result<LineEvent, LineFault> {
        match plain_media(&frame) {
            Ok(Media { payload, timestamp }) => {
                let payload = frame.slice_ref(payload);
                self.after_start(audio(payload, timestamp)?)
            }
            Err(Odd) => self.place(message::parse(&frame)?),
        }
    }

    fn audio(&self, payload: &[u8], out: &mut BytesMut) {
        let Some(stream) = &self.stream else { return };
        let stream = stream.as_str().as_bytes();
        let parts = [MEDIA_HEAD, stream, MEDIA_NECK, payload, MEDIA_TAIL];
        out.reserve(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            out.extend_from_slice(part);
        }
    }

    fn mark(&self, mark: MarkId, out: &mut BytesMut) {
        let Some(stream) = &self.stream else { return };
        let written = write!(out, r#"{{"event":"mark","streamSid":"{stream}","mark":{{"name":"{mark}"}}}}"#);
        written.expect("a buffer grows");
    }

    fn clear(&self, out: &mut BytesMut) {
        let Some(stream) = &self.stream else { return };
        write!(out, r#"{{"event":"clear","streamSid":"{stream}"}}"#).expect("a buffer grows");
    }
}

impl TwilioLine {
    /// Checks that the event may come now.
    fn place(&mut self, event: LineEvent) -> Result<LineEvent, LineFault> {
        match event {
            LineEvent::Start(start) => self.start(start),
            LineEvent::Audio { .. } | LineEvent::Mark(_) | LineEvent::Pressed(_) => self.after_start(event),
            LineEvent::Connected | LineEvent::Stop | LineEvent::Unknown => Ok(event),
        }
    }

    fn start(&mut self, start: LineStart) -> Result<LineEvent, LineFault> {
        if self.stream.is_some() {
            return Err(LineFault::Order);
        }
        self.stream = Some(start.stream.clone());
        Ok(LineEvent::Start(start))
    }

    fn after_start(&self, event: LineEvent) -> Result<LineEvent, LineFault> {
        if self.stream.is_some() { Ok(event) } else { Err(LineFault::Order) }
    }
}

/// The caller's audio; a message without any is nothing to act on.
fn audio(payload: Bytes, timestamp: Option<Duration>) -> Result<LineEvent, LineFault> {
    match decoded_len(&payload) {
        None => Err(LineFault::Unreadable),
        Some(0) => Ok(LineEvent::Unknown),
        Some(bytes) => Ok(LineEvent::Audio { payload, length: playing_time(bytes), timestamp }),
    }
}

/// What a media frame of the caller's track carries.
struct Media<'a> {
    payload: &'a [u8],
    timestamp: Option<Duration>,
}

/// Reads a media frame of the caller's track. `Odd` for every other frame.
fn plain_media(frame: &[u8]) -> Result<Media<'_>, Odd> {
    let mut walk = Walk::new(frame);
    let (mut is_media, mut within, mut payload, mut timestamp) = (false, &b""[..], None, None);
    while let Some(field) = walk.field()? {
        match (field.depth, field.name, field.value) {
            (1, b"event", Value::Text(b"media")) => is_media = true,
            (1, b"event", _) => return Err(Odd),
            (1, name, Value::Object) => within = name,
            (2, b"track", Value::Text(track)) if within == b"media" && track != b"inbound" => return Err(Odd),
            (2, b"payload", Value::Text(text)) if within == b"media" => payload = Some(text),
            (2, b"timestamp", value) if within == b"media" => timestamp = Some(millis(value)?),
            _ => {}
        }
    }
    let payload = payload.filter(|_| is_media).ok_or(Odd)?;
    Ok(Media { payload, timestamp })
}

/// Digits between quotes, as Twilio writes its counters.
fn millis(value: Value<'_>) -> Result<Duration, Odd> {
    match value {
        Value::Text(digits) if (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let millis = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            Ok(Duration::from_millis(millis))
        }
        Value::Text(_) | Value::Object | Value::Other => Err(Odd),
    }
}
