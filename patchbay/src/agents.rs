//! `patchbay agents`: companies and their agents in the database.

mod apply;
mod diff;
mod export;
mod list;

pub(crate) use list::parse_company;

use crate::cli::Settings;
use crate::{assemble, process};
use anyhow::Context;
use clap::Subcommand;
use common::config::Config;
use common::ports::{DbError, Directory};
use std::sync::Arc;

/// What a company's database must be told.
const REQUIRED: &[&str] = &["stores.database_url"];

#[derive(Subcommand)]
pub(crate) enum AgentsCommand {
    /// Puts the packs of a folder into force: shows what changes, asks, writes, tells the gateways
    #[command(
        after_help = "Examples:\n  patchbay agents apply agents\n  patchbay agents apply agents --company harbour --yes\n  patchbay agents apply agents --live      # calls under way take it over too"
    )]
    Apply(apply::ApplyArgs),
    /// Shows who is in force: companies, agents, numbers, languages, versions
    #[command(after_help = "Examples:\n  patchbay agents list\n  patchbay agents list --json")]
    List(list::ListArgs),
    /// Writes what is in force as packs, records too
    #[command(
        after_help = "Examples:\n  patchbay agents export backup\n  patchbay agents export backup --company harbour"
    )]
    Export(export::ExportArgs),
    /// Shows every version a company's agents had
    #[command(after_help = "Examples:\n  patchbay agents versions harbour\n  patchbay agents versions harbour --json")]
    Versions(list::VersionsArgs),
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: AgentsCommand) -> anyhow::Result<()> {
    let config = settings.load(REQUIRED, &[])?;
    process::runtime()?.block_on(async {
        match command {
            AgentsCommand::Apply(args) => apply::run(&config, &args).await,
            AgentsCommand::List(args) => list::run(&config, &args).await,
            AgentsCommand::Export(args) => export::run(&config, &args).await,
            AgentsCommand::Versions(args) => list::versions(&config, &args).await,
        }
    })
}

/// The configured database.
pub(crate) fn directory(config: &Config) -> anyhow::Result<Arc<dyn Directory>> {
    Ok(assemble::database(config)?.directory)
}

/// Says what to do about a database that does not answer as it should.
pub(crate) fn asked<T>(answer: Result<T, DbError>) -> anyhow::Result<T> {
    answer.context("failed to use the database of DATABASE_URL; `patchbay doctor` says more")
}

/// Prints a line. That nobody reads it, as behind a pipe that was closed, must not stop what is being written.
pub(crate) fn line(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A table for a terminal: columns as wide as their widest cell.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
