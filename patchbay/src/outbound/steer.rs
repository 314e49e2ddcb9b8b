//! `patchbay outbound pause`, `resume`, `cancel`.

use super::list::{done, status};
use super::{BatchArgs, known, open, watch};
use crate::agents::{asked, line};
use anyhow::Context;
use common::config::Config;
use common::ports::outbound::BatchStatus;
use serde_json::json;

/// Nobody is called any more for now.
pub(super) async fn pause(config: &Config, args: &BatchArgs) -> anyhow::Result<()> {
    turn(config, args, BatchStatus::Paused).await
}

/// They are called again.
pub(super) async fn resume(config: &Config, args: &BatchArgs) -> anyhow::Result<()> {
    turn(config, args, BatchStatus::Running).await
}

/// Nobody is called any more.
pub(super) async fn cancel(config: &Config, args: &BatchArgs) -> anyhow::Result<()> {
    turn(config, args, BatchStatus::Cancelled).await
}

async fn turn(config: &Config, args: &BatchArgs, to: BatchStatus) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    known(outbound.as_ref(), &args.id).await?;
    let now = asked(outbound.set_status(&args.id, to).await)?.context("the batch is gone")?;
    let progress = watch::glance(outbound.as_ref(), &args.id).await?;
    if args.json {
        let document =
            json!({"batch": args.id, "status": now, "under_way": progress.under_way, "waiting": progress.waiting});
        line(format_args!("{document:#}"));
    } else {
        let (under_way, waiting) = (progress.under_way, progress.waiting);
        line(format_args!(
            "{} is {}: {} done, {under_way} under way, {waiting} waiting",
            args.id,
            status(now),
            done(&progress)
        ));
    }
    anyhow::ensure!(now == to, "the batch is {} and stays so", status(now));
    Ok(())
}
