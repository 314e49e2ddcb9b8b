//! The telephone line's protocol: frames of a line ↔ what the call core and the driver understand. Pure; no socket.

use crate::ids::{CallId, StreamId};
use bytes::{Bytes, BytesMut};
use call::{Digit, MarkId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Makes a codec for each stream.
pub trait Lines: Send + Sync + 'static {
    /// A codec for one stream.
    fn open(&self) -> Box<dyn LineCodec>;
}

/// One stream's codec.
pub trait LineCodec: Send {
    /// Reads one text frame.
    fn read(&mut self, frame: Bytes) -> Result<LineEvent, LineFault>;
    /// Writes agent audio; `payload` is base64 mu-law and is copied as it is. Nothing before `start` was read.
    fn audio(&self, payload: &[u8], out: &mut BytesMut);
    /// Writes a mark.
    fn mark(&self, mark: MarkId, out: &mut BytesMut);
    /// Writes a clear.
    fn clear(&self, out: &mut BytesMut);
}

/// What a frame of the line says.
#[derive(Clone, Debug, PartialEq)]
pub enum LineEvent {
    /// The stream is about to start.
    Connected,
    /// The stream has started.
    Start(LineStart),
    /// Caller audio: base64 mu-law 8 kHz, a slice of the frame.
    Audio {
        /// Base64 text.
        payload: Bytes,
        /// How long it plays.
        length: Duration,
        /// When it was heard, since the stream started, by the network's media clock; `None` where it does not say.
        timestamp: Option<Duration>,
    },
    /// A mark came back; `None` for one that is not ours.
    Mark(Option<MarkId>),
    /// A key was pressed.
    Pressed(Digit),
    /// The stream was stopped.
    Stop,
    /// Something this build does not know: counted, ignored.
    Unknown,
}

/// The beginning of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct LineStart {
    /// Which stream.
    pub stream: StreamId,
    /// Which call.
    pub call: CallId,
    /// Whether the audio is mu-law, 8 kHz, one channel: the only format taken.
    pub format: LineFormat,
    /// What the TwiML gave along.
    pub parameters: BTreeMap<String, String>,
}

/// The line's audio format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// G.711 mu-law, 8,000 Hz, mono.
    Mulaw8k,
    /// Anything else.
    Other,
}

/// A frame that is not the protocol's. The stream is closed with 1007 (bad data) or 1008 (wrong order).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Not JSON, or a known event without what it must carry.
    #[error("unreadable frame")]
    Unreadable,
    /// Media before start, or a second start.
    #[error("frame out of order")]
    Order,
}
