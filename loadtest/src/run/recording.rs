//! The recording run: recordings of calls held against what their telephones sent and heard, and what recording costs.
//!
//! The same agent answers two numbers, and at one of them its calls are recorded by the workers. The same callers call
//! both, in rounds one after the other (without, with, with, without), so that a machine that grows slower or faster
//! weighs on both sides alike; the workers' CPU in each is their own. Callers interrupt, and their lines lose frames.

mod compare;
mod figures;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tempfile::TempDir;
use tokio::time::Instant;
use xtask::servers::Servers;

use self::compare::Sounds;
pub use self::figures::RecordingFigures;
use super::{
    KEY, Routing, Scenario,
    callers::{self, Callers, Crowd},
    duration, process,
    system::{Launch, Packs, System},
};
use crate::{
    network::{Network, NetworkConfig, Route},
    phone::{CallTruth, Fault, Keep, wav},
    provider::{Marking, Options, Provider, script::Script},
};

/// The numbers the agent answers: without a recording, and with one.
const NUMBERS: [&str; 2] = ["+15005550021", "+15005550022"];
/// The order of the rounds.
const ROUNDS: [Side; 4] = [Side::Without, Side::With, Side::With, Side::Without];
/// What a telephone's line loses: one hole of three frames in seven seconds.
const LOST: Fault = Fault::LoseFrames { one_in: 350, run: 3 };
/// How much audio the provider sends in one message.
const DELTA_MS: usize = 100;
/// How long recordings may take to be stored after the last call.
const STORED: Duration = Duration::from_secs(60);
/// How often the folder is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Between two rounds: what the first left behind is done, and weighs on no side.
const BREATH: Duration = Duration::from_secs(3);
/// Worker processes.
const WORKERS: usize = 2;

/// Whether a round is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Without,
    With,
}

/// A recording run's command line.
#[derive(Args, Clone, Debug)]
pub struct RecordingArgs {
    /// Calls that are recorded, in two rounds; as many are not.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub calls: usize,
    /// How long each call lasts.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub duration: Duration,
    /// Time over which the calls of a round begin.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = duration)]
    pub ramp: Duration,
    /// Most worker CPU with recording, as a multiple of without.
    #[arg(long, default_value_t = 1.2, value_name = "RATIO")]
    pub max_ratio: f64,
    /// Farthest an utterance may stand from where it was heard.
    #[arg(long, default_value = "20ms", value_name = "TIME", value_parser = duration)]
    pub max_shift: Duration,
    /// Farthest the end of an utterance that was cut may be from where it fell silent.
    #[arg(long, default_value = "20ms", value_name = "TIME", value_parser = duration)]
    pub max_cut: Duration,
    /// Most samples that differ, both channels of all calls together.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub max_differ: usize,
    /// Writes the figures as JSON; `-` writes them to the terminal instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The patchbay program; the one built beside this program if not given.
    #[arg(long, value_name = "FILE")]
    pub patchbay: Option<PathBuf>,
    /// Keeps logs and recordings in this folder.
    #[arg(long, value_name = "DIR")]
    pub logs: Option<PathBuf>,
}

/// One round, measured.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    cpu_s: f64,
    minutes: f64,
}

/// Runs everything and gives the figures; what broke is in them.
///
/// # Errors
/// When the run itself could not be carried out.
pub async fn run(args: &RecordingArgs) -> Result<RecordingFigures> {
    ensure!(args.calls >= ROUNDS.len() / 2, "a run needs a call for each of its rounds");
    let servers = tokio::task::spawn_blocking(Servers::start).await.context("start the private stores")?;
    let servers = servers.context("start the private stores")?;
    let provider = Provider::start(options()?).await?;
    let (gateway, packs) = (process::free_port()?, packs()?);
    let public = format!("http://127.0.0.1:{gateway}");
    let workers = (0..WORKERS).map(|n| Ok((format!("worker-{n}"), process::free_port()?)));
    let workers = workers.collect::<Result<Vec<_>>>()?;
    let mut config = NetworkConfig::new(format!("{public}/twilio/voice"));
    config.status_callback = Some(format!("{public}/twilio/status"));
    let route = |(id, port): &(String, u16)| Route {
        public: format!("{public}/media/{id}"),
        actual: format!("http://127.0.0.1:{port}/media/{id}"),
    };
    config.routes = workers.iter().map(route).collect();
    let network = Network::start(config.clone()).await?;
    let launch = Launch {
        patchbay: args.patchbay.as_deref(),
        agents: packs.path(),
        packs: Packs::Folder,
        logs: args.logs.as_deref(),
        routing: Routing::Direct,
        seats: args.calls,
        servers: &servers,
        provider: Some(&provider.base_url),
        network: &network,
        config: &config,
        public: &public,
        gateways: &[gateway],
        workers: &workers,
        recorders: 1,
        settings: &[],
    };
    let mut system = System::start(&launch).await?;
    let figures = rounds(args, &network, &mut system).await;
    if figures.as_ref().map_or(true, |figures| !figures.broken.is_empty()) {
        eprintln!("logs and recordings are kept in {}", system.keep_logs().display());
    }
    system.stop().await;
    provider.stop().await;
    figures
}

