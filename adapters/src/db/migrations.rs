//! The files of `migrations/`, compiled in. A new file gets a line in [`FILES`]; nothing else changes here.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Which database's files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    /// `migrations/postgres`.
    Postgres,
    /// `migrations/sqlite`.
    Sqlite,
}

struct File {
    version: i64,
    what: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! file {
    ($version:literal, $what:literal, $name:literal) => {
        File {
            version: $version,
            what: $what,
            postgres: include_str!(concat!("../../../migrations/postgres/", $name)),
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name)),
        }
    };
}

const FILES: &[File] = &[
    file!(1, "record", "0001_record.sql"),
    file!(2, "directory", "0002_directory.sql"),
    file!(3, "outbound", "0003_outbound.sql"),
    file!(4, "aftercare", "0004_aftercare.sql"),
    file!(5, "calls by attempt", "0005_calls_by_attempt.sql"),
    file!(6, "calls to look after", "0006_calls_to_look_after.sql"),
    file!(7, "calls by caller", "0007_calls_by_caller.sql"),
    file!(8, "calls by called", "0008_calls_by_called.sql"),
];

/// The schema this build needs.
pub(super) fn needed() -> i64 {
    FILES.iter().map(|file| file.version).max().unwrap_or(0)
}

/// Applies what is missing. Numbers it does not know belong to a newer build and are left alone.
pub(super) fn migrator(dialect: Dialect) -> Migrator {
    let migrations = FILES.iter().map(|file| {
        let sql = match dialect {
            Dialect::Postgres => file.postgres,
            Dialect::Sqlite => file.sqlite,
        };
        let alone = sql.starts_with("-- no-transaction");
        Migration::new(file.version, file.what.into(), MigrationType::Simple, sql.into_sql_str(), alone)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
}
