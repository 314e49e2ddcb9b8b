//! `patchbay up`: every role in one process. Nothing needs to be installed; each URL that is set moves one port to the
//! real thing.

use crate::account::{self, is_local};
use crate::cli::Settings;
use crate::source::{self, Origin, Source};
use crate::{assemble, otlp, process, roles};
use anyhow::Context;
use clap::Args;
use common::company::Provider;
use common::config::Config;
use common::health::{self, Readiness};
use common::ids::WorkerId;
use common::lifecycle::Lifecycle;
use common::ports::Ports;
use common::private::ExposeSecret;
use common::telemetry;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;

/// Longest wait at a stop for calls and for what is still to be written.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait until every role says that it is ready.
const READY: Duration = Duration::from_secs(20);

#[derive(Args)]
pub(crate) struct UpArgs {
    /// Workers in this process
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,
}

/// Every role of one process, running.
pub struct Running {
    /// Its configuration, with the addresses it really has.
    pub config: Config,
    /// Its ports.
    pub ports: Ports,
    lifecycle: Lifecycle,
    source: Source,
    readiness: Readiness,
    ops: Lifecycle,
}

/// Runs until Ctrl-C.
pub(crate) fn run(settings: &Settings, args: &UpArgs) -> anyhow::Result<()> {
    let config = load(settings)?;
    let tracer = otlp::tracer(&config, "up")?;
    let _telemetry = telemetry::init("up", config.log_format, tracer);
    process::runtime()?.block_on(async {
        let running = start(config, args.workers).await?;
        running.until_ready().await?;
        let signal = process::signal();
        println!("{}", banner(&running));
        process::until_stopped(&running.lifecycle, signal).await;
        running.stop().await;
        Ok(())
    })
}

/// The configuration of a laptop: with the simulated network's account where no account is set.
pub(crate) fn load(settings: &Settings) -> anyhow::Result<Config> {
    let config = settings.load(&[], &[])?;
    let has_account = !config.twilio.auth_token.expose_secret().is_empty();
    settings.load(&[], &account::laptop_defaults(has_account))
}

/// Starts every role.
pub async fn start(mut config: Config, workers: u32) -> anyhow::Result<Running> {
    let metrics = telemetry::metrics_table::install();
    let lifecycle = Lifecycle::new();
    let ops = Lifecycle::new();
    let readiness = Readiness::expecting(&["state", "pool", "bus", "db", source::CONDITION]);
    let listener = roles::listen(config.ops_listen, "PATCHBAY_OPS__LISTEN").await?;
    config.ops_listen = listener.local_addr()?;
    health::serve(listener, readiness.clone(), metrics, &ops);
    let public = roles::listen(config.gateway.listen, "PATCHBAY_GATEWAY__LISTEN").await?;
    adopt_address(&mut config, &public)?;
    let ports = assemble::ports(&config).await?;
    // A database that is away now is waited for by the recorder, which says so; one that is here gets its tables.
    if let Err(error) = ports.db.migrate().await {
        tracing::warn!(%error, "the tables could not be looked at yet");
    }
    let source = source::begin(&config, ports.db.as_ref(), ports.directory.as_ref()).await?;
    for number in 0..workers {
        start_worker(&config, &ports, number, &readiness, &lifecycle).await?;
    }
    roles::recorder(&config, &ports, &readiness, &lifecycle);
    roles::gateway(&config, &ports, &source, public, &readiness, &lifecycle).await?;
    Ok(Running { config, ports, lifecycle, source, readiness, ops })
}

/// Where port 0 was asked for, the address is only known now.
fn adopt_address(config: &mut Config, public: &TcpListener) -> anyhow::Result<()> {
    let asked = config.gateway.listen;
    config.gateway.listen = public.local_addr()?;
    if config.public_url == format!("http://127.0.0.1:{}", asked.port()) {
        config.public_url = format!("http://127.0.0.1:{}", config.gateway.listen.port());
    }
    Ok(())
}

