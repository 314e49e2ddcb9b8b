//! `patchbay demo`: a whole call in a terminal. A caller speaks, an agent answers, is interrupted, asks into a silence;
//! the transcript scrolls by, and at the end stands the record.

mod children;
mod pack;
mod story;

pub use pack::point;

use crate::cli::Settings;
use crate::up::{self, Running};
use crate::{account, assemble, process, show};
use anyhow::Context;
use clap::Args;
use common::cdr::{Cdr, StoredTurn};
use common::config::Config;
use common::ids::CallId;
use common::ports::{Bus, Db};
use common::telemetry;
use futures_util::StreamExt;
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{self, CallPlan, CallTruth, PhoneEvent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest wait for the record after the call.
const RECORDED: Duration = Duration::from_secs(15);

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Plays the conversation of this pack of the agents folder: orders, loans, concierge, assistant, desk
    #[arg(long, value_name = "NAME", conflicts_with = "processes")]
    pack: Option<String>,
    /// Ends after the call instead of staying up
    #[arg(long)]
    once: bool,
    /// Prints record and transcript as JSON and nothing else
    #[arg(long)]
    json: bool,
    /// Gateway, two workers and recorder as processes of their own; needs REDIS_URL, NATS_URL and DATABASE_URL
    #[arg(long)]
    processes: bool,
}

/// Runs the demo.
pub(crate) fn run(settings: &Settings, args: DemoArgs) -> anyhow::Result<()> {
    let config = load(settings)?;
    // The demo's terminal is for the call; its log only appears when it is asked for.
    let asked = common::config::environment().contains_key("RUST_LOG");
    let _telemetry = asked.then(|| telemetry::init("demo", config.log_format, None));
    process::runtime()?.block_on(async {
        match &args.pack {
            Some(pack) => play_pack(config, pack, &args).await,
            None if args.processes => in_processes(settings, config, &args).await,
            None => in_this_process(config, &args).await,
        }
    })
}

/// Free ports and the simulated network's account: a demo never takes real calls.
fn load(settings: &Settings) -> anyhow::Result<Config> {
    let mut config = settings.load(&[], &[])?;
    config.twilio.account_sid = account::LOCAL_SID.to_owned();
    config.twilio.auth_token = account::LOCAL_TOKEN.into();
    config.twilio.api_key = None;
    config.twilio.api_secret = None;
    let free = "127.0.0.1:0".parse().context("a loopback address")?;
    (config.gateway.listen, config.worker.listen, config.ops_listen) = (free, free, free);
    config.worker.drain = Duration::ZERO;
    config.worker.address = None;
    config.public_url = "http://127.0.0.1:0".to_owned();
    Ok(config)
}

async fn in_this_process(mut config: Config, args: &DemoArgs) -> anyhow::Result<()> {
    // The network's REST interface must be known before the roles start, the gateway's address before the network calls.
    let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await?;
    config.twilio.api_base_url = Some(network.api_base_url().to_owned());
    let running = up::start(config, 2).await?;
    running.until_ready().await?;
    let url = running.config.public_url.clone();
    let stage = Stage { bus: running.ports.bus.clone(), db: running.ports.db.clone(), url: url.clone() };
    let result = stage.play(&network, stage.hotel(), story::INTRODUCTION, args).await;
    stay_up(args, &result, &format!("{url}/twilio/voice"), &running).await;
    running.stop().await;
    result
}

async fn play_pack(mut config: Config, pack: &str, args: &DemoArgs) -> anyhow::Result<()> {
    let outside = pack::outside(&config.agents_dir, pack).await?;
    point(&mut config, &outside);
    let running = up::start(config, 2).await?;
    running.until_ready().await?;
    let url = running.config.public_url.clone();
    let stage = Stage { bus: running.ports.bus.clone(), db: running.ports.db.clone(), url: url.clone() };
    let result = stage.play(&outside.network, outside.plan(&url)?, &outside.story.about, args).await;
    stay_up(args, &result, &format!("{url}/twilio/voice"), &running).await;
    running.stop().await;
    result
}

