//! What the telephone knows about a call when it is over.
//!
//! Filled in while the call runs (`call.rs`, `stream.rs`, `player.rs`) and handed out once; reports and the check
//! of every byte are made from it. Audio is kept as sizes, times and fingerprints unless a plan asks for more, so
//! that hundreds of calls of minutes fit into memory. All times are nanoseconds since `CallTruth::begun`.

mod control;

use std::time::Duration;

use tokio::time::Instant;

pub use control::{ConferenceTruth, ConnectionTruth, DialTruth, PlayTruth, QueueTruth, SaidTruth, VerdictTruth};

/// Nanoseconds from `begun` to `at`; zero if `at` is earlier.
pub(crate) fn nanos(begun: Instant, at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(begun).as_nanos()).unwrap_or(u64::MAX)
}

/// The whole truth about one call.
#[derive(Clone, Debug)]
pub struct CallTruth {
    /// The number the load run gave the call; also in the watermark.
    pub number: u64,
    /// The call's SID, `CA…`.
    pub call_sid: String,
    /// When the call began: all other times count from here.
    pub begun: Instant,
    /// Every TwiML document asked for, in order.
    pub documents: Vec<DocumentTruth>,
    /// Every media stream, in order.
    pub streams: Vec<StreamTruth>,
    /// What the network would have written into its debugger.
    pub notices: Vec<Notice>,
    /// The verbs that were carried out, in order.
    pub verbs: Vec<String>,
    /// The words of `<Say>`, in the order they were spoken.
    pub spoken: Vec<String>,
    /// The same with their times.
    pub said: Vec<SaidTruth>,
    /// When it was picked up; only of calls that the application placed.
    pub picked_up_ns: Option<u64>,
    /// What became of the verdict about who picked up; none where nobody asked for it.
    pub verdict: Option<VerdictTruth>,
    /// When the machine that answered began to record, if one did.
    pub beep_ns: Option<u64>,
    /// The sound files of `<Play>`, in order.
    pub played: Vec<PlayTruth>,
    /// The digits the network played into the call, `<Play digits>` and `sendDigits`, in order.
    pub digits_played: Vec<String>,
    /// All the keys pressed, in streams and out of them.
    pub pressed: String,
    /// What each `<Gather>` took; empty for one that took nothing.
    pub gathered: Vec<String>,
    /// Every `<Dial>` to numbers or a queue, in order.
    pub dials: Vec<DialTruth>,
    /// Every conference joined, in order.
    pub conferences: Vec<ConferenceTruth>,
    /// Every queue waited in, in order.
    pub queues: Vec<QueueTruth>,
    /// Everybody this call was connected with, in order.
    pub connections: Vec<ConnectionTruth>,
    /// What became of a webhook that was sent twice.
    pub duplicate: DuplicateCheck,
    /// What became of a second stream that replayed the first one's address.
    pub second_socket: Option<SecondSocket>,
    /// How the call ended.
    pub end: CallEnd,
    /// When the call was over.
    pub ended_ns: u64,
    /// What the caller heard, from the call's begin, as mu-law; only when the plan asked to keep it.
    pub heard: Option<Vec<u8>>,
}

impl CallTruth {
    /// The moment a time of this record stands for.
    #[must_use]
    pub fn at(&self, ns: u64) -> Instant {
        self.begun + Duration::from_nanos(ns)
    }

    /// How long the call lasted.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        Duration::from_nanos(self.ended_ns)
    }

    /// Whether a notice with this code was written.
    #[must_use]
    pub fn noticed(&self, code: u32) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// From the first stream's `start` to the first audio of the agent.
    #[must_use]
    pub fn first_word(&self) -> Option<Duration> {
        let stream = self.streams.first()?;
        Some(Duration::from_nanos(stream.received.first()?.at_ns.saturating_sub(stream.started_ns?)))
    }

    /// Milliseconds of agent audio the caller heard in the streams.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        self.streams.iter().flat_map(|stream| &stream.received).map(|media| u64::from(media.played)).sum::<u64>() / 8
    }
}

impl CallTruth {
    /// What a machine has recorded of the words of `<Say>`: those that began after its beep and were said to their end.
    #[must_use]
    pub fn recorded_words(&self) -> Vec<&str> {
        let Some(beep) = self.beep_ns else { return Vec::new() };
        let recorded = self.said.iter().filter(|said| said.from_ns >= beep && said.until_ns.is_some());
        recorded.map(|said| said.words.as_str()).collect()
    }

    /// Milliseconds of an agent's voice that a machine has recorded.
    #[must_use]
    pub fn recorded_ms(&self) -> u64 {
        let Some(beep) = self.beep_ns else { return 0 };
        let spans = self.streams.iter().flat_map(|stream| &stream.heard);
        let after = |span: &HeardSpan| (span.bytes / 8).saturating_sub(beep.saturating_sub(span.from_ns) / 1_000_000);
        spans.map(after).sum()
    }

