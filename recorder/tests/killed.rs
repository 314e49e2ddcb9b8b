//! A recorder killed with `-9` fifty times while events pour in, on the real stores: every event is in Postgres exactly
//! once, every record is what its events make it, and the outbox is empty in the end.
//!
//! The recorder under test is this very program, started again by itself: a process of its own, so that a kill takes
//! its connections, its memory and its open transaction with it.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../../adapters/tests/db/database.rs"]
mod database;
#[path = "support/real.rs"]
mod real;
#[path = "support/story.rs"]
mod story;

use common::health::Readiness;
use common::ids::BootId;
use common::lifecycle::Lifecycle;
use real::{Servers, variable};
use recorder::Stores;
use recorder::consume::Pace;
use sqlx::PgPool;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How often the recorder is killed.
const KILLS: u32 = 50;
/// Calls told for each kill.
const CALLS_A_KILL: u32 = 20;
/// The names under which the child is told where its stores are.
const CHILD: [&str; 4] = ["RECORDED_INTO", "RECORDED_FROM", "RECORDED_BESIDE", "RECORDED_AS"];
/// How long a recorder that is alive may take until it has recorded something, and how long the stores may take until
/// they have what is told.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the last recorder may take until it has recorded everything: what stands in the outbox alone is sent again
/// when it is 30 s old.
const SWEPT: Duration = Duration::from_secs(30).saturating_add(PATIENCE);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_and_double_nothing() {
    let (Some(nats), Some(redis)) = (variable("PATCHBAY_TEST_NATS_URL"), variable("PATCHBAY_TEST_REDIS_URL")) else {
        return;
    };
    database::with_database(async |database| {
        let run = format!("killed_{}", BootId::fresh());
        let servers = Servers { database, nats, redis, run };
        let stores = servers.connect().await;
        stores.db.migrate().await.unwrap();
        let table = PgPool::connect(&servers.database).await.unwrap();
        for round in 0..KILLS {
            kill_while_it_records(&servers, &stores, &table, round).await;
        }
        let last = start(&servers);
        check_exactly_once(&stores, &table).await;
        drop(last);
        servers.clean_up().await;
    })
    .await;
}

/// Starts a recorder, tells it of more calls, and kills it just after a commit, or a moment later: in each round a
/// little more, so that every step between two commits is hit.
async fn kill_while_it_records(servers: &Servers, stores: &Stores, table: &PgPool, round: u32) {
    let before = stored(table).await;
    let recorder = start(servers);
    let calls = round * CALLS_A_KILL..(round + 1) * CALLS_A_KILL;
    let ((), ()) = tokio::join!(tell(stores, calls), async {
        commits_after(table, before).await;
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 200)).await;
        drop(recorder);
    });
}

/// As a worker does: into the outbox, again until it is there; then onto the bus, where the sweep helps if that fails.
async fn tell(stores: &Stores, calls: std::ops::Range<u32>) {
    for n in calls {
        let events = story::whole_call(n);
        let began = Instant::now();
        let places = loop {
            match stores.state.enqueue(&events).await {
                Ok(places) => break places,
                Err(error) => assert!(began.elapsed() < PATIENCE, "the outbox takes nothing: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        for (event, place) in events.iter().zip(&places) {
            let _ = stores.bus.publish(event, Some(place)).await;
        }
    }
}

async fn commits_after(table: &PgPool, before: i64) {
    let began = Instant::now();
    while stored(table).await == before {
        assert!(began.elapsed() < PATIENCE, "the recorder records nothing");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn stored(table: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from call_events").fetch_one(table).await.unwrap()
}

async fn check_exactly_once(stores: &Stores, table: &PgPool) {
    let calls = KILLS * CALLS_A_KILL;
    let told: i64 = (0..calls).map(|n| story::whole_call(n).len() as i64).sum();
    let began = Instant::now();
    while stored(table).await < told || !stores.state.outbox(Duration::ZERO, 1).await.unwrap().is_empty() {
        assert!(began.elapsed() < SWEPT, "{} of {told} events are stored", stored(table).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stored(table).await, told);
    for n in 0..calls {
        let call = story::call(n);
        assert_eq!(stores.db.cdr(&call).await.unwrap(), Some(story::folded(&story::whole_call(n))), "call {n}");
        let turns = stores.db.turns(&call).await.unwrap();
        assert_eq!(turns.iter().map(|stored| stored.turn.number).collect::<Vec<_>>(), [1, 2], "call {n}");
    }
    assert_eq!(stores.db.quarantined().await.unwrap(), 0);
    println!("{KILLS} kills: {told} events of {calls} calls stored exactly once");
}

/// A recorder in a process of its own. Dropped, it is killed by `SIGKILL` and waited for.
struct Recorder(Child);

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(servers: &Servers) -> Recorder {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_that_records"])
        .envs(CHILD.into_iter().zip([&servers.database, &servers.nats, &servers.redis, &servers.run]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Recorder(child.unwrap())
}

/// Not a test of its own: the process that is killed. Started by hand it does nothing.
#[tokio::test]
async fn the_child_that_records() {
    #[allow(clippy::disallowed_methods, reason = "tests have no configuration")]
    let [Ok(database), Ok(nats), Ok(redis), Ok(run)] = CHILD.map(std::env::var) else { return };
    let stores = Servers { database, nats, redis, run }.connect().await;
    let pace = Pace { batch: 100, batch_wait: Duration::from_millis(5) };
    recorder::record(pace, story::fold(), stores, Lifecycle::new(), Readiness::default()).await;
}
