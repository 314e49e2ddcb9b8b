//! Private Redis, NATS and Postgres for one test: nothing another test does can be seen in them.

use std::sync::Arc;
use tokio::task::spawn_blocking;
use xtask::servers::{Server, Servers};

/// Says that servers may be expected on this machine; `cargo xtask test` sets them.
const SIGNS: [&str; 3] = ["PATCHBAY_TEST_REDIS_URL", "PATCHBAY_TEST_NATS_URL", "PATCHBAY_TEST_DATABASE_URL"];

/// Starts them, or says that the suite is left out.
pub(crate) async fn start(suite: &str) -> Option<Arc<Servers>> {
    if let Some(sign) = SIGNS.iter().find(|sign| std::env::var_os(sign).is_none()) {
        common::testing::left_out(&format!("{suite} on real stores"), sign);
        return None;
    }
    Some(Arc::new(spawn_blocking(|| Servers::start().unwrap()).await.unwrap()))
}

/// `kill -9`.
pub(crate) async fn kill(servers: &Arc<Servers>, server: Server) {
    let servers = servers.clone();
    spawn_blocking(move || servers.kill(server)).await.unwrap();
}

/// Brings a killed server back on its port with its files.
pub(crate) async fn restart(servers: &Arc<Servers>, server: Server) {
    let servers = servers.clone();
    spawn_blocking(move || servers.restart(server).unwrap()).await.unwrap();
}
