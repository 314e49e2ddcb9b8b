//! Patchbay as its users run it: gateways, workers and recorders as processes of their own, on real stores.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;
use xtask::servers::Servers;

use super::{
    KEY, Routing,
    process::{self, Process, Recipe, Usage},
};
use crate::{
    network::{Network, NetworkConfig},
    report,
};

/// What the processes are started with.
pub(super) struct Launch<'a> {
    /// The program; the one built beside this one if not given.
    pub(super) patchbay: Option<&'a Path>,
    /// The folder of companies and agents.
    pub(super) agents: &'a Path,
    /// Where the roles find them.
    pub(super) packs: Packs,
    /// Where logs are kept, if they are to be kept.
    pub(super) logs: Option<&'a Path>,
    pub(super) routing: Routing,
    /// Calls a worker takes.
    pub(super) seats: usize,
    pub(super) servers: &'a Servers,
    /// The base URL of the provider of voice agents; none where all agents are scripted.
    pub(super) provider: Option<&'a str>,
    pub(super) network: &'a Network,
    pub(super) config: &'a NetworkConfig,
    /// The address Twilio reaches.
    pub(super) public: &'a str,
    /// The gateways' ports.
    pub(super) gateways: &'a [u16],
    /// The workers' names and ports.
    pub(super) workers: &'a [(String, u16)],
    /// How many recorders there are.
    pub(super) recorders: usize,
    /// Further settings of all roles.
    pub(super) settings: &'a [(&'a str, String)],
}

/// Where companies and agents are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packs {
    /// In their folder.
    Folder,
    /// In the database, into which they are applied first.
    Database,
}

/// The running processes, and where their logs are.
#[derive(Debug)]
pub(super) struct System {
    processes: Vec<Measured>,
    cli: Cli,
    /// This program: its telephones and its provider use the same machine.
    own: (Usage, Usage),
    /// Holds the logs unless the user gave a folder for them.
    logs: Option<TempDir>,
}

/// The program's command line, with the settings the roles have.
#[derive(Clone, Debug)]
pub(super) struct Cli {
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// Where it runs, and where files may be left for it.
    pub(super) dir: PathBuf,
}

#[derive(Debug)]
struct Measured {
    process: Process,
    idle: Usage,
    load: Usage,
}

impl System {
    /// Creates the tables, starts all roles and waits until each is ready.
    pub(super) async fn start(launch: &Launch<'_>) -> Result<Self> {
        let (dir, scratch) = logs(launch.logs)?;
        let program = process::patchbay(launch.patchbay)?;
        let agents = launch.agents.canonicalize().with_context(|| format!("find {}", launch.agents.display()))?;
        let cli = Cli { program, environment: environment(launch, &agents), dir };
        cli.run(&["migrate"]).await?;
        if launch.packs == Packs::Database {
            cli.run(&["agents", "apply", &agents.display().to_string(), "--yes"]).await?;
        }
        let started = recipes(launch, &cli)?.into_iter().map(|recipe| Process::start(recipe).map(Measured::new));
        let (processes, own) = (started.collect::<Result<_>>()?, Default::default());
        let mut system = Self { processes, cli, own, logs: scratch };
        let client = reqwest::Client::new();
        for measured in &mut system.processes {
            measured.process.ready(&client).await?;
        }
        Ok(system)
    }

    /// The command line beside the roles.
    pub(super) fn cli(&self) -> Cli {
        self.cli.clone()
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

    /// CPU of all processes of a role since their start, seconds.
    pub(super) fn cpu_s(&self, role: &str) -> f64 {
        let of_role = self.processes.iter().filter(|measured| measured.process.recipe.name.starts_with(role));
        of_role.map(|measured| measured.process.usage().cpu_s).sum()
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
            self.keep_logs();
        }
        dead
    }

    /// The logs outlive the run: its reader is sent to them.
    pub(super) fn keep_logs(&mut self) -> &Path {
        self.logs.take().map(TempDir::keep);
        &self.cli.dir
    }

    /// Where a process writes its log.
    pub(super) fn log_of(&self, name: &str) -> PathBuf {
        let found = self.processes.iter().find(|measured| measured.process.recipe.name == name);
        found.map(|measured| measured.process.recipe.log.clone()).unwrap_or_default()
    }

