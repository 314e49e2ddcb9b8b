//! What an error of Postgres lets the caller do. By class of SQLSTATE; the table is in the manual's appendix A
//! (<https://www.postgresql.org/docs/15/errcodes-appendix.html>, read November 2026).

use crate::db::{migrations, outside};
use common::ports::DbError;
use sqlx::migrate::MigrateError;

/// What a failed statement means.
pub(super) fn fault(error: sqlx::Error) -> DbError {
    let sqlx::Error::Database(answer) = &error else { return outside(&error) };
    let code = answer.code().unwrap_or_default().into_owned();
    // The message may quote the row, and with it what was said: it is left out where content is at fault.
    match (code.get(..2).unwrap_or_default(), code.as_str()) {
        ("40", _) | (_, "55P03") => DbError::Conflict(format!("{} ({code})", answer.message())),
        ("22" | "23" | "54", _) => DbError::Refused(format!("content is not storable ({code})")),
        // A table or column that is not there; a missing right is for a person to give, the events wait for it.
        (_, "42P01" | "42703") => DbError::Schema { found: 0, needed: migrations::needed() },
        _ => DbError::Away(format!("{} ({code})", answer.message())),
    }
}

/// What a failed migration means.
pub(super) fn migration(error: MigrateError) -> DbError {
    match error {
        MigrateError::Execute(error) => fault(error),
        other => DbError::Refused(other.to_string()),
    }
}
