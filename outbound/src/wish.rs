//! What somebody wants called becomes a batch, or every reason why not at once.
//!
//! Before it: the command line or the API. After it: [`common::ports::Outbound::begin_batch`]. Nobody is called by a
//! machine without a ground for it: a wish without consent is refused, whatever else it says.

use crate::plan::may_be_tried_again;
use common::company::{Agent, Roster};
use common::ids::{AgentId, BatchId, CompanyId};
use common::ports::outbound::{Batch, BatchRow, BatchStatus, DialPlan, OnMachine, Window};
use common::private::PhoneNumber;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Calls a minute a batch may ask for at most: what Twilio's largest accounts begin in a second, times sixty.
const PER_MINUTE: u32 = 6_000;
/// Tries after the first. More is no service to anybody.
const RETRIES: u32 = 10;
/// Shortest wait before another try: a telephone that was busy a moment ago is busy now.
const RETRY_S: u32 = 60;
/// Longest ringing: Twilio's own limit. <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).
const RING_S: std::ops::RangeInclusive<u32> = 5..=600;
/// Length of a call: Twilio's own limits.
const MOST_S: std::ops::RangeInclusive<u32> = 60..=86_400;
/// Longest message for a machine, in characters: voice mail cuts longer ones.
const MESSAGE: usize = 1_000;

/// What somebody wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The batch's id; `None` for one made from what is called: starting it twice is starting it once.
    pub id: Option<BatchId>,
    /// Its name, for people.
    pub name: String,
    /// Whose.
    pub company: CompanyId,
    /// Who speaks.
    pub agent: AgentId,
    /// Our number; `None` for the agent's first.
    pub from: Option<PhoneNumber>,
    /// On what ground these people may be called.
    pub consent: String,
    /// How they are called.
    pub plan: DialPlan,
    /// Who wants it.
    pub by: String,
}

/// How people are called where nothing else is wished: on working days from nine to eight, slowly, once.
pub fn usual_plan() -> DialPlan {
    DialPlan {
        per_minute: 30,
        concurrency: 10,
        window: Window {
            from_minute: 9 * 60,
            until_minute: 20 * 60,
            days: [true, true, true, true, true, false, false],
        },
        retries: BTreeMap::new(),
        machine: OnMachine::HangUp,
        ring_s: 30,
        most_s: 3_600,
        until_ms: None,
    }
}

impl Wish {
    /// The batch, if the agents in force can call these people so; else everything that is wrong.
    pub fn batch(self, roster: &Roster, rows: &[BatchRow], now_ms: u64) -> Result<Batch, Vec<String>> {
        let mut faults = faults_of_plan(&self.plan, rows, now_ms);
        let consent = self.consent.trim().to_owned();
        if consent.is_empty() {
            faults
                .push("say on what ground these people may be called (consent): who agreed to it, when and how".into());
        }
        if rows.is_empty() {
            faults.push("there is nobody to be called".into());
        }
        let from = match self.agent(roster) {
            Ok(agent) => {
                faults.extend(faults_of_languages(agent, rows));
                self.number(agent).map_err(|fault| faults.push(fault)).ok()
            }
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        match from {
            Some(from) if faults.is_empty() => Ok(Batch {
                id: self.id.unwrap_or_else(|| id_of(&self.company, &self.agent, rows)),
                name: self.name,
                company: self.company,
                agent: self.agent,
                from,
                consent,
                plan: self.plan,
                status: BatchStatus::Running,
                by: self.by,
                created_ms: now_ms,
            }),
            _ => Err(faults),
        }
    }

    fn agent<'r>(&self, roster: &'r Roster) -> Result<&'r Agent, String> {
        let names = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let Some(company) = roster.companies.get(&self.company) else {
            let known = names(roster.companies.keys().map(CompanyId::as_str).collect());
            return Err(format!("there is no company {}; there is {known}", self.company));
        };
        company.agents.get(&self.agent).ok_or_else(|| {
            let known = names(company.agents.keys().map(AgentId::as_str).collect());
            format!("{} has no agent {}; it has {known}", self.company, self.agent)
        })
    }

    /// Whoever is called back must reach the agent.
    fn number(&self, agent: &Agent) -> Result<PhoneNumber, String> {
        match &self.from {
            Some(from) if agent.numbers.contains(from) => Ok(from.clone()),
            Some(_) => Err(format!("the number to call from is none of agent {}'s", self.agent)),
            None => agent.numbers.first().cloned().ok_or_else(|| {
                format!("agent {} has no number to call from; write one into `numbers` of its pack", self.agent)
            }),
        }
    }
}

