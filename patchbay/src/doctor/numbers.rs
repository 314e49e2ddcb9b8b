//! Whether the account's numbers lead to the agents in force: what `patchbay numbers check` says, without the details.

use super::packs::look;
use super::{Finding, PATIENCE, sick, well};
use crate::numbers::{self, Kind};
use crate::{account, assemble};
use common::config::Config;
use common::ports::Numbers;
use common::ports::telephone::OwnNumber;

/// Compares them. Numbers of the sample packs, which no telephone reaches, are no fault.
pub(super) async fn numbers(config: &Config) -> Finding {
    let twilio = match assemble::twilio(config) {
        Ok(Some(twilio)) if !account::is_local(config) => twilio,
        _ => return well("numbers", "not looked at: no Twilio account"),
    };
    if numbers::unreachable(&config.public_url).is_some() {
        return well("numbers", format!("not looked at: Twilio cannot reach PUBLIC_URL, {}", config.public_url));
    }
    let Ok(source) = look(config).await else { return well("numbers", "not looked at: the agents cannot be read") };
    let own = match tokio::time::timeout(PATIENCE, twilio.list()).await {
        Ok(Ok(own)) => own,
        Ok(Err(error)) => return sick("numbers", error.to_string(), "see `Twilio` above"),
        Err(_) => return sick("numbers", format!("no answer within {PATIENCE:?}"), "see `Twilio` above"),
    };
    let findings = numbers::compare(&config.public_url, &source.roster, &own);
    judged(&own, findings)
}

fn judged(own: &[OwnNumber], findings: Vec<numbers::Finding>) -> Finding {
    let (simulated, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(numbers::Finding::is_simulated);
    let aside = match simulated.len() {
        0 => String::new(),
        count => format!("; {count} of the agents' are only for simulated calls"),
    };
    if findings.is_empty() {
        return well("numbers", format!("{} of the account, all set as they should be{aside}", own.len()));
    }
    let missing = findings.iter().filter(|finding| finding.kind == Kind::Missing).count();
    let found = format!("{} of the account, {missing} missing, {} set wrongly", own.len(), findings.len() - missing);
    let mends: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}: {}", finding.number.reveal(), finding.found, finding.mend))
        .collect();
    sick("numbers", found + &aside, &mends.join("\n                → "))
}
