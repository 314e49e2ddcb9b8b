//! An agent as one call uses it: this version, whatever is configured later.

use super::{
    AgentLimits, Budget, BuiltIn, Language, Phrases, Queue, Recording, Room, Target, Texting, Tool, ToolKind, Voice,
};
use crate::ids::{AgentId, CompanyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An agent as one call uses it. Travels from gateway to worker with the reservation and is kept with the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentSnapshot {
    /// Whose.
    pub company: CompanyId,
    /// Which.
    pub agent: AgentId,
    /// Version of its configuration.
    pub version: String,
    /// BCP 47 language of the conversation: one of `languages`.
    pub language: String,
    /// What it says and is told, by language; the first is the default.
    pub languages: Vec<Language>,
    /// Who gives the voice, best first; never empty.
    pub voices: Vec<Voice>,
    /// Its limits.
    pub limits: AgentLimits,
    /// What it may ask for; only tools that are enabled.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// Whom calls may be put through to, by name.
    #[serde(default)]
    pub targets: BTreeMap<String, Target>,
    /// Where callers may wait, by name.
    #[serde(default)]
    pub queues: BTreeMap<String, Queue>,
    /// Where callers may meet others, by name.
    #[serde(default)]
    pub rooms: BTreeMap<String, Room>,
    /// Addresses of the company's services, by name.
    #[serde(default)]
    pub services: BTreeMap<String, String>,
    /// What may be sent as text messages.
    #[serde(default)]
    pub texting: Texting,
    /// The most the call may cost.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// Whether and how the call is recorded.
    #[serde(default)]
    pub recording: Recording,
    /// For a call that we made: what is known of the person called, by column of the batch; already put into
    /// instructions and phrases. Personal data.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// For the scripted provider: its script, a path the worker can read.
    pub script: Option<PathBuf>,
}

impl AgentSnapshot {
    /// What belongs to the language of the conversation.
    pub fn spoken(&self) -> &Language {
        let own = self.languages.iter().find(|language| language.tag == self.language);
        own.or(self.languages.first()).expect("an agent speaks at least one language")
    }

    /// The wording for every occasion, in the language of the conversation.
    pub fn phrases(&self) -> &Phrases {
        &self.spoken().phrases
    }

    /// What the agent is told to be, in the language of the conversation.
    pub fn instructions(&self) -> &str {
        &self.spoken().instructions
    }

    /// The provider of this number, the last one for any number beyond.
    pub fn voice(&self, number: u32) -> &Voice {
        let last = self.voices.len().saturating_sub(1);
        self.voices.get((number as usize).min(last)).expect("an agent has at least one voice")
    }

    /// The voice's name at this provider, in the language of the conversation.
    pub fn voice_name(&self, number: u32) -> &str {
        let own = self.spoken().voices.get(number as usize).filter(|name| !name.is_empty());
        own.map_or(&self.voice(number).voice, |name| name)
    }

    /// The same agent in another of its languages; `None` when it does not speak it.
    pub fn in_language(&self, tag: &str) -> Option<Self> {
        let language = super::speaks(&self.languages, tag)?.to_owned();
        Some(Self { language, ..self.clone() })
    }

    /// The same agent for a call that we make: `{column}` in its instructions and phrases is replaced by what is known of
    /// the person called. Braces that name no column stay as they are.
    pub fn with_columns(mut self, columns: BTreeMap<String, String>) -> Self {
        for language in &mut self.languages {
            language.instructions = filled(&language.instructions, &columns);
            language.phrases = language.phrases.map(|text| filled(text, &columns));
        }
        self.columns = columns;
        self
    }

    /// The tool of this name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The name of the tool that ends the call, where the agent has one.
    pub fn hang_up_tool(&self) -> Option<&str> {
        let ends = |tool: &&Tool| tool.kind == ToolKind::BuiltIn(BuiltIn::HangUp);
        self.tools.iter().find(ends).map(|tool| tool.name.as_str())
    }

    /// The core's limits for this agent.
    pub fn core_limits(&self) -> call::Limits {
        let slowest = self.tools.iter().map(|tool| tool.timeout_ms).max().unwrap_or_default();
        let limits = self.limits.to_limits();
        // The tool's own deadline speaks first: it knows more.
        let tool_deadline = limits.tool_deadline.max(std::time::Duration::from_millis(slowest + 1_000));
        call::Limits { tool_deadline, providers: self.voices.len() as u32, ..limits }
    }
}

/// A text with `{name}` replaced by what stands under that name; in one pass, so that what is put in is not looked at
/// again.
pub fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        match after.split_once('}').and_then(|(name, behind)| Some((values.get(name)?, behind))) {
            Some((value, behind)) => {
                out += value;
                rest = behind;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_what_is_said_and_nothing_is_replaced_twice() {
        let values = BTreeMap::from([("name".to_owned(), "{due} Ada".to_owned()), ("due".into(), "Friday".into())]);
        assert_eq!(filled("Hello {name}, {due} {or} { {name", &values), "Hello {due} Ada, Friday {or} { {name");
        let mut agent = crate::testing::agent_snapshot();
        agent.languages[0].phrases.greeting = "Hello {name}.".into();
        assert_eq!(agent.with_columns(values).phrases().greeting, "Hello {due} Ada.");
    }
}