fn faults_of_plan(plan: &DialPlan, rows: &[BatchRow], now_ms: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut wrong = |is_wrong: bool, fault: &str| {
        if is_wrong {
            faults.push(fault.to_owned());
        }
    };
    wrong(!(1..=PER_MINUTE).contains(&plan.per_minute), "calls a minute must be 1 to 6000");
    wrong(!(1..=10_000).contains(&plan.concurrency), "calls at the same time must be 1 to 10000");
    let window = &plan.window;
    let in_order = window.from_minute < window.until_minute && window.until_minute <= 24 * 60;
    wrong(!in_order, "hours must begin before they end, on the same day, for example 09:00-20:00");
    wrong(window.days == [false; 7], "at least one day of the week must be open");
    wrong(!RING_S.contains(&plan.ring_s), "ringing must last 5 to 600 seconds");
    wrong(!MOST_S.contains(&plan.most_s), "a call may last 60 to 86400 seconds");
    wrong(plan.until_ms.is_some_and(|until_ms| until_ms <= now_ms), "the end of the batch is over already");
    for (outcome, retry) in &plan.retries {
        let outcome_name = outcome.as_str();
        if !may_be_tried_again(*outcome) {
            faults.push(format!("nobody is called again after {outcome_name}; no_answer, busy, failed, machine are"));
        } else if retry.times > RETRIES || retry.after_s < RETRY_S {
            faults.push(format!("after {outcome_name} at most {RETRIES} tries, at least a minute apart"));
        }
    }
    if let OnMachine::LeaveMessage(message) = &plan.machine {
        faults.extend(faults_of_message(message, rows));
    }
    faults
}

/// A message is spoken to every machine: each of its columns must stand in every row.
fn faults_of_message(message: &str, rows: &[BatchRow]) -> Vec<String> {
    let mut faults = Vec::new();
    if message.trim().is_empty() || message.chars().count() > MESSAGE {
        faults.push(format!("the message for machines must have 1 to {MESSAGE} characters"));
    }
    for column in columns_of(message) {
        if let Some(row) = rows.iter().find(|row| !row.columns.contains_key(column)) {
            faults.push(format!("the message for machines names {{{column}}}, which line {} does not have", row.row));
        }
    }
    faults
}

/// The names in braces.
fn columns_of(message: &str) -> BTreeSet<&str> {
    message.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn faults_of_languages(agent: &Agent, rows: &[BatchRow]) -> Vec<String> {
    let wanted: BTreeMap<&str, u32> =
        rows.iter().rev().filter_map(|row| Some((row.language.as_deref()?, row.row))).collect();
    let unknown = wanted.into_iter().filter(|(language, _)| agent.speaks(language).is_none());
    let spoken: Vec<&str> = agent.languages.iter().map(|language| language.tag.as_str()).collect();
    let fault = |(language, line)| {
        format!("line {line} wants the language {language}; agent {} speaks {}", agent.id, spoken.join(", "))
    };
    unknown.map(fault).collect()
}

/// The same people for the same agent have the same id: whoever starts a file twice starts it once.
fn id_of(company: &CompanyId, agent: &AgentId, rows: &[BatchRow]) -> BatchId {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    add(company.as_str());
    add(agent.as_str());
    for row in rows {
        add(row.to.reveal());
        add(row.language.as_deref().unwrap_or_default());
        row.zones.iter().for_each(|zone| add(zone));
        row.columns.iter().for_each(|(name, text)| {
            add(name);
            add(text);
        });
    }
    let digest = hash.finalize();
    let hex: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    BatchId::parse(format!("b-{hex}")).expect("letters, digits and a dash")
}

#[cfg(test)]
mod tests;
