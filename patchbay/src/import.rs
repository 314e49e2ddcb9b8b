//! `patchbay import`: records of a company from a table or a list. Good rows are stored, broken ones told.

use crate::agents::{asked, directory, line, parse_company};
use crate::cli::Settings;
use crate::process;
use anyhow::Context;
use clap::Args;
use common::company::load::records::{self, Rows};
use common::config::Config;
use common::ids::CompanyId;
use common::ports::{Directory, Record};
use serde_json::json;
use std::path::PathBuf;

/// Records written in one transaction: a long import shows progress and does not hold the tables.
const AT_ONCE: usize = 500;

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// A table (.csv, its first line names the columns) or a list of objects (.json)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the records are: `order`, `product`, `customer`, `article`, …
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: String,
    /// Whose they are
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: CompanyId,
    /// Prints the counts and the broken rows as JSON and nothing else
    #[arg(long)]
    json: bool,
}

fn parse_kind(text: &str) -> Result<String, String> {
    let must = "must be lower-case letters, digits, _ or -";
    if records::is_kind(text) { Ok(text.to_owned()) } else { Err(must.to_owned()) }
}

/// Imports; fails when a row was left out, after the others were stored.
pub(crate) fn run(settings: &Settings, args: &ImportArgs) -> anyhow::Result<()> {
    let config = settings.load(&["stores.database_url"], &[])?;
    process::runtime()?.block_on(import(&config, args))
}

async fn import(config: &Config, args: &ImportArgs) -> anyhow::Result<()> {
    let rows = read(args)?;
    let directory = directory(config)?;
    let known = asked(directory.configuration().await)?.roster.companies;
    if !known.contains_key(&args.company) {
        let names: Vec<&str> = known.keys().map(CompanyId::as_str).collect();
        anyhow::bail!("the database knows no company {}; it knows {}", args.company, names.join(", "));
    }
    let (mut added, mut changed, mut same) = (0, 0, 0);
    for part in rows.records.chunks(AT_ONCE) {
        let stored = store(directory.as_ref(), part).await?;
        added += stored.added;
        changed += stored.changed;
        same += stored.same;
    }
    let broken = rows.broken.len();
    if args.json {
        line(format_args!("{:#}", json!({"added": added, "changed": changed, "same": same, "broken": rows.broken})));
    } else {
        for row in &rows.broken {
            line(format_args!("{} line {}: the row {}", args.file.display(), row.line, row.fault));
        }
        line(format_args!(
            "{} {}: {added} added, {changed} changed, {same} unchanged, {broken} broken",
            args.company, args.kind
        ));
    }
    anyhow::ensure!(broken == 0, "{broken} of {} rows were left out", broken + rows.records.len());
    Ok(())
}

async fn store(directory: &dyn Directory, part: &[Record]) -> anyhow::Result<common::ports::Stored> {
    asked(directory.store(part).await)
}

fn read(args: &ImportArgs) -> anyhow::Result<Rows> {
    let content = std::fs::read(&args.file).with_context(|| format!("failed to read {}", args.file.display()))?;
    if args.file.extension().is_some_and(|extension| extension == "json") {
        let text = String::from_utf8(content).with_context(|| format!("failed to read {}", args.file.display()))?;
        return Ok(records::from_json(&text, &args.company, &args.kind));
    }
    Ok(records::from_csv(&content, &args.company, &args.kind))
}
