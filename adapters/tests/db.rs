//! The contract of record and directory on every database: SQLite in memory, SQLite in a file, and Postgres when
//! `PATCHBAY_TEST_DATABASE_URL` names a server on which databases may be created. Each test has a database of its own.

#[path = "db/database.rs"]
mod database;

use adapters::db::{Postgres, Sqlite};
use common::ports::Db;
use database::with_database;

mod sqlite_in_memory {
    use super::*;

    macro_rules! memory {
        ($suite:ident: $($sentence:ident),* $(,)?) => {$(
            #[tokio::test]
            async fn $sentence() {
                let db = Sqlite::memory();
                db.migrate().await.expect("migrate");
                common::ports::contract::$suite::$sentence(&db).await;
            }
        )*};
    }
    common::db_contract!(memory);
}

mod sqlite_in_a_file {
    use super::*;

    macro_rules! file {
        ($suite:ident: $($sentence:ident),* $(,)?) => {$(
            #[tokio::test]
            async fn $sentence() {
                let folder = tempfile::tempdir().expect("a folder");
                let url = format!("sqlite://{}", folder.path().join("record.db").display());
                let db = Sqlite::open(&url).expect("open");
                db.migrate().await.expect("migrate");
                common::ports::contract::$suite::$sentence(&db).await;
            }
        )*};
    }
    common::db_contract!(file);
}

mod postgres {
    use super::*;

    macro_rules! postgres {
        ($suite:ident: $($sentence:ident),* $(,)?) => {$(
            #[tokio::test]
            async fn $sentence() {
                with_database(async |url| {
                    let db = Postgres::open(&url).expect("open");
                    db.migrate().await.expect("migrate");
                    common::ports::contract::$suite::$sentence(&db).await;
                })
                .await;
            }
        )*};
    }
    common::db_contract!(postgres);
}
