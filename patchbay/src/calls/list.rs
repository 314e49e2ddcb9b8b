//! `patchbay calls list`.

use super::filter::FilterArgs;
use super::{length, moment};
use crate::agents::{asked, line, table};
use crate::assemble;
use clap::Args;
use common::cdr::Cdr;
use common::config::Config;
use common::event::Direction;
use common::private::PhoneNumber;
use serde_json::json;

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max: u32,
    /// Prints them as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Shows the newest calls.
pub(crate) async fn run(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let found = asked(assemble::db(config)?.find(&args.filter.filter(), args.max).await)?;
    if args.json {
        line(format_args!("{:#}", json!({ "calls": found })));
        return Ok(());
    }
    if found.is_empty() {
        line("no call fits; without filters the newest calls of all companies are shown");
        return Ok(());
    }
    let head = ["CALL", "BEGAN", "WHO", "AGENT", "LENGTH", "TURNS", "WAIT", "END", "USD"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(found.iter().map(row)).collect();
    line(table(&rows).trim_end());
    Ok(())
}

fn row(cdr: &Cdr) -> Vec<String> {
    let began = cdr.accepted_ms.or(cdr.answered_ms).or(cdr.ended_ms);
    vec![
        cdr.call.to_string(),
        began.map(moment).unwrap_or_default(),
        who(cdr),
        format!("{}/{}", named(cdr.company.as_ref()), named(cdr.agent.as_ref())),
        cdr.duration_ms.map_or_else(|| "-".to_owned(), length),
        cdr.turns.to_string(),
        cdr.reply_gap_max_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms")),
        cdr.end_reason.clone().unwrap_or_default(),
        cdr.costs.total().short(),
    ]
}

/// The person at the other end, masked, and which way the call went.
fn who(cdr: &Cdr) -> String {
    let (arrow, person) = match cdr.direction {
        Some(Direction::Outbound) => ("→", cdr.to.as_ref()),
        Some(Direction::Inbound) | None => ("←", cdr.from.as_ref()),
    };
    format!("{arrow} {}", person.map_or_else(|| "-".to_owned(), PhoneNumber::masked))
}

fn named(id: Option<&impl ToString>) -> String {
    id.map_or_else(|| "-".to_owned(), ToString::to_string)
}