    /// Whether a machine's beep was talked over: words that were under way when it came.
    #[must_use]
    pub fn said_over_beep(&self) -> bool {
        let Some(beep) = self.beep_ns else { return false };
        self.said.iter().any(|said| said.from_ns < beep && said.until_ns.is_none_or(|until| until > beep))
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The caller's script hung up, or came to its end.
    HungUp,
    /// The caller waited longer for the agent than its patience lasts.
    GaveUp,
    /// Nobody picked up: see the call's status.
    Unanswered,
    /// The server ended the call: by REST, by `<Hangup>`, or because no verb was left.
    Completed,
    /// `<Reject>`.
    Rejected,
    /// The call lasted longer than its time limit.
    TimeLimit,
    /// No TwiML could be had, for this reason; the caller heard the network's error message.
    Failed(String),
}

/// One TwiML document, asked for and answered.
#[derive(Clone, Debug)]
pub struct DocumentTruth {
    /// When it was asked for.
    pub at_ns: u64,
    /// Where it came from; empty for a document given by REST.
    pub url: String,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// The document.
    pub body: String,
    /// The names of its verbs; none when it is no TwiML.
    pub verbs: Vec<String>,
}

/// Something the network complains about, by Twilio's error number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When it was noticed.
    pub at_ns: u64,
    /// Twilio's number for it, such as 31951.
    pub code: u32,
    /// What exactly, in a few words; never speech.
    pub text: String,
}

/// The answers to a webhook that was sent twice at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DuplicateCheck {
    /// It was sent once.
    #[default]
    NotAsked,
    /// Both answers were the same, byte for byte.
    Identical,
    /// They differed, or one was missing.
    Different,
}

/// What became of a second stream to an address already used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondSocket {
    /// The upgrade was refused with this status.
    Refused(u16),
    /// The upgrade was accepted and the socket closed after `start`, with this code if there was one.
    Closed(Option<u16>),
    /// The server kept it open.
    Kept,
}

/// One media stream.
#[derive(Clone, Debug, Default)]
pub struct StreamTruth {
    /// The stream's SID, `MZ…`.
    pub stream_sid: String,
    /// Where it was opened.
    pub url: String,
    /// When the connection was begun.
    pub opened_ns: u64,
    /// When `start` was sent.
    pub started_ns: Option<u64>,
    /// When its first frame was due: the beginning of its media clock.
    pub clock_ns: Option<u64>,
    /// When it was over.
    pub closed_ns: u64,
    /// How it ended.
    pub end: StreamEnd,
    /// Every caller frame sent, in order.
    pub sent: Vec<SentFrame>,
    /// Every media message received, in order.
    pub received: Vec<ReceivedMedia>,
    /// Every mark received, in order.
    pub marks: Vec<MarkTruth>,
    /// Every `clear` received, in order.
    pub clears: Vec<ClearTruth>,
    /// The unbroken stretches of agent audio the caller heard; the gaps between them were silence.
    pub heard: Vec<HeardSpan>,
    /// Caller frames thrown away because the server did not read.
    pub overflowed: u64,
    /// The most a caller frame left after its time: judges the telephone, not the server.
    pub worst_lateness: Duration,
}

/// How a stream ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StreamEnd {
    /// It never opened.
    #[default]
    NotOpened,
    /// The server sent a close frame, with this code if there was one.
    ServerClosed(Option<u16>),
    /// The connection broke.
    Broken,
    /// The call was sent elsewhere or ended by REST.
    Stopped,
    /// The caller hung up.
    HungUp,
}

/// One frame of the caller on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFrame {
    /// When it was handed to the socket.
    pub at_ns: u64,
    /// Fingerprint of its base64 text.
    pub fingerprint: u64,
    /// Its place in the schedule: frame n belongs to n × 20 ms after the first.
    pub index: u32,
    /// Bytes of audio.
    pub bytes: u32,
}

/// One media message of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedMedia {
    /// When it came.
    pub at_ns: u64,
    /// Fingerprint of its base64 text.
    pub fingerprint: u64,
    /// Bytes of audio.
    pub bytes: u32,
    /// How many of them the caller heard; the rest was cleared, or the stream ended first.
    pub played: u32,
}

/// One mark of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkTruth {
    /// Its name.
    pub name: String,
    /// When it came.
    pub received_ns: u64,
    /// When it was sent back.
    pub echoed_ns: Option<u64>,
    /// Why it was sent back.
    pub fate: MarkFate,
}

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkFate {
    /// Everything before it was played.
    Played,
    /// A `clear` returned it.
    Cleared,
    /// The stream ended first.
    Lost,
}

/// One `clear` of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearTruth {
    /// When it came.
    pub at_ns: u64,
    /// The media message that was being played, as an index into `StreamTruth::received`.
    pub playing: Option<usize>,
    /// Bytes of that message the caller had heard.
    pub played_bytes: u32,
    /// Bytes of audio thrown away.
    pub dropped_bytes: u64,
    /// How many marks were returned unplayed.
    pub marks: usize,
}

/// An unbroken stretch of agent audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardSpan {
    /// When it began to play.
    pub from_ns: u64,
    /// Bytes heard: 8 a millisecond.
    pub bytes: u64,
    /// The media message it began with, as an index into `StreamTruth::received`.
    pub first_message: usize,
}