/// The agent of `agents/harbour` twice: as it is, and recorded. All else is the same.
fn packs() -> Result<TempDir> {
    let harbour = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../agents/harbour"));
    let read =
        |file: &str| std::fs::read_to_string(harbour.join(file)).with_context(|| format!("read harbour's {file}"));
    let (agent, company) = (read("agent.toml")?, read("company.toml")?);
    let packs = tempfile::Builder::new().prefix("patchbay-packs-").tempdir().context("make a folder for packs")?;
    for (name, number, recording) in
        [("without", NUMBERS[0], ""), ("with", NUMBERS[1], "\n[recording]\nby = \"patchbay\"\nfrom = \"start\"\n")]
    {
        let folder = packs.path().join(name);
        std::fs::create_dir(&folder).with_context(|| format!("make {}", folder.display()))?;
        let agent = format!("{}{recording}", agent.replace("+15005550006", number));
        std::fs::write(folder.join("agent.toml"), agent).context("write a pack")?;
        let company = company.replace("\"harbour\"", &format!("\"{name}\""));
        std::fs::write(folder.join("company.toml"), company).context("write a pack")?;
    }
    Ok(packs)
}

fn options() -> Result<Options> {
    let script = callers::spoken()?;
    let script = script.into_iter().fold(Script::harbour(DELTA_MS), |script, (text, clip)| script.hears(&text, &clip));
    let script = std::sync::Arc::new(script);
    Ok(Options { key: KEY.to_owned(), script, marking: Marking::Numbered, ..Options::default() })
}

/// All rounds, and what is made of them.
async fn rounds(args: &RecordingArgs, network: &Network, system: &mut System) -> Result<RecordingFigures> {
    let (mut costs, mut recorded) = ([Cost::default(); 2], Vec::new());
    let each = args.calls.div_ceil(2);
    for (round, side) in ROUNDS.into_iter().enumerate() {
        let before = system.cpu_s("worker");
        let truths = Callers::new(crowd(args, side, each, round))?.place(network).await;
        let cost = &mut costs[side as usize];
        cost.cpu_s += system.cpu_s("worker") - before;
        cost.minutes += truths.iter().map(|truth| truth.lasted().as_secs_f64()).sum::<f64>() / 60.0;
        if side == Side::With {
            recorded.extend(truths);
        }
        tokio::time::sleep(BREATH).await;
    }
    let folder = system.cli().dir.join("recordings");
    let files = stored(&folder, &recorded).await?;
    let mut figures = RecordingFigures::new(args, costs);
    let clips = callers::spoken()?;
    let sounds = Sounds::of(clips.iter().map(|(_, clip)| clip));
    for truth in &recorded {
        figures.add(truth, &files, &sounds);
    }
    if let Some(dead) = system.dead() {
        figures.broken.push(format!("{dead} ended by itself"));
    }
    figures.judge(args);
    Ok(figures)
}

/// The callers of a round: the same in each, but for their numbers' watermarks.
fn crowd(args: &RecordingArgs, side: Side, calls: usize, round: usize) -> Crowd {
    Crowd {
        calls,
        duration: args.duration,
        ramp: args.ramp,
        to: NUMBERS[side as usize].to_owned(),
        scenario: Scenario::Mixed,
        // No two calls of a run have the same number, and the frames of each round leave at the same milliseconds.
        first: 1 + (round * calls.next_multiple_of(20)) as u64,
        faults: vec![LOST],
        keep: Keep::Heard,
    }
}

/// The recordings by their call, as soon as there is one for each, or after long enough.
async fn stored(folder: &Path, calls: &[CallTruth]) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let deadline = Instant::now() + STORED;
    loop {
        let mut files = Vec::new();
        walk(folder, &mut files)?;
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let of = |call: &CallTruth| {
            let sid = call.call_sid.to_ascii_lowercase();
            files.iter().filter(|file| name(file).starts_with(&sid)).cloned().collect::<Vec<_>>()
        };
        let found: BTreeMap<_, _> = calls.iter().map(|call| (call.call_sid.clone(), of(call))).collect();
        if found.values().all(|files| !files.is_empty()) || Instant::now() > deadline {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    // A folder nothing was put into does not exist yet.
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.context("look into the store of recordings")?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "wav") {
            files.push(path);
        }
    }
    Ok(())
}

/// Both channels of a recording.
fn channels(file: &Path) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    wav::decode_channels(&bytes)
}