async fn start_worker(
    config: &Config,
    ports: &Ports,
    number: u32,
    readiness: &Readiness,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let mut config = config.clone();
    if number > 0 {
        config.worker.id =
            WorkerId::parse(format!("{}-{number}", config.worker.id)).context("failed to name a worker")?;
        config.worker.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.worker.address = None;
    }
    let listener = roles::listen(config.worker.listen, "PATCHBAY_WORKER__LISTEN").await?;
    roles::worker(&config, ports, listener, readiness, lifecycle);
    Ok(())
}

impl Running {
    /// Waits until every role is ready; says what is missing when it takes too long.
    pub async fn until_ready(&self) -> anyhow::Result<()> {
        let started = tokio::time::Instant::now();
        loop {
            let report = self.readiness.report();
            if report.ready {
                return Ok(());
            }
            if started.elapsed() > READY {
                let reasons: Vec<String> =
                    report.waiting.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
                anyhow::bail!("not ready after {READY:?}: {}; `patchbay doctor` says more", reasons.join("; "));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Soft stop, then the rest.
    pub async fn stop(self) {
        self.lifecycle.stop();
        tokio::select! {
            _ = self.lifecycle.join(PATIENCE) => {}
            () = process::signal() => self.lifecycle.kill(),
        }
        self.ops.kill();
    }
}

/// What a person needs to know first.
fn banner(running: &Running) -> String {
    let config = &running.config;
    let store = |set: bool, real: &str, own: &str| if set { real.to_owned() } else { own.to_owned() };
    let mut text = format!(
        "\npatchbay is up\n  webhook    {url}/twilio/voice\n  status     {url}/twilio/status\n  ops        http://{ops}/readyz  /metrics\n  state      {state}\n  bus        {bus}\n  record     {db}\n",
        url = config.public_url,
        ops = config.ops_listen,
        state = store(config.redis_url.is_some(), "Redis", "in this process (REDIS_URL moves it)"),
        bus = store(config.nats_url.is_some(), "NATS JetStream", "in this process (NATS_URL moves it)"),
        db = store(
            config.database_url.is_some(),
            "the database of DATABASE_URL",
            "SQLite in memory (DATABASE_URL moves it)"
        ),
    );
    for (company, agent) in running.source.roster.agents() {
        let numbers: Vec<&str> = agent.numbers.iter().map(common::private::PhoneNumber::reveal).collect();
        text += &format!("  agent      {}/{} answers {}\n", company.id, agent.id, numbers.join(", "));
    }
    let folder = config.agents_dir.display();
    text += &match running.source.origin {
        Origin::Database => "             as the database has them (`patchbay agents list`)\n".to_owned(),
        Origin::Folder if config.database_url.is_some() => {
            format!("             as in {folder}; `patchbay agents apply {folder}` puts them into the database\n")
        }
        Origin::Folder => format!("             as in {folder}\n"),
        Origin::Nowhere => format!("  agent      none yet: the database is away and {folder} holds none\n"),
    };
    text += &keyless(running);
    if is_local(config) {
        text += "No Twilio account is set: only `patchbay ring` can call, from this machine.\n";
    }
    text + "\nTry it:  patchbay ring --say \"What time is breakfast?\"      Stop it:  Ctrl-C\n"
}

/// Providers that agents want and this installation has no key for.
fn keyless(running: &Running) -> String {
    let config = &running.config;
    let keys = [
        (Provider::Openai, "OPENAI_API_KEY", config.openai.api_key.is_some()),
        (Provider::Deepgram, "DEEPGRAM_API_KEY", config.deepgram.api_key.is_some()),
    ];
    let wanted = |provider| {
        running.source.roster.agents().any(|(_, agent)| agent.voices.iter().any(|voice| voice.provider == provider))
    };
    let missing = keys.into_iter().filter(|(provider, _, there)| !there && wanted(*provider));
    missing.map(|(_, key, _)| format!("\n{key} is not set: the simulated agent answers, from its script.\n")).collect()
}
