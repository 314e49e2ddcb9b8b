//! What happens in a worker and is worth a log line or a count: one function an occurrence does both, so that they never
//! disagree. No speech, number or key ever reaches one.

mod recording;

pub(crate) use recording::*;

use crate::seats::Told;
use call::{CallEvent, ToolOutcome};
use common::company::Provider;
use common::costs::CostPart;
use common::ids::{CallId, CompanyId, WorkerId};
use common::money::Money;
use common::ports::{BusError, TelephoneError};
use metrics::{counter, gauge, histogram};
use std::time::Duration;
use tools::ToolboxError;

pub(crate) fn worker_started(worker: &WorkerId) {
    tracing::info!(%worker, "worker takes calls");
}

pub(crate) fn worker_drained(worker: &WorkerId, cut: usize) {
    tracing::info!(%worker, cut, "worker has drained");
}

pub(crate) fn listener_failed(listener: &'static str, error: &std::io::Error) {
    tracing::error!(listener, %error, "listener failed");
}

pub(crate) fn seats(seats: u32, taken: u32) {
    gauge!("patchbay_worker_seats").set(f64::from(seats));
    gauge!("patchbay_worker_seats_taken").set(f64::from(taken));
}

pub(crate) fn lease_renewed(held: bool) {
    counter!("patchbay_lease_renewals_total", "result" => if held { "held" } else { "failed" }).increment(1);
}

pub(crate) fn media_still(worker: &WorkerId) {
    counter!("patchbay_lease_renewals_total", "result" => "media_still").increment(1);
    tracing::error!(%worker, "live calls but no media moves: the lease is not renewed");
}

pub(crate) fn seat_reserved(call: &CallId) {
    tracing::info!(call.id = %call, "seat reserved, agent is dialled");
}

pub(crate) fn nobody_came(call: &CallId) {
    counter!("patchbay_reservations_total", "outcome" => "nobody_came").increment(1);
    tracing::warn!(call.id = %call, "no stream came for a reserved seat");
}

pub(crate) fn token_rejected(why: &'static str) {
    counter!("patchbay_token_rejects_total", "why" => why).increment(1);
    tracing::warn!(why, "stream token rejected");
}

pub(crate) fn signature_rejected() {
    counter!("patchbay_signature_rejects_total", "route" => "media").increment(1);
    tracing::warn!(route = "media", "signature rejected");
}

/// Counts an open stream for as long as it lives, also when its task panics.
pub(crate) struct OpenStream;

pub(crate) fn stream_opened(call: &CallId) -> OpenStream {
    gauge!("patchbay_calls_active").increment(1);
    tracing::info!(call.id = %call, "stream opened");
    OpenStream
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!("patchbay_calls_active").decrement(1);
    }
}

/// A stream that was opened is over.
pub(crate) fn call_ended(call: &CallId, reason: &'static str) {
    counter!("patchbay_calls_total", "reason" => reason).increment(1);
    tracing::info!(call.id = %call, reason, "call ended here");
}

pub(crate) fn stream_closed(call: &CallId, code: u16, why: &'static str) {
    counter!("patchbay_stream_closed_total", "code" => code.to_string(), "why" => why).increment(1);
    tracing::info!(call.id = %call, code, why, "stream closed");
}

pub(crate) fn line_message_unknown() {
    counter!("patchbay_line_unknown_messages_total").increment(1);
}

pub(crate) fn agent_message_unknown(provider: &'static str) {
    counter!("patchbay_agent_unknown_messages_total", "provider" => provider).increment(1);
}

pub(crate) fn agent_message_unreadable(provider: &'static str) {
    counter!("patchbay_agent_unreadable_messages_total", "provider" => provider).increment(1);
}

pub(crate) fn agent_audio_dropped() {
    counter!("patchbay_frames_dropped_total", "direction" => "down", "why" => "interrupted").increment(1);
}

pub(crate) fn caller_audio_dropped(length: Duration) {
    let frames = (length.as_millis() as u64).div_ceil(20);
    counter!("patchbay_frames_dropped_total", "direction" => "up", "why" => "agent_not_ready").increment(frames);
}

pub(crate) fn frames_passed(up: u64, down: u64) {
    counter!("patchbay_frames_total", "direction" => "up").increment(up);
    counter!("patchbay_frames_total", "direction" => "down").increment(down);
}

pub(crate) fn barge_in_cleared(took: Duration) {
    histogram!("patchbay_barge_in_seconds").record(took.as_secs_f64());
}

/// A live call has cost this much more.
pub(crate) fn cost(part: CostPart, more: Money) {
    let nanos = u64::try_from(more.nanos()).unwrap_or_default();
    counter!("patchbay_cost_nanodollars_total", "part" => part.as_str()).increment(nanos);
}

/// A worker's part of a call is over and has cost this much.
pub(crate) fn call_cost(total: Money) {
    // A float only where it is shown.
    histogram!("patchbay_call_cost_usd").record(total.nanos() as f64 / 1e9);
}

pub(crate) fn budget_spent(call: &CallId) {
    tracing::info!(call.id = %call, "the call has cost as much as it may: it is ended politely");
}

pub(crate) fn provider_unusable(provider: Provider, why: &str) {
    counter!("patchbay_provider_dials_total", "provider" => provider.as_str(), "result" => "unusable").increment(1);
    tracing::error!(provider = provider.as_str(), why, "the agent's provider cannot be used as configured");
}

