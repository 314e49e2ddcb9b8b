//! The record in Postgres: connections, reading, quarantine. `record` holds the one transaction that writes.
//!
//! Every wait is bounded: for a connection (3 s), for a lock (2 s), for a statement (10 s), and by our own clock for a
//! server that has stopped answering. A connection whose last use failed is closed, not used again.

/// The columns of [`CallRow`], from `calls`.
macro_rules! select_calls {
    () => {
        "select call_sid, company, agent, agent_version, direction, caller, called, language,
                (extract(epoch from accepted_at) * 1000)::bigint as accepted_ms,
                (extract(epoch from answered_at) * 1000)::bigint as answered_ms,
                (extract(epoch from ended_at) * 1000)::bigint as ended_ms,
                duration_ms, end_reason, twilio_status, workers::text as workers, turns, interruptions, agent_losses,
                silence_prompts, tools, transfers, first_word_ms, reply_gap_max_ms, reply_gap_sum_ms, reply_gaps, usage_text_in,
                usage_text_cached, usage_audio_in, usage_audio_cached, usage_text_out, usage_audio_out,
                usage_transcription, usage_billed_ms, costs::text as costs,
                (cost_usd * 1000000000)::bigint as cost_nanos, attempt, answered_by, machine, messages, recordings,
                tally::text as tally, evidence::text as evidence, complete
         from calls"
    };
}

/// The columns of `TransferRow`, from `transfers`.
macro_rules! select_transfers {
    () => {
        "select call_sid, epoch, company, kind, target, (extract(epoch from asked_at) * 1000)::bigint as asked_ms,
                (extract(epoch from returned_at) * 1000)::bigint as returned_ms, outcome, talked_s
         from transfers"
    };
}

/// The columns of `MessageRow`, from `messages`.
macro_rules! select_messages {
    () => {
        "select message, call_sid, company, template, country, segments,
                (extract(epoch from sent_at) * 1000)::bigint as sent_ms, status, error_code
         from messages"
    };
}

/// The columns of `RecordingRow`, from `recordings`.
macro_rules! select_recordings {
    () => {
        "select recording, call_sid, company, source, place, (extract(epoch from began_at) * 1000)::bigint as began_ms,
                length_ms, bytes, silent_ms, status, why
         from recordings"
    };
}

mod aftercare;
mod directory;
mod faults;
mod outbound;
mod record;

use self::faults::fault;
use super::compare_schema;
use super::find::{self, Value};
use super::migrations::{self, Dialect};
use super::rows::{CallRow, StoredEvent, TurnRow, big};
use async_trait::async_trait;
use common::cdr::{Cdr, StoredTurn};
use common::event::Envelope;
use common::ids::CallId;
use common::ports::{CallFilter, Db, DbError, Fold, Health, Recorded};
use sha2::{Digest, Sha256};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use std::ops::DerefMut;
use std::str::FromStr;
use std::time::Duration;

/// Connections of one process. The recorder writes by one; more lets readers in beside it, and ten processes still
/// stay under Postgres' usual 100.
const CONNECTIONS: u32 = 4;
/// Longest wait for a connection. Shorter breaks on a slow handshake; longer hides an outage from readiness.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for an answer, a little more than the server's own `statement_timeout`: reached only when the server
/// has stopped answering altogether.
const ANSWER: Duration = Duration::from_secs(12);
/// The advisory lock of whoever migrates; any number that nobody else takes.
const MIGRATING: i64 = 0x0070_6174_6368_6261;
/// Between two looks whether another process still migrates. Longer delays a start, shorter asks for nothing.
const MIGRATING_ELSEWHERE: Duration = Duration::from_millis(200);
/// What the server itself enforces on each connection.
const SERVER_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "10s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "5s")];

/// The record in Postgres.
pub struct Postgres {
    pool: PgPool,
    options: PgConnectOptions,
}

