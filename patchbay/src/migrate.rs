//! `patchbay migrate`: creates or expands the tables. In production it runs before the roles of a new version.

use crate::{assemble, process};
use anyhow::Context;
use common::config::Config;

/// Migrates and says what is there.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    process::runtime()?.block_on(async {
        let db = assemble::db(config)?;
        db.migrate().await.context("failed to migrate")?;
        let health = db.check().await.context("failed to look at the tables")?;
        println!("the record is up to date: {}", health.server);
        Ok(())
    })
}
