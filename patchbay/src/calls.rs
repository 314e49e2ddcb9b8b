//! `patchbay calls`: what was said, done and paid in calls, and what goes on in those under way. Reads the record; a call
//! notices nothing of it.

mod audio;
mod export;
mod filter;
mod list;
mod show;
mod tail;

use crate::cli::Settings;
use crate::process;
use clap::Subcommand;

/// Where calls are recorded must be told.
const REQUIRED: &[&str] = &["stores.database_url"];

#[derive(Subcommand)]
pub(crate) enum CallsCommand {
    /// Shows the newest calls
    #[command(
        after_help = "Examples:\n  patchbay calls list\n  patchbay calls list --company harbour --since 2h --end silence\n  patchbay calls list --open\n  patchbay calls list --json | jq '.calls[].call'"
    )]
    List(list::ListArgs),
    /// Shows one call: record, cost, transcript, tools, messages, recordings, summary
    #[command(
        after_help = "Examples:\n  patchbay calls show CA00000000000000000000000000000001\n  patchbay calls show CA00000000000000000000000000000001 --events\n  patchbay calls show CA00000000000000000000000000000001 --json"
    )]
    Show(show::ShowArgs),
    /// Saves a call's recording
    #[command(after_help = "Example:\n  patchbay calls audio CA00000000000000000000000000000001 --save call.wav")]
    Audio(audio::AudioArgs),
    /// Writes the records of all calls that fit, as CSV or JSON lines
    #[command(
        after_help = "Examples:\n  patchbay calls export --since 2026-11-01 --until 2026-12-01 > november.csv\n  patchbay calls export --company harbour --json --save calls.jsonl"
    )]
    Export(export::ExportArgs),
    /// Follows calls as they happen
    #[command(
        after_help = "Examples:\n  patchbay calls tail\n  patchbay calls tail --company harbour\n  patchbay calls tail --call CA00000000000000000000000000000001 --json"
    )]
    Tail(tail::TailArgs),
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: CallsCommand) -> anyhow::Result<()> {
    let config = settings.load(REQUIRED, &[])?;
    process::runtime()?.block_on(async {
        match command {
            CallsCommand::List(args) => list::run(&config, &args).await,
            CallsCommand::Show(args) => show::run(&config, &args).await,
            CallsCommand::Audio(args) => audio::run(&config, &args).await,
            CallsCommand::Export(args) => export::run(&config, &args).await,
            CallsCommand::Tail(args) => tail::run(&config, &args).await,
        }
    })
}

/// A moment as people read it, to the second.
fn moment(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| format!("{at:.0}")).unwrap_or_default()
}

/// A length as people read it: `3:07`.
fn length(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60)
}
