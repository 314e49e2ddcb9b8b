//! Three accounts of one batch held against each other: the telephone network's, the database's and the report's. Pure.
//!
//! The network's account is the truth: who was called how often, who picked up, what a machine recorded.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    figures::CampaignFigures,
    people::{People, Person},
};
use crate::network::{CallStatus, Kind, Leg};

/// Sentences about single people kept in the verdict; a run that goes wrong everywhere says so in its sums.
const EXAMPLES: usize = 20;

/// What the network saw of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How often they were called.
    pub(super) calls: usize,
    /// How their last call ended; none if it has not.
    pub(super) status: Option<CallStatus>,
    /// What a machine recorded.
    pub(super) recorded: Vec<String>,
    /// Words that a machine's beep cut in two.
    pub(super) over_beep: bool,
    /// The verdict about who picked up, if the application took it.
    pub(super) verdict: Option<&'static str>,
    /// Media streams of the call: more than one where a worker was lost under it.
    pub(super) streams: usize,
}

impl Seen {
    pub(super) fn of(legs: &[Leg], number: &str) -> Self {
        let calls: Vec<&Leg> = legs.iter().filter(|leg| leg.to == number).collect();
        let Some(leg) = calls.last() else { return Self::default() };
        let Some(truth) = &leg.truth else { return Self { calls: calls.len(), ..Self::default() } };
        Self {
            calls: calls.len(),
            status: Some(leg.status),
            recorded: truth.recorded_words().into_iter().map(str::to_owned).collect(),
            over_beep: truth.said_over_beep(),
            verdict: truth.verdict.as_ref().filter(|verdict| verdict.is_told).map(|verdict| verdict.answered_by),
            streams: truth.streams.len(),
        }
    }
}

/// What the database holds of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: String,
    pub(super) outcome: Option<String>,
    pub(super) attempts: i64,
    pub(super) detail: String,
}

/// The outcomes that are true of what happened; one, but where the network itself did not get its word through.
fn outcomes(kind: Kind, seen: &Seen) -> &'static [&'static str] {
    match (seen.status, kind) {
        (Some(CallStatus::NoAnswer), _) => &["no_answer"],
        (Some(CallStatus::Busy), _) => &["busy"],
        (Some(CallStatus::Failed | CallStatus::Canceled), _) => &["failed"],
        (Some(CallStatus::Completed), Kind::Machine | Kind::Fax) => match seen {
            Seen { recorded, .. } if !recorded.is_empty() => &["message_left"],
            Seen { verdict: Some(verdict), .. } if *verdict != "unknown" => &["machine"],
            // Nobody could tell: the call was over before the verdict, or the verdict was lost on the way.
            _ => &["machine", "answered"],
        },
        (Some(CallStatus::Completed), _) => &["answered"],
        _ => &[],
    }
}

/// Writes what was found into the figures.
pub(super) fn judge(figures: &mut CampaignFigures, people: &People, seen: &[Seen], rows: &[Row], report: &Value) {
    let mut found = Found::default();
    for (person, seen) in people.all.iter().zip(seen) {
        found.person(figures, person, seen, rows);
    }
    figures.broken.append(&mut found.sums());
    figures.broken.extend(reported(figures, report));
    if rows.len() != people.all.len() {
        figures.broken.push(format!("the batch has {} rows for {} people", rows.len(), people.all.len()));
    }
}

