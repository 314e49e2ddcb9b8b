//! The one transaction that writes the record. It takes the write lock at its beginning: SQLite would refuse a reader
//! that wants to become a writer after another wrote.

use super::directory::INSERT_AUDIT;
use super::fault;
use crate::db::batch::{Batch, EventRow};
use crate::db::deeds::Deeds;
use crate::db::rows::{CallRow, array};
use common::ports::{DbError, Fold};
use sqlx::{SqliteConnection, SqlitePool};
use std::collections::BTreeSet;

/// Stores and folds; returns how many events were new.
pub(super) async fn record(pool: &SqlitePool, batch: &Batch<'_>, fold: Fold<'_>) -> Result<usize, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let mut fresh = BTreeSet::new();
    for row in &batch.events {
        if insert_event(&mut transaction, row).await.map_err(fault)? == 1 {
            fresh.insert(row.key());
        }
    }
    let mut found = Vec::new();
    for call in fresh.iter().map(|key| key.0).collect::<BTreeSet<_>>() {
        let ask = sqlx::query_as::<_, CallRow>(concat!(select_calls!(), " where call_sid = $1"));
        found.extend(ask.bind(call).fetch_optional(&mut *transaction).await.map_err(fault)?);
    }
    let mut folded = batch.fold(&fresh, found, fold)?;
    for (sql, rows) in [(UPSERT_CALLS, array(&folded.calls)?), (INSERT_TURNS, array(&folded.turns)?)] {
        sqlx::query(sql).bind(rows).execute(&mut *transaction).await.map_err(fault)?;
    }
    merge_deeds(&mut transaction, &mut folded.deeds).await?;
    write_deeds(&mut transaction, &folded.deeds).await?;
    if !folded.people.is_empty() {
        let opt_out = sqlx::query(OPT_OUT).bind(array(&folded.people)?);
        opt_out.execute(&mut *transaction).await.map_err(fault)?;
    }
    transaction.commit().await.map_err(fault)?;
    Ok(fresh.len())
}

/// Rows that several tell of: what is known of them is merged with what is new.
async fn merge_deeds(connection: &mut SqliteConnection, deeds: &mut Deeds) -> Result<(), DbError> {
    for (call, epoch) in deeds.transfers.keys().cloned().collect::<Vec<_>>() {
        let known = sqlx::query_as(concat!(select_transfers!(), " where call_sid = $1 and epoch = $2"));
        let known = known.bind(call).bind(epoch).fetch_optional(&mut *connection).await.map_err(fault)?;
        known.into_iter().for_each(|row| deeds.add_transfer(row));
    }
    for message in deeds.messages.keys().cloned().collect::<Vec<_>>() {
        let known = sqlx::query_as(concat!(select_messages!(), " where message = $1"));
        let known = known.bind(message).fetch_optional(&mut *connection).await.map_err(fault)?;
        known.into_iter().for_each(|row| deeds.add_message(row));
    }
    for recording in deeds.recordings.keys().cloned().collect::<Vec<_>>() {
        let known = sqlx::query_as(concat!(select_recordings!(), " where recording = $1"));
        let known = known.bind(recording).fetch_optional(&mut *connection).await.map_err(fault)?;
        known.into_iter().for_each(|row| deeds.add_recording(row));
    }
    Ok(())
}

async fn write_deeds(connection: &mut SqliteConnection, deeds: &Deeds) -> Result<(), DbError> {
    for (sql, rows) in [
        (INSERT_TOOL_RUNS, array(&deeds.tool_runs)?),
        (INSERT_TICKETS, array(&deeds.tickets)?),
        (REPLACE_TRANSFERS, array(&deeds.transfers.values().collect::<Vec<_>>())?),
        (REPLACE_MESSAGES, array(&deeds.messages.values().collect::<Vec<_>>())?),
        (REPLACE_RECORDINGS, array(&deeds.recordings.values().collect::<Vec<_>>())?),
        (INSERT_AUDIT, array(&deeds.audit)?),
    ] {
        sqlx::query(sql).bind(rows).execute(&mut *connection).await.map_err(fault)?;
    }
    Ok(())
}

