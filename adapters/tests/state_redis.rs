//! State in Redis keeps what the port promises: on the server that `PATCHBAY_TEST_REDIS_URL` names.

use adapters::state::{ENDED_KEPT, Redis, SESSION_KEPT};
use common::ids::{BootId, CallId, WorkerId};
use common::ports::{SessionStatus, SessionWrite, State, StateError, WorkerLoad, WorkerRecord, contract};
use fred::interfaces::{ClientLike, KeysInterface, StreamsInterface};
use fred::prelude::{Builder, Client, Config};
use fred::types::{CustomCommand, FromValue, Value};
use std::time::Duration;

macro_rules! real {
    ($suite:ident: $($sentence:ident),* $(,)?) => {
        mod $suite {
            use common::ports::contract;
            $(
                #[tokio::test]
                async fn $sentence() {
                    let Some(server) = super::Server::given().await else { return };
                    contract::in_time(contract::$suite::$sentence(&server.state)).await;
                }
            )*
        }
    };
}

common::state_contract!(real);

#[tokio::test]
async fn epochs_grow_across_a_flush() {
    let Some(server) = Server::given().await else { return };
    contract::session::epochs_grow_across_a_flush(&server.state, async || server.flush().await).await;
}

#[tokio::test]
async fn no_live_call_is_fenced_by_a_flush() {
    let Some(server) = Server::given().await else { return };
    contract::session::no_live_call_is_fenced_by_a_flush(&server.state, async || server.flush().await).await;
}

#[tokio::test]
async fn an_unreadable_entry_is_passed_over() {
    let Some(server) = Server::given().await else { return };
    let spoil = async |call: &CallId| server.spoil_outbox(call).await;
    contract::outbox::an_unreadable_entry_is_passed_over(&server.state, spoil).await;
    assert_eq!(server.keys("unreadable").await.len(), 1, "somebody can look at it");
}

#[tokio::test]
async fn every_key_expires() {
    let Some(server) = Server::given().await else { return };
    let state = &server.state;
    let call = contract::fresh_call();
    let claimed = state.claim(&call).await.unwrap();
    let write = SessionWrite {
        events: contract::events(&call, claimed.epoch, 2),
        ..SessionWrite::new(call.clone(), claimed.epoch)
    };
    state.write(&write).await.unwrap();
    server.spoil_outbox(&call).await;
    state.outbox(Duration::ZERO, 10).await.unwrap();
    let worker = WorkerRecord {
        id: WorkerId::parse("worker-0").unwrap(),
        boot: BootId::fresh(),
        address: "http://127.0.0.1:8090".into(),
        version: "0.1.0".into(),
        load: WorkerLoad::default(),
    };
    state.register(&worker, Duration::from_secs(60)).await.unwrap();
    state.assigned(&worker.id).await.unwrap();
    state.renew(&worker.id, &worker.boot, Duration::from_secs(60)).await.unwrap();
    state.begin_answer("a", Duration::from_secs(60)).await.unwrap();
    state.give_answer("b", b"answer", Duration::from_secs(60)).await.unwrap();
    state.spend("token", Duration::from_secs(60)).await.unwrap();
    let keys = server.keys("").await;
    assert_eq!(keys.len(), 8, "{keys:?}");
    for key in keys {
        assert!(server.raw.pttl::<i64, _>(&key).await.unwrap() > 0, "{key}");
    }
}

#[tokio::test]
async fn an_ended_session_is_kept_for_a_shorter_time() {
    let Some(server) = Server::given().await else { return };
    let call = contract::fresh_call();
    let epoch = server.state.claim(&call).await.unwrap().epoch;
    let key = server.keys("call").await.remove(0);
    let live: u128 = server.raw.pttl(&key).await.unwrap();
    let over = SessionWrite { status: Some(SessionStatus::Ended), ..SessionWrite::new(call.clone(), epoch) };
    server.state.write(&over).await.unwrap();
    let ended: u128 = server.raw.pttl(&key).await.unwrap();
    server.state.claim(&call).await.unwrap();
    let claimed_again: u128 = server.raw.pttl(&key).await.unwrap();
    assert!(live > ENDED_KEPT.as_millis() && live <= SESSION_KEPT.as_millis(), "{live}");
    assert!(ended <= ENDED_KEPT.as_millis() && claimed_again <= ENDED_KEPT.as_millis(), "{ended} {claimed_again}");
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_learns_them_again() {
    let Some(server) = Server::given().await else { return };
    let call = contract::fresh_call();
    server.state.claim(&call).await.unwrap();
    let _: () = server.command("SCRIPT", &["FLUSH"]).await;
    server.state.claim(&call).await.unwrap();
}

#[tokio::test]
async fn the_test_server_has_safe_settings() {
    let Some(server) = Server::given().await else { return };
    let health = server.state.check().await.unwrap();
    assert!(health.server.starts_with("redis "), "{health:?}");
    assert_eq!(health.faults, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_repeating_it() {
    let Err(StateError::Refused(reason)) = Redis::connect("redis://user:secret@:no:port", "pb").await else {
        panic!("connected to nowhere");
    };
    assert!(!reason.contains("secret"), "{reason}");
}

/// A part of the given server that is ours alone: everything under a prefix nobody else has.
struct Server {
    state: Redis,
    raw: Client,
    prefix: String,
}

impl Server {
    async fn given() -> Option<Self> {
        #[allow(clippy::disallowed_methods, reason = "a test's own setting")]
        let Ok(url) = std::env::var("PATCHBAY_TEST_REDIS_URL") else {
            common::testing::left_out("state on Redis", "PATCHBAY_TEST_REDIS_URL");
            return None;
        };
        let prefix = format!("test-{}", contract::fresh_call());
        let state = Redis::connect(&url, &prefix).await.expect("a redis server");
        let raw =
            Builder::from_config(Config::from_url(&url).expect("a redis server")).build().expect("a redis server");
        raw.init().await.expect("a redis server");
        Some(Self { state, raw, prefix })
    }

    async fn command<R: FromValue>(&self, name: &'static str, args: &[&str]) -> R {
        let command = CustomCommand::new_static(name, None, false);
        self.raw
            .custom(command, args.iter().map(|arg| Value::from(*arg)).collect::<Vec<_>>())
            .await
            .expect("a redis server")
    }

    /// Our keys with this word in their name.
    async fn keys(&self, word: &str) -> Vec<String> {
        self.command("KEYS", &[&format!("{}:*{word}*", self.prefix)]).await
    }

    /// Forgets what is ours, as `FLUSHALL` forgets everything.
    async fn flush(&self) {
        for key in self.keys("").await {
            self.raw.del::<(), _>(key).await.expect("a redis server");
        }
    }

    /// Puts an entry that cannot be read behind the call's events, which are the only ones there.
    async fn spoil_outbox(&self, _: &CallId) {
        let key = self.keys("outbox").await.remove(0);
        let _: String =
            self.raw.xadd(key, false, None::<()>, "*", vec![("e", "not an envelope")]).await.expect("a redis server");
    }
}
