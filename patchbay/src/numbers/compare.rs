//! What is wrong between the account's numbers and the agents in force, and the mend of each. Pure: two sides in,
//! findings out.

use super::named;
use super::standing::{Answered, STATUS, VOICE, Way, answered, takes_status, way};
use common::company::{Agent, Company, Roster};
use common::ports::telephone::{NumberSetup, OwnNumber};
use common::private::PhoneNumber;
use serde::Serialize;
use std::collections::BTreeSet;

/// How Twilio asks and tells.
const METHOD: &str = "POST";
/// Twilio's numbers for tests, and those of the simulated network; no telephone reaches them:
/// <https://www.twilio.com/docs/iam/test-credentials> (read 2026-11).
const SIMULATED: &str = "+1500555";

/// Something wrong with a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) number: PhoneNumber,
    /// Who answers it, or should: `harbour/reception`.
    pub(crate) agent: Option<String>,
    pub(crate) kind: Kind,
    /// What is wrong, in words.
    pub(crate) found: String,
    /// What is set otherwise than it should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differences: Vec<Difference>,
    /// What to do; a command line where there is one.
    pub(crate) mend: String,
}

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An agent answers it, and the account does not have it.
    Missing,
    /// It points here, and no agent answers it.
    Unanswered,
    /// A trunk or an application takes its calls.
    Overridden,
    /// An agent answers it, and it points elsewhere.
    Elsewhere,
    /// It points here, and not all of it is set as it should be.
    Differs,
}

/// A setting that is otherwise than it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// As Twilio's console calls it.
    pub(crate) what: &'static str,
    /// Empty: unset.
    pub(crate) now: String,
    pub(crate) wanted: String,
}

impl Finding {
    /// Whether it is about a number that no telephone reaches, as in the sample packs.
    pub(crate) fn is_simulated(&self) -> bool {
        self.kind == Kind::Missing && self.number.reveal().starts_with(SIMULATED)
    }
}

/// Everything that is wrong, by number.
pub(crate) fn compare(base: &str, roster: &Roster, own: &[OwnNumber]) -> Vec<Finding> {
    let known: BTreeSet<&PhoneNumber> = own.iter().map(|own| &own.number).collect();
    let configured = roster.agents().flat_map(|of| of.1.numbers.iter().map(move |number| (of, number)));
    let absent = configured.filter(|(_, number)| !known.contains(number)).map(|(of, number)| missing(of, number));
    let mut findings: Vec<Finding> = absent.chain(own.iter().filter_map(|own| look(base, roster, own))).collect();
    findings.sort_by(|one, other| one.number.cmp(&other.number));
    findings
}

fn missing(of: (&Company, &Agent), number: &PhoneNumber) -> Finding {
    let agent = named(of);
    let shown = number.reveal();
    Finding {
        number: number.clone(),
        kind: Kind::Missing,
        found: "the Twilio account does not have it".to_owned(),
        differences: Vec::new(),
        mend: format!(
            "buy it in Twilio's console, then `patchbay numbers point {shown}`; or take it out of `numbers` of {agent}"
        ),
        agent: Some(agent),
    }
}

/// What is wrong with a number of the account. One that is neither an agent's nor points here is nobody's business.
fn look(base: &str, roster: &Roster, own: &OwnNumber) -> Option<Finding> {
    let configured = roster.by_number(&own.number);
    let (who, kind, found) = match (configured, answered(base, roster, own)) {
        (None, Answered::Elsewhere) => return None,
        (None, Answered::Nobody) => return Some(unanswered(own)),
        (Some(of), _) if !own.overridden_by.is_empty() => return Some(overridden(of, own)),
        (Some(of), Answered::Elsewhere) => (of, Kind::Elsewhere, "it does not point here".to_owned()),
        (Some(of), Answered::Nobody) => (of, Kind::Differs, "its address names nobody who answers".to_owned()),
        (Some(of), Answered::By(company, agent)) if named(of) != named((company, agent)) => {
            let (other, own) = (named((company, agent)), named(of));
            (of, Kind::Differs, format!("its address leads to {other}, though it is a number of {own}"))
        }
        (_, Answered::By(company, agent)) => {
            ((company, agent), Kind::Differs, "not all of it is set as it should be".to_owned())
        }
    };
    let differences = differences(base, &own.setup, &wanted(base, roster, own));
    let mend = format!("patchbay numbers point {}", own.number.reveal());
    let finding = Finding { number: own.number.clone(), agent: Some(named(who)), kind, found, differences, mend };
    Some(finding).filter(|finding| !finding.differences.is_empty())
}

