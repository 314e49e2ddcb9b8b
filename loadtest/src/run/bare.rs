//! The bare relay at the load of the run just made: its own process, the same number of lines, frames and messages.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{process, progress::Progress};
use crate::{
    limit::{
        lines::{self, Lines},
        peer::{Peer, Rate},
    },
    report::{LimitRun, Percentiles},
};

/// Runs `count` lines for this long through a relay process, with so many messages a second back.
pub(super) async fn run(count: usize, duration: Duration, messages: f64, bytes: usize) -> Result<LimitRun> {
    let mut peer = Peer::start(Rate { messages, bytes }).await?;
    let (mut relay, address) = start(&format!("ws://{}", peer.address)).await?;
    let pid = relay.id().context("the relay ended at once")?;
    let progress = Progress::start("lines", count, duration);
    let before = process::usage(pid).context("measure the relay")?;
    let near = lines::run(&Lines { url: format!("ws://{address}"), count, duration }).await?;
    let after = process::usage(pid).context("measure the relay")?;
    progress.finish();
    let far = peer.until(count).await;
    relay.kill().await.context("stop the relay")?;
    let minutes = count as f64 * duration.as_secs_f64() / 60.0;
    Ok(LimitRun {
        lines: count,
        frames: near.sent,
        lost: near.sent.saturating_sub(far.received),
        cpu_s_per_call_minute: (after.cpu_s - before.cpu_s) / minutes,
        up_ms: Percentiles::of(far.delays),
        down_ms: Percentiles::of(near.delays),
    })
}

/// Starts this program again as the relay; its first line says where it listens.
async fn start(to: &str) -> Result<(Child, String)> {
    let own = std::env::current_exe().context("find this program")?;
    let mut child = Command::new(own)
        .args(["limit", "--listen", "127.0.0.1:0", "--to", to])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("start the bare relay")?;
    let stdout = child.stdout.take().context("read from the bare relay")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await.context("read from the bare relay")?;
    let address = line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned();
    ensure!(!address.is_empty(), "the bare relay did not say where it listens");
    Ok((child, address))
}
