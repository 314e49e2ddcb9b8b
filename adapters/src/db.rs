//! Record and directory on a real database: [`Postgres`] in production, [`Sqlite`] on a laptop.
//!
//! What both share decides: `aftercare` what is kept of what is done after calls, `batch` what is checked before a
//! database sees it and what is folded, `deeds` what is kept of tools, places, messages and recordings, `directory` what
//! applying a company changes, `find` how calls are looked for, `outbound` how a batch of calls is counted, `records`
//! what a record is found by, `rows` the shape of a row. The two dialects only carry rows to and fro, so that they cannot
//! disagree on an answer.

mod aftercare;
mod batch;
mod deeds;
mod directory;
mod find;
mod migrations;
mod outbound;
mod postgres;
mod records;
mod rows;
mod sqlite;

pub use postgres::Postgres;
pub use sqlite::Sqlite;

use common::ports::{Aftercare, Db, DbError, Directory, Outbound};
use common::private::{ExposeSecret, SecretString};
use std::sync::Arc;

/// One database as everything it keeps.
#[derive(Clone)]
pub struct Opened {
    /// The record.
    pub db: Arc<dyn Db>,
    /// Companies, agents and what companies know.
    pub directory: Arc<dyn Directory>,
    /// Batches of outbound calls.
    pub outbound: Arc<dyn Outbound>,
    /// What is done after calls.
    pub aftercare: Arc<dyn Aftercare>,
}

/// The record and the directory at this URL, `postgres://…` or `sqlite://…`; in memory where there is none. Both are
/// the same database by the same connections.
///
/// Connects when it is first used, so a database that is away at start is an answer of [`Db::check`], not a failure
/// here; a URL that cannot be read is. Call it inside a Tokio runtime.
pub fn open(url: Option<&SecretString>) -> Result<Opened, DbError> {
    match url.map(ExposeSecret::expose_secret) {
        None => Ok(as_all(Sqlite::memory())),
        Some(url) if url.starts_with("sqlite:") => Ok(as_all(Sqlite::open(url)?)),
        Some(url) => Ok(as_all(Postgres::open(url)?)),
    }
}

fn as_all(database: impl Db + Directory + Outbound + Aftercare) -> Opened {
    let database = Arc::new(database);
    Opened { db: database.clone(), directory: database.clone(), outbound: database.clone(), aftercare: database }
}

/// What a failure on this side of the database lets the caller do. Columns that are not as expected are no fault of the
/// content: that waits for a person, as a database that is away does.
fn outside(error: &sqlx::Error) -> DbError {
    match error {
        sqlx::Error::Encode(_) => DbError::Refused("content does not fit its column".into()),
        sqlx::Error::PoolTimedOut => DbError::Away("no connection in time".into()),
        _ => DbError::Away(error.to_string()),
    }
}

/// Compares the tables found with those this build needs. Newer ones are fine: changes only add until nobody needs
/// what is removed.
fn compare_schema(found: i64, needed: i64) -> Result<Vec<String>, DbError> {
    if found < needed {
        return Err(DbError::Schema { found, needed });
    }
    let newer = (found > needed).then(|| format!("schema {found} is newer than this build's {needed}"));
    Ok(newer.into_iter().collect())
}
