//! The campaign run: a batch of outbound calls to people of every kind, while the roles are killed under it.
//!
//! Gateways, workers and recorders are processes of their own on real stores; the batch is begun with the real command
//! line. The telephone network knows what really happened to each person (`campaign/people.rs`), the database what the
//! system believes, the command line what it reports; `campaign/verdict.rs` holds the three against each other.

mod figures;
mod people;
mod verdict;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::{sync::Mutex, time::Instant};
use xtask::servers::Servers;

pub use self::figures::CampaignFigures;
use self::{
    people::People,
    verdict::{Row, Seen},
};
use super::{
    Routing, duration, process,
    progress::Progress,
    system::{Cli, Launch, Packs, System},
};
use crate::network::{Faults, Network, NetworkConfig, Population, Route};

/// The address Twilio is told; it leads to whichever gateway lives.
const PUBLIC: &str = "https://calls.campaign.test";
/// Who calls, of `packs/campaign`.
const COMPANY: &str = "campaign";
const AGENT: &str = "caller";
/// Calls at the same time, at most.
const CONCURRENCY: usize = 200;
/// The longest call: whoever dials waits so long for the end of one whose last word was lost.
const LONGEST_MINUTES: &str = "1";
/// How often the batch is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long the last call may take to end once the batch is done: nothing but its callbacks is left.
const LAST_CALL: Duration = Duration::from_secs(60);
/// When the first process is killed and when the last, as parts of the time in which calls begin.
const KILLS_FROM: f64 = 0.2;
const KILLS_UNTIL: f64 = 0.9;
/// The roles, in the order they are killed, round after round.
const ROLES: [&str; 3] = ["gateway", "worker", "recorder"];

/// A campaign's command line.
#[derive(Args, Clone, Debug)]
pub struct CampaignArgs {
    /// People to be called.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub rows: usize,
    /// Calls begun a second.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub per_second: u32,
    /// Share of answering machines.
    #[arg(long, default_value_t = 0.2, value_name = "P")]
    pub machines: f64,
    /// Share of people who do not answer.
    #[arg(long, default_value_t = 0.1, value_name = "P")]
    pub no_answer: f64,
    /// Share of engaged lines.
    #[arg(long, default_value_t = 0.05, value_name = "P")]
    pub busy: f64,
    /// Share of numbers that cannot be reached.
    #[arg(long, default_value_t = 0.02, value_name = "P")]
    pub failed: f64,
    /// Share of people who hang up at once.
    #[arg(long, default_value_t = 0.03, value_name = "P")]
    pub hang_up: f64,
    /// How often a process of each role is killed with SIGKILL, and started again at once.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub kills: usize,
    /// Processes of each role.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub processes: usize,
    /// A fault of the network with its probability, e.g. created-error=0.02, callback-lost=0.02, busy=0.05.
    #[arg(long, value_name = "NAME=P")]
    pub fault: Vec<String>,
    /// Seed of the faults.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Longest wait for the batch to be done after its last call could have begun.
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = duration)]
    pub settle: Duration,
    /// Writes the figures as JSON; `-` writes them to the terminal instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The patchbay program; the one built beside this program if not given.
    #[arg(long, value_name = "FILE")]
    pub patchbay: Option<PathBuf>,
    /// Keeps the processes' logs in this folder.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
}

impl CampaignArgs {
    fn population(&self) -> Population {
        Population {
            machines: self.machines,
            no_answer: self.no_answer,
            busy: self.busy,
            failed: self.failed,
            hang_up: self.hang_up,
            fax: 0.0,
        }
    }

    /// The time in which calls begin.
    fn calling(&self) -> Duration {
        Duration::from_secs_f64(self.rows as f64 / f64::from(self.per_second.max(1)))
    }
}