impl Postgres {
    /// The record at a `postgres://…` URL. Connects when first used; call it inside a Tokio runtime.
    pub fn open(url: &str) -> Result<Self, DbError> {
        // The error's own text may quote the URL, and with it the password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| DbError::Refused("DATABASE_URL is not like postgres://user:password@host:5432/name".into()))?
            .application_name("patchbay")
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(options.clone().options(SERVER_LIMITS));
        Ok(Self { pool, options })
    }

    async fn borrow(&self) -> Result<Borrowed, DbError> {
        Ok(Borrowed { connection: self.pool.acquire().await.map_err(fault)?, trusted: false })
    }

    /// Names what is really wrong when a table or column is missing.
    async fn explain(&self, error: DbError) -> DbError {
        let needed = migrations::needed();
        match (error, self.borrow().await) {
            (DbError::Schema { .. }, Ok(mut connection)) => match version(&mut connection).await {
                Ok(found) => DbError::Schema { found, needed },
                Err(error) => error,
            },
            (error, _) => error,
        }
    }
}

#[async_trait]
impl Db for Postgres {
    async fn check(&self) -> Result<Health, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_as("select current_setting('server_version'), pg_is_in_recovery()");
        let (server, standby): (String, bool) = within(ask.fetch_one(connection.sql())).await?;
        let found = version(&mut connection).await?;
        connection.trust();
        let mut faults = compare_schema(found, migrations::needed())?;
        if standby {
            faults.push("is a standby: nothing can be written".into());
        }
        let server = server.split_whitespace().next().unwrap_or("?");
        Ok(Health { server: format!("postgres {server}"), faults })
    }

    async fn migrate(&self) -> Result<(), DbError> {
        // Connections of its own, without limits, for a migration may take long: one holds the lock, one migrates.
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(CONNECT);
        let pool = pool.connect_lazy_with(self.options.clone());
        let done = migrate(&pool).await;
        pool.close().await;
        done
    }

    async fn record(&self, events: &[Envelope], fold: Fold<'_>) -> Result<Recorded, DbError> {
        if events.is_empty() {
            return Ok(Recorded::default());
        }
        let batch = super::batch::Batch::check(events)?;
        let mut connection = self.borrow().await?;
        match record::record(connection.sql(), &batch, fold).await {
            Ok(fresh) => {
                connection.trust();
                Ok(Recorded { fresh, repeated: events.len() - fresh })
            }
            Err(error) => {
                drop(connection);
                Err(self.explain(error).await)
            }
        }
    }

    async fn quarantine(&self, payload: &[u8], reason: &str) -> Result<(), DbError> {
        let mut connection = self.borrow().await?;
        let keep = sqlx::query(
            "insert into event_quarantine as q (sha256, payload, reason) values ($1, $2, $3)
             on conflict (sha256) do update
             set times = q.times + 1, last_seen_at = now(), reason = excluded.reason",
        );
        let keep = keep.bind(Sha256::digest(payload).to_vec()).bind(payload).bind(reason.replace('\0', "\u{fffd}"));
        within(keep.execute(connection.sql())).await?;
        connection.trust();
        Ok(())
    }

    async fn quarantined(&self) -> Result<u64, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_scalar::<_, i64>("select count(*) from event_quarantine");
        let count = within(ask.fetch_one(connection.sql())).await?;
        connection.trust();
        Ok(count.unsigned_abs())
    }

    async fn cdr(&self, call: &CallId) -> Result<Option<Cdr>, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_as::<_, CallRow>(concat!(select_calls!(), " where call_sid = $1"));
        let row = within(ask.bind(call.as_str()).fetch_optional(connection.sql())).await?;
        connection.trust();
        row.map(Cdr::try_from).transpose()
    }

    async fn calls(&self, max: u32) -> Result<Vec<Cdr>, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_as::<_, CallRow>(concat!(
            select_calls!(),
            " order by began_at desc nulls last, call_sid desc limit $1"
        ));
        let rows = within(ask.bind(i64::from(max)).fetch_all(connection.sql())).await?;
        connection.trust();
        rows.into_iter().map(Cdr::try_from).collect()
    }

    async fn find(&self, filter: &CallFilter, max: u32) -> Result<Vec<Cdr>, DbError> {
        let search = find::search(filter, max, |time| format!("to_timestamp({time} / 1000.0)"))?;
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
            "select call_sid, source, epoch, sequence, version, company, trace, body::text as body,
                    (extract(epoch from seen_at) * 1000)::bigint as seen_ms
             from call_events where seen_at >= to_timestamp($1 / 1000.0)
             order by seen_at, call_sid, source, epoch, sequence limit $2",
        );
        let rows = self.rows(ask.bind(big(since_ms, "time")?).bind(i64::from(max))).await?;
        rows.into_iter().map(Envelope::try_from).collect()
    }

    async fn turns(&self, call: &CallId) -> Result<Vec<StoredTurn>, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_as::<_, TurnRow>(
            "select call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms,
                    agent_version, (extract(epoch from seen_at) * 1000)::bigint as seen_ms
             from turns where call_sid = $1 order by epoch, number, sequence",
        );
        let rows = within(ask.bind(call.as_str()).fetch_all(connection.sql())).await?;
        connection.trust();
        rows.into_iter().map(StoredTurn::try_from).collect()
    }

    async fn events(&self, call: &CallId) -> Result<Vec<Envelope>, DbError> {
        let mut connection = self.borrow().await?;
        let ask = sqlx::query_as::<_, StoredEvent>(
            "select call_sid, source, epoch, sequence, version, company, trace, body::text as body,
                    (extract(epoch from seen_at) * 1000)::bigint as seen_ms
             from call_events where call_sid = $1 order by seen_at, source, epoch, sequence",
        );
        let rows = within(ask.bind(call.as_str()).fetch_all(connection.sql())).await?;
        connection.trust();
        rows.into_iter().map(Envelope::try_from).collect()
    }
}

