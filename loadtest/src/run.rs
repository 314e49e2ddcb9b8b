//! A load run: starts the system as its users do, places the calls, and holds every account against every other.
//!
//! The order of a run: private stores, the provider and the telephone network in this process, Patchbay's roles as
//! processes of their own, the calls, the record in Postgres, and the bare relay at the same load for comparison.
//! What it finds goes to `report`. With `--against` the system is one that already runs.

mod bare;
mod callers;
pub mod campaign;
mod chaos;
mod process;
mod progress;
mod record;
pub mod recording;
mod system;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use tokio::sync::Mutex;
use xtask::servers::Servers;

use crate::{
    ledger::{self, Account, Sessions},
    network::{Network, NetworkConfig, Route},
    phone::CallTruth,
    provider::{Marking, Options, Pace, Provider, Variety, faults::Faults, script::Script},
    report::{Figures, LimitRun, Limits, Percentiles},
};
use callers::{Callers, Crowd};
use chaos::Kills;
use system::{Launch, Packs, System};

/// The key the look-alike takes.
const KEY: &str = "sk-loadtest";

/// A load run's command line.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Calls at the same time.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub calls: usize,
    /// How long each call lasts.
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = duration)]
    pub duration: Duration,
    /// Time over which the calls begin.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    pub ramp: Duration,
    /// How callers behave.
    #[arg(long, default_value = "mixed", value_name = "NAME")]
    pub scenario: Scenario,
    /// Worker processes.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub workers: usize,
    /// How media streams reach their worker.
    #[arg(long, default_value = "direct", value_name = "HOW")]
    pub routing: Routing,
    /// Kills a role's process with SIGKILL so many times during the calls, e.g. recorder:50.
    #[arg(long, value_name = "ROLE:N")]
    pub kill: Vec<Kills>,
    /// How much audio the provider sends in one message.
    #[arg(long, default_value = "100ms", value_name = "TIME", value_parser = duration)]
    pub delta: Duration,
    /// How many times faster than speech the provider generates audio.
    #[arg(long, default_value_t = 5.0, value_name = "TIMES")]
    pub speed: f64,
    /// How long the provider takes to open a session.
    #[arg(long, default_value = "300ms", value_name = "TIME", value_parser = duration)]
    pub provider_open: Duration,
    /// A fault of the provider with its probability and, where it has one, its time or code: stall-in-audio=0.1,3000.
    #[arg(long, value_name = "NAME=P")]
    pub fault: Vec<String>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How long the bare relay runs for comparison; 0s leaves it out.
    #[arg(long, default_value = "20s", value_name = "TIME", value_parser = duration)]
    pub limit_duration: Duration,
    /// Writes the figures as JSON; `-` writes them to the terminal instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The patchbay program; the one built beside this program if not given.
    #[arg(long, value_name = "FILE")]
    pub patchbay: Option<PathBuf>,
    /// The folder of companies and agents.
    #[arg(long, value_name = "DIR", default_value_os_t = agents())]
    pub agents: PathBuf,
    /// The number that is called.
    #[arg(long, default_value = "+15005550006", value_name = "NUMBER")]
    pub to: String,
    /// Keeps the processes' logs in this folder.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
    /// A gateway that already runs, e.g. http://127.0.0.1:8080; start it with OPENAI_BASE_URL=ws://ADDRESS/v1 (see
    /// `--provider-listen`), OPENAI_API_KEY=sk-loadtest and the account below.
    #[arg(long, value_name = "URL")]
    pub against: Option<String>,
    /// Where the provider listens.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub provider_listen: String,
    /// The Twilio account that a running system knows.
    #[arg(long, value_name = "SID", env = "TWILIO_ACCOUNT_SID")]
    pub account_sid: Option<String>,
    /// Its auth token.
    #[arg(long, value_name = "TOKEN", env = "TWILIO_AUTH_TOKEN", hide_env_values = true)]
    pub auth_token: Option<String>,
    /// The database of a running system, to check its record.
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// What must hold.
    #[command(flatten)]
    pub limits: Limits,
}

