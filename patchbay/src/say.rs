//! `patchbay say`: a sentence for a call under way.

use crate::cli::Settings;
use crate::{assemble, process};
use anyhow::Context;
use call::Spoken;
use clap::Args;
use common::config::Config;
use common::control::{self, CallOrder, Order};
use common::ids::CallId;

#[derive(Args)]
pub(crate) struct SayArgs {
    /// The call
    #[arg(value_name = "CALL_SID", value_parser = parse_call)]
    call: CallId,
    /// What the agent says
    #[arg(value_name = "TEXT")]
    text: String,
}

/// For arguments.
pub(crate) fn parse_call(text: &str) -> Result<CallId, String> {
    CallId::parse(text).map_err(|error| error.to_string())
}

/// Tells every worker; the one that carries the call obeys.
pub(crate) fn run(settings: &Settings, args: &SayArgs) -> anyhow::Result<()> {
    let config = settings.load(&["stores.nats_url"], &[])?;
    anyhow::ensure!(!args.text.trim().is_empty(), "there is nothing to say");
    process::runtime()?.block_on(say(&config, args))
}

async fn say(config: &Config, args: &SayArgs) -> anyhow::Result<()> {
    let bus = assemble::bus(config).await?;
    let order = CallOrder { call: args.call.clone(), order: Order::Say(Spoken::new(args.text.as_str())) };
    let payload = serde_json::to_vec(&order).context("failed to write the order")?;
    let told = bus.tell(control::CALLS, payload.into()).await;
    told.context("failed to reach the workers by NATS_URL; `patchbay doctor` says more")?;
    println!("told the workers; whoever carries {} says it as soon as nobody speaks", args.call);
    Ok(())
}
