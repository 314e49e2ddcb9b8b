//! `patchbay outbound list`.

use super::{moment, open};
use crate::agents::{asked, line, table};
use clap::Args;
use common::config::Config;
use common::ids::CompanyId;
use common::ports::outbound::{Batch, BatchStatus, Progress};
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Of this company only
    #[arg(long, value_name = "COMPANY", value_parser = crate::agents::parse_company)]
    company: Option<CompanyId>,
    /// At most so many, newest first
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    most: u32,
    /// Prints JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Shows the newest batches.
pub(super) async fn run(config: &Config, args: &ListArgs) -> anyhow::Result<()> {
    let outbound = open(config)?.outbound;
    let mut found = Vec::new();
    for batch in asked(outbound.batches(args.company.as_ref(), args.most).await)? {
        let progress = asked(outbound.progress(&batch.id).await)?;
        found.push((batch, progress));
    }
    if args.json {
        let batches: Vec<Value> = found.iter().map(|(batch, progress)| document(batch, progress)).collect();
        line(format_args!("{:#}", json!({"batches": batches})));
        return Ok(());
    }
    if found.is_empty() {
        line("there is no batch yet; `patchbay outbound start --help` shows how to begin one");
        return Ok(());
    }
    let mut rows = vec![
        ["BATCH", "NAME", "STATUS", "AGENT", "DONE", "OF", "UNDER WAY", "NEXT", "BEGUN"].map(str::to_owned).to_vec(),
    ];
    rows.extend(found.iter().map(|(batch, progress)| {
        vec![
            batch.id.to_string(),
            batch.name.clone(),
            status(batch.status).to_owned(),
            format!("{}/{}", batch.company, batch.agent),
            done(progress).to_string(),
            progress.rows.to_string(),
            progress.under_way.to_string(),
            progress.next_due_ms.map(moment).unwrap_or_default(),
            moment(batch.created_ms),
        ]
    }));
    line(table(&rows).trim_end());
    Ok(())
}

/// Rows that have their outcome.
pub(super) fn done(progress: &Progress) -> u64 {
    progress.outcomes.values().sum()
}

/// Where a batch stands, in a word.
pub(super) fn status(status: BatchStatus) -> &'static str {
    match status {
        BatchStatus::Running => "running",
        BatchStatus::Paused => "paused",
        BatchStatus::Cancelled => "cancelled",
        BatchStatus::Done => "done",
    }
}

/// A batch and how far it is, for scripts.
pub(super) fn document(batch: &Batch, progress: &Progress) -> Value {
    json!({
        "batch": batch.id, "name": batch.name, "status": batch.status, "company": batch.company, "agent": batch.agent,
        "from": batch.from, "consent": batch.consent, "plan": batch.plan, "by": batch.by,
        "begun": moment(batch.created_ms), "rows": progress.rows, "done": done(progress),
        "under_way": progress.under_way, "waiting": progress.waiting, "attempts": progress.attempts,
        "outcomes": progress.outcomes, "next_due": progress.next_due_ms.map(moment),
    })
}
