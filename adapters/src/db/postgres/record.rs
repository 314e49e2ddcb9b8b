//! The one transaction that writes the record: insert the events, keep those that were new, lock their calls, fold,
//! write back.
//!
//! Two recorders never wait for each other in a circle: both insert events and lock calls in the order of keys.

use super::directory::write_audit;
use super::within;
use crate::db::batch::{Batch, Folded};
use crate::db::deeds::Deeds;
use crate::db::rows::{CallRow, array};
use common::ports::{DbError, Fold};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;

/// A primary key of `call_events`, as the database gives it back.
type Key = (String, String, i64, i64);

/// Stores and folds; returns how many events were new.
pub(super) async fn record(connection: &mut PgConnection, batch: &Batch<'_>, fold: Fold<'_>) -> Result<usize, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let inserted = insert_events(&mut transaction, batch).await?;
    let fresh: BTreeSet<_> =
        inserted.iter().map(|(call, source, epoch, sequence)| (&**call, &**source, *epoch, *sequence)).collect();
    if !fresh.is_empty() {
        let calls: BTreeSet<&str> = fresh.iter().map(|key| key.0).collect();
        let found = lock_calls(&mut transaction, &Vec::from_iter(calls)).await?;
        let mut folded = batch.fold(&fresh, found, fold)?;
        write_back(&mut transaction, &folded).await?;
        write_deeds(&mut transaction, &mut folded.deeds).await?;
        merge_deeds(&mut transaction, &mut folded.deeds).await?;
        if !folded.people.is_empty() {
            within(sqlx::query(OPT_OUT).bind(array(&folded.people)?).execute(&mut *transaction)).await?;
        }
    }
    within(transaction.commit()).await?;
    Ok(inserted.len())
}

/// One column at a time: an array each is the fastest way into Postgres short of `copy`, which cannot skip what is
/// there.
async fn insert_events(connection: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Key>, DbError> {
    let events = &batch.events;
    let insert = sqlx::query_as(
        "insert into call_events
             (call_sid, source, epoch, sequence, version, kind, seen_at, company, trace, body)
         select call_sid, source, epoch, sequence, version, kind, to_timestamp(seen_ms / 1000.0), company, trace,
                body::jsonb
         from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::int[], $6::text[], $7::bigint[],
                     $8::text[], $9::text[], $10::text[])
              as e (call_sid, source, epoch, sequence, version, kind, seen_ms, company, trace, body)
         on conflict do nothing
         returning call_sid, source, epoch, sequence",
    )
    .bind(events.iter().map(|row| row.call()).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.source().as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.epoch).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(events.iter().map(|row| i32::from(row.envelope.version)).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.envelope.event.kind()).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.seen_ms).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.company()).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.envelope.trace.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|row| row.body.as_str()).collect::<Vec<_>>());
    within(insert.fetch_all(connection)).await
}

/// Makes sure every call has a row, then locks them. The select sees what another recorder committed while this one
/// waited for the lock.
async fn lock_calls(connection: &mut PgConnection, calls: &[&str]) -> Result<Vec<CallRow>, DbError> {
    let create = sqlx::query("insert into calls (call_sid) select unnest($1::text[]) on conflict do nothing");
    within(create.bind(calls).execute(&mut *connection)).await?;
    let lock =
        sqlx::query_as(concat!(select_calls!(), " where call_sid = any($1::text[]) order by call_sid for update"));
    within(lock.bind(calls).fetch_all(connection)).await
}

async fn write_back(connection: &mut PgConnection, folded: &Folded) -> Result<(), DbError> {
    within(sqlx::query(UPDATE_CALLS).bind(array(&folded.calls)?).execute(&mut *connection)).await?;
    if !folded.turns.is_empty() {
        within(sqlx::query(INSERT_TURNS).bind(array(&folded.turns)?).execute(connection)).await?;
    }
    Ok(())
}

/// Few batches have any of these: what is empty costs nothing.
async fn write_deeds(connection: &mut PgConnection, deeds: &mut Deeds) -> Result<(), DbError> {
    if !deeds.tool_runs.is_empty() {
        within(sqlx::query(INSERT_TOOL_RUNS).bind(array(&deeds.tool_runs)?).execute(&mut *connection)).await?;
    }
    if !deeds.tickets.is_empty() {
        within(sqlx::query(INSERT_TICKETS).bind(array(&deeds.tickets)?).execute(&mut *connection)).await?;
    }
    write_audit(connection, &deeds.audit).await
}

