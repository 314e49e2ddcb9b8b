//! Voice agents: the port [`common::ports::agent`]. Chooses who answers: OpenAI Realtime, Deepgram's Voice Agent, or a
//! script.

mod address;
pub mod deepgram;
mod faults;
mod names;
pub mod openai;
mod prompt;
pub mod scripted;

use common::company::{AgentSnapshot, Provider};
use common::config::{Deepgram, Openai};
use common::ports::Agents;
use common::ports::agent::{AgentRoute, NoProvider};
use scripted::{ScriptError, Scripts};
use std::sync::{PoisonError, RwLock};

/// All providers this build knows.
#[derive(Debug)]
pub struct Providers {
    openai: RwLock<Openai>,
    deepgram: RwLock<Deepgram>,
    scripts: Scripts,
}

impl Providers {
    /// With OpenAI's account, which may have no key, and none at Deepgram.
    pub fn new(openai: Openai) -> Self {
        let deepgram = Deepgram { api_key: None, base_url: String::new() };
        Self { openai: RwLock::new(openai), deepgram: RwLock::new(deepgram), scripts: Scripts::default() }
    }

    /// And with this account at Deepgram, which may have no key.
    #[must_use]
    pub fn with_deepgram(self, deepgram: Deepgram) -> Self {
        Self { deepgram: RwLock::new(deepgram), ..self }
    }

    /// Takes a new account or key: every dial from now on uses it.
    pub fn renew_openai(&self, openai: Openai) {
        *self.openai.write().unwrap_or_else(PoisonError::into_inner) = openai;
    }

    /// Takes a new account or key: every dial from now on uses it.
    pub fn renew_deepgram(&self, deepgram: Deepgram) {
        *self.deepgram.write().unwrap_or_else(PoisonError::into_inner) = deepgram;
    }

    fn openai(&self, agent: &AgentSnapshot, voice: u32) -> Option<AgentRoute> {
        let account = self.openai.read().unwrap_or_else(PoisonError::into_inner);
        let key = account.api_key.as_ref()?;
        Some(openai::route(agent, voice, &account.base_url, key))
    }

    fn deepgram(&self, agent: &AgentSnapshot, voice: u32) -> Option<AgentRoute> {
        let account = self.deepgram.read().unwrap_or_else(PoisonError::into_inner);
        let key = account.api_key.as_ref()?;
        Some(deepgram::route(agent, voice, &account.base_url, key))
    }

    /// The script answers, or nobody, `because` of what is missing.
    fn scripted(&self, agent: &AgentSnapshot, because: &str) -> Result<AgentRoute, NoProvider> {
        let Some(script) = &agent.script else {
            return Err(no_provider(agent, &format!("{because} and it has no script")));
        };
        let load = |tag: &String| Ok((tag.clone(), self.scripts.load(script, tag)?));
        let by_language =
            agent.languages.iter().map(|language| load(&language.tag)).collect::<Result<_, ScriptError>>();
        let by_language = by_language.map_err(|error| NoProvider(error.to_string()))?;
        Ok(scripted::route(agent, by_language))
    }
}

impl Agents for Providers {
    fn open(&self, agent: &AgentSnapshot, voice: u32) -> Result<AgentRoute, NoProvider> {
        let (route, because) = match agent.voice(voice).provider {
            Provider::Openai => (self.openai(agent, voice), "no OPENAI_API_KEY is set"),
            Provider::Deepgram => (self.deepgram(agent, voice), "no DEEPGRAM_API_KEY is set"),
            Provider::Scripted => (None, "its provider is `scripted`"),
        };
        route.map_or_else(|| self.scripted(agent, because), Ok)
    }
}

fn no_provider(agent: &AgentSnapshot, why: &str) -> NoProvider {
    NoProvider(format!("agent {} of {} cannot answer: {why}", agent.agent, agent.company))
}
