//! `patchbay outbound show`: one batch, with counts that add up.

use super::list::{document, done, status};
use super::{known, moment, open, plan, words};
use crate::agents::{line, table};
use clap::Args;
use common::config::Config;
use common::ids::BatchId;
use common::ports::outbound::{Batch, OnMachine, Outcome, Progress};

/// Characters of the bar.
const BAR: u64 = 40;

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The batch, as `patchbay outbound list` shows it
    #[arg(value_name = "BATCH", value_parser = words::batch)]
    id: BatchId,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub(super) async fn run(config: &Config, args: &ShowArgs) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    let (batch, progress) = known(outbound.as_ref(), &args.id).await?;
    if args.json {
        line(format_args!("{:#}", document(&batch, &progress)));
    } else {
        line(text(&batch, &progress).trim_end());
    }
    Ok(())
}

/// For people.
pub(super) fn text(batch: &Batch, progress: &Progress) -> String {
    let machine = match &batch.plan.machine {
        OnMachine::HangUp => "the call is ended".to_owned(),
        OnMachine::GoOn => "the agent goes on".to_owned(),
        OnMachine::LeaveMessage(message) => format!("message: {message}"),
    };
    let head = [
        ("batch", format!("{} ({})", batch.id, batch.name)),
        ("status", status(batch.status).to_owned()),
        ("agent", format!("{}/{} from {}", batch.company, batch.agent, batch.from.reveal())),
        ("plan", plan::shown(&batch.plan)),
        ("machines", machine),
        ("consent", batch.consent.clone()),
        ("begun", format!("{} by {}", moment(batch.created_ms), batch.by)),
    ];
    let head: Vec<Vec<String>> = head.into_iter().map(|(name, text)| vec![name.to_owned(), text]).collect();
    format!("{}\n{}\n{}", table(&head), bar(progress), counts(progress))
}

/// How far, at a glance.
fn bar(progress: &Progress) -> String {
    let part = |rows: u64| (rows * BAR).checked_div(progress.rows).unwrap_or_default() as usize;
    let (full, busy) = (part(done(progress)), part(done(progress) + progress.under_way));
    let bar = format!("{}{}{}", "#".repeat(full), ">".repeat(busy - full), "-".repeat(BAR as usize - busy));
    format!("[{bar}] {} of {}\n", done(progress), progress.rows)
}

/// Every row once: those that are done by outcome, those under way, those that wait.
fn counts(progress: &Progress) -> String {
    let outcomes = Outcome::ALL.into_iter().filter_map(|outcome| {
        let rows = progress.outcomes.get(&outcome).filter(|rows| **rows > 0)?;
        Some((outcome.as_str(), rows.to_string()))
    });
    let next = progress.next_due_ms.map(|at_ms| format!("  next from {} on", moment(at_ms))).unwrap_or_default();
    let rest = [
        ("under way", progress.under_way.to_string()),
        ("waiting", format!("{}{next}", progress.waiting)),
        ("all rows", progress.rows.to_string()),
        ("attempts", progress.attempts.to_string()),
    ];
    let rows: Vec<Vec<String>> = outcomes.chain(rest).map(|(name, count)| vec![format!("  {name}"), count]).collect();
    table(&rows)
}
