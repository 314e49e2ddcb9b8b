//! Companies and their voice agents, as configured. A call uses the snapshot taken when it was accepted.

use crate::ids::{AgentId, CompanyId};
use crate::private::PhoneNumber;
use call::Cue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub mod load;

/// Everybody whose calls are answered. Read from `agents/`, one folder a company.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// By id.
    pub companies: BTreeMap<CompanyId, Company>,
}

/// A company.
#[derive(Clone, Debug, PartialEq)]
pub struct Company {
    /// Its id, as in the path `/twilio/{company}/…`.
    pub id: CompanyId,
    /// Its name, for people.
    pub name: String,
    /// How many calls it may have at once.
    pub max_calls: u32,
    /// Its agents, by id.
    pub agents: BTreeMap<AgentId, Agent>,
}

/// A voice agent as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Hash of its configuration: which version spoke.
    pub version: String,
    /// Called numbers it answers.
    pub numbers: Vec<PhoneNumber>,
    /// BCP 47 languages; the first is the default.
    pub languages: Vec<String>,
    /// Who gives the voice.
    pub provider: Provider,
    /// The provider's model.
    pub model: String,
    /// The provider's voice.
    pub voice: String,
    /// What the agent is told to be.
    pub instructions: String,
    /// When a turn ends.
    pub turn_detection: TurnDetection,
    /// Which model writes the caller's words down; `None` for none.
    pub transcription: Option<String>,
    /// Its limits.
    pub limits: AgentLimits,
    /// By language: what is said at an occasion.
    pub phrases: BTreeMap<String, Phrases>,
    /// For the scripted provider: its script.
    pub script: Option<PathBuf>,
}

/// Who gives an agent its voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI Realtime.
    Openai,
    /// Answers from a script, without a network.
    Scripted,
}

/// How the provider finds the end of the caller's turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TurnDetection {
    /// By loudness; the choice for telephones.
    ServerVad {
        /// 0 to 1; higher needs louder speech.
        threshold: f32,
        /// Audio kept before detected speech.
        prefix_padding_ms: u32,
        /// Silence that ends a turn.
        silence_duration_ms: u32,
    },
    /// By meaning.
    SemanticVad {
        /// `low`, `medium`, `high` or `auto`.
        eagerness: String,
    },
}

impl Default for TurnDetection {
    fn default() -> Self {
        Self::ServerVad { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 }
    }
}

/// The limits an agent may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentLimits {
    /// Silence before the agent asks whether the caller is there.
    pub silence_prompt_ms: u64,
    /// Silence before the call ends.
    pub silence_end_ms: u64,
    /// Longest call.
    pub max_call_ms: u64,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self { silence_prompt_ms: 25_000, silence_end_ms: 60_000, max_call_ms: 3_600_000 }
    }
}

impl AgentLimits {
    /// The core's limits with these set.
    pub fn to_limits(self) -> call::Limits {
        call::Limits {
            silence_prompt: Duration::from_millis(self.silence_prompt_ms),
            silence_end: Duration::from_millis(self.silence_end_ms),
            max_call: Duration::from_millis(self.max_call_ms),
            ..call::Limits::default()
        }
    }
}

/// What is said at an occasion, in one language. What is missing falls back to English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phrases {
    /// First words.
    pub greeting: String,
    /// Asks whether the caller is there.
    pub silence_prompt: String,
    /// Goodbye after too much silence.
    pub silence_farewell: String,
    /// Goodbye at the maximum length.
    pub time_limit: String,
    /// Said while a lost service is brought back.
    pub bridge: String,
    /// Said by the telephone network when no agent can be had.
    pub apology: String,
    /// Said by the telephone network when every worker is full.
    pub busy: String,
    /// Said by the telephone network when nobody answers this number.
    pub unknown_number: String,
}

impl Default for Phrases {
    fn default() -> Self {
        Self {
            greeting: "Hello. How can I help you?".into(),
            silence_prompt: "Are you still there?".into(),
            silence_farewell: "I cannot hear you any more, so I will hang up now. Goodbye.".into(),
            time_limit: "We have reached the end of the time for this call. Goodbye.".into(),
            bridge: "One moment, please.".into(),
            apology: "I am sorry, we cannot take your call right now. Please call again later.".into(),
            busy: "All our lines are busy at the moment. Please call again in a few minutes.".into(),
            unknown_number: "This number is not in service.".into(),
        }
    }
}

impl Phrases {
    /// The wording for an occasion.
    pub fn at(&self, cue: Cue) -> &str {
        match cue {
            Cue::Greeting => &self.greeting,
            Cue::SilencePrompt => &self.silence_prompt,
            Cue::SilenceFarewell => &self.silence_farewell,
            Cue::TimeLimit => &self.time_limit,
            Cue::Resumed => &self.bridge,
        }
    }
}

/// An agent as one call uses it: one language, this version. Travels from gateway to worker with the reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentSnapshot {
    /// Whose.
    pub company: CompanyId,
    /// Which.
    pub agent: AgentId,
    /// Version of its configuration.
    pub version: String,
    /// BCP 47 language.
    pub language: String,
    /// Who gives the voice.
    pub provider: Provider,
    /// The provider's model.
    pub model: String,
    /// The provider's voice.
    pub voice: String,
    /// What the agent is told to be.
    pub instructions: String,
    /// When a turn ends.
    pub turn_detection: TurnDetection,
    /// Which model writes the caller's words down.
    pub transcription: Option<String>,
    /// Its limits.
    pub limits: AgentLimits,
    /// What is said at an occasion.
    pub phrases: Phrases,
    /// For the scripted provider: its script, a path the worker can read.
    pub script: Option<PathBuf>,
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

impl Agent {
    /// The agent's spelling of a language it speaks: exact, or by primary tag (`es-MX` → `es`).
    pub fn speaks(&self, language: &str) -> Option<&str> {
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let exact = self.languages.iter().find(|own| own.eq_ignore_ascii_case(language));
        exact.or_else(|| self.languages.iter().find(|own| primary(own) == primary(language))).map(String::as_str)
    }

    /// What one call uses, in this language (the default one where it does not speak it).
    pub fn snapshot(&self, company: &CompanyId, language: Option<&str>) -> AgentSnapshot {
        let default = self.languages.first().map_or("en", String::as_str);
        let language = language.and_then(|wanted| self.speaks(wanted)).unwrap_or(default);
        AgentSnapshot {
            company: company.clone(),
            agent: self.id.clone(),
            version: self.version.clone(),
            language: language.to_owned(),
            provider: self.provider,
            model: self.model.clone(),
            voice: self.voice.clone(),
            instructions: self.instructions.clone(),
            turn_detection: self.turn_detection.clone(),
            transcription: self.transcription.clone(),
            limits: self.limits,
            phrases: self.phrases.get(language).or_else(|| self.phrases.get("en")).cloned().unwrap_or_default(),
            script: self.script.clone(),
        }
    }
}
