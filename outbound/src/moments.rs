//! What happens while dialling and is worth a log line or a count: one function an occurrence does both, so that they
//! never disagree. An attempt's name stands for a person: `{batch}.{row}.{attempt}`, never a number.

use common::ids::{AttemptId, BatchId, CallId};
use common::ports::outbound::Outcome;
use metrics::{counter, gauge};

/// This process cannot dial; said once.
pub(crate) fn cannot_dial(why: &str) {
    tracing::info!(why, "this gateway places no outbound calls");
}

/// This process dials from now on.
pub(crate) fn leads() {
    gauge!("patchbay_outbound_leads").set(1.0);
    tracing::info!("this gateway places the outbound calls now");
}

/// It does not any more.
pub(crate) fn follows() {
    gauge!("patchbay_outbound_leads").set(0.0);
    gauge!("patchbay_outbound_under_way").set(0.0);
    tracing::info!("this gateway places no outbound calls any more");
}

/// Attempts without an end.
pub(crate) fn under_way(attempts: usize) {
    gauge!("patchbay_outbound_under_way").set(attempts as f64);
}

/// The network has taken a call.
pub(crate) fn placed(attempt: &AttemptId, call: &CallId) {
    counter!("patchbay_outbound_placed_total").increment(1);
    tracing::info!(%attempt, call.id = %call, "placed a call");
}

/// It has, and the database could not be told: the call is found again by its callbacks or by asking.
pub(crate) fn not_noted(attempt: &AttemptId, call: &CallId, error: &dyn std::fmt::Display) {
    counter!("patchbay_outbound_placed_total").increment(1);
    tracing::warn!(%attempt, call.id = %call, %error, "placed a call that the database could not be told of yet");
}

/// An attempt has its end.
pub(crate) fn settled(attempt: &AttemptId, outcome: Outcome, again: Option<u64>) {
    counter!("patchbay_outbound_calls_total", "outcome" => outcome.as_str()).increment(1);
    tracing::info!(%attempt, outcome = outcome.as_str(), again = again.is_some(), "an attempt has ended");
}

/// Nobody can say whether the network placed a call: a person may look it up in Twilio's console.
pub(crate) fn unknown(attempt: &AttemptId) {
    tracing::warn!(%attempt, "nobody can say whether this call was placed; it is not placed again");
}

/// A claimed row was not called and waits again.
pub(crate) fn put_back(attempt: &AttemptId, why: &'static str) {
    counter!("patchbay_outbound_put_back_total", "why" => why).increment(1);
    tracing::debug!(%attempt, why, "a row was not called and waits again");
}

/// The network was asked to place a call and did not say whether it did: it is asked for its list later.
pub(crate) fn unanswered(attempt: &AttemptId, why: &dyn std::fmt::Display) {
    counter!("patchbay_outbound_unanswered_total").increment(1);
    tracing::warn!(%attempt, %why, "the network did not say whether it placed a call; it is asked again before anybody is called");
}

/// The call of an attempt whose answer was lost has been found.
pub(crate) fn found(attempt: &AttemptId, call: &CallId) {
    counter!("patchbay_outbound_found_total").increment(1);
    tracing::info!(%attempt, call.id = %call, "found the call of an attempt whose answer was lost");
}

/// Nobody is called for a while.
pub(crate) fn backs_off(why: &'static str, wait_ms: u64) {
    counter!("patchbay_outbound_backed_off_total", "why" => why).increment(1);
    tracing::warn!(why, wait_ms, "the network takes no calls now; waiting");
}

/// The network refuses what every row of a batch has in common: a person must act, and resume the batch.
pub(crate) fn paused(batch: &BatchId, why: &'static str, error: &dyn std::fmt::Display) {
    counter!("patchbay_outbound_paused_total", "why" => why).increment(1);
    tracing::error!(%batch, why, %error, "a batch is paused; mend this and run `patchbay outbound resume`");
}

/// The network could not be asked about a call.
pub(crate) fn not_asked(attempt: &AttemptId, error: &dyn std::fmt::Display) {
    tracing::debug!(%attempt, %error, "the network could not be asked about a call");
}

/// The database is not to be had.
pub(crate) fn waits(error: &dyn std::fmt::Display) {
    counter!("patchbay_outbound_waits_total").increment(1);
    tracing::debug!(%error, "outbound calls wait for the database");
}
