//! Private Redis, NATS with JetStream and PostgreSQL, on free ports in one temporary folder.
//!
//! Whoever holds [`Servers`] has the three servers; dropping it stops them and removes the folder. Should the holder die
//! without dropping (panic, Ctrl-C, `kill -9`, a `static`), a [watchdog](watchdog) does the same. They listen on
//! 127.0.0.1 only, hold nothing worth keeping, and are never the ones a developer runs beside them.

mod install;
mod nats;
mod postgres;
mod process;
mod programs;
mod redis;
mod watchdog;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

pub use install::{install, missing};
use process::{Ports, Process};
use watchdog::Watchdog;

/// How long one server may take until it answers. Quiet machines need less than a second; a busy one with two cores a few.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How often a server is started again when it ends at once: another process took the port between choosing and binding,
/// or the last of a killed PostgreSQL's processes still holds its memory.
const STARTS: u32 = 40;

/// Between two such starts.
const START_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Redis, append-only file on, no eviction: as production must run it.
    Redis,
    /// nats-server with JetStream on disk.
    Nats,
    /// PostgreSQL without fsync: a killed server loses nothing, only a lost machine would.
    Postgres,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Server::Redis => "redis",
            Server::Nats => "nats",
            Server::Postgres => "postgres",
        }
    }

    /// Makes the server's files, once.
    fn prepare(self, dir: &Path) -> Result<()> {
        match self {
            Server::Redis => redis::prepare(dir),
            Server::Nats => nats::prepare(dir),
            Server::Postgres => postgres::prepare(dir),
        }
    }

    fn launch(self, dir: &Path, ports: Ports) -> Result<Process> {
        let command = match self {
            Server::Redis => redis::command(dir, ports)?,
            Server::Nats => nats::command(dir, ports)?,
            Server::Postgres => postgres::command(dir, ports)?,
        };
        Process::start(command, dir, self.name())
    }

    /// Whether the server answers in its own protocol, not only accepts a connection.
    fn answers(self, ports: Ports) -> bool {
        match self {
            Server::Redis => redis::answers(ports),
            Server::Nats => nats::answers(ports),
            Server::Postgres => postgres::answers(ports),
        }
    }
}

/// The three running servers and where they are.
#[derive(Debug)]
pub struct Servers {
    /// `redis://127.0.0.1:PORT`
    pub redis_url: String,
    /// `nats://127.0.0.1:PORT`
    pub nats_url: String,
    /// `http://127.0.0.1:PORT`, NATS's monitoring (`/healthz`, `/jsz`)
    pub nats_monitor_url: String,
    /// `postgres://postgres@127.0.0.1:PORT/patchbay`, an empty database owned by its superuser
    pub database_url: String,
    running: [Running; 3],
    dir: tempfile::TempDir,
    _watchdog: Watchdog,
}

#[derive(Debug)]
struct Running {
    server: Server,
    ports: Ports,
    process: Mutex<Option<Process>>,
}

impl Servers {
    /// Starts all three and returns when each of them answers: about a second on a quiet machine. Blocks the thread.
    pub fn start() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("patchbay-servers-")
            .tempdir()
            .context("failed to make a temporary folder for the servers")?;
        process::let_others_enter(dir.path())?;
        let watchdog = Watchdog::start(dir.path())?;
        let redis = Running::start(Server::Redis, dir.path())?;
        let nats = Running::start(Server::Nats, dir.path())?;
        let postgres = Running::start(Server::Postgres, dir.path())?;
        postgres::create_database(postgres.ports)?;
        Ok(Self {
            redis_url: format!("redis://127.0.0.1:{}", redis.ports.client),
            nats_url: format!("nats://127.0.0.1:{}", nats.ports.client),
            nats_monitor_url: format!("http://127.0.0.1:{}", nats.ports.monitor),
            database_url: postgres::url(postgres.ports),
            running: [redis, nats, postgres],
            dir,
            _watchdog: watchdog,
        })
    }

    /// The variables by which tests find the servers. They have names of their own, so that a test run never touches
    /// what a developer's `REDIS_URL` points to.
    pub fn test_environment(&self) -> [(&'static str, &str); 3] {
        [
            ("PATCHBAY_TEST_REDIS_URL", &self.redis_url),
            ("PATCHBAY_TEST_NATS_URL", &self.nats_url),
            ("PATCHBAY_TEST_DATABASE_URL", &self.database_url),
        ]
    }

    /// The variables by which Patchbay itself finds the servers.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [("REDIS_URL", &self.redis_url), ("NATS_URL", &self.nats_url), ("DATABASE_URL", &self.database_url)]
    }

    /// `kill -9`, and returns when the process is gone. Nothing happens if it is down already.
    pub fn kill(&self, server: Server) {
        if let Some(mut process) = self.running(server).process().take() {
            process.kill();
        }
    }

    /// Starts a killed server again on the same files and the same port, and returns when it answers. Nothing happens if
    /// it runs.
    pub fn restart(&self, server: Server) -> Result<()> {
        let running = self.running(server);
        let mut process = running.process();
        if process.is_none() {
            *process = Some(bring_up(server, self.dir.path(), || Ok(running.ports))?.0);
        }
        Ok(())
    }

    fn running(&self, server: Server) -> &Running {
        self.running.iter().find(|running| running.server == server).expect("each server has its place")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for running in &self.running {
            // PostgreSQL takes its other processes and its shared memory along only when it is asked to stop.
            if let Some(mut process) = running.process().take() {
                process.stop();
            }
        }
    }
}

impl Running {
    fn start(server: Server, dir: &Path) -> Result<Self> {
        server.prepare(dir)?;
        let (process, ports) = bring_up(server, dir, Ports::free)?;
        Ok(Self { server, ports, process: Mutex::new(Some(process)) })
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Launches the server on the ports it is given until it stays up, and waits until it answers.
fn bring_up(server: Server, dir: &Path, mut ports: impl FnMut() -> Result<Ports>) -> Result<(Process, Ports)> {
    for _ in 0..STARTS {
        let ports = ports()?;
        let mut process = server.launch(dir, ports)?;
        let up = crate::patience::wait_for(READY_WITHIN, || {
            if process.has_ended() { Some(false) } else { server.answers(ports).then_some(true) }
        });
        match up {
            Some(true) if !process.has_ended() => return Ok((process, ports)),
            Some(_) => crate::patience::wait_for(START_AGAIN_AFTER, || None::<()>),
            None => {
                bail!("{} does not answer after {READY_WITHIN:?}\n{}", server.name(), process::log(dir, server.name()))
            }
        };
    }
    bail!("{} ends as soon as it is started\n{}", server.name(), process::log(dir, server.name()))
}
