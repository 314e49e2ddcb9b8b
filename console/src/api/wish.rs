//! A batch as a client asks for it: what is left out is as [`outbound::wish::usual_plan`] has it.

use crate::problem::Problem;
use common::company::Roster;
use common::ids::{AgentId, BatchId, CompanyId};
use common::ports::outbound::{BatchRow, DialPlan, OnMachine, Outcome, Retry};
use common::private::PhoneNumber;
use outbound::file;
use outbound::wish::{Wish, usual_plan};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A batch: who is called as `rows`, or as `csv`, a text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchWish {
    id: Option<BatchId>,
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    call: CallWish,
    #[serde(default)]
    rows: Vec<RowWish>,
    csv: Option<String>,
}

/// What a batch and a single call have in common.
#[derive(Deserialize)]
pub(crate) struct CallWish {
    pub(crate) company: CompanyId,
    agent: AgentId,
    from: Option<String>,
    #[serde(default)]
    consent: String,
    #[serde(default)]
    plan: PlanWish,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PlanWish {
    per_minute: Option<u32>,
    concurrency: Option<u32>,
    /// `09:00-20:00`.
    hours: Option<String>,
    /// `mon-fri`, `sat,sun`.
    days: Option<String>,
    retries: BTreeMap<Outcome, Retry>,
    machine: Option<OnMachine>,
    ring_s: Option<u32>,
    most_s: Option<u32>,
    until_ms: Option<u64>,
}

/// Somebody to be called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowWish {
    to: String,
    #[serde(default)]
    timezone: String,
    language: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

/// A batch to be begun.
pub(crate) struct Ready {
    pub(crate) wish: Wish,
    pub(crate) rows: Vec<BatchRow>,
    /// Rows that cannot be called, by line.
    pub(crate) broken: Vec<file::Broken>,
}

impl BatchWish {
    /// Reads the list; broken rows are told, good ones kept.
    pub(crate) fn ready(self, roster: &Roster) -> Result<Ready, Problem> {
        let own = own_numbers(roster, &self.call.company);
        let (rows, broken) = match &self.csv {
            Some(_) if !self.rows.is_empty() => return Err(Problem::wrong("give either rows or csv, not both")),
            Some(csv) => {
                let list = file::read(csv.as_bytes(), &own);
                (list.rows, list.broken)
            }
            None => read(self.rows, &own),
        };
        let wish = self.call.wish(self.id, self.name)?;
        Ok(Ready { wish, rows, broken })
    }
}

impl CallWish {
    /// The wish without its people.
    pub(crate) fn wish(self, id: Option<BatchId>, name: String) -> Result<Wish, Problem> {
        Ok(Wish {
            id,
            name: if name.is_empty() { format!("{} by API", self.agent) } else { name },
            company: self.company,
            agent: self.agent,
            from: self.from.as_deref().map(PhoneNumber::new),
            consent: self.consent,
            plan: self.plan.plan()?,
            by: "api".into(),
        })
    }
}

impl PlanWish {
    fn plan(self) -> Result<DialPlan, Problem> {
        let mut plan = usual_plan();
        let hours = self.hours.as_deref().map(hours).transpose().map_err(Problem::wrong)?;
        if let Some((from_minute, until_minute)) = hours {
            (plan.window.from_minute, plan.window.until_minute) = (from_minute, until_minute);
        }
        if let Some(named) = self.days.as_deref() {
            plan.window.days = days(named).map_err(Problem::wrong)?;
        }
        plan.per_minute = self.per_minute.unwrap_or(plan.per_minute);
        plan.concurrency = self.concurrency.unwrap_or(plan.concurrency);
        plan.retries = self.retries;
        plan.machine = self.machine.unwrap_or(plan.machine);
        plan.ring_s = self.ring_s.unwrap_or(plan.ring_s);
        plan.most_s = self.most_s.unwrap_or(plan.most_s);
        plan.until_ms = self.until_ms;
        Ok(plan)
    }
}

/// The company's own numbers are not called.
fn own_numbers(roster: &Roster, company: &CompanyId) -> Vec<PhoneNumber> {
    let agents = roster.companies.get(company).into_iter().flat_map(|company| company.agents.values());
    agents.flat_map(|agent| agent.numbers.iter().cloned()).collect()
}

/// Rows are counted from 1, as lines are.
fn read(wished: Vec<RowWish>, own: &[PhoneNumber]) -> (Vec<BatchRow>, Vec<file::Broken>) {
    let (mut rows, mut broken): (Vec<BatchRow>, Vec<file::Broken>) = (Vec::new(), Vec::new());
    let mut seen = std::collections::BTreeMap::new();
    for (position, row) in wished.into_iter().enumerate() {
        let line = position as u32 + 1;
        let zones = |to: &PhoneNumber| file::zones_of(&row.timezone, to);
        let to = file::number(row.to.trim(), own).and_then(|to| Ok((zones(&to)?, to)));
        match to {
            Ok((_, to)) if seen.contains_key(&to) => {
                let fault = format!("is the same person as row {}", seen[&to]);
                broken.push(file::Broken { line, fault });
            }
            Ok((zones, to)) => {
                seen.insert(to.clone(), line);
                rows.push(BatchRow { row: line, to, zones, language: row.language, columns: row.columns });
            }
            Err(fault) => broken.push(file::Broken { line, fault }),
        }
    }
    (rows, broken)
}

/// `09:00-20:00` as minutes since midnight.
fn hours(text: &str) -> Result<(u16, u16), String> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let both = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
    both.ok_or_else(|| "hours must be like 09:00-20:00".to_owned())
}

/// `mon-fri`, `sat,sun`, `mon-wed,fri`.
fn days(text: &str) -> Result<[bool; 7], String> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = |name: &str| NAMES.iter().position(|own| *own == name.trim().to_ascii_lowercase());
    let mut days = [false; 7];
    for part in text.split(',') {
        let ends = part.split_once('-').map_or((part, part), |ends| ends);
        match (day(ends.0), day(ends.1)) {
            (Some(from), Some(until)) if from <= until => days[from..=until].fill(true),
            _ => return Err("days must be like mon-fri or sat,sun".to_owned()),
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_read_or_refused_with_an_example() {
        assert_eq!(hours("09:00-20:30"), Ok((540, 1_230)));
        assert_eq!(hours("00:00-24:00"), Ok((0, 1_440)));
        assert_eq!(days("mon-wed,sat"), Ok([true, true, true, false, false, true, false]));
        for wrong in ["", "9-20", "25:00-26:00", "09:00", "09:61-10:00"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "fri-mon", "monday", "mon-"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
