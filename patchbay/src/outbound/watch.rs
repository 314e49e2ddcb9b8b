//! `patchbay outbound watch`: follows a batch until nothing more happens in it.

use super::list::{document, done, status};
use super::rows::{self, Pages};
use super::{known, open, show, words};
use crate::agents::{asked, line};
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::ids::BatchId;
use common::ports::Outbound;
use common::ports::outbound::{Batch, BatchStatus, Outcome, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// From one look to the next.
const BEAT: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(crate) struct WatchArgs {
    /// The batch, as `patchbay outbound list` shows it
    #[arg(value_name = "BATCH", value_parser = words::batch)]
    id: BatchId,
    /// A line of JSON whenever something has changed, and nothing else
    #[arg(long)]
    json: bool,
}

/// Follows it.
pub(super) async fn run(config: &Config, args: &WatchArgs) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    if args.json {
        let mut before = None;
        let each = |batch: &Batch, progress: &Progress| {
            let now = (batch.status, progress.clone());
            if before.as_ref() != Some(&now) {
                line(document(batch, progress));
                before = Some(now);
            }
        };
        follow(outbound.as_ref(), &args.id, each).await?;
        return Ok(());
    }
    let (_, progress) = known(outbound.as_ref(), &args.id).await?;
    let bar = ProgressBar::new(progress.rows);
    let style = "{bar:40} {pos}/{len}  {msg}";
    bar.set_style(ProgressStyle::with_template(style).context("failed to draw")?);
    let (batch, progress) = follow(outbound.as_ref(), &args.id, |batch, progress| {
        bar.set_position(done(progress));
        bar.set_message(format!("{}, {} under way", status(batch.status), progress.under_way));
    })
    .await?;
    bar.finish_and_clear();
    line(show::text(&batch, &progress).trim_end());
    Ok(())
}

/// Looks again and again until every row has its outcome. A batch that is paused may be resumed: it is followed on.
async fn follow(
    outbound: &dyn Outbound,
    id: &BatchId,
    mut each: impl FnMut(&Batch, &Progress),
) -> anyhow::Result<(Batch, Progress)> {
    loop {
        let (batch, progress) = known(outbound, id).await?;
        each(&batch, &progress);
        let is_over = matches!(batch.status, BatchStatus::Done | BatchStatus::Cancelled);
        if is_over && progress.under_way == 0 {
            return Ok((batch, progress));
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// Follows a batch of one and says what became of it; fails unless somebody answered.
pub(super) async fn one(outbound: &dyn Outbound, id: &BatchId, json: bool) -> anyhow::Result<()> {
    follow(outbound, id, |_, _| ()).await?;
    let page = Pages::new(outbound, id).next().await?.unwrap_or_default();
    let row = page.first().context("the batch has lost its row")?;
    let outcome = row.outcome.context("the batch ended without an outcome")?;
    if json {
        line(format_args!("{:#}", rows::document(row)));
    } else {
        let detail = if row.detail.is_empty() { String::new() } else { format!(" ({})", row.detail) };
        line(format_args!("{}{detail} after {} tries", outcome.as_str(), row.attempts));
        if let Some(call) = &row.call {
            line(format_args!("patchbay calls show {call}"));
        }
    }
    anyhow::ensure!(outcome == Outcome::Answered || outcome == Outcome::MessageLeft, "nobody was reached");
    Ok(())
}

/// How far it is, once, after something was done to it.
pub(super) async fn glance(outbound: &dyn Outbound, id: &BatchId) -> anyhow::Result<Progress> {
    asked(outbound.progress(id).await)
}
