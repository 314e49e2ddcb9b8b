//! Starts one role on its listener, with its readiness.

use crate::source::{self, Follower, Source};
use anyhow::Context;
use common::company::Roster;
use common::config::Config;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::Ports;
use console::ConsoleContext;
use gateway::GatewayContext;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Steps 1 and 2.
    Gateway,
    /// Steps 3 to 6.
    Worker,
    /// Step 7.
    Recorder,
}

impl Role {
    /// Its name in logs and traces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
            Self::Recorder => "recorder",
        }
    }

    /// What it must reach before it takes work.
    pub(crate) fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::Gateway => &["state", source::CONDITION],
            Self::Worker => &["pool"],
            Self::Recorder => &["bus", "db"],
        }
    }
}

/// Opens a listener; says what to do when somebody else has it.
pub(crate) async fn listen(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("failed to listen on {address}; is another patchbay running? Set {variable} to another address")
    })
}

/// Starts a gateway, which follows what is put into force, and beside it the dialer and, where there is a key, the API.
pub(crate) async fn gateway(
    config: &Config,
    ports: &Ports,
    source: &Source,
    listener: TcpListener,
    readiness: &Readiness,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let roster = source.roster.clone();
    let context =
        GatewayContext::new(config, ports, roster, Lifecycle::new()).context("failed to start the gateway")?;
    let context = Arc::new(context);
    let follower = Follower::new(config, ports, readiness.clone(), source);
    let console = console(config, ports, source, lifecycle).await?;
    let put = {
        let context = context.clone();
        move |roster: Roster| {
            if let Some(console) = &console {
                console.set_roster(roster.clone());
            }
            context.set_roster(roster);
        }
    };
    lifecycle.start("follow the configuration", follower.follow(put, lifecycle.clone()));
    outbound::start(config, ports, lifecycle);
    lifecycle.start("gateway", gateway::run(context, listener, readiness.clone(), lifecycle.clone()));
    Ok(())
}

/// Starts the API; without a key there is none.
async fn console(
    config: &Config,
    ports: &Ports,
    source: &Source,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Option<Arc<ConsoleContext>>> {
    let Some(key) = config.console.api_key.clone() else { return Ok(None) };
    let listener = listen(config.console.listen, "PATCHBAY_CONSOLE__LISTEN").await?;
    let context = Arc::new(ConsoleContext::new(key, ports, source.roster.clone()));
    lifecycle.start("api", console::run(context.clone(), listener, lifecycle.clone()));
    Ok(Some(context))
}

/// Starts a worker.
pub(crate) fn worker(
    config: &Config,
    ports: &Ports,
    listener: TcpListener,
    readiness: &Readiness,
    lifecycle: &Lifecycle,
) {
    let (config, ports) = (config.clone(), ports.clone());
    let (readiness, own) = (readiness.clone(), lifecycle.clone());
    lifecycle.start("worker", async move { worker::run(&config, listener, ports, readiness, own).await });
}

/// Starts a recorder.
pub(crate) fn recorder(config: &Config, ports: &Ports, readiness: &Readiness, lifecycle: &Lifecycle) {
    let (config, ports) = (config.clone(), ports.clone());
    let (readiness, own) = (readiness.clone(), lifecycle.clone());
    lifecycle.start("recorder", async move { recorder::run(&config, ports, own, readiness).await });
}
