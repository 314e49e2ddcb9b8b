//! One suite for each port, run against every adapter: what the ports promise, as tests.
//!
//! A suite is a module of functions, each a sentence about the port. A macro for each port lists them all and hands
//! the list to a macro of the test file, which makes one test of each:
//!
//! ```text
//! macro_rules! embedded {
//!     ($suite:ident: $($sentence:ident),* $(,)?) => {$(
//!         #[tokio::test(start_paused = true)]
//!         async fn $sentence() { common::ports::contract::$suite::$sentence(&Embedded::new()).await }
//!     )*};
//! }
//! common::state_contract!(embedded);
//! ```
//!
//! Each function wants an empty adapter of its own: a fresh one, a fresh key prefix, a fresh stream. None of them
//! sleeps for a guessed time; they look again until it has happened, at most [`PATIENCE`].

#![allow(clippy::unwrap_used, reason = "these are tests")]

pub mod admission;
pub mod aftercare;
pub mod answers;
pub mod bus;
pub mod db;
pub mod deeds;
pub mod dialing;
pub mod directory;
pub mod find;
pub mod messages;
pub mod outbound;
pub mod outbox;
pub mod pool;
pub mod records;
pub mod session;
pub mod token;
pub mod vault;

use crate::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source};
use crate::ids::{CallId, CompanyId, Epoch};
use call::CallEvent;
use std::time::Duration;

/// How long a suite waits for what must happen before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough that nothing ends during a test.
const LONG: Duration = Duration::from_secs(600);

/// Short enough to wait for, long enough that a slow machine does what it must before it ends.
const SHORT: Duration = Duration::from_millis(200);

/// Hands every sentence about the state port to the macro `run`, suite by suite.
#[macro_export]
macro_rules! state_contract {
    ($run:ident) => {
        $run! { pool:
            a_registered_worker_is_in_the_pool,
            a_silent_worker_leaves_the_pool,
            a_worker_that_renews_stays,
            a_forgotten_worker_is_told_so,
            a_retired_worker_is_gone_at_once,
            an_old_start_can_neither_renew_nor_retire_the_new_one,
            a_new_record_replaces_the_old,
            an_assignment_is_remembered,
            an_assignment_of_nobody_leaves_no_trace,
            the_pool_is_in_order_of_names,
        }
        $run! { session:
            a_first_claim_creates_the_session,
            every_claim_is_newer_than_the_one_before,
            claims_at_the_same_time_are_all_different,
            an_unknown_call_has_no_session,
            a_write_under_the_claim_in_force_is_held,
            a_write_leaves_what_it_does_not_name,
            a_stale_epoch_writes_nothing,
            a_forgotten_call_is_written_anew,
            an_older_claim_in_the_store_gives_way,
            a_claim_passes_even_an_epoch_from_the_future,
            a_claim_keeps_what_the_call_needs_to_go_on,
            a_new_claim_has_no_next_step,
            a_claim_does_not_bring_an_ended_call_back,
        }
        $run! { admission:
            a_company_has_no_more_calls_than_it_may,
            a_call_is_counted_once,
            a_dismissed_call_makes_room,
            of_many_calls_at_once_no_more_than_allowed_come_in,
            companies_do_not_count_for_each_other,
            a_forgotten_call_makes_room,
        }
        $run! { outbox:
            a_write_puts_its_events_in_order,
            an_event_outside_a_session_waits_too,
            an_event_waits_until_it_is_forgotten,
            a_young_event_is_not_given_yet,
            the_oldest_come_first_and_no_more_than_asked_for,
            a_long_call_does_not_lose_its_order,
            everything_is_given_however_small_the_bites,
            forgetting_what_is_not_there_is_no_fault,
        }
        $run! { answers:
            the_first_who_asks_answers,
            an_answer_is_repeated_byte_for_byte,
            a_hold_ends,
            an_answer_outlives_the_hold,
            an_answer_is_forgotten_after_its_time,
            of_many_who_ask_at_once_one_answers,
            answers_to_different_keys_do_not_mix,
        }
        $run! { token:
            a_token_is_used_once,
            of_many_at_once_one_is_first,
            a_token_is_forgotten_after_its_time,
        }
    };
}

