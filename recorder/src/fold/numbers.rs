//! Earliest, latest, sums and counts that stop growing at 63 bits, which is what a column holds.

use call::Usage;

/// The largest number a column holds.
pub(super) const MOST: u64 = i64::MAX as u64;

pub(super) fn earliest(known: Option<u64>, told: u64) -> Option<u64> {
    Some(known.map_or(told, |known| known.min(told)))
}

pub(super) fn latest(known: Option<u64>, told: u64) -> Option<u64> {
    known.max(Some(told.min(MOST)))
}

pub(super) fn sum(known: u64, more: u64) -> u64 {
    known.saturating_add(more).min(MOST)
}

pub(super) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

pub(super) fn sum_of(a: Usage, b: Usage) -> Usage {
    Usage {
        text_in: sum(a.text_in, b.text_in),
        text_cached: sum(a.text_cached, b.text_cached),
        audio_in: sum(a.audio_in, b.audio_in),
        audio_cached: sum(a.audio_cached, b.audio_cached),
        text_out: sum(a.text_out, b.text_out),
        audio_out: sum(a.audio_out, b.audio_out),
        transcription: sum(a.transcription, b.transcription),
        billed_ms: sum(a.billed_ms, b.billed_ms),
    }
}
