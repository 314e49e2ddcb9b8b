//! Looks up what the company knows: orders, products, customers, articles.

use crate::answer::{Source, wrapped};
use crate::errors::{ErrorCode, Problem};
use crate::moments;
use common::ids::CompanyId;
use common::ports::DbError;
use common::ports::directory::{Directory, Record};
use serde_json::{Value, json};

/// What is looked up.
pub(crate) enum Lookup {
    /// The record of this key.
    One { kind: String, key: String, source: Source },
    /// Records that hold one of these words.
    Search { kind: String, words: String, most: u32 },
}

impl Lookup {
    /// Asks the database. Gives all the model gets.
    pub(crate) async fn run(&self, directory: &dyn Directory, company: &CompanyId) -> Result<Value, Problem> {
        match self {
            Self::One { kind, key, source } => {
                let found = directory.record_of(company, kind, key).await.map_err(away(company, kind))?;
                let record = found.ok_or(ErrorCode::NotFound)?;
                Ok(wrapped(record.body, *source))
            }
            Self::Search { kind, words, most } => {
                let found = directory.search(company, kind, words, *most).await.map_err(away(company, kind))?;
                let found: Vec<Value> = found.into_iter().map(shown).collect();
                Ok(wrapped(found.into(), Source::Own))
            }
        }
    }
}

fn shown(record: Record) -> Value {
    json!({"key": record.key, "fields": record.body})
}

/// Whatever the database says about itself is no use to a caller.
fn away<'a>(company: &'a CompanyId, kind: &'a str) -> impl FnOnce(DbError) -> Problem + 'a {
    move |_| {
        moments::records_away(company, kind);
        ErrorCode::Unavailable.into()
    }
}
