//! Putting a company into force, thought out before anything is written: what is in force goes in, what has to change
//! comes out. Both databases only read the one and write the other, within one transaction.

use super::batch::holds_nul;
use super::deeds::AuditRow;
use super::rows::{big, count, from_json, id, json};
use common::company::{Agent, Company, Roster};
use common::ids::{AgentId, CompanyId};
use common::ports::{AgentVersion, Configuration, Current, DbError};
use common::private::PhoneNumber;
use std::collections::BTreeMap;

/// A company as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct CompanyRow {
    pub(super) company: String,
    pub(super) body: String,
}

/// An agent in force.
#[derive(sqlx::FromRow)]
pub(super) struct AgentRow {
    pub(super) company: String,
    pub(super) agent: String,
    pub(super) version: String,
    pub(super) body: String,
}

/// Who answers a number.
#[derive(sqlx::FromRow)]
pub(super) struct NumberRow {
    pub(super) number: String,
    pub(super) company: String,
    pub(super) agent: String,
}

/// A version as it is listed.
#[derive(sqlx::FromRow)]
pub(super) struct VersionRow {
    agent: String,
    version: String,
    applied_ms: i64,
    current: bool,
}

/// What is in force before a company is applied.
pub(super) struct InForce {
    /// The company's body.
    pub(super) company: Option<CompanyRow>,
    /// Its agents.
    pub(super) agents: Vec<AgentRow>,
    /// Who else answers the company's numbers.
    pub(super) elsewhere: Vec<NumberRow>,
}

/// What has to be written. The numbers are all of the company's, the rest only what changes.
pub(super) struct Change {
    pub(super) company: String,
    pub(super) body: String,
    pub(super) agents: Vec<AgentRow>,
    pub(super) withdrawn: Vec<String>,
    pub(super) numbers: Vec<NumberRow>,
    pub(super) audit: Vec<AuditRow>,
}

/// Every number a company's agents answer.
pub(super) fn numbers(company: &Company) -> Vec<&str> {
    company.agents.values().flat_map(|agent| &agent.numbers).map(PhoneNumber::reveal).collect()
}

/// What has to change so that a company is in force; `None` when it is already.
pub(super) fn change(company: &Company, actor: &str, now_ms: u64, found: &InForce) -> Result<Option<Change>, DbError> {
    let numbers = claim(company, &found.elsewhere)?;
    let without_agents = Company { agents: BTreeMap::new(), ..company.clone() };
    let audit = |action: String, detail: String| {
        let (company, actor) = (Some(company.id.to_string()), actor.to_owned());
        Ok::<_, DbError>(AuditRow { at_ms: big(now_ms, "time")?, company, call_sid: None, actor, action, detail })
    };
    let mut change = Change {
        company: company.id.to_string(),
        body: body(&without_agents)?,
        agents: Vec::new(),
        withdrawn: Vec::new(),
        numbers,
        audit: Vec::new(),
    };
    // What an older build stored and this one cannot read is not the same.
    let known = found.company.as_ref().and_then(|row| from_json::<Company>(&row.body).ok());
    if known.as_ref() != Some(&without_agents) {
        change.audit.push(audit("applied the company".into(), String::new())?);
    }
    for agent in company.agents.values() {
        let known = found.agents.iter().find(|row| row.agent == agent.id.as_str());
        if known.and_then(|row| from_json::<Agent>(&row.body).ok()).as_ref() == Some(agent) {
            continue;
        }
        let before = known.map_or("nothing", |row| row.version.as_str());
        change.audit.push(audit(format!("applied {}", agent.id), format!("{before} -> {}", agent.version))?);
        let (company, name, version) = (company.id.to_string(), agent.id.to_string(), agent.version.clone());
        change.agents.push(AgentRow { company, agent: name, version, body: body(agent)? });
    }
    for row in found.agents.iter().filter(|row| !company.agents.keys().any(|id| id.as_str() == row.agent)) {
        change.audit.push(audit(format!("withdrew {}", row.agent), format!("{} -> nothing", row.version))?);
        change.withdrawn.push(row.agent.clone());
    }
    Ok((!change.audit.is_empty()).then_some(change))
}

/// The company's numbers, each with its one agent; refused where two agents claim one.
fn claim(company: &Company, elsewhere: &[NumberRow]) -> Result<Vec<NumberRow>, DbError> {
    let mut claimed: BTreeMap<&PhoneNumber, &AgentId> = BTreeMap::new();
    for agent in company.agents.values() {
        for number in &agent.numbers {
            let taken = elsewhere.iter().find(|row| row.number == number.reveal());
            let other = match claimed.insert(number, &agent.id).filter(|other| **other != agent.id) {
                Some(other) => Some(format!("{}/{other}", company.id)),
                None => taken.map(|row| format!("{}/{}", row.company, row.agent)),
            };
            if let Some(other) = other {
                let (number, own) = (number.masked(), format!("{}/{}", company.id, agent.id));
                return Err(DbError::Refused(format!(
                    "{number} is claimed by {own} and by {other}; a number has one agent"
                )));
            }
        }
    }
    let row = |(number, agent): (&PhoneNumber, &AgentId)| NumberRow {
        number: number.reveal().to_owned(),
        company: company.id.to_string(),
        agent: agent.to_string(),
    };
    Ok(claimed.into_iter().map(row).collect())
}

fn body<T: serde::Serialize>(content: &T) -> Result<String, DbError> {
    let body = json(content)?;
    if holds_nul(&body) {
        return Err(DbError::Refused("the configuration holds a NUL character".into()));
    }
    Ok(body)
}

/// Everything in force, from rows of the same moment.
pub(super) fn configuration(
    revision: i64,
    companies: Vec<CompanyRow>,
    agents: Vec<AgentRow>,
) -> Result<Configuration, DbError> {
    let mut roster = Roster::default();
    for row in companies {
        roster.companies.insert(id(row.company)?, from_json(&row.body)?);
    }
    for row in agents {
        let (company, agent) = (id::<CompanyId>(row.company)?, from_json::<Agent>(&row.body)?);
        if let Some(company) = roster.companies.get_mut(&company) {
            company.agents.insert(agent.id.clone(), agent);
        }
    }
    Ok(Configuration { revision: count(revision), roster })
}

/// What to say of a version that is not removed, by whether it is there and in force.
pub(super) fn not_forgotten(agent: &AgentId, version: &str, current: Option<bool>) -> DbError {
    DbError::Refused(match current {
        Some(_) => format!("version {version} of {agent} answers calls now: apply another one first"),
        None => format!("{agent} has no version {version}"),
    })
}

/// That somebody removed a version.
pub(super) fn forgotten(company: &CompanyId, agent: &AgentId, version: &str, now_ms: u64) -> Result<AuditRow, DbError> {
    Ok(AuditRow {
        at_ms: big(now_ms, "time")?,
        company: Some(company.to_string()),
        call_sid: None,
        actor: "operator".into(),
        action: format!("forgot {agent}"),
        detail: format!("{version} -> nothing"),
    })
}

impl TryFrom<VersionRow> for AgentVersion {
    type Error = DbError;

    fn try_from(row: VersionRow) -> Result<Self, DbError> {
        Ok(Self {
            agent: id(row.agent)?,
            version: row.version,
            applied_ms: count(row.applied_ms),
            current: if row.current { Current::Yes } else { Current::No },
        })
    }
}
