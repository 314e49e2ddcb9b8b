//! The tables of what goes on around a call grow under the release before: what it has written is kept, what it still
//! writes is taken, and nobody looks after calls of long ago. Postgres as in `db.rs`.

#[path = "db/database.rs"]
mod database;

use adapters::db::{Postgres, Sqlite};
use common::cdr::Cdr;
use common::costs::CostPart;
use common::event::{Envelope, Event, EventKey, Source, TapEvent};
use common::ids::{CallId, Epoch, RecordingId};
use common::ports::contract::event;
use common::ports::{Aftercare, Db};
use database::with_database;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr, SqliteConnection};
use std::time::Duration;

/// The tables of the release before, as it made them itself.
fn before(record: &'static str, directory: &'static str) -> Migrator {
    let files = [(1, "record", record), (2, "directory", directory)];
    let made = files.map(|(version, what, sql)| {
        Migration::new(version, what.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(made.to_vec())
}

/// What the release before writes of a call: that it ended long ago, that it goes on, an event.
fn old_words(n: u32, end_reason: &str, time: &str) -> [String; 2] {
    let call = call(n);
    [
        format!("insert into calls (call_sid, end_reason, ended_at) values ('{call}', '{end_reason}', {time})"),
        format!(
            "insert into call_events (call_sid, source, epoch, sequence, version, kind, seen_at, trace, body)
             values ('{call}', 'worker', 1, 0, 1, 'first_word', {time}, '',
                     '{{\"by\":\"worker\",\"kind\":\"first_word\",\"after_ms\":90}}')"
        ),
    ]
}

/// Reads what the release before wrote of calls 1 to 4, of which it wrote 3 and 4 when the tables had grown.
async fn is_taken_over(db: &(impl Db + Aftercare)) {
    for n in 1..=4 {
        let cdr = db.cdr(&call(n)).await.expect("cdr").expect("a record");
        assert_eq!((cdr.costs.parts().count(), cdr.attempt, cdr.messages), (0, None, 0), "call {n}");
        assert_eq!(db.events(&call(n)).await.expect("events").len(), 1, "call {n}");
    }
    let over = |cdr: &mut Cdr, _: &Envelope| cdr.end_reason = Some("silence".into());
    db.record(&[event(&call(2), Epoch(1), 1), stored(&call(2))], &over).await.expect("record");
    assert_eq!(db.events(&call(2)).await.expect("events").len(), 3);
    let waiting = db.to_look_after(Duration::ZERO, 10).await.expect("to look after");
    assert_eq!(waiting, [call(2), call(3)], "the call that went on, and the one that ended since");
}

/// What only this release tells.
fn stored(call: &CallId) -> Envelope {
    let recording = RecordingId::parse("RE1").expect("a recording");
    let (place, began_ms, length_ms, bytes, silent_ms) = ("a.wav".to_owned(), 1, 1, 1, 0);
    let told = TapEvent::Stored { recording, place, began_ms, length_ms, bytes, silent_ms };
    let key = EventKey { call: call.clone(), source: Source::Tap, epoch: Epoch(1), sequence: 0 };
    Envelope { key, event: Event::Tap(told), ..event(call, Epoch(1), 0) }
}

#[tokio::test]
async fn the_release_before_runs_on_these_tables_in_sqlite() {
    let (_folder, url) = file();
    let mut old = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.expect("connect");
    let record = include_str!("../../migrations/sqlite/0001_record.sql");
    let tables = before(record, include_str!("../../migrations/sqlite/0002_directory.sql"));
    tables.run(&mut old).await.expect("its tables");
    let mut write = async |n, end_reason| {
        for sql in old_words(n, end_reason, "1764000000000") {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut old).await.expect("to write");
        }
    };
    write(1, "silence").await;
    write(2, "open").await;
    let db = Sqlite::open(&url).expect("a URL");
    db.migrate().await.expect("migrate");
    write(3, "silence").await;
    write(4, "open").await;
    is_taken_over(&db).await;
}

#[tokio::test]
async fn the_release_before_runs_on_these_tables_in_postgres() {
    with_database(async |url| {
        let mut old = PgConnection::connect(&url).await.expect("connect");
        let record = include_str!("../../migrations/postgres/0001_record.sql");
        let tables = before(record, include_str!("../../migrations/postgres/0002_directory.sql"));
        tables.run(&mut old).await.expect("its tables");
        let mut write = async |n, end_reason| {
            for sql in old_words(n, end_reason, "to_timestamp(1764000000)") {
                sqlx::query(AssertSqlSafe(sql)).execute(&mut old).await.expect("to write");
            }
        };
        write(1, "silence").await;
        write(2, "open").await;
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        write(3, "silence").await;
        write(4, "open").await;
        is_taken_over(&db).await;
    })
    .await;
}

/// A fold by which a call costs more than a float could hold.
fn dear(cdr: &mut Cdr, _: &Envelope) {
    cdr.costs.set(CostPart::VoiceAi, "9223372036.000000001".parse().expect("an amount"));
    cdr.costs.set(CostPart::Summary, "0.000000002".parse().expect("an amount"));
}

#[tokio::test]
async fn what_a_call_cost_is_a_column_that_can_be_summed_in_sqlite() {
    let (_folder, url) = file();
    let db = Sqlite::open(&url).expect("a URL");
    db.migrate().await.expect("migrate");
    db.record(&[event(&call(1), Epoch(1), 0)], &dear).await.expect("record");
    let mut connection = SqliteConnection::connect(&url).await.expect("connect");
    let sum = sqlx::query_scalar::<_, i64>("select sum(cost_usd) from calls").fetch_one(&mut connection).await;
    assert_eq!(sum.expect("to sum"), 9_223_372_036_000_000_003, "in billionths");
}

#[tokio::test]
async fn what_a_call_cost_is_a_column_that_can_be_summed_in_postgres() {
    with_database(async |url| {
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        db.record(&[event(&call(1), Epoch(1), 0)], &dear).await.expect("record");
        let mut connection = PgConnection::connect(&url).await.expect("connect");
        let sum = sqlx::query_scalar::<_, String>("select sum(cost_usd)::text from calls");
        assert_eq!(sum.fetch_one(&mut connection).await.expect("to sum"), "9223372036.000000003");
    })
    .await;
}

fn call(n: u32) -> CallId {
    CallId::parse(format!("CA{n:032x}")).expect("a call sid")
}

fn file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("record.db").display());
    (folder, url)
}
