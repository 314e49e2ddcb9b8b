//! What the telephone knows about everything outside the media streams: sounds, dials, conferences, queues.
//!
//! Part of a `CallTruth`; filled in by the files of the verbs. "The call's own clock" is the one that goes faster than
//! real by the plan's speed.

use std::time::Duration;

/// Words of one `<Say>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidTruth {
    /// The words.
    pub words: String,
    /// When they began.
    pub from_ns: u64,
    /// When they were over; none if the call went elsewhere before.
    pub until_ns: Option<u64>,
}

/// What became of the verdict about who picked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictTruth {
    /// `human`, `machine_end_beep`, ...
    pub answered_by: &'static str,
    /// Whether the application has taken it.
    pub is_told: bool,
}

/// One sound file of `<Play>`, fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayTruth {
    /// When it was asked for.
    pub at_ns: u64,
    /// Where.
    pub url: String,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// What the answer says it is.
    pub content_type: String,
    /// How large it is.
    pub bytes: usize,
}

/// One `<Dial>` to numbers or a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialTruth {
    /// When it began.
    pub at_ns: u64,
    /// The numbers, or the queue's name.
    pub to: Vec<String>,
    /// The SIDs of the legs, in the order they were dialled.
    pub legs: Vec<String>,
    /// What became of it, in Twilio's word (`DialCallStatus`).
    pub status: String,
    /// How long the two talked, by the call's own clock; none if they were never connected.
    pub talked: Option<Duration>,
}

/// One conference, as this call saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceTruth {
    /// Its name.
    pub name: String,
    /// Its SID, `CF…`.
    pub conference_sid: String,
    /// When this call joined.
    pub joined_ns: u64,
    /// When it began for this call: others could be heard.
    pub started_ns: Option<u64>,
    /// When this call left.
    pub left_ns: u64,
    /// The SIDs of all other calls that were ever in it before this one left.
    pub with: Vec<String>,
}

/// One wait in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueTruth {
    /// The queue's name.
    pub name: String,
    /// The positions told to the wait document, in order.
    pub positions: Vec<usize>,
    /// How it ended, in Twilio's word (`QueueResult`).
    pub result: String,
    /// How long it lasted, by the call's own clock.
    pub waited: Duration,
}

/// Another person on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionTruth {
    /// The SID of their call.
    pub with: String,
    /// Since when.
    pub from_ns: u64,
    /// For how long, by the call's own clock.
    pub lasted: Duration,
}
