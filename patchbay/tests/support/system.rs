//! Gateway, two workers and recorder as processes of their own on real stores, as in production.

use super::hotel;
use super::patience::eventually;
use super::program::{Program, free_address, run};
use common::ports::Db;
use loadtest::network::{Network, NetworkConfig};
use loadtest::provider::Provider;
use std::sync::Arc;
use tempfile::TempDir;
use xtask::servers::Servers;

/// A free port of this machine.
pub(crate) const ANYWHERE: &str = "127.0.0.1:0";

/// One role's process.
pub(crate) struct Role {
    pub(crate) program: Program,
    ops: String,
}

/// The whole system, and the world around it.
pub(crate) struct System {
    pub(crate) network: Network,
    pub(crate) provider: Provider,
    pub(crate) servers: Arc<Servers>,
    /// The gateway's public address.
    pub(crate) url: String,
    hotel: TempDir,
}

impl System {
    /// The world around the roles; none of them is started yet.
    pub(crate) async fn around(servers: Arc<Servers>) -> Self {
        let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await.unwrap();
        let provider = Provider::start(hotel::provider()).await.unwrap();
        Self { network, provider, servers, url: format!("http://{}", free_address()), hotel: hotel::open() }
    }

    /// Creates the tables.
    pub(crate) async fn migrate(&self) {
        let migrated = run(&["migrate"], &[("DATABASE_URL", &self.servers.database_url)]).await;
        assert!(migrated.status.success(), "{}", migrated.logged);
    }

    /// Starts one role; it need not be ready when this returns.
    pub(crate) fn start(&self, role: &str, name: &str) -> Role {
        let (ops, media) = (free_address(), free_address());
        let agents = self.hotel.path().display().to_string();
        let mut variables = vec![
            ("PUBLIC_URL", self.url.as_str()),
            ("PATCHBAY_SECRET", "shared by gateways and workers"),
            ("PATCHBAY_AGENTS__DIR", &agents),
            ("PATCHBAY_GATEWAY__LISTEN", self.url.trim_start_matches("http://")),
            ("PATCHBAY_WORKER__LISTEN", &media),
            ("PATCHBAY_WORKER__ID", name),
            ("PATCHBAY_OPS__LISTEN", &ops),
            ("PATCHBAY_LOG__FORMAT", "json"),
            ("TWILIO_ACCOUNT_SID", self.network.account_sid()),
            ("TWILIO_AUTH_TOKEN", self.network.auth_token()),
            ("TWILIO_API_BASE_URL", self.network.api_base_url()),
            ("OPENAI_API_KEY", hotel::KEY),
            ("OPENAI_BASE_URL", &self.provider.base_url),
        ];
        variables.extend(self.servers.environment());
        Role { program: Program::start(&[role], &variables), ops }
    }

    /// Starts all of them and waits until each is ready: gateway, recorder and two workers.
    pub(crate) async fn start_all(&self) -> [Role; 4] {
        self.migrate().await;
        let roles = [
            self.start("worker", "worker-0"),
            self.start("worker", "worker-1"),
            self.start("recorder", "recorder"),
            self.start("gateway", "gateway"),
        ];
        for role in &roles {
            role.until_ready().await;
        }
        roles
    }

    /// The record.
    pub(crate) fn db(&self) -> Arc<dyn Db> {
        adapters::db::open(Some(&self.servers.database_url.as_str().into())).unwrap().db
    }
}

impl Role {
    /// Waits until `/readyz` says yes.
    pub(crate) async fn until_ready(&self) {
        self.until("it is ready", |status, _| status == 200).await;
    }

    /// Waits until `/readyz` gives an answer like this one; gives its text.
    pub(crate) async fn until(&self, what: &str, like: impl Fn(u16, &str) -> bool) -> String {
        let url = format!("http://{}/readyz", self.ops);
        eventually(what, async || {
            let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            let text = answer.text().await.map_err(|error| error.to_string())?;
            if like(status, &text) { Ok(text) } else { Err(format!("{status} {text}")) }
        })
        .await
    }
}
