//! The record in SQLite: a file, or memory for as long as the process lives. For a laptop and for tests; one writer
//! at a time.

/// The columns of [`CallRow`], from `calls`.
macro_rules! select_calls {
    () => {
        "select call_sid, company, agent, agent_version, direction, caller, called, language,
                accepted_at as accepted_ms, answered_at as answered_ms, ended_at as ended_ms, duration_ms, end_reason,
                twilio_status, workers, turns, interruptions, agent_losses, silence_prompts, tools, transfers, first_word_ms,
                reply_gap_max_ms, reply_gap_sum_ms, reply_gaps, usage_text_in, usage_text_cached, usage_audio_in,
                usage_audio_cached, usage_text_out, usage_audio_out, usage_transcription, usage_billed_ms, costs,
                cost_usd as cost_nanos, attempt, answered_by, machine, messages, recordings, tally, evidence, complete
         from calls"
    };
}

/// The columns of `TransferRow`, from `transfers`.
macro_rules! select_transfers {
    () => {
        "select call_sid, epoch, company, kind, target, asked_at as asked_ms, returned_at as returned_ms, outcome,
                talked_s
         from transfers"
    };
}

/// The columns of `MessageRow`, from `messages`.
macro_rules! select_messages {
    () => {
        "select message, call_sid, company, template, country, segments,
                sent_at as sent_ms, status, error_code
         from messages"
    };
}

/// The columns of `RecordingRow`, from `recordings`.
macro_rules! select_recordings {
    () => {
        "select recording, call_sid, company, source, place, began_at as began_ms,
                length_ms, bytes, silent_ms, status, why
         from recordings"
    };
}

mod aftercare;
mod directory;
mod outbound;
mod record;

use super::find::{self, Value};
use super::migrations::{self, Dialect};
use super::rows::{CallRow, StoredEvent, TurnRow, big};
use super::{compare_schema, outside};
use async_trait::async_trait;
use common::cdr::{Cdr, StoredTurn};
use common::clock::unix_ms;
use common::event::Envelope;
use common::ids::CallId;
use common::ports::{CallFilter, Db, DbError, Fold, Health, Recorded};
use sha2::{Digest, Sha256};
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::str::FromStr;
use std::time::Duration;

/// Longest wait for another writer, also of another process, to finish.
const BUSY: Duration = Duration::from_secs(5);
/// Connections to a file: one writes, the others read beside it.
const CONNECTIONS: u32 = 4;

/// The record in SQLite.
pub struct Sqlite {
    pool: SqlitePool,
}

