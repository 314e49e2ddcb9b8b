//! One server process: started with its output in a file, killed and always waited for, so that no zombie keeps its place.

use std::collections::hash_map::RandomState;
use std::fs::{self, OpenOptions};
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::patience::wait_for;

/// Where ports are taken from. Below the range from which systems take the ports of outgoing connections (32768 on Linux,
/// 49152 on macOS): while a server is down, a client that redials a port of that range can end up connected to itself.
const PORTS: std::ops::Range<u64> = 15_000..32_000;

/// How long a server may take to stop when asked. Then it is killed.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

/// How long one question to a server may take.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// Lines of a server's log that stand in an error message.
const LOG_LINES: usize = 15;

/// Where one server listens. Only NATS has a monitor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) client: u16,
    pub(super) monitor: u16,
}

impl Ports {
    /// Two ports nobody listens on at this moment.
    pub(super) fn free() -> Result<Self> {
        Ok(Self { client: free_port()?, monitor: free_port()? })
    }

    /// A connection to the server, with time-outs set.
    pub(super) fn connect(self) -> Option<TcpStream> {
        let address = (Ipv4Addr::LOCALHOST, self.client).into();
        let stream = TcpStream::connect_timeout(&address, ANSWERS_WITHIN).ok()?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN)).ok()?;
        stream.set_write_timeout(Some(ANSWERS_WITHIN)).ok()?;
        Some(stream)
    }
}

fn free_port() -> Result<u16> {
    (0..100)
        .filter_map(|_| u16::try_from(PORTS.start + random() % (PORTS.end - PORTS.start)).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no port between 15000 and 32000 is free on 127.0.0.1")
}

/// The keys of a `RandomState` differ each time, which is all the chance that choosing a port needs.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid_file: PathBuf,
}

impl Process {
    /// Starts the command in a process group of its own, so that Ctrl-C reaches only its owner.
    pub(super) fn start(mut command: Command, dir: &Path, name: &str) -> Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(log_path(dir, name))?;
        let child = command
            .current_dir(dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", command.get_program().display()))?;
        let mut process = Self { pid_file: dir.join(format!("{name}.pid")), child };
        if let Err(error) = fs::write(&process.pid_file, process.child.id().to_string()) {
            process.kill();
            return Err(error).context("failed to note the server's process id for the watchdog");
        }
        Ok(process)
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the process to stop, kills it if it does not. INT is what all three take as "now, but in order"; TERM would let
    /// PostgreSQL wait for its clients.
    pub(super) fn stop(&mut self) {
        let asked = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        if asked.is_ok() {
            wait_for(STOPS_WITHIN, || self.has_ended().then_some(()));
        }
        self.kill();
    }

    pub(super) fn kill(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.pid_file);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The servers' folder is private to whoever made it; PostgreSQL runs as somebody else when that is root.
pub(super) fn let_others_enter(dir: &Path) -> Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o711)).context("failed to open the temporary folder")
}

/// Runs a command to its end; its output becomes the error when it fails.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("failed to start {name}"))?;
    anyhow::ensure!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The last lines of a server's log.
pub(super) fn log(dir: &Path, name: &str) -> String {
    let whole = fs::read(log_path(dir, name)).unwrap_or_default();
    let whole = String::from_utf8_lossy(&whole);
    let lines: Vec<&str> = whole.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

fn log_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.log"))
}
