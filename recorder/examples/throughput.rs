//! How many events a second one recorder puts into Postgres.
//!
//! `PATCHBAY_TEST_DATABASE_URL=postgres://… cargo run --release -p recorder --example throughput [CALLS]`
//!
//! Publishes the events of so many calls (2,000) on the bus in this process first, then measures from the start of the
//! recorder until the last is stored: decoding, the transactions, acknowledgements. The events of a call are spread over
//! many batches, as they are in life. Prints the conditions with the figure.

#[path = "../../adapters/tests/db/database.rs"]
mod database;
#[path = "../tests/support/story.rs"]
mod story;

use adapters::bus::Embedded as Bus;
use adapters::db::Postgres;
use adapters::state::Embedded as State;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::{Bus as _, Db as _};
use common::prices::Prices;
use recorder::consume::Pace;
use recorder::{Fold, Stores};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many calls talk at the same time: their events are interleaved.
const LIVE: u32 = 200;
/// As configured in production.
const PACE: Pace = Pace { batch: 500, batch_wait: Duration::from_millis(50) };

#[tokio::main]
async fn main() {
    let calls = std::env::args().nth(1).and_then(|calls| calls.parse().ok()).unwrap_or(2_000);
    database::with_database(async |url| measure(&url, calls).await).await;
}

async fn measure(url: &str, calls: u32) {
    let db = Postgres::open(url).expect("a database URL");
    db.migrate().await.expect("tables");
    let table = PgPool::connect(url).await.expect("a connection");
    let bus = Bus::new();
    let events = publish(&bus, calls).await;

    let stores = Stores { state: Arc::new(State::new()), bus: Arc::new(bus), db: Arc::new(db) };
    let fold = Fold::new(Arc::new(Prices::built_in()));
    let lifecycle = Lifecycle::new();
    let began = Instant::now();
    lifecycle.start("recorder", recorder::record(PACE, fold, stores, lifecycle.clone(), Readiness::default()));
    while sqlx::query_scalar::<_, i64>("select count(*) from call_events").fetch_one(&table).await.expect("a count")
        < events
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = began.elapsed();
    lifecycle.stop();
    lifecycle.join(Duration::from_secs(5)).await;
    print(&table, calls, events, took).await;
}

/// Call by call within each group of live calls, event by event across them.
async fn publish(bus: &Bus, calls: u32) -> i64 {
    let mut published = 0;
    let numbers: Vec<u32> = (0..calls).collect();
    for live in numbers.chunks(LIVE as usize) {
        let stories: Vec<_> = live.iter().map(|n| story::whole_call(*n)).collect();
        for step in 0..stories[0].len() {
            for story in &stories {
                bus.publish(&story[step], None).await.expect("the bus takes it");
                published += 1;
            }
        }
    }
    published
}

async fn print(table: &PgPool, calls: u32, events: i64, took: Duration) {
    let setting = async |name: &'static str| -> String {
        sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(table).await.expect("a setting")
    };
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{:>10.0} events/s", events as f64 / took.as_secs_f64());
    println!("{events:>10} events of {calls} calls, {LIVE} at a time, in {:.2} s", took.as_secs_f64());
    println!("{:>10} events a transaction at most, one recorder, {build} build, {cores} cores", PACE.batch);
    println!(
        "  postgres {}, fsync {}, synchronous_commit {}",
        setting("server_version").await,
        setting("fsync").await,
        setting("synchronous_commit").await
    );
}