/// Rows that several tell of. Their calls are locked: nobody else tells of them meanwhile.
async fn merge_deeds(connection: &mut PgConnection, deeds: &mut Deeds) -> Result<(), DbError> {
    if !deeds.transfers.is_empty() {
        let calls: Vec<_> = deeds.transfers.keys().map(|(call, _)| call.clone()).collect();
        let known = sqlx::query_as(concat!(select_transfers!(), " where call_sid = any($1::text[])"));
        let known = within(known.bind(calls).fetch_all(&mut *connection)).await?;
        known.into_iter().for_each(|row| deeds.add_transfer(row));
        let rows = array(&deeds.transfers.values().collect::<Vec<_>>())?;
        within(sqlx::query(UPSERT_TRANSFERS).bind(rows).execute(&mut *connection)).await?;
    }
    if !deeds.messages.is_empty() {
        let messages: Vec<_> = deeds.messages.keys().cloned().collect();
        let known = sqlx::query_as(concat!(select_messages!(), " where message = any($1::text[])"));
        let known = within(known.bind(messages).fetch_all(&mut *connection)).await?;
        known.into_iter().for_each(|row| deeds.add_message(row));
        let rows = array(&deeds.messages.values().collect::<Vec<_>>())?;
        within(sqlx::query(UPSERT_MESSAGES).bind(rows).execute(&mut *connection)).await?;
    }
    if !deeds.recordings.is_empty() {
        let recordings: Vec<_> = deeds.recordings.keys().cloned().collect();
        let known = sqlx::query_as(concat!(select_recordings!(), " where recording = any($1::text[])"));
        let known = within(known.bind(recordings).fetch_all(&mut *connection)).await?;
        known.into_iter().for_each(|row| deeds.add_recording(row));
        let rows = array(&deeds.recordings.values().collect::<Vec<_>>())?;
        within(sqlx::query(UPSERT_RECORDINGS).bind(rows).execute(connection)).await?;
    }
    Ok(())
}

const UPDATE_CALLS: &str = "
    update calls set
        company = r.company, agent = r.agent, agent_version = r.agent_version, direction = r.direction,
        caller = r.caller, called = r.called, language = r.language,
        accepted_at = to_timestamp(r.accepted_ms / 1000.0), answered_at = to_timestamp(r.answered_ms / 1000.0),
        ended_at = to_timestamp(r.ended_ms / 1000.0), duration_ms = r.duration_ms, end_reason = r.end_reason,
        twilio_status = r.twilio_status, workers = r.workers::jsonb, turns = r.turns,
        interruptions = r.interruptions, agent_losses = r.agent_losses, silence_prompts = r.silence_prompts,
        tools = r.tools, transfers = r.transfers, first_word_ms = r.first_word_ms, reply_gap_max_ms = r.reply_gap_max_ms,
        reply_gap_sum_ms = r.reply_gap_sum_ms, reply_gaps = r.reply_gaps,
        usage_text_in = r.usage_text_in, usage_text_cached = r.usage_text_cached,
        usage_audio_in = r.usage_audio_in, usage_audio_cached = r.usage_audio_cached,
        usage_text_out = r.usage_text_out, usage_audio_out = r.usage_audio_out,
        usage_transcription = r.usage_transcription, usage_billed_ms = r.usage_billed_ms,
        costs = r.costs::jsonb, cost_usd = r.cost_nanos * 0.000000001, attempt = r.attempt,
        answered_by = r.answered_by, machine = r.machine, messages = r.messages, recordings = r.recordings,
        tally = r.tally::jsonb, evidence = r.evidence::jsonb, complete = r.complete
    from json_to_recordset($1::json) as r (
        call_sid text, company text, agent text, agent_version text, direction text, caller text, called text,
        language text, accepted_ms bigint, answered_ms bigint, ended_ms bigint, duration_ms bigint, end_reason text,
        twilio_status text, workers text, turns bigint, interruptions bigint, agent_losses bigint,
        silence_prompts bigint, tools bigint, transfers bigint, first_word_ms bigint, reply_gap_max_ms bigint, reply_gap_sum_ms bigint,
        reply_gaps bigint, usage_text_in bigint, usage_text_cached bigint, usage_audio_in bigint,
        usage_audio_cached bigint, usage_text_out bigint, usage_audio_out bigint, usage_transcription bigint,
        usage_billed_ms bigint, costs text, cost_nanos bigint, attempt text, answered_by text, machine text,
        messages bigint, recordings bigint, tally text, evidence text, complete boolean)
    where calls.call_sid = r.call_sid";

