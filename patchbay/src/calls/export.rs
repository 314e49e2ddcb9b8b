//! `patchbay calls export`: records for other programs, page by page, however many there are.

use super::filter::FilterArgs;
use super::moment;
use crate::agents::asked;
use crate::assemble;
use anyhow::Context;
use clap::Args;
use common::cdr::Cdr;
use common::config::Config;
use common::costs::CostPart;
use common::private::PhoneNumber;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Calls read at once.
const PAGE: u32 = 1_000;

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// One JSON object a line instead of CSV
    #[arg(long)]
    json: bool,
    /// Writes to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// Writes every call that fits.
pub(crate) async fn run(config: &Config, args: &ExportArgs) -> anyhow::Result<()> {
    let db = assemble::db(config)?;
    let mut out = Out::open(args)?;
    let mut filter = args.filter.filter();
    loop {
        let page = asked(db.find(&filter, PAGE).await)?;
        for cdr in &page {
            match out.write(cdr) {
                Err(error) if is_closed(&error) => return Ok(()),
                written => written.context("failed to write")?,
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => filter.after = Some(last.call.clone()),
            _ => break,
        }
    }
    match out.finish() {
        Err(error) if is_closed(&error) => Ok(()),
        finished => finished.context("failed to write"),
    }
}

/// Whoever reads has had enough, as `head` has.
fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

enum Out {
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    Json(BufWriter<Box<dyn Write>>),
}

impl Out {
    fn open(args: &ExportArgs) -> anyhow::Result<Self> {
        let to: Box<dyn Write> = match &args.save {
            None => Box::new(std::io::stdout()),
            Some(path) => {
                Box::new(std::fs::File::create(path).with_context(|| format!("failed to create {}", path.display()))?)
            }
        };
        if args.json {
            return Ok(Self::Json(BufWriter::new(to)));
        }
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(columns()).context("failed to write")?;
        Ok(Self::Csv(Box::new(csv)))
    }

    fn write(&mut self, cdr: &Cdr) -> std::io::Result<()> {
        match self {
            Self::Csv(csv) => csv.write_record(row(cdr)).map_err(std::io::Error::from),
            Self::Json(out) => {
                serde_json::to_writer(&mut *out, cdr)?;
                out.write_all(b"\n")
            }
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Json(mut out) => out.flush(),
        }
    }
}

const COLUMNS: [&str; 22] = [
    "call",
    "company",
    "agent",
    "agent_version",
    "direction",
    "from",
    "to",
    "language",
    "accepted",
    "answered",
    "ended",
    "duration_ms",
    "end_reason",
    "twilio_status",
    "answered_by",
    "attempt",
    "turns",
    "interruptions",
    "tools",
    "first_word_ms",
    "reply_gap_max_ms",
    "complete",
];

fn columns() -> Vec<String> {
    let costs = CostPart::ALL.iter().map(|part| format!("cost_{}", part.as_str()));
    COLUMNS.iter().map(|name| (*name).to_owned()).chain(costs).chain(["cost_total".to_owned()]).collect()
}

fn row(cdr: &Cdr) -> Vec<String> {
    let text = |value: Option<String>| value.unwrap_or_default();
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let phone = |value: Option<&PhoneNumber>| plain(value.map(PhoneNumber::reveal).unwrap_or_default());
    let direction = serde_json::to_value(cdr.direction).ok().and_then(|value| value.as_str().map(str::to_owned));
    let mut row = vec![
        cdr.call.to_string(),
        text(cdr.company.as_ref().map(ToString::to_string)),
        text(cdr.agent.as_ref().map(ToString::to_string)),
        text(cdr.agent_version.clone()),
        text(direction),
        phone(cdr.from.as_ref()),
        phone(cdr.to.as_ref()),
        text(cdr.language.clone()),
        text(cdr.accepted_ms.map(moment)),
        text(cdr.answered_ms.map(moment)),
        text(cdr.ended_ms.map(moment)),
        number(cdr.duration_ms),
        text(cdr.end_reason.clone()),
        text(cdr.twilio_status.clone()),
        text(cdr.answered_by.clone()),
        text(cdr.attempt.as_ref().map(ToString::to_string)),
        cdr.turns.to_string(),
        cdr.interruptions.to_string(),
        cdr.tools.to_string(),
        number(cdr.first_word_ms),
        number(cdr.reply_gap_max_ms),
        cdr.complete.to_string(),
    ];
    row.extend(CostPart::ALL.iter().map(|part| cdr.costs.part(*part).to_string()));
    row.push(cdr.costs.total().to_string());
    row
}

/// What callers may have chosen is no formula for a spreadsheet; a number in E.164 begins with `+` and stays.
fn plain(text: &str) -> String {
    let number = text.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::call_id;

    #[test]
    fn every_row_has_every_column() {
        assert_eq!(row(&Cdr::new(call_id(1))).len(), columns().len());
    }

    #[test]
    fn what_a_caller_calls_themselves_is_no_formula() {
        assert_eq!(plain("+15005550006"), "+15005550006");
        assert_eq!(plain("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(plain("+1+cmd"), "'+1+cmd");
        assert_eq!(plain("client:ada"), "client:ada");
    }
}
