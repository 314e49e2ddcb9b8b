//! The rows of the table.

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// `patchbay_…`; the unit ends the name, `_total` ends a counter's.
    pub name: &'static str,
    /// What it does.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts into these buckets.
    Histogram(&'static [f64]),
}

use MetricKind::{Counter, Gauge, Histogram};

/// Fine where people notice a wait: 0.3 to 1 second.
const TURN: &[f64] = &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
/// Twilio gives a webhook up after 15 seconds.
const WEBHOOK: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];
/// A frame is 20 milliseconds of sound.
const FRAME: &[f64] = &[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5];
/// From a write to memory to a database that hardly answers.
const STORE: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// From a wrong number to a conversation of an hour.
const DOLLARS: &[f64] = &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

const fn row(name: &'static str, kind: MetricKind, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind, labels, help }
}

/// Every metric there is.
pub const TABLE: &[Metric] = &[
    // The process.
    row("patchbay_build_info", Gauge, &["version"], "Always 1; its label says what runs."),
    row("patchbay_task_panics_total", Counter, &["task"], "Tasks that panicked; a call or a duty ended with each."),
    row(
        "patchbay_log_lines_dropped_total",
        Counter,
        &[],
        "Log lines dropped because they could not be written in time.",
    ),
    row("patchbay_ready", Gauge, &["condition"], "1 while a condition of readiness holds, else 0."),
    // Webhooks and routing.
    row("patchbay_webhook_seconds", Histogram(WEBHOOK), &["route"], "From a webhook to its answer."),
    row("patchbay_webhooks_unreadable_total", Counter, &["route"], "Signed webhooks that lack what they must say."),
    row("patchbay_signature_rejects_total", Counter, &["route"], "Requests whose signature is not Twilio's."),
    row(
        "patchbay_token_rejects_total",
        Counter,
        &["why"],
        "Stream and call tokens that were forged, old, used or of another call.",
    ),
    row("patchbay_reservations_total", Counter, &["outcome"], "Seats asked for, by the worker's answer."),
    row("patchbay_calls_refused_total", Counter, &["reason"], "Callers who heard a sentence instead of an agent."),
    row("patchbay_calls_resumed_total", Counter, &[], "Calls that went on at another worker."),
    row("patchbay_outbound_machines_total", Counter, &[], "Calls we made that a machine answered."),
    row(
        "patchbay_outbound_machine_failures_total",
        Counter,
        &[],
        "Calls a machine answered that could neither be ended nor sent to their message.",
    ),
    row(
        "patchbay_outbound_batch_unknown_total",
        Counter,
        &[],
        "Calls we made that were answered while their batch could not be read.",
    ),
    row(
        "patchbay_reconciled_total",
        Counter,
        &["standing"],
        "Calls that were left open and asked for at the telephone network, by what it said.",
    ),
    row("patchbay_menus_total", Counter, &["pressed"], "Menus passed, by whether a key was pressed."),
    row(
        "patchbay_places_total",
        Counter,
        &["way", "outcome"],
        "Places calls were sent to, by kind and how they ended.",
    ),
    row(
        "patchbay_members_not_called_total",
        Counter,
        &[],
        "Members of queues and conferences who could not be called.",
    ),
    row(
        "patchbay_stream_errors_total",
        Counter,
        &["code"],
        "Errors of media streams that Twilio reported, by its code.",
    ),
    row(
        "patchbay_relay_failures_total",
        Counter,
        &["why"],
        "Media streams the gateway could not relay to their worker.",
    ),
    // Outbound calls.
    row("patchbay_outbound_leads", Gauge, &[], "1 while this gateway places the outbound calls."),
    row("patchbay_outbound_under_way", Gauge, &[], "Outbound calls of which the end is not known yet."),
    row("patchbay_outbound_placed_total", Counter, &[], "Outbound calls the network has taken."),
    row("patchbay_outbound_calls_total", Counter, &["outcome"], "Attempts to call somebody that ended, by outcome."),
    row("patchbay_outbound_put_back_total", Counter, &["why"], "Rows that were not called after all and wait again."),
    row(
        "patchbay_outbound_unanswered_total",
        Counter,
        &[],
        "Calls asked for without an answer whether they were placed; each is looked for.",
    ),
    row("patchbay_outbound_found_total", Counter, &[], "Calls found whose answer was lost."),
    row(
        "patchbay_outbound_backed_off_total",
        Counter,
        &["why"],
        "Times nobody was called for a while because the network took no calls.",
    ),
    row("patchbay_outbound_paused_total", Counter, &["why"], "Batches that wait for a person to mend something."),
    row("patchbay_outbound_waits_total", Counter, &[], "Times outbound calls waited for the database."),
    // Calls.
    row("patchbay_calls_active", Gauge, &[], "Calls with an open media stream."),
    row("patchbay_calls_total", Counter, &["reason"], "Calls that ended at a worker, by reason."),
    row(
        "patchbay_first_word_seconds",
        Histogram(TURN),
        &[],
        "From the start of a call's stream to the first sound of the agent.",
    ),
    row("patchbay_reply_gap_seconds", Histogram(TURN), &[], "From the caller's last word to the agent's first."),
    row("patchbay_interruptions_total", Counter, &[], "Times a caller spoke while the agent was being heard."),
    row(
        "patchbay_barge_in_seconds",
        Histogram(FRAME),
        &[],
        "From the provider's word that the caller speaks to the clear on the line.",
    ),
    row(
        "patchbay_cost_nanodollars_total",
        Counter,
        &["part"],
        "What live calls have cost so far by the price table, in billionths of a dollar: divide by 1e9.",
    ),
    row("patchbay_call_cost_usd", Histogram(DOLLARS), &[], "What a worker's part of a call cost, in dollars."),
    row(
        "patchbay_unpriced_total",
        Counter,
        &["part"],
        "Items that were used and have no price, each counted once by a process; the log names them.",
    ),
    row("patchbay_silence_prompts_total", Counter, &[], "Times a caller was asked whether they are still there."),
    row("patchbay_tool_seconds", Histogram(TURN), &[], "How long tools took."),
    row(
        "patchbay_tool_journal_seconds",
        Histogram(STORE),
        &[],
        "How long tools that must not run twice waited until it was stored that they run.",
    ),
    row(
        "patchbay_tools_without_journal_total",
        Counter,
        &[],
        "Tools that ran though the state store was late to know.",
    ),
    row(
        "patchbay_tools_outliving_calls_total",
        Counter,
        &[],
        "Tools that must not run twice and ended after their call, counted there as cancelled.",
    ),
    row("patchbay_orders_total", Counter, &["result"], "What operators wanted of live calls, by what became of it."),
    row(
        "patchbay_configurations_pushed_total",
        Counter,
        &["result"],
        "Changed configurations for live calls, by whether they could be loaded.",
    ),
    row("patchbay_tool_runs_total", Counter, &["outcome"], "Tool calls that were answered, refused ones too."),
    row(
        "patchbay_tool_breakers_opened_total",
        Counter,
        &[],
        "Times a tool failed so often in a row that it was left alone for a while.",
    ),
    row(
        "patchbay_tool_addresses_refused_total",
        Counter,
        &[],
        "Requests of tools that were not sent because their address is not public.",
    ),
    row(
        "patchbay_hang_up_failures_total",
        Counter,
        &[],
        "Calls Twilio was asked to end and did not; their stream was closed instead.",
    ),
    row("patchbay_fenced_total", Counter, &[], "Calls a worker gave up because a newer claim owns them."),
    // Media.
    row(
        "patchbay_frames_total",
        Counter,
        &["direction"],
        "Audio frames that passed a worker, up to the agent and down to the caller.",
    ),
    row("patchbay_frames_dropped_total", Counter, &["direction", "why"], "Audio frames that were thrown away."),
    row("patchbay_stream_closed_total", Counter, &["code", "why"], "Media streams closed, by WebSocket code."),
    row("patchbay_line_unknown_messages_total", Counter, &[], "Messages of the line this build does not know."),
    // Providers.
    row("patchbay_provider_dials_total", Counter, &["provider", "result"], "Links opened to voice agents."),
    row("patchbay_agent_losses_total", Counter, &["provider", "fault"], "Links to voice agents that broke in a call."),
    row("patchbay_replies_failed_total", Counter, &[], "Answers that failed at the provider."),
    row(
        "patchbay_agent_unknown_messages_total",
        Counter,
        &["provider"],
        "Messages of a provider this build does not know.",
    ),
    row(
        "patchbay_agent_unreadable_messages_total",
        Counter,
        &["provider"],
        "Messages of a provider that could not be read.",
    ),
    // Workers.
    row("patchbay_worker_seats", Gauge, &[], "Calls this worker may carry."),
    row("patchbay_worker_seats_taken", Gauge, &[], "Live and reserved calls of this worker."),
    row("patchbay_lease_renewals_total", Counter, &["result"], "Renewals of this worker's lease."),
    // Events.
    row("patchbay_outbox_unreadable_total", Counter, &[], "Entries of the outbox this build cannot read."),
    row("patchbay_events_published_total", Counter, &["result"], "Events given to the bus."),
    row("patchbay_events_shed_total", Counter, &["class"], "Events given up because no store took them for too long."),
    row("patchbay_unwitnessed_total", Counter, &[], "Calls answered though no store took the gateway's word of them."),
    row("patchbay_bus_purged_total", Counter, &[], "Acknowledged events removed because the stream was full."),
    // Recordings.
    row("patchbay_recordings_active", Gauge, &[], "Recordings that workers make now."),
    row(
        "patchbay_recordings_total",
        Counter,
        &["outcome"],
        "Recordings of workers, by what became of them: stored, lost, refused, not announced, impossible.",
    ),
    row(
        "patchbay_recording_blocks_dropped_total",
        Counter,
        &[],
        "Seconds of recordings that are silent because the writer could not take them.",
    ),
    row("patchbay_recording_spool_bytes", Gauge, &[], "How much of the spool of recordings is used."),
    row(
        "patchbay_recording_store_failures_total",
        Counter,
        &[],
        "Tries to store a recording that failed; it waits in the spool.",
    ),
    row(
        "patchbay_recordings_recovered_total",
        Counter,
        &[],
        "Recordings that a lost worker left unfinished and the next start completed.",
    ),
    row(
        "patchbay_network_recording_failures_total",
        Counter,
        &[],
        "Things Twilio was to do with a recording of its own and did not.",
    ),
    // The record.
    row(
        "patchbay_recorder_events_total",
        Counter,
        &["result"],
        "Events that were stored, and events that came again and were there already.",
    ),
    row("patchbay_recorder_transaction_seconds", Histogram(STORE), &[], "How long one transaction of the record took."),
    row("patchbay_recorder_lag_seconds", Gauge, &[], "Age of the oldest event of the last batch when it was stored."),
    row("patchbay_recorder_retries_total", Counter, &["why"], "Transactions that failed and are tried again."),
    row(
        "patchbay_recorder_quarantined_total",
        Counter,
        &["why"],
        "Payloads that cannot be stored as events and wait for a person.",
    ),
    row(
        "patchbay_recorder_unconfirmed_total",
        Counter,
        &[],
        "Stored events whose acknowledgement failed; they come again.",
    ),
    row(
        "patchbay_recorder_unforgotten_total",
        Counter,
        &[],
        "Stored events that could not be removed from the outbox.",
    ),
    row("patchbay_recorder_stuck_total", Counter, &[], "Times events waited and none was recorded for too long."),
    row("patchbay_recorder_waits_total", Counter, &["for"], "Times the recorder waited for the bus or the database."),
    row("patchbay_outbox_swept_total", Counter, &["result"], "Old entries of the outbox that were published again."),
    row(
        "patchbay_cdr_incomplete_total",
        Counter,
        &[],
        "Calls that were closed while events of them are still missing.",
    ),
    // After calls.
    row("patchbay_aftercare_calls_total", Counter, &[], "Calls whose jobs were stored after they had ended."),
    row("patchbay_aftercare_jobs", Gauge, &["state"], "Jobs that wait, and dead letters a person should look at."),
    row("patchbay_aftercare_jobs_total", Counter, &["kind", "result"], "Tries of jobs, by how they ended."),
    row("patchbay_aftercare_job_seconds", Histogram(WEBHOOK), &["kind"], "How long one try of a job took."),
    row("patchbay_aftercare_nonsense_total", Counter, &[], "Answers of the summary model that did not fit."),
    row(
        "patchbay_aftercare_messages_withheld_total",
        Counter,
        &["why"],
        "Text messages that were not sent after a call, as they should not be.",
    ),
    row("patchbay_aftercare_unheard_total", Counter, &["why"], "Events no company could be told of."),
    row("patchbay_aftercare_waits_total", Counter, &["for"], "Times work after calls waited for bus or database."),
];
