//! What happens in the recorder and is worth a log line or a count: one function an occurrence does both, so that they
//! never disagree. No speech or number ever reaches one: reasons are classes, never the database's words on content.

use common::cdr::Cdr;
use common::event::Envelope;
use common::ids::CallId;
use common::ports::Recorded;
use metrics::{counter, gauge, histogram};
use std::time::Duration;

/// A transaction was committed.
pub(crate) fn recorded(recorded: Recorded, took: Duration) {
    counter!("patchbay_recorder_events_total", "result" => "fresh").increment(recorded.fresh as u64);
    counter!("patchbay_recorder_events_total", "result" => "repeated").increment(recorded.repeated as u64);
    histogram!("patchbay_recorder_transaction_seconds").record(took.as_secs_f64());
}

/// How old the oldest event of a batch was when it was stored.
pub(crate) fn lag(oldest: Duration) {
    gauge!("patchbay_recorder_lag_seconds").set(oldest.as_secs_f64());
}

/// A transaction failed and is tried again.
pub(crate) fn retried(why: &'static str, error: &dyn std::fmt::Display) {
    counter!("patchbay_recorder_retries_total", "why" => why).increment(1);
    tracing::warn!(why, %error, "batch is not recorded yet");
}

/// An event was moved where a person will look at it.
pub(crate) fn quarantined(why: &'static str, event: Option<&Envelope>) {
    counter!("patchbay_recorder_quarantined_total", "why" => why).increment(1);
    let call = event.map(|event| event.key.call.as_str()).unwrap_or_default();
    let kind = event.map(|event| event.event.kind()).unwrap_or_default();
    tracing::error!(call.id = call, kind, why, "event is in quarantine: see table event_quarantine");
}

/// Not even quarantine takes it; it will come again.
pub(crate) fn not_even_quarantined(error: &dyn std::fmt::Display) {
    counter!("patchbay_recorder_quarantined_total", "why" => "failed").increment(1);
    tracing::error!(%error, "event fits neither the record nor quarantine: it stays on the bus");
}

/// What is stored could not be confirmed: it will be delivered again and found to be there.
pub(crate) fn unconfirmed(events: usize, error: &dyn std::fmt::Display) {
    counter!("patchbay_recorder_unconfirmed_total").increment(events as u64);
    tracing::warn!(events, %error, "recorded events are not acknowledged");
}

/// Entries of the outbox are in the record but could not be removed: the sweep brings them round again.
pub(crate) fn not_forgotten(entries: usize, error: &dyn std::fmt::Display) {
    counter!("patchbay_recorder_unforgotten_total").increment(entries as u64);
    tracing::warn!(entries, %error, "recorded events stay in the outbox");
}

/// A batch is held and nothing is committed.
pub(crate) fn stuck(for_how_long: Duration) {
    counter!("patchbay_recorder_stuck_total").increment(1);
    tracing::error!(seconds = for_how_long.as_secs(), "events are waiting and none is recorded");
}

/// The bus or the database is not to be had.
pub(crate) fn waits_for(what: &'static str, reason: &str) {
    counter!("patchbay_recorder_waits_total", "for" => what).increment(1);
    tracing::debug!(what, reason, "recorder waits");
}

/// Old entries of the outbox were published again.
pub(crate) fn swept(published: usize, failed: usize) {
    counter!("patchbay_outbox_swept_total", "result" => "published").increment(published as u64);
    counter!("patchbay_outbox_swept_total", "result" => "failed").increment(failed as u64);
    if published + failed > 0 {
        tracing::info!(published, failed, "published old entries of the outbox again");
    }
}

/// A call has been closed for a while and events of it are still missing.
pub(crate) fn incomplete(cdr: &Cdr) {
    counter!("patchbay_cdr_incomplete_total").increment(1);
    let missing: u64 = cdr.tally.values().filter_map(|tally| tally.expected?.checked_sub(tally.seen)).sum();
    let reason = cdr.end_reason.as_deref().unwrap_or_default();
    tracing::warn!(call.id = %cdr.call, reason, missing, "call is closed but its record is incomplete");
}

pub(crate) fn reconciled(call: &CallId, standing: &'static str) {
    counter!("patchbay_reconciled_total", "standing" => standing).increment(1);
    match standing {
        "unknown" => {
            tracing::warn!(call.id = %call, "a call was left open, and the telephone network does not know it")
        }
        _ => tracing::info!(call.id = %call, standing, "a call was left open, and the telephone network was asked"),
    }
}