/// Runs everything and gives the figures; what broke is in them.
///
/// # Errors
/// When the run itself could not be carried out.
pub async fn run(args: &CampaignArgs) -> Result<CampaignFigures> {
    ensure!(args.rows > 0 && args.processes > 0, "a campaign needs somebody to call and somebody who calls");
    let servers = tokio::task::spawn_blocking(Servers::start).await.context("start the private stores")?;
    let servers = servers.context("start the private stores")?;
    let people = People::new(args.rows, args.population())?;
    let ports = |_| process::free_port();
    let gateways = (0..args.processes).map(ports).collect::<Result<Vec<_>>>()?;
    let workers = (0..args.processes).map(|n| Ok((format!("worker-{n}"), process::free_port()?)));
    let workers = workers.collect::<Result<Vec<_>>>()?;
    let config = network(args, &people, &gateways, &workers)?;
    let network = Network::start(config.clone()).await?;
    network.own(people::FROM);
    let launch = Launch {
        patchbay: args.patchbay.as_deref(),
        agents: concat!(env!("CARGO_MANIFEST_DIR"), "/packs").as_ref(),
        packs: Packs::Database,
        logs: args.logs.as_deref(),
        routing: Routing::Direct,
        seats: CONCURRENCY,
        servers: &servers,
        provider: None,
        network: &network,
        config: &config,
        public: PUBLIC,
        gateways: &gateways,
        workers: &workers,
        recorders: args.processes,
        settings: &[
            ("PATCHBAY_OUTBOUND__PER_MINUTE", (args.per_second * 60).to_string()),
            ("PATCHBAY_OUTBOUND__CONCURRENCY", CONCURRENCY.to_string()),
        ],
    };
    let system = Arc::new(Mutex::new(System::start(&launch).await?));
    let figures = campaign(args, &people, &network, &system, &servers.database_url).await;
    let mut system = system.lock().await;
    let broken = figures.as_ref().map_or(true, |figures| !figures.broken.is_empty());
    if broken {
        eprintln!("the logs are kept in {}", system.keep_logs().display());
    }
    system.stop().await;
    figures
}

/// The network: everybody in its book, and every gateway behind the public address.
fn network(args: &CampaignArgs, people: &People, gateways: &[u16], workers: &[(String, u16)]) -> Result<NetworkConfig> {
    let mut config = NetworkConfig::new(format!("{PUBLIC}/twilio/voice"));
    config.status_callback = Some(format!("{PUBLIC}/twilio/status"));
    config.book = people.book();
    config.faults = Faults::seeded(args.seed);
    for fault in &args.fault {
        config.faults.add(fault)?;
    }
    let media = workers.iter().map(|(id, port)| (format!("/media/{id}"), *port));
    let others = gateways.iter().map(|port| (String::new(), *port));
    let route = |(path, port): (String, u16)| Route {
        public: format!("{PUBLIC}{path}"),
        actual: format!("http://127.0.0.1:{port}{path}"),
    };
    config.routes = media.chain(others).map(route).collect();
    Ok(config)
}

/// The batch from its beginning to the verdict.
async fn campaign(
    args: &CampaignArgs,
    people: &People,
    network: &Network,
    system: &Arc<Mutex<System>>,
    database_url: &str,
) -> Result<CampaignFigures> {
    let cli = system.lock().await.cli();
    let began = Instant::now();
    let batch = begin(args, people, &cli).await?;
    let killer = tokio::spawn(kill(args.kills, args.calling(), Arc::clone(system)));
    let mut database = PgConnection::connect(database_url).await.context("connect to the database")?;
    let ended = wait(args, &batch, &mut database).await?;
    let took = began.elapsed();
    let killed = killer.await.context("kill processes on purpose")??;
    let report = cli.run(&["outbound", "show", &batch, "--json"]).await?;
    let report: Value = serde_json::from_str(&report).context("read what patchbay outbound show printed")?;
    let seen = seen(people, network).await;
    let rows = rows(&batch, &mut database).await?;
    let mut figures = CampaignFigures::new(args, killed, took, network);
    verdict::judge(&mut figures, people, &seen, &rows, &report);
    if !ended {
        figures.broken.insert(0, format!("the batch was not done after {} s", took.as_secs()));
    }
    if let Some(dead) = system.lock().await.dead() {
        figures.broken.push(format!("{dead} ended by itself"));
    }
    Ok(figures)
}

