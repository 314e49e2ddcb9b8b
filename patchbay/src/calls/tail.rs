//! `patchbay calls tail`: calls as they happen, from the bus where there is one, else from the record.
//!
//! The bus is quicker and goes on without a recorder; the record is what a laptop has. Both tell the same events.

use super::moment;
use crate::agents::{asked, line, parse_company};
use crate::say::parse_call;
use crate::{assemble, process, show};
use anyhow::Context;
use call::CallEvent;
use clap::Args;
use common::config::Config;
use common::event::{Envelope, Event, EventKey, GatewayEvent, TwilioEvent};
use common::ids::{CallId, CompanyId};
use common::money::Money;
use common::ports::Db;
use common::prices::Prices;
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at the record.
const LOOK: Duration = Duration::from_millis(500);
/// Events come to the record a little out of order: so far back is looked again.
const BACK_MS: u64 = 10_000;
/// Events read at one look.
const PAGE: u32 = 5_000;

#[derive(Args)]
pub(crate) struct TailArgs {
    /// Only this company's calls
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: Option<CompanyId>,
    /// Only this call
    #[arg(long, value_name = "CALL_SID", value_parser = parse_call)]
    call: Option<CallId>,
    /// Prints events as JSON, one a line, and nothing else
    #[arg(long)]
    json: bool,
}

impl TailArgs {
    fn wants(&self, envelope: &Envelope) -> bool {
        self.company.as_ref().is_none_or(|company| envelope.company.as_ref() == Some(company))
            && self.call.as_ref().is_none_or(|call| *call == envelope.key.call)
    }
}

/// Follows calls until it is stopped.
pub(crate) async fn run(config: &Config, args: &TailArgs) -> anyhow::Result<()> {
    let mut screen = Screen { prices: config.prices.clone(), spent: BTreeMap::new() };
    if !args.json {
        let from = if config.nats_url.is_some() { "as the bus tells them" } else { "as the record gets them" };
        line(format_args!("following calls {from}; Ctrl-C ends it"));
    }
    let followed = async {
        match &config.nats_url {
            Some(_) => of_bus(config, args, &mut screen).await,
            None => of_record(&assemble::db(config)?, args, &mut screen).await,
        }
    };
    tokio::select! {
        followed = followed => followed,
        () = process::signal() => Ok(()),
    }
}

async fn of_bus(config: &Config, args: &TailArgs, screen: &mut Screen) -> anyhow::Result<()> {
    let bus = assemble::bus(config).await?;
    let mut events = bus.live().await.context("failed to follow NATS_URL; `patchbay doctor` says more")?;
    while let Some(envelope) = events.next().await {
        screen.show(args, &envelope);
    }
    anyhow::bail!("the bus of NATS_URL has gone; `patchbay doctor` says more")
}

async fn of_record(db: &Arc<dyn Db>, args: &TailArgs, screen: &mut Screen) -> anyhow::Result<()> {
    let mut from = common::clock::unix_ms();
    let mut shown: BTreeSet<(u64, EventKey)> = BTreeSet::new();
    loop {
        for envelope in asked(db.events_since(from.saturating_sub(BACK_MS), PAGE).await)? {
            let new =
                envelope.at_ms >= from.saturating_sub(BACK_MS) && shown.insert((envelope.at_ms, envelope.key.clone()));
            if new {
                from = from.max(envelope.at_ms);
                screen.show(args, &envelope);
            }
        }
        shown.retain(|(at_ms, _)| *at_ms + 2 * BACK_MS > from);
        tokio::time::sleep(LOOK).await;
    }
}

/// What is shown, and what calls have cost so far.
struct Screen {
    prices: Arc<Prices>,
    spent: BTreeMap<CallId, Money>,
}

impl Screen {
    fn show(&mut self, args: &TailArgs, envelope: &Envelope) {
        if !args.wants(envelope) {
            return;
        }
        if args.json {
            line(serde_json::to_string(envelope).unwrap_or_default());
            return;
        }
        let call = &envelope.key.call;
        if let Event::Worker(CallEvent::Used { usage, by: Some(by) }) = &envelope.event {
            let costs = self.prices.usage(by, usage, envelope.at_ms);
            *self.spent.entry(call.clone()).or_default() += costs.total();
        }
        if let Some(text) = self.told(envelope) {
            let short = &call.as_str()[call.as_str().len() - 6..];
            line(format_args!("{} …{short} {text}", moment(envelope.at_ms)));
        }
    }

    fn told(&mut self, envelope: &Envelope) -> Option<String> {
        Some(match &envelope.event {
            Event::Gateway(GatewayEvent::Accepted { agent, .. }) => {
                let agent = agent.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
                format!("  begins     {} answers as {}", agent, envelope.key.call)
            }
            Event::Gateway(GatewayEvent::Refused { reason }) => format!("  refused    {}", reason.as_str()),
            Event::Gateway(GatewayEvent::Assigned { worker, .. }) => format!("  worker     {worker}"),
            Event::Worker(CallEvent::Ended { reason, .. }) => {
                let spent = self.spent.remove(&envelope.key.call).unwrap_or_default();
                format!("  ends       {}; voice AI {} USD", reason.as_str(), spent.short())
            }
            Event::Twilio(TwilioEvent::AnsweredBy { by, .. }) => format!("  answered   by {by}"),
            event => show::event(event)?,
        })
    }
}