    /// SIGKILLs the process of this role that was killed least so far, and starts another; tells which it was.
    pub(super) async fn kill(&mut self, role: &str) -> Result<String> {
        let of_role = self.processes.iter_mut().filter(|measured| measured.process.recipe.name.starts_with(role));
        let least = of_role.min_by_key(|measured| measured.process.killed);
        let measured = least.with_context(|| format!("no process is called {role}"))?;
        measured.process.kill_and_restart().await?;
        Ok(measured.process.recipe.name.clone())
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

impl Cli {
    /// Runs a command to its end; gives what it printed.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(self.environment.iter().cloned()).current_dir(&self.dir);
        let name = format!("patchbay {}", arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        let done = command.kill_on_drop(true).output().await.with_context(|| format!("run {name}"))?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{name} ended with {}: {said}", done.status);
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

/// How each role is started; recorders first, the way in last.
fn recipes(launch: &Launch<'_>, cli: &Cli) -> Result<Vec<Recipe>> {
    let recipe = |name: String, role: &str, own: Vec<(&str, String)>| -> Result<Recipe> {
        let ops = process::free_port()?;
        let mut environment = cli.environment.clone();
        environment.extend(own.into_iter().map(|(key, value)| (key.to_owned(), value)));
        environment.push(("PATCHBAY_OPS__LISTEN".to_owned(), format!("127.0.0.1:{ops}")));
        Ok(Recipe {
            program: cli.program.clone(),
            arguments: vec![role.to_owned()],
            environment,
            dir: cli.dir.clone(),
            log: cli.dir.join(format!("{name}.log")),
            name,
            ops,
        })
    };
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let named = |role: &str, of: usize, at: usize| if of == 1 { role.to_owned() } else { format!("{role}-{at}") };
    let mut recipes = Vec::new();
    for at in 0..launch.recorders {
        recipes.push(recipe(named("recorder", launch.recorders, at), "recorder", Vec::new())?);
    }
    for (id, port) in launch.workers {
        let own = vec![("PATCHBAY_WORKER__ID", id.clone()), ("PATCHBAY_WORKER__LISTEN", listen(*port))];
        recipes.push(recipe(id.clone(), "worker", own)?);
    }
    for (at, port) in launch.gateways.iter().enumerate() {
        let own = vec![("PATCHBAY_GATEWAY__LISTEN", listen(*port))];
        recipes.push(recipe(named("gateway", launch.gateways.len(), at), "gateway", own)?);
    }
    Ok(recipes)
}

fn logs(kept: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(dir) = kept {
        std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
        return Ok((dir.canonicalize().context("find the logs' folder")?, None));
    }
    let scratch = tempfile::Builder::new().prefix("patchbay-loadtest-").tempdir().context("make a folder for logs")?;
    Ok((scratch.path().to_owned(), Some(scratch)))
}

/// What all roles are told; nothing of this program's own environment reaches them.
fn environment(launch: &Launch<'_>, agents: &Path) -> Vec<(String, String)> {
    let routing = match launch.routing {
        Routing::Direct => "direct",
        Routing::Relay => "relay",
    };
    let mut variables = vec![
        ("REDIS_URL", launch.servers.redis_url.clone()),
        ("NATS_URL", launch.servers.nats_url.clone()),
        ("DATABASE_URL", launch.servers.database_url.clone()),
        ("PUBLIC_URL", launch.public.to_owned()),
        ("TWILIO_ACCOUNT_SID", launch.config.account_sid.clone()),
        ("TWILIO_AUTH_TOKEN", launch.config.auth_token.clone()),
        ("TWILIO_API_BASE_URL", launch.network.api_base_url().to_owned()),
        ("PATCHBAY_SECRET", "a secret that only this load run knows".to_owned()),
        ("PATCHBAY_AGENTS__DIR", agents.display().to_string()),
        ("PATCHBAY_ROUTING", routing.to_owned()),
        ("PATCHBAY_WORKER__SEATS", launch.seats.to_string()),
        ("PATCHBAY_LOG__FORMAT", "json".to_owned()),
        ("RUST_LOG", "info".to_owned()),
    ];
    if let Some(provider) = launch.provider {
        variables.extend([("OPENAI_API_KEY", KEY.to_owned()), ("OPENAI_BASE_URL", provider.to_owned())]);
    }
    variables.extend(launch.settings.iter().cloned());
    variables.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
