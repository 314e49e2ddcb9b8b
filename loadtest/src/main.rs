//! The `loadtest` program: places hundreds of calls on a system and tells what became of every frame.

use std::{fmt::Display, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use loadtest::{
    limit::Relay,
    run::{
        self, RunArgs,
        campaign::{self, CampaignArgs},
        recording::{self, RecordingArgs},
    },
};
use serde::Serialize;

/// Places calls with real speech on Patchbay, as Twilio would, and checks every frame of every call.
///
/// Starts private Redis, NATS and Postgres, and gateway, workers and recorder as processes of their own.
#[derive(Parser, Debug)]
#[command(version, about, args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Lets patchbay call hundreds of people of every kind while its processes are killed, and checks that everybody was
    /// called once and every outcome is true.
    #[command(after_help = CAMPAIGN_EXAMPLES)]
    Campaign(CampaignArgs),
    /// Records calls and compares each recording with what its telephone sent and heard, sample by sample; measures what
    /// recording costs.
    #[command(after_help = RECORDING_EXAMPLES)]
    Recording(RecordingArgs),
    /// Runs the bare relay that cost is compared with, until it is killed.
    Limit {
        /// Where it listens.
        #[arg(long, value_name = "ADDRESS")]
        listen: String,
        /// The WebSocket every connection is passed on to.
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

const EXAMPLES: &str = "\
Examples:
  The release check, as the project promises it (build both programs first):
    cargo build --release -p patchbay -p loadtest
    cargo run --release -p loadtest -- --calls 200 --duration 60s --max-drops 0 --max-lost 0 \\
        --max-frame-p99 2ms --limit-ratio 2.0 --max-clear-p99 2ms --max-truncation 40ms --whole-record

  Fifty times kill -9 of the recorder; every event must be in Postgres once:
    cargo run --release -p loadtest -- --calls 100 --kill recorder:50 --max-drops 0 --whole-record

  A provider that stalls in one of ten answers:
    cargo run --release -p loadtest -- --calls 50 --fault stall-in-audio=0.1,3000

  Against a gateway that already runs:
    cargo run --release -p loadtest -- --calls 20 --against http://127.0.0.1:8080 --provider-listen 127.0.0.1:9555

Faults: refuse upgrade upgrade-delay close-created close-update close-listening close-before-audio close-mid-audio
  close-answered expire server-error rate-limited done-missing created-missing transcription-failed
  stall-before-audio stall-in-audio giant-delta byte-deltas unknown-events status-details-text false-speech
  pcm-answered slow-reader";

const CAMPAIGN_EXAMPLES: &str = "\
Examples:
  The release check (build both programs first: cargo build --release -p patchbay -p loadtest):
    cargo run --release -p loadtest -- campaign --rows 500 --per-second 10 --kills 2

  A network that lies and loses callbacks:
    cargo run --release -p loadtest -- campaign --rows 100 --fault created-error=0.05 --fault created-silence=0.02 \\
        --fault busy=0.05,2 --fault callback-lost=0.05 --fault callback-doubled=0.1 --fault callback-order=0.1

Faults: busy error created-error created-silence created-nonsense not-in-progress not-found
  callback-lost callback-doubled callback-late callback-order";

const RECORDING_EXAMPLES: &str = "\
Example:
  The release check (build both programs first: cargo build --release -p patchbay -p loadtest):
    cargo run --release -p loadtest -- recording --calls 100 --max-ratio 1.2";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::Limit { listen, to }) => relay(&listen, &to).await,
        Some(Command::Campaign(args)) => called(&args).await,
        Some(Command::Recording(args)) => recorded(&args).await,
        None => load(&cli.run).await,
    };
    done.unwrap_or_else(|problem| {
        eprintln!("failed to {problem:#}");
        ExitCode::from(2)
    })
}

async fn relay(listen: &str, to: &str) -> Result<ExitCode> {
    let relay = Relay::bind(listen, to).await?;
    println!("listening on {}", relay.address()?);
    relay.serve().await;
    Ok(ExitCode::SUCCESS)
}

async fn load(args: &RunArgs) -> Result<ExitCode> {
    let figures = run::run(args).await?;
    tell(&figures, &figures.broken, args.json.as_deref())
}

async fn called(args: &CampaignArgs) -> Result<ExitCode> {
    let figures = campaign::run(args).await?;
    tell(&figures, &figures.broken, args.json.as_deref())
}

async fn recorded(args: &RecordingArgs) -> Result<ExitCode> {
    let figures = recording::run(args).await?;
    tell(&figures, &figures.broken, args.json.as_deref())
}

/// Prints the figures where they are wanted; the exit code says whether anything broke.
fn tell(figures: &(impl Serialize + Display), broken: &[String], json: Option<&Path>) -> Result<ExitCode> {
    let text = || serde_json::to_string_pretty(figures).context("write the figures as JSON");
    match json {
        Some(file) if file == Path::new("-") => println!("{}", text()?),
        Some(file) => {
            print!("{figures}");
            std::fs::write(file, text()?).with_context(|| format!("write {}", file.display()))?;
        }
        None => print!("{figures}"),
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
