//! `patchbay numbers check`.

use super::compare::{Difference, Finding, compare};
use super::{Sides, reachable};
use crate::agents::line;
use clap::Args;
use common::config::Config;
use serde_json::json;

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Prints the findings as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Compares and prints; fails when something is wrong.
pub(super) async fn run(config: &Config, args: &CheckArgs) -> anyhow::Result<()> {
    reachable(config)?;
    let sides = Sides::look(config).await?;
    let findings = compare(&config.public_url, &sides.roster, &sides.own);
    if args.json {
        let document = json!({
            "public_url": config.public_url, "numbers": sides.own.len(), "well": findings.is_empty(),
            "findings": findings,
        });
        line(format_args!("{document:#}"));
    } else {
        findings.iter().for_each(print);
        if findings.is_empty() {
            line(format_args!("all is well: {} numbers of the account compared", sides.own.len()));
        }
    }
    anyhow::ensure!(findings.is_empty(), "{} numbers need attention", findings.len());
    Ok(())
}

fn print(finding: &Finding) {
    let agent = finding.agent.as_deref().map(|agent| format!("  {agent}")).unwrap_or_default();
    line(format_args!("{}{agent}  {}", finding.number.reveal(), finding.found));
    for difference in &finding.differences {
        line(shown(difference));
    }
    line(format_args!("  → {}\n", finding.mend));
}

/// `voice URL  (unset) → https://…`
pub(super) fn shown(difference: &Difference) -> String {
    let now = if difference.now.is_empty() { "(unset)" } else { &difference.now };
    format!("    {:<22}  {now} → {}", difference.what, difference.wanted)
}
