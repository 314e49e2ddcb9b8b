//! What the directory says when it cannot be used, what its tables forbid whoever writes past this program, and that the
//! release before runs on them. Postgres as in `db.rs`.

#[path = "db/database.rs"]
mod database;

use adapters::db::{Postgres, Sqlite};
use common::ids::{AgentId, CompanyId};
use common::ports::{Db, DbError, Directory, Record};
use database::with_database;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};
use std::time::Duration;

/// Longer than any answer may take whose server is away: the wait for a connection, and a slow machine.
const SOON: Duration = Duration::from_secs(6);

fn harbour() -> CompanyId {
    CompanyId::parse("harbour").expect("a company")
}

/// One of each kind of question and change.
async fn answers(directory: &dyn Directory) -> Vec<DbError> {
    let (company, agent) = (harbour(), AgentId::parse("reception").expect("an agent"));
    let record =
        Record { company: harbour(), kind: "order".into(), key: "1".into(), body: serde_json::json!({"state": "new"}) };
    let answers = tokio::join!(
        directory.revision(),
        directory.configuration(),
        directory.forget_version(&company, &agent, "1"),
        directory.store(std::slice::from_ref(&record)),
        directory.search(&company, "order", "new", 5),
    );
    let fails = "a database that is away cannot answer";
    vec![
        answers.0.expect_err(fails),
        answers.1.expect_err(fails),
        answers.2.expect_err(fails),
        answers.3.expect_err(fails),
        answers.4.expect_err(fails),
    ]
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_away() {
    let db = Postgres::open("postgres://nobody@127.0.0.1:1/nothing").expect("a URL");
    let answers = tokio::time::timeout(SOON, answers(&db)).await.expect("soon");
    assert!(answers.iter().all(|error| matches!(error, DbError::Away(_))), "{answers:?}");
}

#[tokio::test]
async fn a_directory_that_never_answers_is_away() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let db = Postgres::open(&format!("postgres://nobody@127.0.0.1:{port}/nothing")).expect("a URL");
    let answers = tokio::time::timeout(SOON, answers(&db)).await.expect("soon");
    assert!(answers.iter().all(|error| matches!(error, DbError::Away(_))), "{answers:?}");
}

#[tokio::test]
async fn a_directory_without_tables_is_named_for_what_it_is() {
    let check = async |directory: &dyn Directory| {
        let answers = answers(directory).await;
        let missing = |error: &DbError| matches!(error, DbError::Schema { found: 0, needed: 2.. });
        assert!(answers.iter().all(missing), "{answers:?}");
    };
    check(&Sqlite::memory()).await;
    with_database(async |url| check(&Postgres::open(&url).expect("a URL")).await).await;
}

const AUDITED: &str = "insert into audit (at, company, actor, action, detail) select changed_at, 'harbour', 'a', 'b', 'c' from configuration";
const CHANGES: [&str; 2] = ["update audit set actor = 'somebody else'", "delete from audit"];

#[tokio::test]
async fn rows_of_the_audit_are_never_changed_in_sqlite() {
    let (_folder, url) = file();
    let db = Sqlite::open(&url).expect("a URL");
    db.migrate().await.expect("migrate");
    let mut connection = SqliteConnection::connect(&url).await.expect("connect");
    sqlx::query(AUDITED).execute(&mut connection).await.expect("to add");
    for change in CHANGES {
        assert!(sqlx::query(change).execute(&mut connection).await.is_err(), "{change}");
    }
    assert_eq!(db.audit(&harbour(), 10).await.expect("audit")[0].actor, "a");
}

#[tokio::test]
async fn rows_of_the_audit_are_never_changed_in_postgres() {
    with_database(async |url| {
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        let mut connection = PgConnection::connect(&url).await.expect("connect");
        sqlx::query(AUDITED).execute(&mut connection).await.expect("to add");
        for change in CHANGES {
            assert!(sqlx::query(change).execute(&mut connection).await.is_err(), "{change}");
        }
        assert_eq!(db.audit(&harbour(), 10).await.expect("audit")[0].actor, "a");
    })
    .await;
}

/// The tables of the release before, as it made them itself.
fn before(sql: &'static str) -> Migrator {
    let record = Migration::new(1, "record".into(), MigrationType::Simple, sql.into_sql_str(), false);
    Migrator::with_migrations(vec![record])
}

/// What the release before writes, in the words both databases know.
const OLD_CALL: &str =
    "insert into calls (call_sid, company, turns) values ('CA00000000000000000000000000000001', 'harbour', 1)
                        on conflict (call_sid) do update set turns = calls.turns + 1";
const OLD_TURN: [&str; 2] = [
    "insert into turns (call_sid, epoch, sequence, number, speaker, spoken, started_ms, ended_ms, heard_ms, of_ms, seen_at)
     select call_sid, 1, 1, 1, 'agent', 'yes', 0, 1, null, null, ",
    " from calls",
];

/// Reads what the release before wrote, before and after the tables grew.
async fn is_read(db: &dyn Db) {
    let call = common::ids::CallId::parse("CA00000000000000000000000000000001").expect("a call sid");
    let cdr = db.cdr(&call).await.expect("cdr").expect("a record");
    assert_eq!((cdr.turns, cdr.tools, cdr.transfers), (2, 0, 0));
    let turns = db.turns(&call).await.expect("turns");
    assert_eq!((turns.len(), turns[0].turn.version.as_deref()), (1, None));
}

#[tokio::test]
async fn the_release_before_runs_on_these_tables_in_sqlite() {
    let (_folder, url) = file();
    let mut old = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.expect("connect");
    before(include_str!("../../migrations/sqlite/0001_record.sql")).run(&mut old).await.expect("its tables");
    sqlx::query(OLD_CALL).execute(&mut old).await.expect("a call");
    let db = Sqlite::open(&url).expect("a URL");
    db.migrate().await.expect("migrate");
    sqlx::query(OLD_CALL).execute(&mut old).await.expect("a call");
    let turn = OLD_TURN.join("1764000000000");
    sqlx::query(sqlx::AssertSqlSafe(turn)).execute(&mut old).await.expect("a turn");
    is_read(&db).await;
}

#[tokio::test]
async fn the_release_before_runs_on_these_tables_in_postgres() {
    with_database(async |url| {
        let mut old = PgConnection::connect(&url).await.expect("connect");
        before(include_str!("../../migrations/postgres/0001_record.sql")).run(&mut old).await.expect("its tables");
        sqlx::query(OLD_CALL).execute(&mut old).await.expect("a call");
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        sqlx::query(OLD_CALL).execute(&mut old).await.expect("a call");
        let turn = OLD_TURN.join("now()");
        sqlx::query(sqlx::AssertSqlSafe(turn)).execute(&mut old).await.expect("a turn");
        is_read(&db).await;
    })
    .await;
}

fn file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("record.db").display());
    (folder, url)
}