const INSERT_TURNS: &str = "
    insert into turns
        (call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms, agent_version,
         seen_at)
    select call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms, agent_version,
           to_timestamp(seen_ms / 1000.0)
    from json_to_recordset($1::json) as r (
        call_sid text, epoch bigint, sequence bigint, number bigint, speaker text, spoken text, started_ms bigint,
        ended_ms bigint, heard_ms bigint, of_ms bigint, agent_version text,
        seen_ms bigint)
    on conflict do nothing";

const INSERT_TOOL_RUNS: &str = "
    insert into tool_runs (call_sid, epoch, sequence, company, tool_call, name, took_ms, outcome, error, arguments,
        output, ended_at)
    select call_sid, epoch, sequence, company, tool_call, name, took_ms, outcome, error, arguments, output,
           to_timestamp(ended_ms / 1000.0)
    from json_to_recordset($1::json) as r (
        call_sid text, epoch bigint, sequence bigint, company text, tool_call text, name text, took_ms bigint,
        outcome text, error text, arguments text, output text, ended_ms bigint)
    on conflict do nothing";

const INSERT_TICKETS: &str = "
    insert into tickets (call_sid, epoch, sequence, number, company, priority, category, subject, details, opened_at)
    select call_sid, epoch, sequence, number, company, priority, category, subject, details,
           to_timestamp(opened_ms / 1000.0)
    from json_to_recordset($1::json) as r (
        call_sid text, epoch bigint, sequence bigint, number text, company text, priority text, category text,
        subject text, details text, opened_ms bigint)
    on conflict do nothing";

const UPSERT_TRANSFERS: &str = "
    insert into transfers (call_sid, epoch, company, kind, target, asked_at, returned_at, outcome, talked_s)
    select call_sid, epoch, company, kind, target, to_timestamp(asked_ms / 1000.0),
           to_timestamp(returned_ms / 1000.0), outcome, talked_s
    from json_to_recordset($1::json) as r (
        call_sid text, epoch bigint, company text, kind text, target text, asked_ms bigint, returned_ms bigint,
        outcome text, talked_s bigint)
    on conflict (call_sid, epoch) do update set
        company = excluded.company, kind = excluded.kind, target = excluded.target, asked_at = excluded.asked_at,
        returned_at = excluded.returned_at, outcome = excluded.outcome, talked_s = excluded.talked_s";

const UPSERT_MESSAGES: &str = "
    insert into messages (message, call_sid, company, template, country, segments, sent_at, status, error_code)
    select message, call_sid, company, template, country, segments, to_timestamp(sent_ms / 1000.0), status, error_code
    from json_to_recordset($1::json) as r (
        message text, call_sid text, company text, template text, country text, segments bigint, sent_ms bigint,
        status text, error_code bigint)
    on conflict (message) do update set
        company = excluded.company, template = excluded.template, country = excluded.country,
        segments = excluded.segments, sent_at = excluded.sent_at, status = excluded.status,
        error_code = excluded.error_code";

const UPSERT_RECORDINGS: &str = "
    insert into recordings (recording, call_sid, company, source, place, began_at, length_ms, bytes, silent_ms,
        status, why)
    select recording, call_sid, company, source, place, to_timestamp(began_ms / 1000.0), length_ms, bytes, silent_ms,
           status, why
    from json_to_recordset($1::json) as r (
        recording text, call_sid text, company text, source text, place text, began_ms bigint, length_ms bigint,
        bytes bigint, silent_ms bigint, status text, why text)
    on conflict (recording) do update set
        company = excluded.company, source = excluded.source, place = excluded.place, began_at = excluded.began_at,
        length_ms = excluded.length_ms, bytes = excluded.bytes, silent_ms = excluded.silent_ms,
        status = excluded.status, why = excluded.why";

/// In the order of people, so that two recorders do not wait for each other in a circle.
const OPT_OUT: &str = "
    insert into opt_outs (company, number, source, opted_out_at)
    select p.company, p.number, 'call', min(e.seen_at)
    from json_to_recordset($1::json) as p (call_sid text, company text, number text)
    join call_events e on e.call_sid = p.call_sid and e.kind = 'fact' and e.body ->> 'fact' = 'opted_out'
    group by p.company, p.number
    order by p.company, p.number
    on conflict do nothing";
