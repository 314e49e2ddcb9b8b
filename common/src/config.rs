//! Configuration: `patchbay.toml` < environment < flags; all mistakes at once. The only place that reads the environment.

mod document;
mod layers;
mod load;
mod named;
mod setting;

pub use crate::mistakes::{Mistake, Mistakes};
pub use document::document;
pub use load::LoadArgs;
pub use setting::{Kind, Setting};

use crate::company::Services;
use crate::ids::WorkerId;
use crate::prices::Prices;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything that can be set. Each role takes its part.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address Twilio reaches, `https://calls.example.com` (or `http://127.0.0.1:8080` on a laptop); no slash at
    /// the end. `wss://` (or `ws://`) URLs are made from it.
    pub public_url: String,
    /// How `/media/{worker}/` is reached.
    pub routing: Routing,
    /// The state store: `redis://…` or `None` for in-process.
    pub redis_url: Option<SecretString>,
    /// The bus: `nats://…` or `None` for in-process.
    pub nats_url: Option<SecretString>,
    /// The record: `postgres://…`, `sqlite://…` or `None` for a SQLite file in memory.
    pub database_url: Option<SecretString>,
    /// The secret that gateways and workers share for tokens; random in a single process.
    pub secret: SecretString,
    /// Folder of companies and agents.
    pub agents_dir: PathBuf,
    /// Addresses of services that replace those of packs and database.
    pub services: Services,
    /// Tools.
    pub tools: Tools,
    /// Twilio.
    pub twilio: Twilio,
    /// OpenAI.
    pub openai: Openai,
    /// Deepgram.
    pub deepgram: Deepgram,
    /// Gateway.
    pub gateway: Gateway,
    /// Worker.
    pub worker: Worker,
    /// Recorder.
    pub recorder: Recorder,
    /// Where recordings are kept.
    pub recordings: Recordings,
    /// The model that reads calls that are over.
    pub summary: Summary,
    /// Outbound calls.
    pub outbound: Outbound,
    /// Console and API.
    pub console: Console,
    /// What things cost: the table built in, with the operator's laid over it.
    pub prices: Arc<Prices>,
    /// Ops listener of this process: `/livez /readyz /metrics`.
    pub ops_listen: SocketAddr,
    /// OTLP endpoint, `http://127.0.0.1:4318`.
    pub otlp_endpoint: Option<String>,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// The environment of this process. Variables that are not UTF-8 cannot be settings and are left out.
pub fn environment() -> BTreeMap<String, String> {
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    let variables = std::env::vars_os();
    variables.filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect()
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people in a terminal, for machines elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Coloured text.
    Text,
}

/// How a media stream reaches its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// The ingress leads `/media/{worker}/` to the worker.
    Direct,
    /// The gateway relays it.
    Relay,
}

/// Twilio's account.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// `AC…`; webhooks of other accounts are refused.
    pub account_sid: String,
    /// Signs webhooks.
    pub auth_token: SecretString,
    /// Signs webhooks too, while the first one is being rotated.
    pub old_auth_token: Option<SecretString>,
    /// API key for REST, `SK…`; falls back to the auth token.
    pub api_key: Option<String>,
    /// Its secret.
    pub api_secret: Option<SecretString>,
    /// `https://api.twilio.com` or a stand-in; `None` where there are no credentials to control calls with.
    pub api_base_url: Option<String>,
}

impl Twilio {
    /// The tokens whose signatures are taken.
    pub fn auth_tokens(&self) -> Vec<SecretString> {
        std::iter::once(&self.auth_token).chain(&self.old_auth_token).cloned().collect()
    }
}

/// OpenAI's account.
#[derive(Clone, Debug)]
pub struct Openai {
    /// Key; without it agents that want OpenAI are answered by the scripted one.
    pub api_key: Option<SecretString>,
    /// `https://api.openai.com/v1` or a stand-in; `http` and `ws` schemes are taken on loopback.
    pub base_url: String,
}

/// Deepgram's account.
#[derive(Clone, Debug)]
pub struct Deepgram {
    /// Key; without it agents that want Deepgram are answered by the scripted one.
    pub api_key: Option<SecretString>,
    /// `wss://agent.deepgram.com` or a stand-in; `http` and `ws` schemes are taken on loopback.
    pub base_url: String,
}

/// What tools may use.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// `host:port` that tools may reach though not public or not encrypted.
    pub private_hosts: Vec<String>,
    /// Folder of secrets, a file each.
    pub secrets_dir: Option<PathBuf>,
    /// Secrets of the environment, by name.
    pub secrets: BTreeMap<String, SecretString>,
}

/// Gateway settings.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Public listener.
    pub listen: SocketAddr,
    /// Which free worker gets a call.
    pub policy: Policy,
    /// Webhook handler's deadline, then degraded TwiML.
    pub deadline: Duration,
    /// Deadline of one reservation.
    pub reserve_deadline: Duration,
}

/// Which free worker gets a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The one that waited longest.
    LeastRecentlyUsed,
    /// By turns.
    RoundRobin,
    /// The one with the smallest part of its seats taken.
    LeastLoaded,
    /// The lowest name that has a seat, so that the highest are empty when the pool shrinks.
    Pack,
}

/// Worker settings.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Its name; in paths and in the pool.
    pub id: WorkerId,
    /// Media listener.
    pub listen: SocketAddr,
    /// The URL gateways reach it at; derived from the listener when empty.
    pub address: Option<String>,
    /// How many calls it takes.
    pub seats: u32,
    /// On SIGTERM: how long live calls may go on.
    pub drain: Duration,
}

/// Recorder settings.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Most events in one transaction.
    pub batch: usize,
    /// Longest wait for a batch to fill.
    pub batch_wait: Duration,
}

/// Where recordings are kept.
#[derive(Clone, Debug)]
pub struct Recordings {
    /// A folder, or `s3://bucket/path`, `gs://…`, `az://…`.
    pub url: String,
    /// Credentials and settings of the object store as its own tools name them: `AWS_ACCESS_KEY_ID`, `GOOGLE_…`,
    /// `AZURE_…`.
    pub options: BTreeMap<String, SecretString>,
    /// Where a worker keeps them until they are stored.
    pub spool_dir: PathBuf,
    /// The most that may wait there.
    pub spool_bytes: u64,
}

/// The model that reads calls that are over.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Key; without it the simulated one answers.
    pub api_key: Option<SecretString>,
    /// `https://api.openai.com/v1`, or any service that is compatible with its chat completions.
    pub base_url: String,
    /// The model.
    pub model: String,
}

/// Outbound calls, all batches of this installation together.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Calls begun a minute, at most: Twilio's own limit is 60 for a new account.
    pub per_minute: u32,
    /// Calls at the same time, at most.
    pub concurrency: u32,
}

/// Console and API.
#[derive(Clone, Debug)]
pub struct Console {
    /// Their listener.
    pub listen: SocketAddr,
    /// What API clients must show; without it there is no API.
    pub api_key: Option<SecretString>,
}