/// How callers behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Three languages; every third caller interrupts.
    Mixed,
    /// Nobody interrupts.
    Calm,
    /// Everybody interrupts every answer.
    Barging,
}

/// How media streams reach their worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Routing {
    /// Straight to the worker.
    Direct,
    /// Through the gateway.
    Relay,
}

fn agents() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../agents"))
}

/// Reads a time with its unit: 250us, 2ms, 60s, 5m.
///
/// # Errors
/// When number or unit cannot be understood.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| "expected a number and a unit, such as 60s or 2ms".to_owned())?;
    let seconds = match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err("expected one of the units us, ms, s, m".to_owned()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|problem| problem.to_string())
}

/// Runs everything and gives the figures; what broke is in them.
///
/// # Errors
/// When the run itself could not be carried out.
pub async fn run(args: &RunArgs) -> Result<Figures> {
    ensure!(args.calls > 0 && args.workers > 0, "a run needs at least one call and one worker");
    let provider = Provider::start(options(args)?).await?;
    let (figures, stores) = match &args.against {
        Some(url) => (against(args, url, &provider).await?, None),
        None => {
            let servers = tokio::task::spawn_blocking(Servers::start).await.context("start the private stores")?;
            let servers = servers.context("start the private stores")?;
            (processes(args, &servers, &provider).await?, Some(servers))
        }
    };
    provider.stop().await;
    drop(stores);
    finish(args, figures).await
}

/// The bare relay, and what is made of everything.
async fn finish(args: &RunArgs, mut figures: Figures) -> Result<Figures> {
    if !args.limit_duration.is_zero() {
        figures.limit = Some(limit(args, &figures).await?);
    }
    figures.settle_cost();
    figures.broken = args.limits.broken(&figures);
    Ok(figures)
}

fn options(args: &RunArgs) -> Result<Options> {
    let mut faults = Faults::default();
    for spec in &args.fault {
        faults.add(spec)?;
    }
    let script = callers::spoken()?
        .into_iter()
        .fold(Script::harbour(args.delta.as_millis().max(1) as usize), |script, (text, clip)| {
            script.hears(&text, &clip)
        });
    Ok(Options {
        listen: args.provider_listen.clone(),
        key: KEY.to_owned(),
        script: Arc::new(script),
        pace: Pace { open: args.provider_open, speed: args.speed, ..Pace::default() },
        faults,
        marking: Marking::Numbered,
        variety: Variety::Plain,
        seed: args.seed,
    })
}

/// A run against a system that somebody else started.
async fn against(args: &RunArgs, url: &str, provider: &Provider) -> Result<Figures> {
    let url = url.trim_end_matches('/');
    let mut config = NetworkConfig::new(format!("{url}/twilio/voice"));
    config.status_callback = Some(format!("{url}/twilio/status"));
    config.account_sid = args.account_sid.clone().unwrap_or(config.account_sid);
    config.auth_token = args.auth_token.clone().unwrap_or(config.auth_token);
    let network = Network::start(config).await?;
    eprintln!("the provider listens at {}, its key is {KEY}", provider.base_url);
    let truths = Callers::new(Crowd::of(args))?.place(&network).await;
    let accounts = settle(&truths, provider).await;
    let mut figures = figures(&accounts, &truths, provider);
    if let Some(database) = &args.database_url {
        figures.record = Some(record::check(database, &accounts).await?);
    }
    Ok(figures)
}

