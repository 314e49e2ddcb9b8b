//! The ways in which a telephone can misbehave on purpose.
//!
//! Named in a plan, carried out by `call.rs` (webhooks), `handshake.rs` (upgrade) and `stream.rs` (media). A call
//! without faults does exactly what Twilio does.

use std::time::Duration;

/// One deliberate fault. Times count from the stream's `start`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Webhooks carry a signature made with another token.
    ForgedWebhook,
    /// Webhooks carry no signature.
    UnsignedWebhook,
    /// The stream's upgrade carries a signature made with another token.
    ForgedStream,
    /// The stream's upgrade carries no signature.
    UnsignedStream,
    /// Media comes before `start`.
    MediaBeforeStart,
    /// `start` names a call of which the server has never heard.
    WrongCallSid,
    /// A second `start` comes in mid-stream.
    SecondStart {
        /// When.
        after: Duration,
    },
    /// A second socket replays the address of the first.
    SecondSocket {
        /// When.
        after: Duration,
    },
    /// A binary frame.
    BinaryFrame {
        /// When.
        after: Duration,
    },
    /// A text frame that is no JSON.
    BrokenJson {
        /// When.
        after: Duration,
    },
    /// One media message of this many bytes of audio.
    OversizeFrame {
        /// When.
        after: Duration,
        /// Bytes of audio in it.
        bytes: usize,
    },
    /// This many media messages at once, beyond the schedule.
    Flood {
        /// When.
        after: Duration,
        /// How many.
        messages: u32,
    },
    /// The telephone stops reading for a while, and goes on sending.
    StallReading {
        /// When.
        after: Duration,
        /// For how long.
        lasting: Duration,
    },
    /// The TCP connection is reset, without `stop` or close.
    Cut {
        /// When.
        after: Duration,
    },
    /// Once a second the frames are held for up to this long and then sent at once.
    Jitter {
        /// The longest hold.
        up_to: Duration,
    },
    /// One in so many of the caller's frames is lost before it reaches the wire, with those right after it: a hole of this
    /// many frames. The timestamps go on.
    LoseFrames {
        /// One in so many frames begins a hole.
        one_in: u32,
        /// Frames in a hole.
        run: u32,
    },
    /// The caller hangs up without a `stop`: the connection is closed, no more.
    NoStop,
}

/// What a fault that happens at one moment does to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    SecondStart,
    SecondSocket,
    Binary,
    BrokenJson,
    Oversize(usize),
    Flood(u32),
    Cut,
}

impl Fault {
    /// Whether the frame at this place of the schedule is lost. The first never is: it says whose call it is.
    pub(crate) fn loses(&self, index: u32) -> bool {
        match *self {
            Self::LoseFrames { one_in, run } => index >= one_in && index % one_in.max(1) < run,
            _ => false,
        }
    }

    /// The moment and the deed, for those faults that happen at one moment.
    pub(crate) fn mischief(&self) -> Option<(Duration, Mischief)> {
        Some(match *self {
            Self::SecondStart { after } => (after, Mischief::SecondStart),
            Self::SecondSocket { after } => (after, Mischief::SecondSocket),
            Self::BinaryFrame { after } => (after, Mischief::Binary),
            Self::BrokenJson { after } => (after, Mischief::BrokenJson),
            Self::OversizeFrame { after, bytes } => (after, Mischief::Oversize(bytes)),
            Self::Flood { after, messages } => (after, Mischief::Flood(messages)),
            Self::Cut { after } => (after, Mischief::Cut),
            _ => return None,
        })
    }
}
