//! Patchbay as its users run it: gateway, workers and recorder as processes of their own, on real stores.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use xtask::servers::Servers;

use super::{
    KEY, Routing, RunArgs,
    process::{self, Process, Recipe, Usage},
};
use crate::{
    network::{Network, NetworkConfig},
    report,
};

/// What the processes are started with.
pub(super) struct Launch<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) servers: &'a Servers,
    /// The provider's base URL.
    pub(super) provider: &'a str,
    pub(super) network: &'a Network,
    pub(super) config: &'a NetworkConfig,
    /// The gateway's port.
    pub(super) gateway: u16,
}

/// The running processes, and where their logs are.
#[derive(Debug)]
pub(super) struct System {
    processes: Vec<Measured>,
    /// This program: its telephones and its provider use the same machine.
    own: (Usage, Usage),
    /// Holds the logs unless the user gave a folder for them.
    logs: Option<TempDir>,
}

#[derive(Debug)]
struct Measured {
    process: Process,
    idle: Usage,
    load: Usage,
}

impl System {
    /// Creates the tables, starts all roles and waits until each is ready.
    pub(super) async fn start(launch: &Launch<'_>, workers: &[(String, u16)]) -> Result<Self> {
        let (dir, scratch) = logs(launch.args)?;
        let program = process::patchbay(launch.args.patchbay.as_deref())?;
        let base = environment(launch)?;
        let recipe = |name: &str, role: &str, extra: Vec<(&str, String)>| -> Result<Recipe> {
            let ops = process::free_port()?;
            let mut environment = base.clone();
            environment.extend(extra.into_iter().map(|(key, value)| (key.to_owned(), value)));
            environment.push(("PATCHBAY_OPS__LISTEN".to_owned(), format!("127.0.0.1:{ops}")));
            Ok(Recipe {
                name: name.to_owned(),
                program: program.clone(),
                arguments: vec![role.to_owned()],
                environment,
                dir: dir.clone(),
                log: dir.join(format!("{name}.log")),
                ops,
            })
        };
        migrate(&program, &base, &dir).await?;
        let listen = |port: u16| format!("127.0.0.1:{port}");
        let mut recipes = vec![recipe("recorder", "recorder", Vec::new())?];
        for (id, port) in workers {
            let own = vec![("PATCHBAY_WORKER__ID", id.clone()), ("PATCHBAY_WORKER__LISTEN", listen(*port))];
            recipes.push(recipe(id, "worker", own)?);
        }
        recipes.push(recipe("gateway", "gateway", vec![("PATCHBAY_GATEWAY__LISTEN", listen(launch.gateway))])?);
        let started = recipes.into_iter().map(|recipe| Process::start(recipe).map(Measured::new));
        let (processes, own) = (started.collect::<Result<_>>()?, Default::default());
        let mut system = Self { processes, own, logs: scratch };
        let client = reqwest::Client::new();
        for measured in &mut system.processes {
            measured.process.ready(&client).await?;
        }
        Ok(system)
    }

    /// Remembers what the processes cost before the first call.
    pub(super) fn measure_idle(&mut self) {
        self.processes.iter_mut().for_each(|measured| measured.idle = measured.process.usage());
        self.own.0 = process::usage(std::process::id()).unwrap_or_default();
    }

    /// Remembers what they cost after the last.
    pub(super) fn measure_load(&mut self) {
        self.processes.iter_mut().for_each(|measured| measured.load = measured.process.usage());
        self.own.1 = process::usage(std::process::id()).unwrap_or_default();
    }

    /// What each cost, for so many minutes of calls; this program last.
    pub(super) fn costs(&self, minutes: f64) -> Vec<report::Process> {
        let cost = |name: &str, idle: &Usage, load: &Usage, killed: u32| {
            let cpu_s = load.cpu_s - idle.cpu_s;
            report::Process {
                name: name.to_owned(),
                cpu_s,
                cpu_s_per_call_minute: cpu_s / minutes.max(f64::MIN_POSITIVE),
                idle_kib: idle.resident_kib,
                peak_kib: load.peak_kib,
                killed,
            }
        };
        let of = |measured: &Measured| {
            let (process, idle, load) = (&measured.process, &measured.idle, &measured.load);
            cost(&process.recipe.name, idle, load, process.killed)
        };
        let own = cost("(telephones and provider)", &self.own.0, &self.own.1, 0);
        self.processes.iter().map(of).chain([own]).collect()
    }

