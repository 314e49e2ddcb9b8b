//! The demo's roles as processes of their own, on free ports, with the real stores between them.

use crate::account;
use crate::cli::Settings;
use anyhow::{Context, bail};
use common::config::Config;
use common::private::ExposeSecret;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Longest wait until a child is ready.
const READY: Duration = Duration::from_secs(30);

/// Longest wait until a child has stopped by itself.
const STOPPED: Duration = Duration::from_secs(10);

/// Gateway, two workers, recorder.
pub(crate) struct Children {
    children: Vec<(String, u16, Child)>,
    url: String,
}

impl Children {
    /// Starts them and waits until each is ready.
    pub(crate) async fn start(settings: &Settings, config: &Config) -> anyhow::Result<Self> {
        let stores = [&config.redis_url, &config.nats_url, &config.database_url];
        if stores.iter().any(|url| url.is_none()) {
            bail!(
                "--processes needs REDIS_URL, NATS_URL and DATABASE_URL: processes cannot share what lives in one of them"
            );
        }
        run_migrate(settings).await?;
        let port = free_port()?;
        let mut all = Self { children: Vec::new(), url: format!("http://127.0.0.1:{port}") };
        for (role, name) in
            [("worker", "worker-0"), ("worker", "worker-1"), ("recorder", "recorder"), ("gateway", "gateway")]
        {
            all.add(settings, config, role, name, port)?;
        }
        for (name, ops, _) in &all.children {
            until_ready(name, *ops).await?;
        }
        Ok(all)
    }

    fn add(&mut self, settings: &Settings, config: &Config, role: &str, name: &str, port: u16) -> anyhow::Result<()> {
        let ops = free_port()?;
        let mut command = Command::new(std::env::current_exe().context("failed to find this program")?);
        command
            .args(settings.as_flags())
            .arg(role)
            .env("PUBLIC_URL", &self.url)
            .env("PATCHBAY_SECRET", config.secret.expose_secret())
            .env("PATCHBAY_GATEWAY__LISTEN", format!("127.0.0.1:{port}"))
            .env("PATCHBAY_WORKER__LISTEN", format!("127.0.0.1:{}", free_port()?))
            .env("PATCHBAY_OPS__LISTEN", format!("127.0.0.1:{ops}"))
            .env("PATCHBAY_WORKER__DRAIN_SECONDS", "1")
            .env("TWILIO_ACCOUNT_SID", account::LOCAL_SID)
            .env("TWILIO_AUTH_TOKEN", account::LOCAL_TOKEN)
            .env("TWILIO_API_BASE_URL", config.twilio.api_base_url.clone().unwrap_or_default())
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if role == "worker" {
            command.env("PATCHBAY_WORKER__ID", name);
        }
        let child = command.spawn().with_context(|| format!("failed to start {name}"))?;
        self.children.push((name.to_owned(), ops, child));
        Ok(())
    }

    /// The gateway's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Who runs where.
    pub(crate) fn describe(&self) -> String {
        let one = |(name, ops, child): &(String, u16, Child)| {
            format!("{name} (process {}, http://127.0.0.1:{ops}/metrics)", child.id().unwrap_or_default())
        };
        self.children.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Asks each to stop, the gateway first, and waits.
    pub(crate) async fn stop(mut self) {
        for (_, _, child) in self.children.iter_mut().rev() {
            terminate(child).await;
            if tokio::time::timeout(STOPPED, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }
}

/// SIGTERM, as an orchestrator does.
async fn terminate(child: &Child) {
    if let Some(id) = child.id() {
        let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
    }
}

async fn run_migrate(settings: &Settings) -> anyhow::Result<()> {
    let mut command = Command::new(std::env::current_exe().context("failed to find this program")?);
    let status = command.args(settings.as_flags()).arg("migrate").stdout(Stdio::null()).status().await;
    anyhow::ensure!(status.context("failed to start migrate")?.success(), "failed to migrate the record; see above");
    Ok(())
}

async fn until_ready(name: &str, ops: u16) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{ops}/readyz");
    let started = tokio::time::Instant::now();
    let mut last = "does not answer".to_owned();
    while started.elapsed() < READY {
        if let Ok(answer) = reqwest::get(&url).await {
            if answer.status().is_success() {
                return Ok(());
            }
            last = answer.text().await.unwrap_or_default();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{name} is not ready after {READY:?}: {last}")
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to find a free port")?;
    Ok(listener.local_addr()?.port())
}