async fn insert_event(connection: &mut SqliteConnection, row: &EventRow<'_>) -> Result<u64, sqlx::Error> {
    let insert = sqlx::query(
        "insert into call_events (call_sid, source, epoch, sequence, version, kind, seen_at, company, trace, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict do nothing",
    )
    .bind(row.call())
    .bind(row.source().as_str())
    .bind(row.epoch)
    .bind(row.sequence)
    .bind(row.envelope.version)
    .bind(row.envelope.event.kind())
    .bind(row.seen_ms)
    .bind(row.company())
    .bind(&row.envelope.trace)
    .bind(&row.body);
    Ok(insert.execute(connection).await?.rows_affected())
}

const UPSERT_CALLS: &str = "
    insert into calls (
        call_sid, company, agent, agent_version, direction, caller, called, language, accepted_at, answered_at,
        ended_at, duration_ms, end_reason, twilio_status, workers, turns, interruptions, agent_losses,
        silence_prompts, tools, transfers, first_word_ms, reply_gap_max_ms, reply_gap_sum_ms, reply_gaps,
        usage_text_in, usage_text_cached, usage_audio_in, usage_audio_cached, usage_text_out, usage_audio_out,
        usage_transcription, usage_billed_ms, costs, cost_usd, attempt, answered_by, machine, messages, recordings,
        tally, evidence, complete)
    select
        value ->> 'call_sid', value ->> 'company', value ->> 'agent', value ->> 'agent_version',
        value ->> 'direction', value ->> 'caller', value ->> 'called', value ->> 'language', value ->> 'accepted_ms',
        value ->> 'answered_ms', value ->> 'ended_ms', value ->> 'duration_ms', value ->> 'end_reason',
        value ->> 'twilio_status', value ->> 'workers', value ->> 'turns', value ->> 'interruptions',
        value ->> 'agent_losses', value ->> 'silence_prompts', value ->> 'tools', value ->> 'transfers',
        value ->> 'first_word_ms', value ->> 'reply_gap_max_ms', value ->> 'reply_gap_sum_ms',
        value ->> 'reply_gaps', value ->> 'usage_text_in', value ->> 'usage_text_cached', value ->> 'usage_audio_in',
        value ->> 'usage_audio_cached', value ->> 'usage_text_out', value ->> 'usage_audio_out',
        value ->> 'usage_transcription', value ->> 'usage_billed_ms', value ->> 'costs', value ->> 'cost_nanos',
        value ->> 'attempt', value ->> 'answered_by', value ->> 'machine', value ->> 'messages',
        value ->> 'recordings', value ->> 'tally', value ->> 'evidence', value ->> 'complete'
    from json_each($1) where true
    on conflict (call_sid) do update set
        company = excluded.company, agent = excluded.agent, agent_version = excluded.agent_version,
        direction = excluded.direction, caller = excluded.caller, called = excluded.called,
        language = excluded.language, accepted_at = excluded.accepted_at, answered_at = excluded.answered_at,
        ended_at = excluded.ended_at, duration_ms = excluded.duration_ms, end_reason = excluded.end_reason,
        twilio_status = excluded.twilio_status, workers = excluded.workers, turns = excluded.turns,
        interruptions = excluded.interruptions, agent_losses = excluded.agent_losses,
        silence_prompts = excluded.silence_prompts, tools = excluded.tools, transfers = excluded.transfers,
        first_word_ms = excluded.first_word_ms, reply_gap_max_ms = excluded.reply_gap_max_ms,
        reply_gap_sum_ms = excluded.reply_gap_sum_ms, reply_gaps = excluded.reply_gaps,
        usage_text_in = excluded.usage_text_in, usage_text_cached = excluded.usage_text_cached,
        usage_audio_in = excluded.usage_audio_in, usage_audio_cached = excluded.usage_audio_cached,
        usage_text_out = excluded.usage_text_out, usage_audio_out = excluded.usage_audio_out,
        usage_transcription = excluded.usage_transcription, usage_billed_ms = excluded.usage_billed_ms,
        costs = excluded.costs, cost_usd = excluded.cost_usd, attempt = excluded.attempt,
        answered_by = excluded.answered_by, machine = excluded.machine, messages = excluded.messages,
        recordings = excluded.recordings, tally = excluded.tally, evidence = excluded.evidence,
        complete = excluded.complete";