    /// The name of a process that ended by itself.
    pub(super) fn dead(&mut self) -> Option<String> {
        let dead = self.processes.iter_mut().find_map(|measured| {
            let name = measured.process.recipe.name.clone();
            measured.process.ended().then_some(name)
        });
        if dead.is_some() {
            // The reader is sent to the log, so it must outlive the run.
            self.logs.take().map(TempDir::keep);
        }
        dead
    }

    /// Where a process writes its log.
    pub(super) fn log_of(&self, name: &str) -> PathBuf {
        let found = self.processes.iter().find(|measured| measured.process.recipe.name == name);
        found.map(|measured| measured.process.recipe.log.clone()).unwrap_or_default()
    }

    /// SIGKILLs the first process of this role and starts another.
    pub(super) async fn kill(&mut self, role: &str) -> Result<()> {
        let found = self.processes.iter_mut().find(|measured| measured.process.recipe.name.starts_with(role));
        let measured = found.with_context(|| format!("no process is called {role}"))?;
        measured.process.kill_and_restart().await
    }

    /// Stops them all, the way in first.
    pub(super) async fn stop(&mut self) {
        for measured in self.processes.iter_mut().rev() {
            measured.process.stop().await;
        }
    }
}

impl Measured {
    fn new(process: Process) -> Self {
        Self { process, idle: Usage::default(), load: Usage::default() }
    }
}

fn logs(args: &RunArgs) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(dir) = &args.logs {
        std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
        return Ok((dir.canonicalize().context("find the logs' folder")?, None));
    }
    let scratch = tempfile::Builder::new().prefix("patchbay-loadtest-").tempdir().context("make a folder for logs")?;
    Ok((scratch.path().to_owned(), Some(scratch)))
}

/// What all roles are told; nothing of this program's own environment reaches them.
fn environment(launch: &Launch<'_>) -> Result<Vec<(String, String)>> {
    let args = launch.args;
    let agents = args.agents.canonicalize().with_context(|| format!("find {}", args.agents.display()))?;
    let routing = match args.routing {
        Routing::Direct => "direct",
        Routing::Relay => "relay",
    };
    let variables = [
        ("REDIS_URL", launch.servers.redis_url.clone()),
        ("NATS_URL", launch.servers.nats_url.clone()),
        ("DATABASE_URL", launch.servers.database_url.clone()),
        ("PUBLIC_URL", format!("http://127.0.0.1:{}", launch.gateway)),
        ("TWILIO_ACCOUNT_SID", launch.config.account_sid.clone()),
        ("TWILIO_AUTH_TOKEN", launch.config.auth_token.clone()),
        ("TWILIO_API_BASE_URL", launch.network.api_base_url().to_owned()),
        ("OPENAI_API_KEY", KEY.to_owned()),
        ("OPENAI_BASE_URL", launch.provider.to_owned()),
        ("PATCHBAY_SECRET", "a secret that only this load run knows".to_owned()),
        ("PATCHBAY_AGENTS__DIR", agents.display().to_string()),
        ("PATCHBAY_ROUTING", routing.to_owned()),
        ("PATCHBAY_WORKER__SEATS", args.calls.to_string()),
        ("PATCHBAY_LOG__FORMAT", "json".to_owned()),
        ("RUST_LOG", "info".to_owned()),
    ];
    Ok(variables.map(|(key, value)| (key.to_owned(), value)).to_vec())
}

async fn migrate(program: &Path, environment: &[(String, String)], dir: &Path) -> Result<()> {
    let mut command = tokio::process::Command::new(program);
    command.arg("migrate").env_clear().envs(environment.iter().cloned()).current_dir(dir);
    let done = command.output().await.context("run patchbay migrate")?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "patchbay migrate ended with {}: {said}", done.status);
    Ok(())
}
