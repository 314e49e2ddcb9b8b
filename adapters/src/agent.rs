//! Voice agents: the port [`common::ports::agent`]. Chooses who answers: OpenAI Realtime or a script.

pub mod openai;
pub mod scripted;

use common::company::{AgentSnapshot, Provider};
use common::config::Openai;
use common::ports::Agents;
use common::ports::agent::{AgentRoute, NoProvider};
use scripted::Scripts;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// All providers this build knows.
#[derive(Debug)]
pub struct Providers {
    openai: RwLock<Openai>,
    scripts: Scripts,
}

impl Providers {
    /// With OpenAI's account, which may have no key.
    pub fn new(openai: Openai) -> Self {
        Self { openai: RwLock::new(openai), scripts: Scripts::default() }
    }

    /// Takes a new account or key: every dial from now on uses it.
    pub fn renew_openai(&self, openai: Openai) {
        *self.openai.write().unwrap_or_else(PoisonError::into_inner) = openai;
    }

    fn scripted(&self, agent: &AgentSnapshot, script: &Path) -> Result<AgentRoute, NoProvider> {
        let script = self.scripts.load(script).map_err(|error| NoProvider(error.to_string()))?;
        Ok(scripted::route(agent, script))
    }
}

impl Agents for Providers {
    fn open(&self, agent: &AgentSnapshot, voice: u32) -> Result<AgentRoute, NoProvider> {
        let openai = self.openai.read().unwrap_or_else(PoisonError::into_inner);
        match (agent.voice(voice).provider, &openai.api_key, &agent.script) {
            (Provider::Openai, Some(key), _) => Ok(openai::route(agent, voice, &openai.base_url, key)),
            (Provider::Openai | Provider::Deepgram | Provider::Scripted, _, Some(script)) => {
                self.scripted(agent, script)
            }
            (Provider::Openai, None, None) => Err(no_provider(agent, "no OPENAI_API_KEY is set and it has no script")),
            (Provider::Deepgram, _, None) => Err(no_provider(agent, "no DEEPGRAM_API_KEY is set and it has no script")),
            (Provider::Scripted, _, None) => Err(no_provider(agent, "its provider is `scripted` and it has no script")),
        }
    }
}

fn no_provider(agent: &AgentSnapshot, why: &str) -> NoProvider {
    NoProvider(format!("agent {} of {} cannot answer: {why}", agent.agent, agent.company))
}