/// Applies what is missing, one process at a time.
///
/// Whoever waits asks again and again instead of inside a statement: that statement would be older than an index that
/// the other makes concurrently, and each would wait for the other to end. The lock ends with its connection.
async fn migrate(pool: &PgPool) -> Result<(), DbError> {
    let mut holding = pool.acquire().await.map_err(fault)?;
    let ask = || sqlx::query_scalar::<_, bool>("select pg_try_advisory_lock($1)").bind(MIGRATING);
    while !ask().fetch_one(&mut *holding).await.map_err(fault)? {
        tokio::time::sleep(MIGRATING_ELSEWHERE).await;
    }
    let mut migrator = migrations::migrator(Dialect::Postgres);
    migrator.set_locking(false);
    let done = migrator.run(pool).await.map_err(faults::migration);
    drop(holding);
    done
}

/// A connection that goes back to the pool only when its use went well; else it is closed.
struct Borrowed {
    connection: PoolConnection<sqlx::Postgres>,
    trusted: bool,
}

impl Borrowed {
    fn sql(&mut self) -> &mut PgConnection {
        self.connection.deref_mut()
    }

    fn trust(&mut self) {
        self.trusted = true;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.trusted {
            self.connection.close_on_drop();
        }
    }
}

/// The newest migration applied; 0 where there is none.
async fn version(connection: &mut Borrowed) -> Result<i64, DbError> {
    let ask = sqlx::query_scalar::<_, Option<i64>>("select max(version) from _sqlx_migrations where success");
    match within(ask.fetch_one(connection.sql())).await {
        Ok(found) => Ok(found.unwrap_or(0)),
        Err(DbError::Schema { .. }) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Waits for an answer, but not for ever.
async fn within<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, DbError> {
    tokio::time::timeout(ANSWER, answer).await.map_err(|_| silent(ANSWER))?.map_err(fault)
}

fn silent(after: Duration) -> DbError {
    DbError::Away(format!("no answer within {} s", after.as_secs()))
}
