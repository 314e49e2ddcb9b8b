//! `patchbay outbound report`: what became of every row, with everything the file said of it.

use super::rows::{self, Pages};
use super::{known, list, moment, open, words};
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::ids::BatchId;
use common::ports::Outbound;
use common::ports::outbound::RowState;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

const COLUMNS: [&str; 9] = ["line", "to", "status", "outcome", "detail", "attempts", "last_tried", "call", "language"];

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The batch, as `patchbay outbound list` shows it
    #[arg(value_name = "BATCH", value_parser = words::batch)]
    id: BatchId,
    /// CSV: what is written where nothing is said
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON: the batch's counts and its rows
    #[arg(long)]
    json: bool,
    /// Writes to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// Writes it.
pub(super) async fn run(config: &Config, args: &ReportArgs) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    let (batch, progress) = known(outbound.as_ref(), &args.id).await?;
    let to: Box<dyn Write> = match &args.save {
        None => Box::new(std::io::stdout()),
        Some(path) => {
            Box::new(std::fs::File::create(path).with_context(|| format!("failed to create {}", path.display()))?)
        }
    };
    let mut to = BufWriter::new(to);
    let written = if args.json {
        let head = list::document(&batch, &progress);
        json(outbound.as_ref(), &args.id, &head, &mut to).await
    } else {
        csv(outbound.as_ref(), &args.id, &mut to).await
    };
    match written.and_then(|()| to.flush().context("failed to write")) {
        // Whoever reads has had enough, as `head` has.
        Err(error) if is_closed(&error) => Ok(()),
        written => written,
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

/// One document: the batch, and its rows in `results`.
async fn json(
    outbound: &dyn Outbound,
    id: &BatchId,
    head: &serde_json::Value,
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let mut separator = "";
    write!(to, "{{\"batch\": {head}, \"results\": [")?;
    let mut pages = Pages::new(outbound, id);
    while let Some(page) = pages.next().await? {
        for row in &page {
            write!(to, "{separator}\n{}", rows::document(row))?;
            separator = ",";
        }
    }
    writeln!(to, "\n]}}")?;
    Ok(())
}

async fn csv(outbound: &dyn Outbound, id: &BatchId, to: &mut impl Write) -> anyhow::Result<()> {
    // Empty cells are not stored: which columns there were is only known when every row was seen.
    let mut names = BTreeSet::new();
    let mut pages = Pages::new(outbound, id);
    while let Some(page) = pages.next().await? {
        names.extend(page.into_iter().flat_map(|row| row.row.columns.into_keys()));
    }
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(COLUMNS.into_iter().map(str::to_owned).chain(names.iter().map(|name| plain(name))))?;
    let mut pages = Pages::new(outbound, id);
    while let Some(page) = pages.next().await? {
        for row in &page {
            csv.write_record(cells(row, &names)).map_err(std::io::Error::from)?;
        }
    }
    csv.flush()?;
    Ok(())
}

fn cells(row: &RowState, names: &BTreeSet<String>) -> Vec<String> {
    let mut cells = vec![
        row.row.row.to_string(),
        row.row.to.reveal().to_owned(),
        rows::status(row.status).to_owned(),
        row.outcome.map(|outcome| outcome.as_str().to_owned()).unwrap_or_default(),
        row.detail.clone(),
        row.attempts.to_string(),
        row.claimed_ms.map(moment).unwrap_or_default(),
        row.call.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.row.language.clone().unwrap_or_default(),
    ];
    cells.extend(names.iter().map(|name| row.row.columns.get(name).map(|text| plain(text)).unwrap_or_default()));
    cells
}

/// What somebody wrote into a list is no formula for the spreadsheet that opens the report.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
