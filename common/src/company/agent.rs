//! A voice agent as configured: who gives the voice, in which languages, within which limits.

use super::{AfterCall, AgentSnapshot, Budget, Company, Menu, Phrases, RecordBy, RecordFrom, Recording, Tool};
use crate::ids::AgentId;
use crate::private::PhoneNumber;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A voice agent as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Hash of its configuration: which version spoke.
    pub version: String,
    /// Called numbers it answers.
    pub numbers: Vec<PhoneNumber>,
    /// The languages it speaks; the first is the default.
    pub languages: Vec<Language>,
    /// Who gives the voice, best first; never empty.
    pub voices: Vec<Voice>,
    /// Its limits.
    pub limits: AgentLimits,
    /// The most a call may cost.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub budget: Option<Budget>,
    /// Whether and how its calls are recorded.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub recording: Recording,
    /// What is done after its calls.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub after_call: AfterCall,
    /// What it may ask for.
    pub tools: Vec<Tool>,
    /// Keys the caller may press before it answers.
    pub menu: Option<Menu>,
    /// For the scripted provider: its script.
    pub script: Option<PathBuf>,
}

/// One language of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// BCP 47.
    pub tag: String,
    /// What the agent is told to be.
    pub instructions: String,
    /// What is said at an occasion.
    pub phrases: Phrases,
    /// The voice in this language, by provider; empty for the provider's own.
    #[serde(default)]
    pub voices: Vec<String>,
}

/// Who gives an agent its voice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Which provider.
    pub provider: Provider,
    /// The provider's model; for Deepgram the model that thinks.
    pub model: String,
    /// The provider's voice; for Deepgram the model that speaks.
    pub voice: String,
    /// When a turn ends.
    pub turn_detection: TurnDetection,
    /// Which model writes the caller's words down; for Deepgram the model that listens. `None` for none, or for the
    /// provider's usual one.
    pub transcription: Option<String>,
    /// For Deepgram: who runs the model that thinks, for example `open_ai`.
    #[serde(default)]
    pub thinker: Option<String>,
}

/// A provider of voice agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI Realtime.
    Openai,
    /// Deepgram Voice Agent.
    Deepgram,
    /// Answers from a script, without a network.
    Scripted,
}

impl Provider {
    /// Its name in packs, metrics and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Deepgram => "deepgram",
            Self::Scripted => "scripted",
        }
    }
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

/// Whether it is what it is without a word: such fields do not count for an agent's version.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The spelling of a language among these: exact, or by primary tag (`es-MX` → `es`).
pub(crate) fn speaks<'l>(languages: &'l [Language], wanted: &str) -> Option<&'l str> {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let exact = languages.iter().find(|own| own.tag.eq_ignore_ascii_case(wanted));
    let near = || languages.iter().find(|own| primary(&own.tag) == primary(wanted));
    exact.or_else(near).map(|own| own.tag.as_str())
}

impl Agent {
    /// The agent's spelling of a language it speaks: exact, or by primary tag (`es-MX` → `es`).
    pub fn speaks(&self, language: &str) -> Option<&str> {
        speaks(&self.languages, language)
    }

    /// The languages, each with its greeting behind the words that announce the recording, where there is one.
    fn announced(&self) -> Vec<Language> {
        let mut languages = self.languages.clone();
        let Recording { by, from, announcement, .. } = &self.recording;
        if *by != RecordBy::Nobody && *from != RecordFrom::Asked {
            for language in &mut languages {
                if let Some(words) = announcement.get(&language.tag) {
                    language.phrases.greeting = format!("{words} {}", language.phrases.greeting);
                }
            }
        }
        languages
    }

    /// What one call of `company` uses, in this language (the default one where it does not speak it).
    pub fn snapshot(&self, company: &Company, language: Option<&str>) -> AgentSnapshot {
        let default = self.languages.first().map_or("en", |own| own.tag.as_str());
        let language = language.and_then(|wanted| self.speaks(wanted)).unwrap_or(default);
        AgentSnapshot {
            company: company.id.clone(),
            agent: self.id.clone(),
            version: self.version.clone(),
            language: language.to_owned(),
            languages: self.announced(),
            voices: self.voices.clone(),
            limits: self.limits,
            tools: self.tools.iter().filter(|tool| tool.enabled).cloned().collect(),
            targets: company.targets.clone(),
            queues: company.queues.clone(),
            rooms: company.rooms.clone(),
            services: company.services.clone(),
            texting: company.texting.clone(),
            budget: self.budget,
            recording: self.recording.clone(),
            columns: Default::default(),
            script: self.script.clone(),
        }
    }
}