pub(crate) fn provider_dialled(provider: &'static str, result: &'static str) {
    counter!("patchbay_provider_dials_total", "provider" => provider, "result" => result).increment(1);
}

pub(crate) fn agent_lost(call: &CallId, provider: &'static str, fault: &'static str) {
    counter!("patchbay_agent_losses_total", "provider" => provider, "fault" => fault).increment(1);
    tracing::warn!(call.id = %call, provider, fault, "the agent's link is lost");
}

/// What the core tells the world, as far as it is measured or logged.
pub(crate) fn call_event(call: &CallId, event: &CallEvent) {
    match event {
        CallEvent::FirstWord { after_ms } => histogram!("patchbay_first_word_seconds").record(seconds(*after_ms)),
        CallEvent::ReplyGap { gap_ms } => histogram!("patchbay_reply_gap_seconds").record(seconds(*gap_ms)),
        CallEvent::Interrupted { .. } => counter!("patchbay_interruptions_total").increment(1),
        CallEvent::SilencePrompted { .. } => counter!("patchbay_silence_prompts_total").increment(1),
        CallEvent::ReplyFailed { .. } => counter!("patchbay_replies_failed_total").increment(1),
        CallEvent::AgentRestored { gap_ms, attempts, .. } => {
            tracing::info!(call.id = %call, gap_ms, attempts, "the agent is back");
        }
        CallEvent::AgentComplained { code } => tracing::warn!(call.id = %call, code, "the provider complains"),
        CallEvent::ToolRun { took_ms, .. } => histogram!("patchbay_tool_seconds").record(seconds(*took_ms)),
        CallEvent::Answered { .. }
        | CallEvent::Fact(_)
        | CallEvent::Configured { .. }
        | CallEvent::AgentReady { .. }
        | CallEvent::Turn(_)
        | CallEvent::AgentLost { .. }
        | CallEvent::Used { .. }
        | CallEvent::Ended { .. } => {}
    }
}

pub(crate) fn toolbox_failed(error: &ToolboxError) {
    tracing::error!(%error, "tools cannot be run: no call is taken");
}

pub(crate) fn tool_journal_stored(took: Duration) {
    histogram!("patchbay_tool_journal_seconds").record(took.as_secs_f64());
}

pub(crate) fn tool_journal_missing(call: &CallId) {
    counter!("patchbay_tools_without_journal_total").increment(1);
    tracing::warn!(call.id = %call, "a tool that must not run twice runs before its journal is stored: the state store is late");
}

pub(crate) fn tool_outlived_its_call(call: &CallId, outcome: ToolOutcome) {
    counter!("patchbay_tools_outliving_calls_total").increment(1);
    tracing::warn!(call.id = %call, ?outcome, "a tool that must not run twice ended after its call: the record counts it as cancelled");
}

pub(crate) fn place_not_listed(call: &CallId) {
    counter!("patchbay_orders_total", "result" => "not_listed").increment(1);
    tracing::warn!(call.id = %call, "a call was ordered to a place that is not on its company's list");
}

pub(crate) fn order_given(call: &CallId, told: Told) {
    match told {
        Told::Yes => {
            counter!("patchbay_orders_total", "result" => "told").increment(1);
            tracing::info!(call.id = %call, "an order was given to a live call");
        }
        Told::TooBusy => {
            counter!("patchbay_orders_total", "result" => "too_busy").increment(1);
            tracing::warn!(call.id = %call, "an order was lost: the call has too many to obey, or is ending");
        }
        // Every worker hears of every call; another one has it.
        Told::NotHere => {}
    }
}

pub(crate) fn order_unreadable(topic: &'static str) {
    counter!("patchbay_orders_total", "result" => "unreadable").increment(1);
    tracing::warn!(topic, "a control message could not be read");
}

pub(crate) fn orders_away(topic: &'static str, error: &BusError) {
    tracing::warn!(topic, %error, "the bus is away: calls under way cannot be reached");
}

pub(crate) fn configuration_pushed(company: &CompanyId, revision: u64) {
    counter!("patchbay_configurations_pushed_total", "result" => "told").increment(1);
    tracing::info!(company.id = %company, revision, "a changed configuration was given to live calls");
}

pub(crate) fn configuration_not_loaded(company: &CompanyId, why: &str) {
    counter!("patchbay_configurations_pushed_total", "result" => "not_loaded").increment(1);
    tracing::error!(company.id = %company, why, "a changed configuration could not be loaded: live calls keep the old one");
}

pub(crate) fn hang_up_failed(call: &CallId, error: &TelephoneError) {
    counter!("patchbay_hang_up_failures_total").increment(1);
    tracing::warn!(call.id = %call, %error, "the telephone network did not end the call; its stream is closed instead");
}

pub(crate) fn events_shed(class: &'static str, events: u64) {
    counter!("patchbay_events_shed_total", "class" => class).increment(events);
    tracing::error!(class, events, "events given up: the state store and the bus are away for too long");
}

pub(crate) fn event_published(published: bool) {
    counter!("patchbay_events_published_total", "result" => if published { "stored" } else { "failed" }).increment(1);
}

pub(crate) fn fenced(call: &CallId) {
    counter!("patchbay_fenced_total").increment(1);
    tracing::warn!(call.id = %call, "a newer claim owns this call: fenced");
}

pub(crate) fn state_away(error: &common::ports::StateError) {
    tracing::error!(%error, "the state store is away: calls go on, their events wait");
}

pub(crate) fn state_back() {
    tracing::info!("the state store is back");
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
