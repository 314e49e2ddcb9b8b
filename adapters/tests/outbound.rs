//! Batches of outbound calls where more than one process has the database open, what is left of a batch when all have
//! gone, and what is said of a database that cannot be used. Postgres as in `db.rs`.

#[path = "db/database.rs"]
mod database;

use adapters::db::{Postgres, Sqlite};
use common::ids::AttemptId;
use common::ports::contract::dialing::{claim, settle};
use common::ports::contract::fresh_call;
use common::ports::contract::outbound::{NOW_MS, begun, status};
use common::ports::outbound::{BatchStatus, Outcome, RowStatus, Settled};
use common::ports::{Db, DbError, Outbound};
use database::with_database;
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::collections::BTreeSet;

/// Two processes claim and settle all there is, side by side.
async fn share_a_batch(one: &impl Outbound, other: &impl Outbound) {
    let batch = begun(one, "spring", 60).await;
    let dial = async |store: &dyn Outbound| {
        let mut mine = Vec::new();
        loop {
            let claimed = store.claim(&batch.id, NOW_MS, 2).await.expect("claim");
            if claimed.is_empty() {
                return mine;
            }
            let settled = Settled { outcome: Outcome::Answered, detail: String::new(), call: None, again_ms: None };
            for done in join_all(claimed.iter().map(|(attempt, _)| store.settle(attempt, &settled))).await {
                assert!(done.expect("settle"));
            }
            mine.extend(claimed.into_iter().map(|(attempt, _)| attempt));
        }
    };
    let (mine, theirs) = tokio::join!(dial(one), dial(other));
    let all: BTreeSet<AttemptId> = mine.iter().chain(&theirs).cloned().collect();
    assert_eq!((all.len(), mine.len() + theirs.len()), (60, 60));
    assert_eq!(status(other, &batch).await, BatchStatus::Done);
    assert_eq!(one.progress(&batch.id).await.expect("progress").outcomes[&Outcome::Answered], 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_call_the_same_row_by_sqlite() {
    let (_folder, url) = file();
    let (one, other) = (Sqlite::open(&url).expect("open"), Sqlite::open(&url).expect("open"));
    one.migrate().await.expect("migrate");
    share_a_batch(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_call_the_same_row_by_postgres() {
    with_database(async |url| {
        let (one, other) = (Postgres::open(&url).expect("open"), Postgres::open(&url).expect("open"));
        one.migrate().await.expect("migrate");
        share_a_batch(&one, &other).await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_goes_on_when_the_file_is_opened_again() {
    let (_folder, url) = file();
    let call = fresh_call();
    let (batch, attempts) = {
        let store = Sqlite::open(&url).expect("open");
        store.migrate().await.expect("migrate");
        let batch = begun(&store, "spring", 3).await;
        let attempts = claim(&store, &batch, 2).await;
        store.placed(&attempts[0], &call).await.expect("placed");
        (batch, attempts)
    };
    let store = Sqlite::open(&url).expect("open");
    let under_way = store.under_way(&batch.id).await.expect("under way");
    assert_eq!(under_way.iter().map(|found| found.attempt.clone()).collect::<Vec<_>>(), attempts);
    assert_eq!(under_way[0].call, Some(call));
    let rows = store.rows(&batch.id, 0, 10).await.expect("rows");
    let stand: Vec<_> = rows.iter().map(|row| row.status).collect();
    assert_eq!(stand, [RowStatus::Placed, RowStatus::Placing, RowStatus::Waiting]);
    for attempt in attempts.iter().chain(&claim(&store, &batch, 1).await) {
        settle(&store, attempt, Outcome::Answered).await;
    }
    assert_eq!(status(&store, &batch).await, BatchStatus::Done);
}

/// Two attempts that were made, and one that was not.
async fn try_twice(store: &impl Outbound) {
    let batch = begun(store, "spring", 1).await;
    let first = claim(store, &batch, 1).await.remove(0);
    store.unclaim(&first, NOW_MS).await.expect("put back");
    claim(store, &batch, 1).await;
    store.placed(&first, &fresh_call()).await.expect("placed");
    let busy = Settled { outcome: Outcome::Busy, detail: "486".into(), call: None, again_ms: Some(NOW_MS) };
    assert!(store.settle(&first, &busy).await.expect("settle"));
    let second = claim(store, &batch, 1).await.remove(0);
    settle(store, &second, Outcome::Answered).await;
}

const ATTEMPTS: &str =
    "select line, attempt, outcome, detail, call_sid is not null, placed_at is not null, settled_at is not null
     from outbound_attempts order by attempt";
type Attempted = (i64, i64, String, String, bool, bool, bool);

fn two_attempts() -> [Attempted; 2] {
    [
        (1, 1, "busy".into(), "486".into(), true, true, true),
        (1, 2, "answered".into(), String::new(), false, false, true),
    ]
}

#[tokio::test]
async fn every_attempt_is_kept_in_sqlite() {
    let (_folder, url) = file();
    let store = Sqlite::open(&url).expect("open");
    store.migrate().await.expect("migrate");
    try_twice(&store).await;
    let mut connection = SqliteConnection::connect(&url).await.expect("connect");
    let kept: Vec<Attempted> = sqlx::query_as(ATTEMPTS).fetch_all(&mut connection).await.expect("attempts");
    assert_eq!(kept, two_attempts());
}

#[tokio::test]
async fn every_attempt_is_kept_in_postgres() {
    with_database(async |url| {
        let store = Postgres::open(&url).expect("open");
        store.migrate().await.expect("migrate");
        try_twice(&store).await;
        let mut connection = PgConnection::connect(&url).await.expect("connect");
        let kept: Vec<Attempted> = sqlx::query_as(ATTEMPTS).fetch_all(&mut connection).await.expect("attempts");
        assert_eq!(kept, two_attempts());
    })
    .await;
}

/// One of each kind of question and change.
async fn answers(store: &dyn Outbound) -> Vec<DbError> {
    let attempt = AttemptId::parse("spring.1.1").expect("an attempt");
    let settled = Settled { outcome: Outcome::Busy, detail: String::new(), call: None, again_ms: None };
    let fails = "a database that cannot be used cannot answer";
    vec![
        store.live_batches().await.expect_err(fails),
        store.claim(&attempt.batch, NOW_MS, 1).await.expect_err(fails),
        store.settle(&attempt, &settled).await.expect_err(fails),
        store.lead("somebody", std::time::Duration::ZERO).await.expect_err(fails),
    ]
}

#[tokio::test]
async fn outbound_without_tables_is_named_for_what_it_is() {
    let check = async |store: &dyn Outbound| {
        let answers = answers(store).await;
        let missing = |error: &DbError| matches!(error, DbError::Schema { found: 0, needed: 3.. });
        assert!(answers.iter().all(missing), "{answers:?}");
    };
    check(&Sqlite::memory()).await;
    with_database(async |url| check(&Postgres::open(&url).expect("a URL")).await).await;
}

fn file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("record.db").display());
    (folder, url)
}