/// Hands every sentence about the bus port to the macro `run`.
#[macro_export]
macro_rules! bus_contract {
    ($run:ident) => {
        $run! { bus:
            a_published_event_is_delivered,
            what_is_not_acknowledged_comes_again,
            an_acknowledged_event_does_not_come_again,
            an_event_asked_for_again_comes_after_the_delay,
            a_repeat_within_the_window_is_one_event,
            a_late_consumer_sees_everything,
            a_consumer_goes_on_where_it_was,
            two_of_one_name_share_the_work,
            two_of_different_names_both_see_everything,
            the_order_of_a_call_is_kept,
            a_batch_is_no_larger_than_asked_for,
            a_batch_comes_as_soon_as_something_is_there,
            an_event_ends_the_wait_for_it,
            an_empty_stream_gives_an_empty_batch,
            a_watcher_sees_events_from_now_on,
            a_listener_hears_what_is_told,
            a_topic_with_a_wildcard_is_refused,
        }
    };
}

/// Hands every sentence about the ports that one database is, db, directory, outbound and aftercare, to the macro `run`, suite by
/// suite.
#[macro_export]
macro_rules! db_contract {
    ($run:ident) => {
        $run! { db:
            it_is_ready_once_migrated,
            an_event_told_twice_is_stored_once,
            what_is_stored_comes_back,
            any_order_gives_the_same_record,
            two_recorders_may_work_at_the_same_time,
            a_call_grows_event_by_event,
            turns_are_in_the_order_heard,
            what_is_refused_does_not_lose_others,
            a_refusal_does_not_quote_speech,
            quarantine_keeps_each_payload_once,
            an_unknown_call_is_no_error,
            calls_are_listed_newest_first,
        }
        $run! { deeds:
            a_tool_run_is_kept_once,
            every_outcome_of_a_tool_is_kept,
            a_ticket_is_kept_once,
            a_refusal_is_audited_once,
            a_transfer_is_told_in_any_order,
            half_of_a_transfer_is_kept,
            the_last_word_on_a_place_counts,
            a_turn_keeps_the_version_that_spoke,
            a_recording_refused_or_deleted_is_audited_once,
            who_opts_out_is_known_in_any_order,
            who_did_not_opt_out_may_be_called,
        }
        $run! { find:
            calls_are_found_by_each_filter,
            page_by_page_gives_each_call_once,
            events_since_a_time_come_in_order,
        }
        $run! { messages:
            a_message_is_told_in_any_order,
            a_message_sent_after_the_call_is_kept,
            messages_are_listed_by_time,
            a_recording_of_ours_is_told_in_any_order,
            a_recording_of_twilios_is_told_in_any_order,
            a_lost_recording_says_why,
        }
        $run! { aftercare:
            a_call_is_looked_after_once,
            a_late_event_does_not_bring_a_call_back,
            only_calls_that_are_over_and_settled_are_looked_after,
            an_unknown_call_is_not_looked_after,
            a_call_whose_jobs_are_refused_waits,
            a_job_is_stored_once_and_comes_back,
            jobs_are_handed_out_when_they_are_due,
            a_job_is_handed_to_one_at_a_time,
            a_job_is_handed_out_again_after_its_hold,
            a_job_that_is_done_stays_done,
            a_job_that_failed_is_tried_again_at_its_time,
            a_job_put_back_has_lost_no_attempt,
            dead_jobs_are_seen_and_revived,
            the_newest_summary_stands,
            old_recordings_are_found_once,
        }
        $run! { directory:
            nothing_is_in_force_at_first,
            a_company_applied_is_in_force,
            applying_the_same_again_changes_nothing,
            a_changed_company_keeps_its_agents,
            every_version_is_kept,
            an_agent_left_out_answers_no_calls,
            a_number_claimed_twice_is_refused,
            a_number_moves_within_a_company,
            a_version_in_force_is_not_forgotten,
            a_version_forgotten_in_mid_call_does_no_harm,
            changes_at_the_same_time_follow_one_another,
            what_was_applied_is_audited,
            of_an_unknown_company_nothing_is_known,
        }
        $run! { records:
            records_are_added_changed_or_the_same,
            a_record_comes_back_as_it_was_given,
            a_key_is_found_without_regard_to_case_and_spaces,
            the_record_with_most_of_the_words_comes_first,
            a_changed_record_is_found_by_its_new_words,
            ten_thousand_records_are_searched_in_time,
            kinds_are_listed_by_name,
            a_record_that_cannot_be_kept_is_refused,
            a_long_record_is_found,
        }
        $run! { outbound:
            a_batch_comes_back_as_it_was_begun,
            a_batch_begun_twice_is_begun_once,
            another_batch_of_the_same_id_is_refused,
            a_batch_that_cannot_be_kept_is_refused,
            a_batch_without_rows_is_done,
            the_newest_batches_come_first,
            batches_with_something_to_follow_are_live,
            rows_are_listed_by_line,
            a_cancelled_batch_gives_its_waiting_rows_their_outcome,
            a_batch_that_is_over_stays_so,
            progress_adds_up,
            one_process_leads_at_a_time,
            another_leads_when_the_lease_has_run_out,
            people_who_opted_out_are_found,
            who_began_a_batch_is_audited,
            many_rows_are_begun_and_claimed_in_time,
        }
        $run! { dialing:
            a_row_is_claimed_once_by_many_at_the_same_time,
            the_earliest_are_claimed_first,
            a_claimed_row_is_being_placed,
            a_paused_batch_gives_no_rows,
            a_claimed_row_put_back_keeps_its_attempt_number,
            a_placed_row_is_not_put_back,
            attempts_under_way_are_listed_oldest_first,
            settling_twice_changes_nothing,
            of_many_who_settle_an_attempt_one_does,
            a_retry_becomes_due_at_its_time,
            the_last_row_settled_ends_the_batch,
            the_last_rows_settled_at_once_end_the_batch,
            calls_under_way_outlive_a_cancelled_batch,
            the_row_of_an_attempt_is_found,
            calls_are_found_by_their_attempt,
        }
    };
}

