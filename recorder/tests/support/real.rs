//! The real stores of a test: a database, a stream and a key prefix of its own on the servers that
//! `PATCHBAY_TEST_DATABASE_URL`, `PATCHBAY_TEST_NATS_URL` and `PATCHBAY_TEST_REDIS_URL` name.

use adapters::bus::{Nats, nats};
use adapters::db::Postgres;
use adapters::state::Redis;
use recorder::Stores;
use std::sync::Arc;
use std::time::Duration;

/// Where the stores are.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) database: String,
    pub(crate) nats: String,
    pub(crate) redis: String,
    /// Name of the stream and prefix of the keys.
    pub(crate) run: String,
}

/// A variable of a test's environment; says so where it is missing.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests have no configuration")]
    let value = std::env::var(name).ok();
    if value.is_none() {
        common::testing::left_out("recorder on real stores", name);
    }
    value
}

impl Servers {
    /// Connects to all three.
    pub(crate) async fn connect(&self) -> Stores {
        let bus = Nats::connect(&self.nats, self.stream()).await.unwrap();
        Stores {
            state: Arc::new(Redis::connect(&self.redis, &self.run).await.unwrap()),
            bus: Arc::new(bus),
            db: Arc::new(Postgres::open(&self.database).unwrap()),
        }
    }

    /// Removes the stream; the keys expire.
    pub(crate) async fn clean_up(&self) {
        let client = async_nats::connect(&self.nats).await.unwrap();
        async_nats::jetstream::new(client).delete_stream(&self.run).await.unwrap();
    }

    fn stream(&self) -> nats::Options {
        nats::Options {
            stream: self.run.clone(),
            subject_root: self.run.clone(),
            max_bytes: 128 << 20,
            // What a killed recorder held comes again soon, so that the test need not wait for it.
            ack_wait: Duration::from_secs(1),
            ..nats::Options::default()
        }
    }
}