/// What is wrong, by kind, with the people it happened to.
#[derive(Default)]
struct Found(BTreeMap<&'static str, Vec<String>>);

impl Found {
    fn person(&mut self, figures: &mut CampaignFigures, person: &Person, seen: &Seen, rows: &[Row]) {
        let of_person: Vec<&Row> = rows.iter().filter(|row| row.number == person.number).collect();
        let outcome = of_person.first().and_then(|row| row.outcome.clone());
        let word = outcome.clone().unwrap_or_else(|| "none".to_owned());
        *figures.outcomes.entry(person.kind).or_default().entry(word.clone()).or_default() += 1;
        figures.calls += seen.calls;
        figures.moved += usize::from(seen.streams > 1);
        figures.messages += seen.recorded.len();
        let line = || {
            let row = of_person.first().map_or("", |row| row.detail.as_str());
            format!("{:?} {}: {word} ({row}), network: {seen:?}", person.kind, person.name)
        };
        let mut note = |wrong: bool, what: &'static str| {
            if wrong {
                self.0.entry(what).or_default().push(line());
            }
        };
        note(of_person.len() != 1 || outcome.is_none(), "rows without exactly one outcome");
        note(seen.calls > 1, "people called twice");
        note(of_person.iter().any(|row| row.attempts > 1), "rows tried twice");
        note(seen.calls == 1 && seen.status.is_none(), "calls that did not end");
        let expected = outcomes(person.kind, seen);
        note(outcome.is_some() && !expected.contains(&word.as_str()), "outcomes that are not true");
        let message = People::message(person);
        let heard_wrong = seen.recorded.iter().any(|words| *words != message) || seen.recorded.len() > 1;
        note(heard_wrong, "machines that recorded something else than their message");
        note(seen.over_beep, "messages begun before the beep");
        note(word == "message_left" && seen.recorded.is_empty(), "messages said to be left that no machine recorded");
    }

    fn sums(&self) -> Vec<String> {
        let mut left = EXAMPLES;
        let mut sums = Vec::new();
        for (what, people) in &self.0 {
            sums.push(format!("{what}: {}", people.len()));
            let some = people.len().min(left);
            left -= some;
            sums.extend(people[..some].iter().map(|line| format!("    {line}")));
        }
        sums
    }
}

/// Whether the report adds up, and agrees with the rows.
fn reported(figures: &CampaignFigures, report: &Value) -> Vec<String> {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for outcomes in figures.outcomes.values() {
        for (outcome, rows) in outcomes.iter().filter(|(outcome, _)| *outcome != "none") {
            *counted.entry(outcome).or_default() += *rows as u64;
        }
    }
    let Some(told) = outcomes_of(report) else { return vec!["the report names no outcomes".to_owned()] };
    let told: BTreeMap<&str, u64> =
        told.iter().filter_map(|(name, rows)| Some((name.as_str(), rows.as_u64().filter(|rows| *rows > 0)?))).collect();
    let mut wrong = Vec::new();
    let sum: u64 = told.values().sum();
    if sum != figures.rows as u64 {
        wrong.push(format!("the report's outcomes add up to {sum} of {} rows", figures.rows));
    }
    if told != counted {
        wrong.push(format!("the report says {told:?}, the rows {counted:?}"));
    }
    wrong
}

/// The outcomes of a report, wherever in it they stand.
fn outcomes_of(report: &Value) -> Option<&serde_json::Map<String, Value>> {
    match report {
        Value::Object(fields) => {
            fields.get("outcomes").and_then(Value::as_object).or_else(|| fields.values().find_map(outcomes_of))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: CallStatus) -> Seen {
        Seen { calls: 1, status: Some(status), ..Seen::default() }
    }

    #[test]
    fn what_happened_has_one_true_outcome() {
        for (status, kind, expected) in [
            (CallStatus::Completed, Kind::Person, "answered"),
            (CallStatus::Completed, Kind::HangsUp, "answered"),
            (CallStatus::NoAnswer, Kind::NoAnswer, "no_answer"),
            (CallStatus::Busy, Kind::Busy, "busy"),
            (CallStatus::Failed, Kind::Failed, "failed"),
        ] {
            assert_eq!(outcomes(kind, &seen(status)), [expected]);
        }
        let machine = |recorded: &[&str], verdict| Seen {
            recorded: recorded.iter().map(|words| (*words).to_owned()).collect(),
            verdict,
            ..seen(CallStatus::Completed)
        };
        let beep = Some("machine_end_beep");
        assert_eq!(outcomes(Kind::Machine, &machine(&["Hello."], beep)), ["message_left"]);
        assert_eq!(outcomes(Kind::Machine, &machine(&[], beep)), ["machine"]);
        for nobody_could_tell in [None, Some("unknown")] {
            assert_eq!(outcomes(Kind::Machine, &machine(&[], nobody_could_tell)), ["machine", "answered"]);
        }
        assert!(outcomes(Kind::Person, &Seen::default()).is_empty(), "nobody was called: nothing is true");
    }

    #[test]
    fn a_report_is_found_wherever_it_stands() {
        let report = serde_json::json!({"batch": {"id": "x"}, "progress": {"outcomes": {"answered": 3}}});
        assert_eq!(outcomes_of(&report).unwrap()["answered"], 3);
        assert!(outcomes_of(&serde_json::json!({"id": 1})).is_none());
    }
}
