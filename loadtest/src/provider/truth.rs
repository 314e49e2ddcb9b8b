//! What one session received, sent and was told, and when: one half of the truth about a call.
//!
//! The other half is kept by the telephone; `ledger` holds them against each other. Only fingerprints are kept, never
//! the audio: an hour of a call is a few megabytes otherwise.

use std::time::Instant;

/// A piece of the caller's audio as the provider received it: one `append`.
#[derive(Clone, Copy, Debug)]
pub struct PieceIn {
    /// When it was read.
    pub at: Instant,
    /// Fingerprint of its base64 text.
    pub fingerprint: u64,
    /// Bytes of audio in it.
    pub bytes: u32,
}

/// A delta of the agent's audio as the provider sent it.
#[derive(Clone, Copy, Debug)]
pub struct DeltaOut {
    /// When it was handed to the socket.
    pub at: Instant,
    /// Which reply it belongs to: an index into [`SessionTruth::items`].
    pub item: usize,
    /// Bytes of audio in it.
    pub bytes: u32,
    /// Fingerprint of its base64 text.
    pub fingerprint: u64,
}

/// A reply's audio item.
#[derive(Clone, Debug, Default)]
pub struct ItemOut {
    /// Its id on the wire.
    pub id: String,
    /// Its words.
    pub text: String,
    /// Where the client said it was cut.
    pub truncated_ms: Option<u32>,
    /// When that was received.
    pub truncated_at: Option<Instant>,
    /// Whether its response was cancelled before all of it was sent.
    pub cancelled: bool,
}

/// Everything one session knows of its call.
#[derive(Clone, Debug, Default)]
pub struct SessionTruth {
    /// Which session of the provider this is.
    pub number: u32,
    /// Which call it served, by the watermark in the caller's first frame.
    pub call: Option<u64>,
    /// When `session.updated` was first sent: audio is taken from here on.
    pub ready_at: Option<Instant>,
    /// When the socket ended.
    pub closed_at: Option<Instant>,
    /// The caller's audio, in the order received.
    pub pieces: Vec<PieceIn>,
    /// Deltas sent, in order.
    pub deltas: Vec<DeltaOut>,
    /// Items of the agent's speech, in order.
    pub items: Vec<ItemOut>,
    /// Words of the messages the client put into the conversation, in the order received: a conversation it restored.
    pub restored: Vec<String>,
    /// Functions asked for in full: call id and name, in order.
    pub called: Vec<(String, String)>,
    /// Outputs of functions the client put into the conversation: call id and output, in the order received.
    pub outputs: Vec<(String, String)>,
    /// When each `speech_started` was sent.
    pub speech_started: Vec<Instant>,
    /// When each `speech_stopped` was sent.
    pub speech_stopped: Vec<Instant>,
    /// Words of the caller that were written down, and when they were sent.
    pub heard: Vec<(Instant, String)>,
    /// Truncations the client asked for that were refused.
    pub truncations_refused: u32,
    /// Errors sent to the client, by code.
    pub errors: Vec<&'static str>,
}

impl SessionTruth {
    /// Notes where the client cut an item.
    pub fn truncated(&mut self, at: Instant, id: &str, audio_end_ms: i64) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
            item.truncated_ms = u32::try_from(audio_end_ms).ok();
            item.truncated_at = Some(at);
        }
    }

    /// Notes that the client took an item out: nothing of it was heard.
    pub fn deleted(&mut self, at: Instant, id: &str) {
        self.truncated(at, id, 0);
    }
}
