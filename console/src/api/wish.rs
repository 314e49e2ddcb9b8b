//! A batch as a client asks for it: what is left out is as [`outbound::wish::usual_plan`] has it.

use crate::problem::Problem;
use common::company::Roster;
use common::ids::{AgentId, BatchId, CompanyId};
use common::ports::outbound::{BatchRow, DialPlan, OnMachine, Outcome, Retry};
use common::private::PhoneNumber;
use outbound::wish::{Wish, usual_plan};
use outbound::{file, words};
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
        let hours = self
            .hours
            .as_deref()
            .map(words::hours)
            .transpose()
            .map_err(|must| Problem::wrong(format!("hours {must}")))?;
        if let Some((from_minute, until_minute)) = hours {
            (plan.window.from_minute, plan.window.until_minute) = (from_minute, until_minute);
        }
        if let Some(named) = self.days.as_deref() {
            plan.window.days = words::days(named).map_err(|must| Problem::wrong(format!("days {must}")))?.0;
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
