//! `patchbay outbound rows`: who stands where, page by page.

use super::{known, moment, open, words};
use crate::agents::{asked, line, table};
use clap::Args;
use common::config::Config;
use common::ids::BatchId;
use common::ports::Outbound;
use common::ports::outbound::{Outcome, RowState, RowStatus};
use serde_json::{Value, json};

/// Rows read at once.
const PAGE: u32 = 1_000;

#[derive(Args)]
pub(crate) struct RowsArgs {
    /// The batch, as `patchbay outbound list` shows it
    #[arg(value_name = "BATCH", value_parser = words::batch)]
    id: BatchId,
    /// Rows with this outcome only
    #[arg(long, value_parser = words::outcome)]
    outcome: Option<Outcome>,
    /// One JSON object a line and nothing else
    #[arg(long)]
    json: bool,
}

/// Shows them.
pub(super) async fn run(config: &Config, args: &RowsArgs) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    known(outbound.as_ref(), &args.id).await?;
    let mut pages = Pages::new(outbound.as_ref(), &args.id);
    let mut head =
        Some(["LINE", "TO", "STATUS", "TRIES", "NEXT", "OUTCOME", "DETAIL", "CALL"].map(str::to_owned).to_vec());
    while let Some(page) = pages.next().await? {
        let page = page.iter().filter(|row| args.outcome.is_none() || row.outcome == args.outcome);
        if args.json {
            page.for_each(|row| line(document(row)));
            continue;
        }
        let rows: Vec<Vec<String>> = head.take().into_iter().chain(page.map(cells)).collect();
        if !rows.is_empty() {
            line(table(&rows).trim_end());
        }
    }
    Ok(())
}

/// A batch's rows, a page at a time: half a million must not be held.
pub(super) struct Pages<'a> {
    outbound: &'a dyn Outbound,
    id: &'a BatchId,
    next: Option<u32>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(outbound: &'a dyn Outbound, id: &'a BatchId) -> Self {
        Self { outbound, id, next: Some(0) }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<RowState>>> {
        let Some(from) = self.next else { return Ok(None) };
        let page = asked(self.outbound.rows(self.id, from, PAGE).await)?;
        self.next = page.last().filter(|_| page.len() == PAGE as usize).and_then(|row| row.row.row.checked_add(1));
        Ok(Some(page).filter(|page| !page.is_empty()))
    }
}

fn cells(row: &RowState) -> Vec<String> {
    let next = if row.status == RowStatus::Waiting { moment(row.due_ms) } else { String::new() };
    vec![
        row.row.row.to_string(),
        row.row.to.reveal().to_owned(),
        status(row.status).to_owned(),
        row.attempts.to_string(),
        next,
        row.outcome.map(|outcome| outcome.as_str().to_owned()).unwrap_or_default(),
        row.detail.clone(),
        row.call.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

/// Where a row stands, in a word.
pub(super) fn status(status: RowStatus) -> &'static str {
    match status {
        RowStatus::Waiting => "waiting",
        RowStatus::Placing => "placing",
        RowStatus::Placed => "placed",
        RowStatus::Done => "done",
    }
}

/// A row for scripts.
pub(super) fn document(row: &RowState) -> Value {
    let due = (row.status == RowStatus::Waiting).then(|| moment(row.due_ms));
    json!({
        "line": row.row.row, "to": row.row.to, "zones": row.row.zones, "language": row.row.language,
        "columns": row.row.columns, "status": row.status, "attempts": row.attempts, "next": due,
        "last_tried": row.claimed_ms.map(moment), "call": row.call, "outcome": row.outcome, "detail": row.detail,
    })
}
