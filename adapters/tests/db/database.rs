//! A Postgres database for one test: made with a random name, dropped at the end, also when the test fails.

use futures_util::FutureExt;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::panic::AssertUnwindSafe;
use std::str::FromStr;

/// Names a server on which the test may create databases.
const VARIABLE: &str = "PATCHBAY_TEST_DATABASE_URL";

/// Runs a test with the URL of an empty database; says so and does nothing where there is no server.
pub(crate) async fn with_database(test: impl AsyncFnOnce(String)) {
    #[allow(clippy::disallowed_methods, reason = "tests have no configuration")]
    let Ok(server) = std::env::var(VARIABLE) else {
        common::testing::left_out("record on Postgres", VARIABLE);
        return;
    };
    let server = PgConnectOptions::from_str(&server).expect("the URL of a test server");
    let name = format!("patchbay_test_{}", common::ids::BootId::fresh());
    order(&server, format!("create database {name}")).await;
    let url = server.clone().database(&name).to_url_lossy().to_string();
    let outcome = AssertUnwindSafe(test(url)).catch_unwind().await;
    order(&server, format!("drop database {name} with (force)")).await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn order(server: &PgConnectOptions, sql: String) {
    let mut connection = server.connect().await.expect("the test server");
    connection.execute(AssertSqlSafe(sql)).await.expect("to create and drop databases");
    connection.close().await.expect("to close");
}