/// Hands every sentence about the vault port to the macro `run`.
#[macro_export]
macro_rules! vault_contract {
    ($run:ident) => {
        $run! { vault:
            it_can_be_written_and_read,
            what_was_put_comes_back,
            a_file_comes_back_byte_for_byte,
            a_large_file_comes_back_byte_for_byte,
            putting_again_replaces_it_whole,
            nothing_stands_under_an_unknown_name,
            what_was_deleted_is_gone,
            deleting_nothing_is_no_fault,
            names_do_not_mix,
            a_name_that_leads_elsewhere_is_refused,
        }
    };
}

/// A call nobody has seen.
pub fn fresh_call() -> CallId {
    CallId::parse(format!("CA{}", uuid::Uuid::now_v7().simple())).expect("CA and 32 hex digits")
}

/// The event of a call with this place in its sequence.
pub fn event(call: &CallId, epoch: Epoch, sequence: u64) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: call.clone(), source: Source::Worker, epoch, sequence },
        company: Some(CompanyId::parse("harbour").expect("a slug")),
        at_ms: 1_764_000_000_000 + sequence,
        trace: String::new(),
        event: Event::Worker(CallEvent::FirstWord { after_ms: sequence }),
    }
}

/// Events `0..count` of a call.
pub fn events(call: &CallId, epoch: Epoch, count: u64) -> Vec<Envelope> {
    (0..count).map(|sequence| event(call, epoch, sequence)).collect()
}

/// Lets a test end that would otherwise go on for ever.
pub async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(4 * PATIENCE, test).await.expect("the test came to no end");
}

/// Looks again and again until it has happened; fails after [`PATIENCE`].
async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let look = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, look).await.is_ok(), "this never happened: {what}");
}
