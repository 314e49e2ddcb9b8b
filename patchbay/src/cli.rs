//! The command line. Names are fixed: people script against them.

use crate::{
    agents, calls, demo, doctor, import, jobs, migrate, numbers, outbound, process, ring, roles, say, tools, up,
};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use common::config::{self, Config, LoadArgs};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Answers phone calls with speech-to-speech AI, on as many machines as the calls need.
#[derive(Parser)]
#[command(name = "patchbay", version, after_help = "Every setting and its variable: docs/CONFIGURATION.md")]
pub(crate) struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Where settings come from; the environment lies between the file and these.
#[derive(Args)]
pub(crate) struct Settings {
    /// Settings file; `patchbay.toml` here is read without being named
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one key, for example `--set worker.seats=50`; stronger than file and environment
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows a whole call: all roles in one process, a caller with real speech, the transcript, the record
    #[command(
        after_help = "Examples:\n  patchbay demo\n  patchbay demo --once --json\n  REDIS_URL=… NATS_URL=… DATABASE_URL=… patchbay demo --processes"
    )]
    Demo(demo::DemoArgs),
    /// Runs every role in this process; without any URL nothing needs to be installed
    #[command(
        after_help = "Examples:\n  patchbay up\n  OPENAI_API_KEY=sk-… TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… PUBLIC_URL=https://calls.example.com patchbay up --workers 2"
    )]
    Up(up::UpArgs),
    /// Places a simulated phone call against a running gateway
    #[command(
        after_help = "Examples:\n  patchbay ring --say \"What time is breakfast?\"\n  patchbay ring --wav question.wav --save heard.wav\n  patchbay ring --mic --to +15005550006"
    )]
    Ring(ring::RingArgs),
    /// Answers webhooks and pins each call to a worker
    #[command(after_help = "Example:\n  PUBLIC_URL=https://calls.example.com REDIS_URL=… NATS_URL=… patchbay gateway")]
    Gateway,
    /// Carries calls
    #[command(
        after_help = "Example:\n  PATCHBAY_WORKER__ID=worker-0 PATCHBAY_WORKER__SEATS=100 REDIS_URL=… NATS_URL=… patchbay worker"
    )]
    Worker,
    /// Stores events as call detail records and transcripts
    #[command(after_help = "Example:\n  REDIS_URL=… NATS_URL=… DATABASE_URL=postgres://… patchbay recorder")]
    Recorder,
    /// Creates or expands the tables of the record
    #[command(after_help = "Example:\n  DATABASE_URL=postgres://… patchbay migrate")]
    Migrate,
    /// Looks at every port and credential and says what to do
    #[command(after_help = "Examples:\n  patchbay doctor\n  patchbay doctor --json")]
    Doctor(doctor::DoctorArgs),
    /// Companies and their agents in the database: apply, list, export, versions
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay agents apply agents\n  patchbay agents list\n  patchbay agents export backup"
    )]
    Agents(agents::AgentsCommand),
    /// Stores records a company's tools look up, from CSV or JSON
    #[command(
        after_help = "Examples:\n  patchbay import orders.csv --kind order --company harbour\n  patchbay import articles.json --kind article --company harbour --json"
    )]
    Import(import::ImportArgs),
    /// What agents may ask for: list, run
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay tools list\n  patchbay tools run lookup_order --args '{\"order_id\": \"ABC123\"}'"
    )]
    Tools(tools::ToolsCommand),
    /// The telephone numbers of the Twilio account: list, point here, check
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay numbers list\n  patchbay numbers point +13105550123\n  patchbay numbers check"
    )]
    Numbers(numbers::NumbersCommand),
    /// Calls in the record: list, show, audio, export, tail
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay calls list --since 1d\n  patchbay calls show CA00000000000000000000000000000001\n  patchbay calls tail"
    )]
    Calls(calls::CallsCommand),
    /// What is to be done after calls and could not be: list, show, revive
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay jobs list\n  patchbay jobs show CA…:call.ended:crm\n  patchbay jobs revive --all"
    )]
    Jobs(jobs::JobsCommand),
    /// Calls that we make: one, or everybody of a file; pause, resume, report, opt-outs
    #[command(
        subcommand,
        after_help = "Examples:\n  patchbay outbound start people.csv --company harbour --agent reception --consent \"newsletter form, May 3\" --dry-run\n  patchbay outbound list\n  patchbay outbound watch b-0123456789ab"
    )]
    Outbound(outbound::OutboundCommand),
    /// Says a sentence in a call under way
    #[command(
        after_help = "Example:\n  patchbay say CA00000000000000000000000000000001 \"Your taxi is waiting outside.\""
    )]
    Say(say::SayArgs),
}

impl Cli {
    /// Runs the command until it is done or stopped.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let settings = &self.settings;
        match self.command {
            Command::Demo(args) => demo::run(settings, args),
            Command::Up(args) => up::run(settings, &args),
            Command::Ring(args) => ring::run(settings, args),
            Command::Gateway => process::run(settings.load(SHARED, &[])?, roles::Role::Gateway),
            Command::Worker => process::run(settings.load(SHARED, &[])?, roles::Role::Worker),
            Command::Recorder => process::run(settings.load(RECORDED, &[])?, roles::Role::Recorder),
            Command::Migrate => migrate::run(&settings.load(&["stores.database_url"], &[])?),
            Command::Doctor(args) => doctor::run(&settings.load(&[], &[])?, &args),
            Command::Agents(command) => agents::run(settings, command),
            Command::Import(args) => import::run(settings, &args),
            Command::Tools(command) => tools::run(settings, &command),
            Command::Numbers(command) => numbers::run(settings, &command),
            Command::Calls(command) => calls::run(settings, command),
            Command::Jobs(command) => jobs::run(settings, &command),
            Command::Outbound(command) => outbound::run(settings, command),
            Command::Say(args) => say::run(settings, &args),
        }
    }
}

/// What a process of its own must be told: without it, it could not be part of anything.
const SHARED: &[&str] = &["stores.redis_url", "stores.nats_url", "secret", "twilio.auth_token", "public_url"];
const RECORDED: &[&str] = &["stores.redis_url", "stores.nats_url", "stores.database_url"];

impl Settings {
    /// Reads the configuration; `defaults` are weaker than everything a person set.
    pub(crate) fn load(
        &self,
        required: &'static [&'static str],
        defaults: &[(&str, String)],
    ) -> anyhow::Result<Config> {
        let mut overrides = BTreeMap::new();
        for pair in &self.set {
            let (key, value) = pair.split_once('=').with_context(|| format!("--set {pair}: expected KEY=VALUE"))?;
            overrides.insert(key.trim().to_owned(), value.trim().to_owned());
        }
        let file = self.config.clone().or_else(|| Some(PathBuf::from("patchbay.toml")).filter(|path| path.exists()));
        let mut environment = config::environment();
        for (variable, value) in defaults {
            environment.entry((*variable).to_owned()).or_insert_with(|| value.clone());
        }
        Config::load(LoadArgs { file, environment, overrides, required })
            .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
    }

    /// The flags again, for a child process.
    pub(crate) fn as_flags(&self) -> Vec<String> {
        let file = self.config.iter().flat_map(|path| ["--config".to_owned(), path.display().to_string()]);
        file.chain(self.set.iter().flat_map(|pair| ["--set".to_owned(), pair.clone()])).collect()
    }
}
