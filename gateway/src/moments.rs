//! What happens in a gateway and is worth a log line or a count: one function an occurrence does both, so that they never
//! disagree. No number or key ever reaches one.

use common::ids::{AttemptId, CallId, WorkerId};
use common::ports::TelephoneError;
use metrics::{counter, histogram};
use std::time::Duration;

pub(crate) fn listener_failed(error: &std::io::Error) {
    tracing::error!(listener = "public", %error, "listener failed");
}

pub(crate) fn signature_rejected(route: &'static str) {
    counter!("patchbay_signature_rejects_total", "route" => route).increment(1);
    tracing::warn!(route, "signature rejected");
}

pub(crate) fn token_rejected(why: &'static str) {
    counter!("patchbay_token_rejects_total", "why" => why).increment(1);
    tracing::warn!(why, "call token rejected");
}

pub(crate) fn webhook_unreadable(route: &'static str) {
    counter!("patchbay_webhooks_unreadable_total", "route" => route).increment(1);
    tracing::warn!(route, "a signed webhook lacks what it must say");
}

pub(crate) fn webhook_answered(route: &'static str, took: Duration) {
    histogram!("patchbay_webhook_seconds", "route" => route).record(took.as_secs_f64());
}

pub(crate) fn call_accepted(call: &CallId) {
    tracing::info!(call.id = %call, "call accepted");
}

pub(crate) fn call_refused(call: &CallId, reason: &'static str) {
    counter!("patchbay_calls_refused_total", "reason" => reason).increment(1);
    tracing::warn!(call.id = %call, reason, "call refused");
}

pub(crate) fn call_resumed(call: &CallId) {
    counter!("patchbay_calls_resumed_total").increment(1);
    tracing::warn!(call.id = %call, "the call's stream ended while it was live: another worker goes on");
}

pub(crate) fn menu_chosen(call: &CallId, pressed: bool) {
    counter!("patchbay_menus_total", "pressed" => if pressed { "yes" } else { "no" }).increment(1);
    tracing::info!(call.id = %call, pressed, "the caller has passed the menu");
}

pub(crate) fn place_entered(call: &CallId, way: &'static str) {
    tracing::info!(call.id = %call, way, "the call is sent to a place");
}

pub(crate) fn place_left(call: &CallId, way: &'static str, outcome: &'static str) {
    counter!("patchbay_places_total", "way" => way, "outcome" => outcome).increment(1);
    tracing::info!(call.id = %call, way, outcome, "the call has left a place");
}

pub(crate) fn member_took_call(call: &CallId) {
    tracing::info!(call.id = %call, "somebody who was called takes the call");
}

pub(crate) fn nobody_called(call: &CallId) {
    counter!("patchbay_members_not_called_total").increment(1);
    tracing::error!(
        call.id = %call,
        "the caller waits alone: without Twilio's REST interface nobody is called into a queue or conference; \
         `patchbay doctor` says what it lacks"
    );
}

pub(crate) fn member_not_called(call: &CallId, error: &TelephoneError) {
    counter!("patchbay_members_not_called_total").increment(1);
    tracing::warn!(call.id = %call, %error, "somebody of a queue or conference could not be called");
}

pub(crate) fn seat_granted() {
    counter!("patchbay_reservations_total", "outcome" => "granted").increment(1);
}

pub(crate) fn seat_not_granted(call: &CallId, worker: &WorkerId, why: &'static str) {
    counter!("patchbay_reservations_total", "outcome" => why).increment(1);
    tracing::warn!(call.id = %call, %worker, why, "worker did not take the call");
}

pub(crate) fn event_published(published: bool) {
    counter!("patchbay_events_published_total", "result" => if published { "stored" } else { "failed" }).increment(1);
}

pub(crate) fn unwitnessed(call: &CallId) {
    counter!("patchbay_unwitnessed_total").increment(1);
    tracing::error!(call.id = %call, "neither the state store nor the bus took an event of the gateway");
}

pub(crate) fn stream_error(call: &CallId, code: u32) {
    counter!("patchbay_stream_errors_total", "code" => code.to_string()).increment(1);
    tracing::warn!(call.id = %call, code, "the telephone network reports a stream error");
}

pub(crate) fn relay_failed(why: &'static str) {
    counter!("patchbay_relay_failures_total", "why" => why).increment(1);
    tracing::warn!(why, "media stream could not be relayed");
}

pub(crate) fn batch_unknown(attempt: &AttemptId) {
    counter!("patchbay_outbound_batch_unknown_total").increment(1);
    tracing::warn!(%attempt, "a call that we made has been answered and its batch could not be read; the agent talks without knowing whom it called");
}

pub(crate) fn machine_answered(call: &CallId, by: &str) {
    counter!("patchbay_outbound_machines_total").increment(1);
    tracing::info!(call.id = %call, by, "a machine has answered");
}

pub(crate) fn machine_not_left(call: &CallId, error: &TelephoneError) {
    counter!("patchbay_outbound_machine_failures_total").increment(1);
    tracing::warn!(call.id = %call, %error, "a machine answered, and the call could not be ended or sent to its message");
}