/// A run against processes of our own.
async fn processes(args: &RunArgs, servers: &Servers, provider: &Provider) -> Result<Figures> {
    let gateway = process::free_port()?;
    let public = format!("http://127.0.0.1:{gateway}");
    let workers = (0..args.workers).map(|n| Ok((format!("worker-{n}"), process::free_port()?)));
    let workers = workers.collect::<Result<Vec<_>>>()?;
    let mut config = NetworkConfig::new(format!("{public}/twilio/voice"));
    config.status_callback = Some(format!("{public}/twilio/status"));
    if args.routing == Routing::Direct {
        let route = |(id, port): &(String, u16)| Route {
            public: format!("{public}/media/{id}"),
            actual: format!("http://127.0.0.1:{port}/media/{id}"),
        };
        config.routes = workers.iter().map(route).collect();
    }
    let network = Network::start(config.clone()).await?;
    let launch = Launch {
        patchbay: args.patchbay.as_deref(),
        agents: &args.agents,
        packs: Packs::Folder,
        logs: args.logs.as_deref(),
        routing: args.routing,
        seats: args.calls,
        servers,
        provider: Some(&provider.base_url),
        network: &network,
        config: &config,
        public: &public,
        gateways: &[gateway],
        workers: &workers,
        recorders: 1,
        settings: &[],
    };
    let system = Arc::new(Mutex::new(System::start(&launch).await?));
    let truths = load(args, &network, &system).await?;
    let accounts = settle(&truths, provider).await;
    let mut figures = figures(&accounts, &truths, provider);
    let record = record::check(&servers.database_url, &accounts).await;
    let mut system = system.lock().await;
    figures.processes = system.costs(figures.calls.minutes);
    system.stop().await;
    figures.record = Some(record?);
    Ok(figures)
}

/// The calls, with processes killed meanwhile if that was asked for.
async fn load(args: &RunArgs, network: &Network, system: &Arc<Mutex<System>>) -> Result<Vec<CallTruth>> {
    system.lock().await.measure_idle();
    let killers: Vec<_> = args
        .kill
        .iter()
        .map(|kills| tokio::spawn(chaos::kill(kills.clone(), args.ramp + args.duration, Arc::clone(system))))
        .collect();
    let truths = Callers::new(Crowd::of(args))?.place(network).await;
    for killer in killers {
        killer.await.context("kill processes on purpose")??;
    }
    let mut system = system.lock().await;
    system.measure_load();
    if let Some(dead) = system.dead() {
        bail!("{dead} ended during the run; its log: {}", system.log_of(&dead).display());
    }
    Ok(truths)
}

/// Waits until the provider has seen all its sockets end, then settles every call.
async fn settle(truths: &[CallTruth], provider: &Provider) -> Vec<Account> {
    let over = provider.until(|sessions| sessions.iter().all(|session| session.closed_at.is_some()));
    // A session that stays open is a leak in the system; it shows as one, and the run goes on.
    let _leaked = tokio::time::timeout(Duration::from_secs(5), over).await;
    let sessions = Sessions::new(provider.sessions(), truths);
    truths.iter().map(|truth| ledger::settle(truth, &sessions)).collect()
}

fn figures(accounts: &[Account], truths: &[CallTruth], provider: &Provider) -> Figures {
    let mut figures = Figures::of(accounts);
    let sessions = Sessions::new(provider.sessions(), truths);
    (figures.calls.sessions_unused, figures.calls.sessions_unknown) = (sessions.unused, sessions.unknown);
    let streams = || truths.iter().flat_map(|truth| &truth.streams);
    figures.frames.overflowed = streams().map(|stream| stream.overflowed).sum();
    figures.calls.telephone_lateness_ms = Percentiles::of(streams().map(|stream| stream.worst_lateness));
    figures
}

/// The bare relay at the load the run had.
async fn limit(args: &RunArgs, figures: &Figures) -> Result<LimitRun> {
    let seconds = (figures.calls.minutes * 60.0).max(1.0);
    let received = figures.audio.received.max(1) as f64;
    let bytes = (figures.audio.bytes as f64 / received).round() as usize;
    bare::run(args.calls, args.limit_duration, received / seconds, bytes.max(1)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(duration("2ms"), Ok(Duration::from_millis(2)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert!(duration("5").is_err() && duration("fast").is_err());
    }
}