/// Begins the batch as a person would.
async fn begin(args: &CampaignArgs, people: &People, cli: &Cli) -> Result<String> {
    let file = cli.dir.join("campaign.csv");
    std::fs::write(&file, people.csv()).with_context(|| format!("write {}", file.display()))?;
    let (file, pace) = (file.display().to_string(), (args.per_second * 60).to_string());
    let (concurrency, machine) = (CONCURRENCY.to_string(), format!("message: {}", people::MESSAGE));
    let arguments = [
        "outbound",
        "start",
        &file,
        "--company",
        COMPANY,
        "--agent",
        AGENT,
        "--consent",
        "the campaign run",
        "--per-minute",
        &pace,
        "--concurrency",
        &concurrency,
        "--hours",
        "00:00-24:00",
        "--days",
        "mon-sun",
        "--longest",
        LONGEST_MINUTES,
        "--machine",
        &machine,
        "--json",
    ];
    let said = cli.run(&arguments).await?;
    let said: Value = serde_json::from_str(&said).context("read what patchbay outbound start printed")?;
    said["batch"].as_str().map(str::to_owned).with_context(|| format!("find the batch's id in {said}"))
}

/// Kills the roles one after the other, and starts each again as whoever watches over processes would.
async fn kill(times: usize, calling: Duration, system: Arc<Mutex<System>>) -> Result<Vec<String>> {
    let kills = ROLES.iter().cycle().take(times * ROLES.len());
    let between = calling.mul_f64((KILLS_UNTIL - KILLS_FROM) / (times * ROLES.len()).max(1) as f64);
    let mut killed = Vec::new();
    tokio::time::sleep(calling.mul_f64(KILLS_FROM)).await;
    for role in kills {
        killed.push(system.lock().await.kill(role).await?);
        tokio::time::sleep(between).await;
    }
    Ok(killed)
}

/// Waits until the batch is done, or long enough; tells whether it is.
async fn wait(args: &CampaignArgs, batch: &str, database: &mut PgConnection) -> Result<bool> {
    let longest = args.calling() + args.settle;
    let progress = Progress::start("rows", args.rows, longest);
    let deadline = Instant::now() + longest;
    let mut done = false;
    while !done && Instant::now() < deadline {
        tokio::time::sleep(LOOK_AGAIN).await;
        let (status, waiting, under_way): (String, i64, i64) =
            sqlx::query_as("select status, waiting, under_way from outbound_batches where batch = $1")
                .bind(batch)
                .fetch_one(&mut *database)
                .await
                .context("look at the batch")?;
        done = status == "done";
        let over = (args.rows as i64 - waiting - under_way).max(0);
        progress.set(usize::try_from(under_way).unwrap_or_default(), usize::try_from(over).unwrap_or_default());
    }
    progress.finish();
    Ok(done)
}

/// What the network saw of each person, once every call is over.
async fn seen(people: &People, network: &Network) -> Vec<Seen> {
    let over = network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some()));
    // A call that never ends is told from the others by what is missing of it.
    let legs = tokio::time::timeout(LAST_CALL, over).await.unwrap_or_else(|_| network.legs());
    people.all.iter().map(|person| Seen::of(&legs, &person.number)).collect()
}

/// What the database holds of each row.
async fn rows(batch: &str, database: &mut PgConnection) -> Result<Vec<Row>> {
    let rows: Vec<(String, Option<String>, i64, String)> =
        sqlx::query_as("select number, outcome, attempts, detail from outbound_rows where batch = $1 order by line")
            .bind(batch)
            .fetch_all(database)
            .await
            .context("read the batch's rows")?;
    let row = |(number, outcome, attempts, detail)| Row { number, outcome, attempts, detail };
    Ok(rows.into_iter().map(row).collect())
}
