//! `patchbay ring`: a simulated phone call against a running gateway, with a file, a sentence or a microphone.

use crate::cli::Settings;
use crate::{assemble, process, show, source, up};
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::private::ExposeSecret;
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{self, CallEnd, CallPlan, Clip, Keep, Step, voice, wav};
use std::path::PathBuf;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[derive(Args)]
pub(crate) struct RingArgs {
    /// The gateway; without it the configured PUBLIC_URL
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The number called; without it the first number of any agent
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// Says this, by flite or espeak-ng; may be given several times, one a turn
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Plays this file as the caller's words; may be given several times
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// Speaks with this machine's microphone until Ctrl-C
    #[arg(long, conflicts_with_all = ["say", "wav"])]
    mic: bool,
    /// Keeps what the caller heard
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Prints what happened as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Places the call.
pub(crate) fn run(settings: &Settings, args: RingArgs) -> anyhow::Result<()> {
    let config = up::load(settings)?;
    process::runtime()?.block_on(ring(&config, args))
}

async fn ring(config: &Config, args: RingArgs) -> anyhow::Result<()> {
    let gateway = args.gateway.clone().unwrap_or_else(|| config.public_url.clone());
    let gateway = gateway.trim_end_matches('/').to_owned();
    let mut network = NetworkConfig::new(format!("{gateway}/twilio/voice"));
    network.status_callback = Some(format!("{gateway}/twilio/status"));
    network.account_sid.clone_from(&config.twilio.account_sid);
    network.auth_token = config.twilio.auth_token.expose_secret().to_owned();
    let network = Network::start(network).await?;
    let (watcher, mut seen) = mpsc::channel(1_024);
    let mut plan = plan(config, &args).await?;
    plan.watcher = Some(watcher);
    let hang_up = CancellationToken::new();
    plan.hang_up = Some(hang_up.clone());
    let _capture = if args.mic { Some(open_microphone(&mut plan)?) } else { None };
    let calling = phone::call(&network, plan);
    tokio::pin!(calling);
    let truth = loop {
        tokio::select! {
            truth = &mut calling => break truth,
            Some(event) = seen.recv() => {
                if let Some(line) = show::phone(&event).filter(|_| !args.json) { println!("{line}"); }
            }
            () = process::signal() => hang_up.cancel(),
        }
    };
    if let (Some(path), Some(heard)) = (&args.save, &truth.heard) {
        wav::write(path, heard).with_context(|| format!("failed to write {}", path.display()))?;
    }
    report(&args, &truth);
    if let CallEnd::Failed(why) = &truth.end {
        anyhow::bail!("the call failed: {why}; is a gateway running at {gateway}? `patchbay up` starts one");
    }
    Ok(())
}

fn report(args: &RingArgs, truth: &phone::CallTruth) {
    let first_word = truth.first_word().map(|after| after.as_millis() as u64);
    if args.json {
        let json = serde_json::json!({
            "call": truth.call_sid,
            "end": format!("{:?}", truth.end),
            "lasted_ms": truth.lasted().as_millis() as u64,
            "heard_ms": truth.heard_ms(),
            "first_word_ms": first_word,
            "network_said": truth.spoken,
            "complaints": truth.notices.iter().map(|notice| format!("{notice:?}")).collect::<Vec<_>>(),
        });
        println!("{json:#}");
    } else {
        println!(
            "  {:.1} s, {:.1} s of the agent heard, first word {} ms after the start",
            truth.lasted().as_secs_f64(),
            truth.heard_ms() as f64 / 1000.0,
            first_word.map_or_else(|| "-".to_owned(), |ms| ms.to_string()),
        );
        if let Some(path) = &args.save {
            println!("  heard: {}", path.display());
        }
    }
}

async fn plan(config: &Config, args: &RingArgs) -> anyhow::Result<CallPlan> {
    let mut clips = Vec::new();
    for path in &args.wav {
        clips.push(Clip::read(path).with_context(|| format!("failed to read {}", path.display()))?);
    }
    for text in &args.say {
        clips.push(voice::say(text).await?);
    }
    let mut steps = vec![Step::Listen { quiet_ms: 600 }];
    for clip in clips {
        steps.extend([Step::Say(clip), Step::Listen { quiet_ms: 900 }]);
    }
    if args.mic {
        steps = vec![Step::AwaitEnd];
    }
    let mut plan = CallPlan::new(1, called(config, args).await?, steps);
    if args.save.is_some() {
        plan.keep = Keep::Heard;
    }
    Ok(plan)
}

async fn called(config: &Config, args: &RingArgs) -> anyhow::Result<String> {
    if let Some(number) = &args.to {
        return Ok(number.clone());
    }
    let directory = assemble::database(config)?.directory;
    let roster = source::look(config, directory.as_ref()).await?.roster;
    let number = roster.agents().find_map(|(_, agent)| agent.numbers.first().cloned());
    Ok(number.context("no agent has a number; name one by --to")?.reveal().to_owned())
}

fn open_microphone(plan: &mut CallPlan) -> anyhow::Result<voice::Capture> {
    let voice::Microphone { frames, capture } = voice::microphone()?;
    plan.microphone = Some(frames);
    println!("  speak; Ctrl-C hangs up");
    Ok(capture)
}
