//! Redis goes away, hangs, is full, and comes back: nobody waits long, and nothing that was said is lost.

use adapters::state::Redis;
use common::ids::{BootId, Epoch, WorkerId};
use common::ports::contract::{PATIENCE, event, events, fresh_call};
use common::ports::{Lease, SessionWrite, State, StateError, WorkerLoad, WorkerRecord};
use fred::interfaces::ClientLike;
use fred::prelude::{Builder, Client, Config};
use fred::types::{CustomCommand, Value};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use xtask::servers::{Server, Servers};

/// The longest a caller may be held up: a command's time-out and a slow machine's share.
const HELD_UP_MAX: Duration = Duration::from_millis(300);

/// One after another they take them away. A busy machine sometimes needs another try to start them.
static SERVERS: LazyLock<Mutex<Servers>> = LazyLock::new(|| {
    let started = std::iter::repeat_with(Servers::start).take(5).find_map(Result::ok);
    Mutex::new(started.expect("no servers"))
});

#[tokio::test]
async fn a_redis_that_is_killed_is_away_at_once_and_comes_back_with_everything() {
    let servers = SERVERS.lock().await;
    let state = Redis::connect(&servers.redis_url, "killed").await.unwrap();
    // With the default, once a second, Redis puts a write off while the disk is busy: a kill would lose it.
    command(&admin(&servers).await, "CONFIG", &["SET", "appendfsync", "always"]).await;
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    let written = SessionWrite { events: events(&call, epoch, 3), ..SessionWrite::new(call.clone(), epoch) };
    state.write(&written).await.unwrap();

    servers.kill(Server::Redis);
    for _ in 0..20 {
        let asked = Instant::now();
        assert!(matches!(state.write(&written).await, Err(StateError::Away(_))));
        assert!(asked.elapsed() < HELD_UP_MAX, "{:?}", asked.elapsed());
    }

    servers.restart(Server::Redis).unwrap();
    until_it_answers(&state).await;
    assert_eq!(state.session(&call).await.unwrap().unwrap().epoch, epoch);
    assert_eq!(state.outbox(Duration::ZERO, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up() {
    let servers = SERVERS.lock().await;
    let state = Redis::connect(&servers.redis_url, "hangs").await.unwrap();
    let admin = admin(&servers).await;
    let call = fresh_call();
    state.claim(&call).await.unwrap();

    command(&admin, "CLIENT", &["PAUSE", "3000", "ALL"]).await;
    let asked = Instant::now();
    assert!(matches!(state.claim(&call).await, Err(StateError::Away(_))));
    assert!(asked.elapsed() < HELD_UP_MAX, "{:?}", asked.elapsed());

    until_it_answers(&state).await;
    state.claim(&call).await.unwrap();
}

#[tokio::test]
async fn a_full_redis_refuses_events_and_still_renews_leases() {
    let servers = SERVERS.lock().await;
    let state = Redis::connect(&servers.redis_url, "full").await.unwrap();
    let worker = WorkerRecord {
        id: WorkerId::parse("worker-0").unwrap(),
        boot: BootId::fresh(),
        address: "http://127.0.0.1:8090".into(),
        version: "0.1.0".into(),
        load: WorkerLoad::default(),
    };
    state.register(&worker, Duration::from_secs(60)).await.unwrap();
    let call = fresh_call();
    let claimed = state.claim(&call).await.unwrap();
    let places = state.enqueue(&events(&call, claimed.epoch, 3)).await.unwrap();

    let admin = admin(&servers).await;
    command(&admin, "CONFIG", &["SET", "maxmemory", "1"]).await;
    assert!(matches!(state.claim(&call).await, Err(StateError::Refused(_))));
    assert!(matches!(state.enqueue(&[event(&call, Epoch(1), 9)]).await, Err(StateError::Refused(_))));
    let write =
        SessionWrite { events: events(&call, claimed.epoch, 3), ..SessionWrite::new(call.clone(), claimed.epoch) };
    assert!(matches!(state.write(&write).await, Err(StateError::Refused(_))));
    assert_eq!(state.session(&call).await.unwrap(), Some(claimed), "a refused step changed nothing");
    assert_eq!(state.renew(&worker.id, &worker.boot, Duration::from_secs(60)).await.unwrap(), Lease::Held);
    assert_eq!(state.pool().await.unwrap().len(), 1);
    state.forget(&places).await.unwrap();
    assert_eq!(state.outbox(Duration::ZERO, 10).await.unwrap(), []);

    command(&admin, "CONFIG", &["SET", "maxmemory", "0"]).await;
    state.claim(&call).await.unwrap();
}

#[tokio::test]
async fn unsafe_settings_are_faults() {
    let servers = SERVERS.lock().await;
    let state = Redis::connect(&servers.redis_url, "unsafe").await.unwrap();
    let admin = admin(&servers).await;
    assert_eq!(state.check().await.unwrap().faults, Vec::<String>::new());
    command(&admin, "CONFIG", &["SET", "maxmemory-policy", "allkeys-lru"]).await;
    command(&admin, "CONFIG", &["SET", "appendonly", "no"]).await;
    let faults = state.check().await.unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    // A fresh start has safe settings. Switching the log on again would rewrite it behind the next test's back.
    servers.kill(Server::Redis);
    servers.restart(Server::Redis).unwrap();
    until_it_answers(&state).await;
}

#[tokio::test]
async fn a_redis_that_comes_later_is_found() {
    let servers = SERVERS.lock().await;
    servers.kill(Server::Redis);
    let state = Redis::connect(&servers.redis_url, "later").await.unwrap();
    assert!(matches!(state.check().await, Err(StateError::Away(_))));
    servers.restart(Server::Redis).unwrap();
    until_it_answers(&state).await;
}

async fn until_it_answers(state: &Redis) {
    let answers = async {
        while state.check().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answers).await.expect("redis never came back");
}

async fn admin(servers: &Servers) -> Client {
    let admin = Builder::from_config(Config::from_url(&servers.redis_url).expect("a redis server"))
        .build()
        .expect("a redis server");
    admin.init().await.expect("a redis server");
    admin
}

async fn command(admin: &Client, name: &'static str, args: &[&str]) {
    let args: Vec<_> = args.iter().map(|arg| Value::from(*arg)).collect();
    let _: String = admin.custom(CustomCommand::new_static(name, None, false), args).await.expect("a redis server");
}
