//! `patchbay jobs`: what is to be done after calls and could not be. A dead letter is shown with the reason, and tried
//! again from the beginning when a person has mended what was wrong.

use crate::agents::{asked, line, table};
use crate::cli::Settings;
use crate::{ask, assemble, process};
use clap::{Args, Subcommand};
use common::config::Config;
use common::ports::Aftercare;
use common::ports::aftercare::{Job, JobWork};
use serde_json::{Value, json};
use std::sync::Arc;

/// Dead letters looked through for one by its key.
const MOST: u32 = 100_000;
/// Most characters of a reason in the list; `show` has all of it.
const REASON: usize = 60;

#[derive(Subcommand)]
pub(crate) enum JobsCommand {
    /// Shows how many jobs wait, and the dead letters with their reasons, newest first
    #[command(after_help = "Examples:\n  patchbay jobs list\n  patchbay jobs list --json | jq -r .dead[].key")]
    List(ListArgs),
    /// Shows a dead letter whole, with what would be sent
    #[command(after_help = "Example:\n  patchbay jobs show CA00000000000000000000000000000007:call.ended:crm")]
    Show(ShowArgs),
    /// Tries dead letters again from the beginning: these, or all
    #[command(
        after_help = "Examples:\n  patchbay jobs revive CA00000000000000000000000000000007:call.ended:crm\n  patchbay jobs revive --all --yes"
    )]
    Revive(ReviveArgs),
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// The most that are shown
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    most: u32,
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// Its key, as `jobs list` shows it
    #[arg(value_name = "KEY")]
    key: String,
    /// Prints it as JSON and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct ReviveArgs {
    /// Their keys, as `jobs list` shows them
    #[arg(value_name = "KEY", required_unless_present = "all")]
    keys: Vec<String>,
    /// All there are
    #[arg(long, conflicts_with = "keys")]
    all: bool,
    /// Goes on without asking
    #[arg(long)]
    yes: bool,
    /// Prints how many as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs one of them.
pub(crate) fn run(settings: &Settings, command: &JobsCommand) -> anyhow::Result<()> {
    let config = settings.load(&["stores.database_url"], &[])?;
    process::runtime()?.block_on(async {
        match command {
            JobsCommand::List(args) => list(&config, args).await,
            JobsCommand::Show(args) => show(&config, args).await,
            JobsCommand::Revive(args) => revive(&config, args).await,
        }
    })
}

fn aftercare(config: &Config) -> anyhow::Result<Arc<dyn Aftercare>> {
    Ok(assemble::database(config)?.aftercare)
}

async fn list(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let aftercare = aftercare(config)?;
    let (waiting, dead) = asked(aftercare.jobs().await)?;
    let letters = asked(aftercare.dead_jobs(args.most).await)?;
    if args.json {
        let letters: Vec<Value> = letters.iter().map(summary).collect();
        line(format_args!("{:#}", json!({"waiting": waiting, "dead_count": dead, "dead": letters})));
        return Ok(());
    }
    if !letters.is_empty() {
        let mut rows = vec![["KEY", "KIND", "COMPANY", "ASKED FOR", "TRIES", "REASON"].map(str::to_owned).to_vec()];
        rows.extend(letters.iter().map(row));
        line(table(&rows).trim_end());
    }
    line(format_args!("{waiting} waiting, {dead} dead"));
    if dead > 0 {
        line("`patchbay jobs show KEY` says more of one, `patchbay jobs revive KEY` tries it again");
    }
    Ok(())
}

fn row(job: &Job) -> Vec<String> {
    let reason: String = job.last_error.as_deref().unwrap_or_default().chars().take(REASON).collect();
    let (kind, company) = (job.work.kind().to_owned(), job.company.to_string());
    vec![job.key.clone(), kind, company, time(job.created_ms), job.attempts.to_string(), reason]
}

/// A dead letter without what is in it.
fn summary(job: &Job) -> Value {
    json!({
        "key": job.key, "kind": job.work.kind(), "company": job.company, "call": job.call,
        "asked_for": time(job.created_ms), "tries": job.attempts, "reason": job.last_error,
    })
}

async fn show(config: &Config, args: &ShowArgs) -> anyhow::Result<()> {
    let dead = asked(aftercare(config)?.dead_jobs(MOST).await)?;
    let Some(job) = dead.into_iter().find(|job| job.key == args.key) else {
        anyhow::bail!("there is no dead letter {}; `patchbay jobs list` shows those there are", args.key);
    };
    if args.json {
        let mut document = summary(&job);
        document["work"] = serde_json::to_value(&job.work)?;
        line(format_args!("{document:#}"));
        return Ok(());
    }
    line(format_args!("{}\n", job.key));
    let reason = job.last_error.clone().unwrap_or_default();
    let tries = job.attempts.to_string();
    let facts = [
        ("what", what(&job.work)),
        ("company", job.company.to_string()),
        ("call", job.call.to_string()),
        ("asked for", time(job.created_ms)),
        ("tries", tries),
        ("reason", reason),
    ];
    let rows: Vec<Vec<String>> = facts.into_iter().map(|(name, fact)| vec![format!("  {name}"), fact]).collect();
    line(table(&rows).trim_end());
    if let JobWork::Webhook { body, .. } = &job.work {
        line(format_args!("{body:#}\n"));
    }
    line(match &job.work {
        JobWork::Message { .. } => "Reviving it sends the message, also where it may have been sent before.",
        JobWork::Summarize
        | JobWork::Webhook { .. }
        | JobWork::FetchRecording { .. }
        | JobWork::DeleteRecording { .. } => "Doing it twice does no harm.",
    });
    Ok(())
}

fn what(work: &JobWork) -> String {
    match work {
        JobWork::Summarize => "a model sums the call up".to_owned(),
        JobWork::Webhook { hook, event, .. } => format!("the system {hook} is told of {event}"),
        JobWork::Message { template } => format!("the message {template} is sent"),
        JobWork::FetchRecording { recording } => format!("the recording {recording} is fetched from Twilio"),
        JobWork::DeleteRecording { recording, why } => format!("the recording {recording} is deleted ({why})"),
    }
}

async fn revive(config: &Config, args: &ReviveArgs) -> anyhow::Result<()> {
    let aftercare = aftercare(config)?;
    let mut revived = 0;
    if args.all {
        let (_, dead) = asked(aftercare.jobs().await)?;
        if dead > 0 && !args.yes {
            ask::agreed(&format!("Try {dead} dead letters again?"), "revived")?;
        }
        revived = asked(aftercare.revive_jobs(None).await)?;
    }
    let mut unknown = Vec::new();
    for key in &args.keys {
        match asked(aftercare.revive_jobs(Some(key)).await)? {
            0 => unknown.push(key.as_str()),
            count => revived += count,
        }
    }
    if args.json {
        line(format_args!("{:#}", json!({"revived": revived, "unknown": unknown})));
    } else {
        line(format_args!("{revived} revived; a recorder tries them within seconds"));
    }
    anyhow::ensure!(unknown.is_empty(), "no dead letter has the key {}", unknown.join(", "));
    Ok(())
}

/// For people and scripts alike.
fn time(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(|at| format!("{at:.0}")).unwrap_or_default()
}