const INSERT_TURNS: &str = "
    insert into turns
        (call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms, seen_at,
         agent_version)
    select
        value ->> 'call_sid', value ->> 'epoch', value ->> 'sequence', value ->> 'number', value ->> 'speaker',
        value ->> 'spoken', value ->> 'started_ms', value ->> 'ended_ms', value ->> 'heard_ms', value ->> 'of_ms',
        value ->> 'seen_ms', value ->> 'agent_version'
    from json_each($1) where true
    on conflict do nothing";

const INSERT_TOOL_RUNS: &str = "
    insert into tool_runs (call_sid, epoch, sequence, company, tool_call, name, took_ms, outcome, error, arguments,
        output, ended_at)
    select
        value ->> 'call_sid', value ->> 'epoch', value ->> 'sequence', value ->> 'company', value ->> 'tool_call',
        value ->> 'name', value ->> 'took_ms', value ->> 'outcome', value ->> 'error', value ->> 'arguments',
        value ->> 'output', value ->> 'ended_ms'
    from json_each($1) where true
    on conflict do nothing";

const INSERT_TICKETS: &str = "
    insert into tickets (call_sid, epoch, sequence, number, company, priority, category, subject, details, opened_at)
    select
        value ->> 'call_sid', value ->> 'epoch', value ->> 'sequence', value ->> 'number', value ->> 'company',
        value ->> 'priority', value ->> 'category', value ->> 'subject', value ->> 'details', value ->> 'opened_ms'
    from json_each($1) where true
    on conflict do nothing";

const REPLACE_TRANSFERS: &str = "
    insert or replace into transfers (
        call_sid, epoch, company, kind, target, asked_at, returned_at, outcome, talked_s)
    select
        value ->> 'call_sid', value ->> 'epoch', value ->> 'company', value ->> 'kind', value ->> 'target',
        value ->> 'asked_ms', value ->> 'returned_ms', value ->> 'outcome', value ->> 'talked_s'
    from json_each($1)";

const REPLACE_MESSAGES: &str = "
    insert or replace into messages (
        message, call_sid, company, template, country, segments, sent_at, status, error_code)
    select
        value ->> 'message', value ->> 'call_sid', value ->> 'company', value ->> 'template', value ->> 'country',
        value ->> 'segments', value ->> 'sent_ms', value ->> 'status', value ->> 'error_code'
    from json_each($1)";

const REPLACE_RECORDINGS: &str = "
    insert or replace into recordings (
        recording, call_sid, company, source, place, began_at, length_ms, bytes, silent_ms, status, why)
    select
        value ->> 'recording', value ->> 'call_sid', value ->> 'company', value ->> 'source', value ->> 'place',
        value ->> 'began_ms', value ->> 'length_ms', value ->> 'bytes', value ->> 'silent_ms', value ->> 'status',
        value ->> 'why'
    from json_each($1)";

const OPT_OUT: &str = "
    insert into opt_outs (company, number, source, opted_out_at)
    select p.value ->> 'company', p.value ->> 'number', 'call', min(e.seen_at)
    from json_each($1) as p
    join call_events e
        on e.call_sid = p.value ->> 'call_sid' and e.kind = 'fact' and e.body ->> 'fact' = 'opted_out'
    group by 1, 2
    on conflict do nothing";