fn unanswered(own: &OwnNumber) -> Finding {
    Finding {
        number: own.number.clone(),
        agent: None,
        kind: Kind::Unanswered,
        found: "it points here, and no agent answers it".to_owned(),
        differences: Vec::new(),
        mend: "add it to `numbers` of an agent and `patchbay agents apply`; or point it elsewhere in Twilio's console"
            .to_owned(),
    }
}

fn overridden(of: (&Company, &Agent), own: &OwnNumber) -> Finding {
    let (what, number) = (&own.overridden_by, own.number.reveal());
    Finding {
        number: own.number.clone(),
        agent: Some(named(of)),
        kind: Kind::Overridden,
        found: format!("{what} takes its calls"),
        differences: Vec::new(),
        mend: format!("take it out of {what} in Twilio's console, then `patchbay numbers point {number}`"),
    }
}

/// How a number should be set. An address that leads to a company by its path stays, where it leads to somebody and the
/// number is not another agent's: nothing else would find that agent.
pub(super) fn wanted(base: &str, roster: &Roster, own: &OwnNumber) -> NumberSetup {
    let kept = match (way(base, &own.setup.voice_url), answered(base, roster, own)) {
        (Some(Way::Path { .. }), Answered::By(company, agent)) => {
            let configured = roster.by_number(&own.number).map(named);
            configured.is_none_or(|configured| configured == named((company, agent)))
        }
        _ => false,
    };
    let voice_url = if kept { own.setup.voice_url.clone() } else { format!("{base}{VOICE}") };
    NumberSetup {
        fallback_url: voice_url.clone(),
        voice_url,
        voice_method: METHOD.to_owned(),
        fallback_method: METHOD.to_owned(),
        status_url: format!("{base}{STATUS}"),
        status_method: METHOD.to_owned(),
    }
}

/// What has to change. Addresses that do the same are as good.
pub(super) fn differences(base: &str, now: &NumberSetup, wanted: &NumberSetup) -> Vec<Difference> {
    let same_way =
        |now: &str, wanted: &str| now == wanted || (way(base, now).is_some() && way(base, now) == way(base, wanted));
    let same_status = |now: &str, wanted: &str| now == wanted || takes_status(base, now);
    let same_method = |now: &str, wanted: &str| now.is_empty() || now.eq_ignore_ascii_case(wanted);
    let rows = [
        ("voice URL", &now.voice_url, &wanted.voice_url, same_way(&now.voice_url, &wanted.voice_url)),
        ("voice method", &now.voice_method, &wanted.voice_method, same_method(&now.voice_method, &wanted.voice_method)),
        ("fallback URL", &now.fallback_url, &wanted.fallback_url, same_way(&now.fallback_url, &wanted.fallback_url)),
        (
            "fallback method",
            &now.fallback_method,
            &wanted.fallback_method,
            same_method(&now.fallback_method, &wanted.fallback_method),
        ),
        ("status callback", &now.status_url, &wanted.status_url, same_status(&now.status_url, &wanted.status_url)),
        (
            "status callback method",
            &now.status_method,
            &wanted.status_method,
            same_method(&now.status_method, &wanted.status_method),
        ),
    ];
    let wrong = rows.into_iter().filter(|(.., is_same)| !is_same);
    wrong.map(|(what, now, wanted, _)| Difference { what, now: now.clone(), wanted: wanted.clone() }).collect()
}

#[cfg(test)]
mod tests;
