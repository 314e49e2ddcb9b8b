//! Companies and their voice agents, as configured. A call uses the snapshot taken when it was accepted.

mod agent;
mod around;
mod phrases;
mod services;
mod snapshot;
mod tool;

pub mod load;

pub use agent::{Agent, AgentLimits, Language, Provider, TurnDetection, Voice};
pub use around::{
    AfterCall, AfterMessage, AtTwilio, Budget, HOOK_EVENTS, Hook, MessageTemplate, RecordBy, RecordFrom, Recording,
    SummaryWish, Texting,
};
pub use phrases::Phrases;
pub use services::Services;
pub use snapshot::{AgentSnapshot, filled};
pub use tool::{
    Briefing, BuiltIn, Choice, Confirm, HttpTool, Keep, McpTool, Menu, Queue, Rate, Room, Sample, SecretHeader,
    SecretRef, Target, Tool, ToolKind,
};

pub(crate) use agent::speaks;

use crate::ids::{AgentId, CompanyId};
use crate::private::PhoneNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everybody whose calls are answered. Read from packs, one folder a company, or from the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roster {
    /// By id.
    pub companies: BTreeMap<CompanyId, Company>,
}

/// A company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its id, as in the path `/twilio/{company}/…`.
    pub id: CompanyId,
    /// Its name, for people.
    pub name: String,
    /// IANA name of its time zone.
    pub timezone: String,
    /// How many calls it may have at once.
    pub max_calls: u32,
    /// Its agents, by id.
    pub agents: BTreeMap<AgentId, Agent>,
    /// Whom calls may be put through to, by name.
    pub targets: BTreeMap<String, Target>,
    /// Where callers may wait, by name.
    pub queues: BTreeMap<String, Queue>,
    /// Where callers may meet others, by name.
    pub rooms: BTreeMap<String, Room>,
    /// Addresses of the services its tools use, by name.
    pub services: BTreeMap<String, String>,
    /// What it may send as text messages.
    #[serde(default)]
    pub texting: Texting,
    /// Its own systems that are told about calls, by name.
    #[serde(default)]
    pub hooks: BTreeMap<String, Hook>,
}

impl Roster {
    /// The agent that answers a called number.
    pub fn by_number(&self, called: &PhoneNumber) -> Option<(&Company, &Agent)> {
        self.agents().find(|(_, agent)| agent.numbers.contains(called))
    }

    /// A company's agent for a language: the first that speaks it, else `None`.
    pub fn by_path(&self, company: &CompanyId, language: &str) -> Option<(&Company, &Agent)> {
        let company = self.companies.get(company)?;
        let agent = company.agents.values().find(|agent| agent.speaks(language).is_some())?;
        Some((company, agent))
    }

    /// Everybody, company by company.
    pub fn agents(&self) -> impl Iterator<Item = (&Company, &Agent)> {
        self.companies.values().flat_map(|company| company.agents.values().map(move |agent| (company, agent)))
    }
}
