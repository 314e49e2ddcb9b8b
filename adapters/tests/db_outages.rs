//! What the record says when it cannot be used: away, busy, without its tables, with newer ones. Each answer tells the
//! caller what to do, so each must be the right one. Postgres as in `db.rs`.

#[path = "db/database.rs"]
mod database;

use adapters::db::{Postgres, Sqlite};
use common::cdr::Cdr;
use common::event::Envelope;
use common::ids::Epoch;
use common::ports::contract::{events, fresh_call};
use common::ports::{Db, DbError};
use database::with_database;
use sqlx::{Connection, PgConnection, SqliteConnection};

fn count(cdr: &mut Cdr, _: &Envelope) {
    cdr.turns += 1;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let db = Postgres::open("postgres://nobody@127.0.0.1:1/nothing").expect("a URL");
    assert!(matches!(db.check().await, Err(DbError::Away(_))));
}

#[tokio::test]
async fn a_url_that_cannot_be_read_does_not_show_its_password() {
    for url in ["postgres://user:secret@host:port/name", "postgres:secret", "mysql://user:secret@host/name"] {
        let Err(error) = Postgres::open(url) else { continue };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(Postgres::open("postgres://user:secret@host:port/name").is_err());
}

#[tokio::test]
async fn missing_tables_are_named_for_what_they_are() {
    let check = async |db: &dyn Db| {
        let batch = events(&fresh_call(), Epoch(1), 3);
        for answer in [db.check().await.map(drop), db.record(&batch, &count).await.map(drop)] {
            assert!(matches!(answer, Err(DbError::Schema { found: 0, needed: 1.. })), "{answer:?}");
        }
    };
    check(&Sqlite::memory()).await;
    with_database(async |url| check(&Postgres::open(&url).expect("a URL")).await).await;
}

#[tokio::test]
async fn newer_tables_are_used_and_mentioned() {
    let check = async |db: &dyn Db| {
        db.migrate().await.expect("a build leaves what a newer one applied");
        let health = db.check().await.expect("check");
        assert!(health.faults[0].contains("newer"), "{health:?}");
        db.record(&events(&fresh_call(), Epoch(1), 3), &count).await.expect("record");
    };
    const NEWER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                         values (9999, 'later', true, '', 0)";
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("record.db").display());
    let sqlite = Sqlite::open(&url).expect("a URL");
    sqlite.migrate().await.expect("migrate");
    let mut connection = SqliteConnection::connect(&url).await.expect("connect");
    sqlx::query(NEWER).execute(&mut connection).await.expect("the file");
    check(&sqlite).await;
    with_database(async |url| {
        let postgres = Postgres::open(&url).expect("a URL");
        postgres.migrate().await.expect("migrate");
        let mut connection = PgConnection::connect(&url).await.expect("connect");
        sqlx::query(NEWER).execute(&mut connection).await.expect("the database");
        check(&postgres).await;
    })
    .await;
}

#[tokio::test]
async fn many_may_migrate_at_once() {
    with_database(async |url| {
        let open = || Postgres::open(&url).expect("a URL");
        let (one, two, three) = (open(), open(), open());
        let done = tokio::join!(one.migrate(), two.migrate(), three.migrate());
        assert!(matches!(done, (Ok(()), Ok(()), Ok(()))), "{done:?}");
        assert!(one.check().await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_lock_that_is_held_is_a_conflict_and_soon_said() {
    with_database(async |url| {
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        let mut other = PgConnection::connect(&url).await.expect("connect");
        let mut holding = other.begin().await.expect("begin");
        sqlx::query("lock table calls in exclusive mode").execute(&mut *holding).await.expect("the lock");
        let batch = events(&fresh_call(), Epoch(1), 3);
        let answer = db.record(&batch, &count).await;
        assert!(matches!(answer, Err(DbError::Conflict(_))), "{answer:?}");
        holding.rollback().await.expect("to let go");
        assert_eq!(db.record(&batch, &count).await.expect("record").fresh, 3);
    })
    .await;
}

#[tokio::test]
async fn a_cut_connection_heals_by_itself() {
    with_database(async |url| {
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        db.record(&events(&fresh_call(), Epoch(1), 3), &count).await.expect("record");
        let mut other = PgConnection::connect(&url).await.expect("connect");
        sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            .execute(&mut other)
            .await
            .expect("to cut");
        let batch = events(&fresh_call(), Epoch(1), 3);
        let mut answer = db.record(&batch, &count).await;
        if let Err(error) = answer {
            assert!(matches!(error, DbError::Away(_)), "{error}");
            answer = db.record(&batch, &count).await;
        }
        assert_eq!(answer.expect("record").fresh, 3);
    })
    .await;
}

#[tokio::test]
async fn a_standby_is_away_for_writing() {
    with_database(async |url| {
        let db = Postgres::open(&url).expect("a URL");
        db.migrate().await.expect("migrate");
        let read_only =
            Postgres::open(&format!("{url}&options=-c%20default_transaction_read_only%3Don")).expect("a URL");
        let answer = read_only.record(&events(&fresh_call(), Epoch(1), 1), &count).await;
        assert!(matches!(answer, Err(DbError::Away(_))), "{answer:?}");
    })
    .await;
}
