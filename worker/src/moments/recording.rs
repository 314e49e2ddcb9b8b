//! What happens to recordings.

use common::ids::CallId;
use metrics::{counter, gauge};
use std::fmt::Display;

/// Counts a recording in the making for as long as it lives.
pub(crate) struct LiveRecording;

pub(crate) fn recording_began() -> LiveRecording {
    gauge!("patchbay_recordings_active").increment(1);
    LiveRecording
}

impl Drop for LiveRecording {
    fn drop(&mut self) {
        gauge!("patchbay_recordings_active").decrement(1);
    }
}

pub(crate) fn recording_kept(call: &CallId, lost: Option<&str>) {
    match lost {
        None => {
            counter!("patchbay_recordings_total", "outcome" => "stored").increment(1);
            tracing::info!(call.id = %call, "a recording is stored");
        }
        Some(why) => {
            counter!("patchbay_recordings_total", "outcome" => "lost").increment(1);
            tracing::warn!(call.id = %call, why, "the record knows that a recording was lost");
        }
    }
}

pub(crate) fn recording_refused(call: &CallId) {
    counter!("patchbay_recordings_total", "outcome" => "refused").increment(1);
    tracing::info!(call.id = %call, "the recording was refused: nothing of it is kept");
}

pub(crate) fn recording_not_announced(call: &CallId) {
    counter!("patchbay_recordings_total", "outcome" => "not_announced").increment(1);
    tracing::warn!(call.id = %call, "the call is not recorded: the words that announce it were not heard to their end");
}

pub(crate) fn recording_impossible(call: &CallId) {
    counter!("patchbay_recordings_total", "outcome" => "impossible").increment(1);
    tracing::error!(call.id = %call, "the call is not recorded: nobody here can record it");
}

pub(crate) fn recording_lost(call: &CallId, why: &dyn Display) {
    tracing::error!(call.id = %call, %why, "a recording is given up; the call goes on");
}

pub(crate) fn recording_unwritable(call: &CallId, error: &std::io::Error) {
    tracing::error!(call.id = %call, %error, "the spool of recordings cannot be used");
}

pub(crate) fn recording_recovered(call: &CallId, length_ms: u64) {
    counter!("patchbay_recordings_recovered_total").increment(1);
    tracing::warn!(call.id = %call, length_ms, "a recording that an earlier start left unfinished is completed");
}

pub(crate) fn recordings_not_recovered(error: &dyn Display) {
    tracing::error!(%error, "recordings are left unfinished in the spool until the next start");
}

pub(crate) fn recordings_spooled(bytes: u64) {
    gauge!("patchbay_recording_spool_bytes").set(bytes as f64);
}

pub(crate) fn recordings_wait(error: &dyn Display) {
    counter!("patchbay_recording_store_failures_total").increment(1);
    tracing::warn!(%error, "recordings wait in the spool");
}

pub(crate) fn recordings_refused(error: &dyn Display) {
    counter!("patchbay_recording_store_failures_total").increment(1);
    tracing::error!(%error, "recordings wait in the spool until the settings of their store are mended");
}

pub(crate) fn recording_block_dropped() {
    counter!("patchbay_recording_blocks_dropped_total").increment(1);
}

pub(crate) fn network_recording_failed(call: &CallId, error: &dyn Display) {
    counter!("patchbay_network_recording_failures_total").increment(1);
    tracing::warn!(call.id = %call, %error, "the telephone network did not do what was wanted of its recording");
}