impl Sqlite {
    /// The record at `sqlite://path/to/file`, created where it does not exist, or `sqlite::memory:`. Opens it when
    /// first used; call it inside a Tokio runtime.
    pub fn open(url: &str) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbError::Refused(format!("DATABASE_URL is not like sqlite://patchbay.db: {error}")))?;
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Ok(Self::memory());
        }
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        Ok(Self { pool: SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(options) })
    }

    /// A record of its own in memory: gone with this value.
    pub fn memory() -> Self {
        // A second connection would be a second database, and a closed one takes all with it.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(SqliteConnectOptions::new().in_memory(true).disable_statement_logging());
        Self { pool }
    }

    /// Names what is really wrong when a table or column is missing.
    async fn explain(&self, error: DbError) -> DbError {
        match error {
            DbError::Schema { needed, .. } => match self.version().await {
                Ok(found) => DbError::Schema { found, needed },
                Err(error) => error,
            },
            error => error,
        }
    }

    async fn version(&self) -> Result<i64, DbError> {
        let ask = sqlx::query_scalar::<_, Option<i64>>("select max(version) from _sqlx_migrations where success");
        match ask.fetch_one(&self.pool).await.map_err(fault) {
            Ok(found) => Ok(found.unwrap_or(0)),
            Err(DbError::Schema { .. }) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Db for Sqlite {
    async fn check(&self) -> Result<Health, DbError> {
        let version: String =
            sqlx::query_scalar("select sqlite_version()").fetch_one(&self.pool).await.map_err(fault)?;
        let faults = compare_schema(self.version().await?, migrations::needed())?;
        Ok(Health { server: format!("sqlite {version}"), faults })
    }

    async fn migrate(&self) -> Result<(), DbError> {
        migrations::migrator(Dialect::Sqlite).run(&self.pool).await.map_err(|error| match error {
            MigrateError::Execute(error) => fault(error),
            other => DbError::Refused(other.to_string()),
        })
    }

    async fn record(&self, events: &[Envelope], fold: Fold<'_>) -> Result<Recorded, DbError> {
        if events.is_empty() {
            return Ok(Recorded::default());
        }
        let batch = super::batch::Batch::check(events)?;
        match record::record(&self.pool, &batch, fold).await {
            Ok(fresh) => Ok(Recorded { fresh, repeated: events.len() - fresh }),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn quarantine(&self, payload: &[u8], reason: &str) -> Result<(), DbError> {
        let now = i64::try_from(unix_ms()).unwrap_or(i64::MAX);
        sqlx::query(
            "insert into event_quarantine (sha256, payload, reason, first_seen_at, last_seen_at)
             values ($1, $2, $3, $4, $4)
             on conflict (sha256) do update
             set times = times + 1, last_seen_at = excluded.last_seen_at, reason = excluded.reason",
        )
        .bind(Sha256::digest(payload).to_vec())
        .bind(payload)
        .bind(reason.replace('\0', "\u{fffd}"))
        .bind(now)
        .execute(&self.pool)
        .await
        .map_err(fault)?;
        Ok(())
    }

    async fn quarantined(&self) -> Result<u64, DbError> {
        let ask = sqlx::query_scalar::<_, i64>("select count(*) from event_quarantine");
        Ok(ask.fetch_one(&self.pool).await.map_err(fault)?.unsigned_abs())
    }

    async fn cdr(&self, call: &CallId) -> Result<Option<Cdr>, DbError> {
        let ask = sqlx::query_as::<_, CallRow>(concat!(select_calls!(), " where call_sid = $1"));
        let row = ask.bind(call.as_str()).fetch_optional(&self.pool).await.map_err(fault)?;
        row.map(Cdr::try_from).transpose()
    }

    async fn calls(&self, max: u32) -> Result<Vec<Cdr>, DbError> {
        let ask = sqlx::query_as::<_, CallRow>(concat!(
            select_calls!(),
            " order by began_at desc nulls last, call_sid desc limit $1"
        ));
        let rows = ask.bind(i64::from(max)).fetch_all(&self.pool).await.map_err(fault)?;
        rows.into_iter().map(Cdr::try_from).collect()
    }

    async fn find(&self, filter: &CallFilter, max: u32) -> Result<Vec<Cdr>, DbError> {
        let search = find::search(filter, max, str::to_owned)?;
        let sql = format!("{}{}", select_calls!(), search.sql);
        let mut ask = sqlx::query_as::<_, CallRow>(AssertSqlSafe(sql));
        for value in search.values {
            ask = match value {
                Value::Text(text) => ask.bind(text),
                Value::Number(number) => ask.bind(number),
            };
        }
        self.rows(ask).await?.into_iter().map(Cdr::try_from).collect()
    }

    async fn events_since(&self, since_ms: u64, max: u32) -> Result<Vec<Envelope>, DbError> {
        let ask = sqlx::query_as::<_, StoredEvent>(
            "select call_sid, source, epoch, sequence, version, company, trace, body, seen_at as seen_ms
             from call_events where seen_at >= $1
             order by seen_at, call_sid, source, epoch, sequence limit $2",
        );
        let rows = self.rows(ask.bind(big(since_ms, "time")?).bind(i64::from(max))).await?;
        rows.into_iter().map(Envelope::try_from).collect()
    }

    async fn turns(&self, call: &CallId) -> Result<Vec<StoredTurn>, DbError> {
        let ask = sqlx::query_as::<_, TurnRow>(
            "select call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms,
                    agent_version, seen_at as seen_ms
             from turns where call_sid = $1 order by epoch, number, sequence",
        );
        let rows = ask.bind(call.as_str()).fetch_all(&self.pool).await.map_err(fault)?;
        rows.into_iter().map(StoredTurn::try_from).collect()
    }

    async fn events(&self, call: &CallId) -> Result<Vec<Envelope>, DbError> {
        let ask = sqlx::query_as::<_, StoredEvent>(
            "select call_sid, source, epoch, sequence, version, company, trace, body, seen_at as seen_ms
             from call_events where call_sid = $1 order by seen_at, source, epoch, sequence",
        );
        let rows = ask.bind(call.as_str()).fetch_all(&self.pool).await.map_err(fault)?;
        rows.into_iter().map(Envelope::try_from).collect()
    }
}

/// What an error of SQLite lets the caller do, by its primary result code
/// (<https://www.sqlite.org/rescode.html>, read November 2026).
fn fault(error: sqlx::Error) -> DbError {
    let sqlx::Error::Database(answer) = &error else { return outside(&error) };
    let code: u32 = answer.code().and_then(|code| code.parse().ok()).unwrap_or(0);
    match code & 0xff {
        // BUSY, LOCKED
        5 | 6 => DbError::Conflict(format!("{} ({code})", answer.message())),
        // TOOBIG, CONSTRAINT, MISMATCH; the message may quote the row
        18..=20 => DbError::Refused(format!("content is not storable ({code})")),
        // ERROR: says in words only that a table or column is not there
        1 if answer.message().starts_with("no such") || answer.message().contains("has no column") => {
            DbError::Schema { found: 0, needed: migrations::needed() }
        }
        _ => DbError::Away(format!("{} ({code})", answer.message())),
    }
}
