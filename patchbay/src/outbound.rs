//! `patchbay outbound`: calls that we make. A batch lives in the database; the gateway that shares it dials, whether this
//! command goes on or not.

mod begin;
mod call;
mod forecast;
mod list;
mod opt_out;
mod plan;
mod report;
mod rows;
mod show;
mod start;
mod steer;
mod watch;

use crate::cli::Settings;
use crate::{assemble, process};
use ::outbound::words;
use adapters::db::Opened;
use anyhow::Context;
use clap::{Args, Subcommand};
use common::config::Config;
use common::ids::BatchId;
use common::ports::Outbound;
use common::ports::outbound::{Batch, Progress};

#[derive(Subcommand)]
pub(crate) enum OutboundCommand {
    /// Calls one person
    #[command(
        after_help = "Examples:\n  patchbay outbound call --company harbour --agent reception --to +13105550123 --consent \"asked by mail on May 3\" --wait\n  patchbay outbound call --company harbour --agent reception --to +13105550123 --consent \"asked by mail on May 3\" --column name=Ann --machine \"message: Hello {name}, please call us back.\" --now"
    )]
    Call(call::CallArgs),
    /// Calls everybody of a file, at a pace, in their hours, each exactly once
    #[command(
        after_help = "Examples:\n  patchbay outbound start people.csv --company harbour --agent reception --consent \"newsletter form, May 3\" --dry-run\n  patchbay outbound start people.csv --company harbour --agent reception --consent \"newsletter form, May 3\" --per-minute 60 --concurrency 20 --hours 09:00-18:00 --days mon-sat --retry no_answer=2@2h,busy=2@10m\n\nThe file is CSV with the column `to` (E.164) and, as wanted, `timezone`, `language`, `consent`; every other column is\nfor the agent. Starting the same file twice starts it once."
    )]
    Start(start::StartArgs),
    /// Shows the newest batches and how far they are
    #[command(after_help = "Examples:\n  patchbay outbound list\n  patchbay outbound list --company harbour --json")]
    List(list::ListArgs),
    /// Shows a batch: what it is, how far, what became of its rows
    #[command(
        after_help = "Examples:\n  patchbay outbound show b-0123456789ab\n  patchbay outbound show b-0123456789ab --json"
    )]
    Show(show::ShowArgs),
    /// Shows the rows of a batch
    #[command(
        after_help = "Examples:\n  patchbay outbound rows b-0123456789ab\n  patchbay outbound rows b-0123456789ab --outcome no_answer"
    )]
    Rows(rows::RowsArgs),
    /// Follows a batch until it is done
    #[command(
        after_help = "Examples:\n  patchbay outbound watch b-0123456789ab\n  patchbay outbound watch b-0123456789ab --json"
    )]
    Watch(watch::WatchArgs),
    /// Calls nobody any more until it is resumed; calls under way go on
    #[command(after_help = "Example:\n  patchbay outbound pause b-0123456789ab")]
    Pause(BatchArgs),
    /// Goes on where a batch was paused
    #[command(after_help = "Example:\n  patchbay outbound resume b-0123456789ab")]
    Resume(BatchArgs),
    /// Calls nobody any more, for good; calls under way go on
    #[command(after_help = "Example:\n  patchbay outbound cancel b-0123456789ab")]
    Cancel(BatchArgs),
    /// Writes what became of every row, as CSV or JSON
    #[command(
        after_help = "Examples:\n  patchbay outbound report b-0123456789ab > report.csv\n  patchbay outbound report b-0123456789ab --json --save report.json"
    )]
    Report(report::ReportArgs),
    /// People a company does not call any more: add, remove, check
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay outbound opt-out add +13105550123 --company harbour\n  patchbay outbound opt-out check --file people.csv --company harbour"
    )]
    OptOut(opt_out::OptOutCommand),
}

/// Which batch.
#[derive(Args)]
pub(crate) struct BatchArgs {
    /// The batch, as `patchbay outbound list` shows it
    #[arg(value_name = "BATCH", value_parser = words::batch)]
    id: BatchId,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: OutboundCommand) -> anyhow::Result<()> {
    let config = settings.load(&[], &[])?;
    anyhow::ensure!(
        config.database_url.is_some(),
        "DATABASE_URL is not set: a batch lives in the database, and the gateway that uses the same one dials it; \
         for example DATABASE_URL=postgres://me@127.0.0.1/patchbay"
    );
    process::runtime()?.block_on(async {
        match command {
            OutboundCommand::Call(args) => call::run(&config, args).await,
            OutboundCommand::Start(args) => start::run(&config, args).await,
            OutboundCommand::List(args) => list::run(&config, &args).await,
            OutboundCommand::Show(args) => show::run(&config, &args).await,
            OutboundCommand::Rows(args) => rows::run(&config, &args).await,
            OutboundCommand::Watch(args) => watch::run(&config, &args).await,
            OutboundCommand::Pause(args) => steer::pause(&config, &args).await,
            OutboundCommand::Resume(args) => steer::resume(&config, &args).await,
            OutboundCommand::Cancel(args) => steer::cancel(&config, &args).await,
            OutboundCommand::Report(args) => report::run(&config, &args).await,
            OutboundCommand::OptOut(command) => opt_out::run(&config, &command).await,
        }
    })
}

/// The configured database.
fn open(config: &Config) -> anyhow::Result<Opened> {
    assemble::database(config)
}

/// A batch and how far it is.
async fn known(outbound: &dyn Outbound, id: &BatchId) -> anyhow::Result<(Batch, Progress)> {
    let batch = crate::agents::asked(outbound.batch(id).await)?;
    let batch =
        batch.with_context(|| format!("there is no batch {id}; `patchbay outbound list` shows those there are"))?;
    Ok((batch, crate::agents::asked(outbound.progress(id).await)?))
}

/// A moment as people read it, to the second.
fn moment(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at_ms| jiff::Timestamp::from_millisecond(at_ms).ok());
    at.map(|at| format!("{at:.0}")).unwrap_or_default()
}
