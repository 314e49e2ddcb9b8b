//! `patchbay outbound start`: a file of people becomes a batch. Broken rows are told; good ones are called.

use super::begin::{self, Known};
use super::forecast;
use super::plan::{HowArgs, WhoArgs};
use super::words;
use crate::agents::line;
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::ids::BatchId;
use common::ports::outbound::DialPlan;
use outbound::Wish;
use outbound::file::{self, Broken, Consent};
use serde_json::json;
use std::io::BufReader;
use std::path::PathBuf;

/// Broken rows shown to people; all of them stand in `--json`.
const SHOWN: usize = 50;

#[derive(Args)]
pub(crate) struct StartArgs {
    /// A table (CSV) whose first line names the columns
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[command(flatten)]
    who: WhoArgs,
    #[command(flatten)]
    how: HowArgs,
    /// Name of the batch, for people; the file's where none is given
    #[arg(long)]
    name: Option<String>,
    /// Its id; made from what is called where none is given, so that the same file is begun once
    #[arg(long, value_parser = words::batch)]
    id: Option<BatchId>,
    /// Calls begun a minute, at most
    #[arg(long, value_name = "CALLS", default_value_t = outbound::wish::usual_plan().per_minute)]
    per_minute: u32,
    /// Calls at the same time, at most
    #[arg(long, value_name = "CALLS", default_value_t = outbound::wish::usual_plan().concurrency)]
    concurrency: u32,
    /// Shows who would be called when, and calls nobody
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Begins; fails when a row was left out, after the others were begun.
pub(super) async fn run(config: &Config, args: StartArgs) -> anyhow::Result<()> {
    let known = Known::read(config).await?;
    let path = args.file.display().to_string();
    let source = std::fs::File::open(&args.file).with_context(|| format!("failed to read {path}"))?;
    let list = file::read(BufReader::new(source), &known.numbers());
    if !args.json {
        tell_broken(&path, &list.broken);
    }
    let plan = args.how.plan(&known.roster, &args.who.company)?;
    let consent = match list.consent {
        Consent::EveryRow if args.who.consent.is_empty() => "as each row of the file says (column consent)".to_owned(),
        Consent::EveryRow | Consent::NotInFile => args.who.consent.clone(),
    };
    let file_name = args.file.file_name().map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
    let wish = Wish {
        id: args.id,
        name: args.name.unwrap_or(file_name),
        from: args.who.from(),
        company: args.who.company,
        agent: args.who.agent,
        consent,
        plan: DialPlan { per_minute: args.per_minute, concurrency: args.concurrency, ..plan },
        by: "command".into(),
    };
    let batch = known.batch(wish, &list.rows)?;
    let (broken, rows) = (list.broken, list.rows);
    if args.dry_run {
        let forecast = forecast::of(&batch, &rows, config.outbound.per_minute);
        if args.json {
            let mut document = forecast.json(&batch);
            document["broken"] = json!(broken);
            line(format_args!("{document:#}"));
        } else {
            line(format_args!("{}: {} to be called, {} broken", batch.id, rows.len(), broken.len()));
            forecast.tell();
        }
        return Ok(());
    }
    let begun = known.begin(&batch, &rows).await?;
    if args.json {
        let document = json!({"batch": batch.id, "begun": begin::word(begun), "rows": rows.len(), "broken": broken});
        line(format_args!("{document:#}"));
    } else {
        begin::tell(&batch, begun, rows.len());
    }
    let all = broken.len() + rows.len();
    anyhow::ensure!(broken.is_empty(), "{} of {all} rows were left out; the others are called", broken.len());
    Ok(())
}

fn tell_broken(path: &str, broken: &[Broken]) {
    for row in broken.iter().take(SHOWN) {
        line(format_args!("{path} line {}: {}", row.line, row.fault));
    }
    if broken.len() > SHOWN {
        line(format_args!("{path}: {} more broken rows; --json shows them all", broken.len() - SHOWN));
    }
}
