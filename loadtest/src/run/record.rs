//! What stands in Postgres after a run: every call, every heard turn, every event, once.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};

use crate::{ledger::Account, report::Record};

/// How long the last events may take to arrive in the database: what a killed recorder had fetched and not acknowledged
/// comes again after the bus has waited half a minute for it.
const SETTLE_WAIT: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Waits until the calls are complete in the database, or long enough, and counts what is there.
pub(super) async fn check(database_url: &str, accounts: &[Account]) -> Result<Record> {
    let mut database = PgConnection::connect(database_url).await.context("connect to the record")?;
    let ended = Instant::now();
    let mut record = look(&mut database, accounts).await?;
    while !settled(&record, accounts) && ended.elapsed() < SETTLE_WAIT {
        tokio::time::sleep(LOOK_AGAIN).await;
        record = look(&mut database, accounts).await?;
    }
    record.settled_s = ended.elapsed().as_secs_f64();
    Ok(record)
}

fn settled(record: &Record, accounts: &[Account]) -> bool {
    record.complete >= accounts.len() && record.gaps == 0 && record.turns_missing == 0
}

async fn look(database: &mut PgConnection, accounts: &[Account]) -> Result<Record> {
    let calls: HashMap<String, bool> =
        sqlx::query_as("select call_sid, complete from calls").fetch_all(&mut *database).await?.into_iter().collect();
    let turns: Vec<(String, String, i64)> =
        sqlx::query_as("select call_sid, speaker, count(*) from turns group by 1, 2").fetch_all(&mut *database).await?;
    let (events, quarantined): (i64, i64) =
        sqlx::query_as("select (select count(*) from call_events), (select count(*) from event_quarantine)")
            .fetch_one(&mut *database)
            .await?;
    Ok(Record {
        cdrs: calls.len(),
        complete: calls.values().filter(|complete| **complete).count(),
        missing: accounts.iter().filter(|account| !calls.contains_key(&account.call_sid)).count(),
        turns: turns.iter().map(|(_, _, count)| *count as usize).sum(),
        turns_missing: turns_missing(&turns, accounts),
        events: events as usize,
        gaps: gaps(database).await?,
        quarantined: quarantined as usize,
        settled_s: 0.0,
    })
}

fn turns_missing(turns: &[(String, String, i64)], accounts: &[Account]) -> usize {
    let stored: HashMap<(&str, &str), i64> =
        turns.iter().map(|(call, speaker, count)| ((call.as_str(), speaker.as_str()), *count)).collect();
    let missing = |account: &Account, speaker: &str, heard: usize| {
        let stored = stored.get(&(account.call_sid.as_str(), speaker)).copied().unwrap_or_default();
        heard.saturating_sub(stored as usize)
    };
    let of = |account: &Account| {
        missing(account, "caller", account.talk.caller_turns) + missing(account, "agent", account.talk.agent_turns)
    };
    accounts.iter().map(of).sum()
}

/// Events that must exist and do not: holes in a sequence, and what a closing event declares beyond the last one.
///
/// Twilio's callbacks carry Twilio's own numbers, of which only those asked for arrive.
async fn gaps(database: &mut PgConnection) -> Result<usize> {
    let (holes,): (i64,) = sqlx::query_as(
        "select coalesce(sum(last + 1 - stored), 0)::bigint from (
             select count(*) as stored, max(sequence) as last from call_events
             where source <> 'twilio' group by call_sid, source, epoch) as parts",
    )
    .fetch_one(&mut *database)
    .await?;
    let (short,): (i64,) = sqlx::query_as(
        "select coalesce(sum(greatest(expected - (select count(*) from call_events as event
                 where event.call_sid = part.call_sid and event.source || ':' || event.epoch = part.name
                   and event.sequence < part.expected), 0)), 0)::bigint
         from (select call_sid, key as name, (value->>'expected')::bigint as expected
               from calls, jsonb_each(tally)) as part
         where expected is not null",
    )
    .fetch_one(&mut *database)
    .await?;
    Ok(holes.max(short) as usize)
}