async fn stay_up(args: &DemoArgs, result: &anyhow::Result<()>, webhook: &str, running: &Running) {
    if args.once || args.json || result.is_err() {
        return;
    }
    let signal = process::signal();
    println!("\nStill up: webhook {webhook}, metrics http://{}/metrics.  Stop it: Ctrl-C", running.config.ops_listen);
    signal.await;
}

async fn in_processes(settings: &Settings, mut config: Config, args: &DemoArgs) -> anyhow::Result<()> {
    let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await?;
    config.twilio.api_base_url = Some(network.api_base_url().to_owned());
    let children = children::Children::start(settings, &config).await?;
    let stage =
        Stage { bus: assemble::bus(&config).await?, db: assemble::db(&config)?, url: children.url().to_owned() };
    let result = stage.play(&network, stage.hotel(), story::INTRODUCTION, args).await;
    if !args.once && !args.json && result.is_ok() {
        let signal = process::signal();
        println!("\nStill up: {}.  Stop it: Ctrl-C", children.describe());
        signal.await;
    }
    children.stop().await;
    result
}

/// Where the call takes place.
struct Stage {
    bus: Arc<dyn Bus>,
    db: Arc<dyn Db>,
    url: String,
}

impl Stage {
    /// The hotel's call.
    fn hotel(&self) -> CallPlan {
        let mut plan = story::plan();
        plan.voice_url = Some(format!("{}/twilio/voice", self.url));
        plan.status_callback = Some(format!("{}/twilio/status", self.url));
        plan
    }

    async fn play(&self, network: &Network, mut plan: CallPlan, about: &str, args: &DemoArgs) -> anyhow::Result<()> {
        let (watcher, seen) = mpsc::channel(1_024);
        plan.watcher = Some(watcher);
        if !args.json {
            println!("{about}\n");
        }
        let live = self.bus.live().await.context("failed to listen to the bus")?;
        let truth = {
            let calling = phone::call(network, plan);
            tokio::pin!(calling);
            watch(calling, seen, live, args).await
        };
        let (cdr, turns) = self.recorded(&truth).await?;
        if args.json {
            println!("{}", serde_json::to_string_pretty(&show::json(&cdr, &turns))?);
        } else {
            println!("\nCall detail record\n{}", show::cdr(&cdr));
            println!("Transcript, as it was heard");
            turns.iter().for_each(|stored| println!("{}", show::turn(&stored.turn)));
        }
        Ok(())
    }

    /// Waits until the record is complete.
    async fn recorded(&self, truth: &CallTruth) -> anyhow::Result<(Cdr, Vec<StoredTurn>)> {
        let call = CallId::parse(truth.call_sid.as_str()).context("the network's call sid")?;
        let started = tokio::time::Instant::now();
        loop {
            let cdr = self.db.cdr(&call).await.context("failed to read the record")?;
            let late = started.elapsed() > RECORDED;
            if let Some(cdr) = cdr.filter(|cdr| cdr.complete || late) {
                return Ok((cdr, self.db.turns(&call).await.context("failed to read the transcript")?));
            }
            anyhow::ensure!(!late, "no record after {RECORDED:?}; `patchbay doctor` says what is wrong");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Shows what happens until the call is over.
async fn watch(
    mut calling: std::pin::Pin<&mut impl Future<Output = CallTruth>>,
    mut seen: mpsc::Receiver<PhoneEvent>,
    mut live: common::ports::bus::futures::BoxStream<common::event::Envelope>,
    args: &DemoArgs,
) -> CallTruth {
    let print = |line: String| {
        if !args.json {
            println!("{line}");
        }
    };
    let mut ended = None;
    // The last turns come by the bus shortly after the call's end.
    let last_words = tokio::time::sleep(Duration::MAX);
    tokio::pin!(last_words);
    loop {
        tokio::select! {
            truth = &mut calling, if ended.is_none() => {
                ended = Some(truth);
                last_words.as_mut().reset(tokio::time::Instant::now() + Duration::from_millis(300));
            }
            Some(event) = seen.recv() => {
                if let Some(line) = show::phone(&event) { print(line); }
            }
            Some(envelope) = live.next() => {
                if let Some(line) = show::event(&envelope.event) { print(line); }
            }
            () = &mut last_words, if ended.is_some() => {
                return ended.expect("the call has ended when last words are waited for");
            }
        }
    }
}
