//! One process of the system under test: started, asked whether it is ready, measured, killed, stopped.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

/// How long a process may take until it is ready.
const READY_WAIT: Duration = Duration::from_secs(30);
/// How often it is asked.
const READY_AGAIN: Duration = Duration::from_millis(50);
/// How long a process may take to stop after SIGTERM.
const STOP_WAIT: Duration = Duration::from_secs(15);
/// Ticks of `utime` and `stime` in a second: Linux's USER_HZ, 100 on every architecture it runs on.
const TICKS_A_SECOND: f64 = 100.0;
/// Lines of a log shown when a process does not come up.
const LOG_LINES: usize = 12;

/// How a process is started, again and again if it is killed on purpose.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) dir: PathBuf,
    pub(super) log: PathBuf,
    /// Port of `/readyz`.
    pub(super) ops: u16,
}

/// CPU and memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) cpu_s: f64,
    pub(super) resident_kib: u64,
    pub(super) peak_kib: u64,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) recipe: Recipe,
    child: Child,
    pub(super) killed: u32,
    /// CPU of its incarnations that were killed.
    spent_cpu_s: f64,
}

impl Process {
    /// Starts it; it is not ready yet.
    pub(super) fn start(recipe: Recipe) -> Result<Self> {
        let child = spawn(&recipe)?;
        Ok(Self { recipe, child, killed: 0, spent_cpu_s: 0.0 })
    }

    /// Waits until `/readyz` says so.
    pub(super) async fn ready(&mut self, client: &reqwest::Client) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/readyz", self.recipe.ops);
        let deadline = Instant::now() + READY_WAIT;
        let mut reason = String::new();
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().context("look at a process")? {
                bail!("{} ended with {status} before it was ready\n{}", self.recipe.name, self.last_lines());
            }
            match client.get(&url).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => reason = answer.text().await.unwrap_or_default(),
                Err(problem) => reason = problem.to_string(),
            }
            tokio::time::sleep(READY_AGAIN).await;
        }
        bail!("{} is not ready after {READY_WAIT:?}: {reason}\n{}", self.recipe.name, self.last_lines())
    }

    /// Whether it has ended by itself.
    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// CPU since its first start, memory now.
    pub(super) fn usage(&self) -> Usage {
        let mut usage = self.child.id().and_then(usage).unwrap_or_default();
        usage.cpu_s += self.spent_cpu_s;
        usage
    }

    /// SIGKILL, and a new one in its place.
    pub(super) async fn kill_and_restart(&mut self) -> Result<()> {
        self.spent_cpu_s = self.usage().cpu_s;
        self.child.kill().await.with_context(|| format!("kill {}", self.recipe.name))?;
        self.killed += 1;
        self.child = spawn(&self.recipe)?;
        Ok(())
    }

    /// SIGTERM, then SIGKILL for one that does not listen.
    pub(super) async fn stop(&mut self) {
        if let Some(pid) = self.child.id() {
            // A process that is gone already cannot be told.
            let _told = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status().await;
        }
        if tokio::time::timeout(STOP_WAIT, self.child.wait()).await.is_err() {
            eprintln!("{} did not stop within {STOP_WAIT:?} and is killed", self.recipe.name);
            // If even this fails, `kill_on_drop` tries once more.
            let _gone = self.child.kill().await;
        }
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read_to_string(&self.recipe.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

fn spawn(recipe: &Recipe) -> Result<Child> {
    let log = File::options().create(true).append(true).open(&recipe.log);
    let log = log.with_context(|| format!("open {}", recipe.log.display()))?;
    let too = log.try_clone().context("open a log twice")?;
    Command::new(&recipe.program)
        .args(&recipe.arguments)
        .env_clear()
        .envs(recipe.environment.iter().cloned())
        .current_dir(&recipe.dir)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(too)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {}", recipe.program.display()))
}

/// CPU and memory of a process by its id, as Linux tells them (proc(5), read 2026-11).
pub(super) fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after it are numbers, state first.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Some(Usage {
        cpu_s: (ticks(11)? + ticks(12)?) / TICKS_A_SECOND,
        resident_kib: kib("VmRSS:")?,
        peak_kib: kib("VmHWM:")?,
    })
}

/// A port nobody listens on at this moment.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr().context("read a free port")?.port())
}

/// The program built beside this one, or what to type.
pub(super) fn patchbay(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return given.canonicalize().with_context(|| format!("find {}", given.display()));
    }
    let own = std::env::current_exe().context("find this program")?;
    let beside = own.with_file_name("patchbay");
    if beside.exists() {
        return Ok(beside);
    }
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    bail!("there is no patchbay beside {}; build it with: cargo build{profile} -p patchbay", own.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_memory() {
        let usage = usage(std::process::id()).unwrap();
        assert!(usage.resident_kib > 0 && usage.peak_kib >= usage.resident_kib, "{usage:?}");
    }
}
