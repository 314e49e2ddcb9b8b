//! Whether and how a call ended, and whether its record is complete.
//!
//! How a call ended (`newest` is the highest epoch of which anything is known):
//!
//! | last closing word | Twilio's status | `end_reason` |
//! |---|---|---|
//! | none, or of an epoch before the newest, or one that lets the call go on | not final | `open` |
//! | of the newest epoch, and it ends the call | not final | that word |
//! | any but the next row's, and no worker of a later epoch has said anything | final | that word |
//! | none, or that the call left for a place, or a worker of a later epoch has spoken | final | Twilio's status |
//!
//! The last closing word is the greatest by epoch; within an epoch the gateway's word stands over the worker's. A worker
//! that lost its line, stopped, was fenced or handed over lets the call go on: the caller may be heard again elsewhere.
//! So does one whose call left for a place. That somebody there talked to the caller to the end is the gateway's word
//! `transferred`; when nobody did, the agent goes on under a later epoch and its word counts, or the caller has left.
//!
//! What is done after a call says nothing of how it went: recordings and the recorder's own deeds neither open a call
//! again nor are waited for.

use super::numbers::latest;
use call::EndReason;
use common::cdr::{Cdr, Closing, LeftFor};
use common::event::{Envelope, Source};
use common::ids::Epoch;

/// Who sees the call itself, and not what is done after it.
const WITNESSES: [Source; 3] = [Source::Gateway, Source::Worker, Source::Twilio];

/// Reasons of a worker after which the caller may be heard again elsewhere.
const GOES_ON: [EndReason; 4] = [EndReason::Moved, EndReason::Fenced, EndReason::WorkerStopped, EndReason::LineLost];

/// From here on a status is Twilio's last.
pub(super) const FINAL: u8 = 4;

/// How far a call is, by Twilio's status
/// (<https://www.twilio.com/docs/voice/api/call-resource#call-status-values>, read November 2026).
pub(super) fn stage(status: &str) -> u8 {
    match status {
        "queued" | "initiated" => 1,
        "ringing" => 2,
        "in-progress" | "answered" => 3,
        "busy" | "failed" | "no-answer" | "canceled" => FINAL,
        "completed" => FINAL + 1,
        _ => 0,
    }
}

/// A worker's or the gateway's word that the part of this epoch is over.
pub(super) fn closing(cdr: &mut Cdr, envelope: &Envelope, epoch: Epoch, reason: &str, left_for: LeftFor) {
    cdr.ended_ms = latest(cdr.ended_ms, envelope.at_ms);
    let (source, sequence) = (envelope.key.source, envelope.key.sequence);
    let told = Closing { epoch: epoch.0, source, sequence, reason: reason.to_owned(), left_for };
    // The reason decides only between words that came under different claims and speak of the same part.
    let weight = |word: &Closing| (word.epoch, word.source == Source::Gateway, word.sequence, word.reason.clone());
    if cdr.evidence.closing.as_ref().map(weight) < Some(weight(&told)) {
        cdr.evidence.closing = Some(told);
    }
}

/// Why the call ended; `None` while it is open. The table at the top.
pub(super) fn end_reason(cdr: &Cdr) -> Option<&str> {
    let twilio = cdr.twilio_status.as_deref().filter(|status| stage(status) >= FINAL);
    match (&cdr.evidence.closing, twilio) {
        (None, twilio) => twilio,
        (Some(last), None) => {
            let goes_on =
                GOES_ON.iter().any(|reason| reason.as_str() == last.reason) || last.left_for == LeftFor::Place;
            (!goes_on && newest(cdr, None) <= Some(last.epoch)).then_some(&last.reason)
        }
        (Some(last), Some(_))
            if last.left_for == LeftFor::Nowhere && newest(cdr, Some(Source::Worker)) <= Some(last.epoch) =>
        {
            Some(&last.reason)
        }
        (Some(_), twilio) => twilio,
    }
}

/// The highest epoch of which this source, or any witness of the call itself, has told anything.
pub(super) fn newest(cdr: &Cdr, source: Option<Source>) -> Option<u64> {
    let asked = source.as_ref().map_or(&WITNESSES[..], std::slice::from_ref);
    let told = cdr.tally.keys().filter_map(|key| {
        let (by, epoch) = key.split_once(':')?;
        asked.iter().any(|source| source.as_str() == by).then(|| epoch.parse().ok())?
    });
    told.max()
}

/// Closed, the webhook known, and of every worker that spoke everything: its last event and all before it. A worker
/// that was killed never says its last: its call stays marked, for nobody knows what it still had to tell.
pub(super) fn is_complete(cdr: &Cdr) -> bool {
    let mut workers = cdr.tally.iter().filter(|(key, _)| key.starts_with(Source::Worker.as_str())).peekable();
    !cdr.is_open()
        && cdr.accepted_ms.is_some()
        && (workers.peek().is_some() || !cdr.evidence.streamed)
        && workers.all(|(_, tally)| tally.expected.is_some_and(|expected| tally.seen >= expected))
}
