//! `patchbay outbound call`: one person, a batch of one.

use super::begin::Known;
use super::plan::{HowArgs, WhoArgs};
use super::{moment, watch, words};
use crate::agents::{asked, line};
use clap::Args;
use common::clock::unix_ms;
use common::config::Config;
use common::ids::{BatchId, BootId};
use common::ports::outbound::{BatchRow, DialPlan, Window};
use outbound::plan::{When, when};
use outbound::{Wish, file};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Args)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    who: WhoArgs,
    /// Who is called, E.164
    #[arg(long, value_name = "NUMBER")]
    to: String,
    #[command(flatten)]
    how: HowArgs,
    /// Something the agent is to know of them; may be given again
    #[arg(long = "column", value_name = "NAME=VALUE", value_parser = words::column)]
    columns: Vec<(String, String)>,
    /// In which language; the agent's own where none is given
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Where their clock stands; by their number where nothing is given
    #[arg(long, value_name = "ZONE", default_value = "")]
    timezone: String,
    /// Calls at once, whatever the hour is there
    #[arg(long)]
    now: bool,
    /// Waits for the outcome and prints it; fails unless they answered
    #[arg(long)]
    wait: bool,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Begins, and waits where that is wanted.
pub(super) async fn run(config: &Config, args: CallArgs) -> anyhow::Result<()> {
    let known = Known::read(config).await?;
    let row = row(&args, &known)?;
    let mut plan = args.how.plan(&known.roster, &args.who.company)?;
    if args.now {
        plan.window = Window { from_minute: 0, until_minute: 24 * 60, days: [true; 7] };
    }
    let id = BatchId::parse(format!("call-{}", BootId::fresh()))?;
    let (name, json) = (format!("a call by {}", args.who.agent), args.json);
    let wish = Wish {
        id: Some(id),
        name,
        from: args.who.from(),
        company: args.who.company,
        agent: args.who.agent,
        consent: args.who.consent,
        plan: DialPlan { per_minute: 60, concurrency: 1, ..plan },
        by: "command".into(),
    };
    let rows = [row];
    let batch = known.batch(wish, &rows)?;
    if asked(known.outbound.opted_out(&batch.company, &[rows[0].to.clone()]).await)?.len() == 1 {
        anyhow::bail!("nobody is called: this person does not want to be called by {}", batch.company);
    }
    known.begin(&batch, &rows).await?;
    let due = when(&batch.plan, &rows[0].zones, unix_ms());
    if !json {
        line(format_args!("{}", batch.id));
        match due {
            When::Now => {}
            When::At(at_ms) => line(format_args!("they are called from {} on; --now calls at once", moment(at_ms))),
            When::TooLate | When::NoHour => line("there is no hour in which they may be called; --now calls at once"),
        }
    }
    if args.wait {
        return watch::one(known.outbound.as_ref(), &batch.id, json).await;
    }
    if json {
        let at = if let When::At(at_ms) = due { Some(moment(at_ms)) } else { None };
        line(format_args!("{:#}", json!({"batch": batch.id, "begun": "new", "not_before": at})));
    } else {
        line(format_args!("the gateway dials; see what became of it with: patchbay outbound show {}", batch.id));
    }
    Ok(())
}

fn row(args: &CallArgs, known: &Known) -> anyhow::Result<BatchRow> {
    let wrong = |fault: String| anyhow::anyhow!("nobody is called: --to {fault}");
    let to = file::number(&args.to, &known.numbers()).map_err(wrong)?;
    let zones = file::zones_of(&args.timezone, &to).map_err(|fault| anyhow::anyhow!("nobody is called: it {fault}"))?;
    let columns: BTreeMap<String, String> = args.columns.iter().cloned().collect();
    Ok(BatchRow { row: 1, to, zones, language: args.language.clone(), columns })
}
