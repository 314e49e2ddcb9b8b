//! What happens on the telephone while a call runs, for whoever watches.
//!
//! Sent by `call.rs`, `stream.rs` and `script.rs`; read by the terminal of `demo` and `ring`. Watching never slows
//! a call: when the channel is full the event is dropped.

use tokio::sync::mpsc;

use super::truth::{CallEnd, Notice};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneEvent {
    /// The webhook is on its way; here is the call's SID.
    Ringing(String),
    /// A TwiML document arrived.
    Document(String),
    /// A document has come to this verb.
    Verb(String),
    /// Another person is on the line; here is the SID of their call.
    Connected(String),
    /// `<Say>` or `<Play>` speaks.
    Announcement(String),
    /// A media stream started; here is its SID.
    StreamStarted(String),
    /// The agent's voice begins to be heard.
    AgentAudio,
    /// The agent's voice has ended; milliseconds of it heard so far in the stream.
    Heard {
        /// Milliseconds of agent audio heard in this stream.
        ms: u64,
    },
    /// The server threw away what waited to be played.
    Cleared {
        /// Milliseconds of audio nobody will hear.
        dropped_ms: u64,
    },
    /// A mark was reached and sent back.
    Mark(String),
    /// The caller begins to speak.
    Saying(String),
    /// The caller speaks while the agent does.
    Interrupting(String),
    /// The caller has said all of it.
    Said(String),
    /// The caller pressed a key.
    Pressed(char),
    /// The network complains.
    Noticed(Notice),
    /// The call was sent elsewhere by REST.
    Redirected,
    /// The media stream is over.
    StreamEnded,
    /// The call is over.
    Ended(CallEnd),
}

/// Where events go, if anywhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watcher(Option<mpsc::Sender<PhoneEvent>>);

impl Watcher {
    pub(crate) fn new(sender: Option<mpsc::Sender<PhoneEvent>>) -> Self {
        Self(sender)
    }

    /// Builds the event only if somebody watches.
    pub(crate) fn tell(&self, event: impl FnOnce() -> PhoneEvent) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(event());
        }
    }
}
