//! Everything around Patchbay that a pack's conversation needs, as real servers: the telephone network with the people
//! who can be called, both providers with the agent's part, and the services its tools talk to.
//!
//! Before it: a [`Story`]. After it: `patchbay demo --pack` and the tests of the packs, which point a configuration here.

use crate::network::{Network, NetworkConfig};
use crate::phone::CallPlan;
use crate::services::{Services, webhooks};
use crate::story::Story;
use crate::{deepgram, provider};
use std::sync::Arc;

/// The key both providers take.
pub const KEY: &str = "sk-outside-the-walls";

/// The world around one conversation.
#[derive(Debug)]
pub struct Outside {
    /// What is said and done.
    pub story: Story,
    /// The telephone network; the people of the conversation stand in its book.
    pub network: Network,
    /// OpenAI.
    pub openai: provider::Provider,
    /// Deepgram.
    pub deepgram: deepgram::Provider,
    /// What tools talk to.
    pub services: Services,
}

impl Outside {
    /// Starts all of it on loopback.
    ///
    /// # Errors
    /// When a sound cannot be read or a port cannot be had.
    pub async fn start(story: Story) -> anyhow::Result<Self> {
        let script = Arc::new(story.script()?);
        let key = KEY.to_owned();
        let openai =
            provider::Options { script: Arc::clone(&script), key: key.clone(), ..provider::Options::default() };
        let deepgram =
            deepgram::Options { script, key, habits: deepgram::Habits::plain(), ..deepgram::Options::default() };
        let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await?;
        story.introduce(&network)?;
        Ok(Self {
            story,
            network,
            openai: provider::Provider::start(openai).await?,
            deepgram: deepgram::Provider::start(deepgram).await?,
            services: Services::start().await?,
        })
    }

    /// Addresses of the services by the names packs give them.
    pub fn addresses(&self) -> [(&'static str, String); 4] {
        let services = &self.services;
        [
            ("loans", services.loans.server.url()),
            ("bank", services.bank.server.url()),
            ("webhooks", services.webhooks.server.url()),
            ("weather", services.weather.server.url()),
        ]
    }

    /// `host:port` of every service: they are on loopback, which tools may not reach unless it is said.
    pub fn private_hosts(&self) -> Vec<String> {
        let host = |url: String| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        self.addresses().map(|(_, url)| host(url)).into()
    }

    /// Secrets of the services by the names packs give them.
    pub fn secrets(&self) -> [(&'static str, &'static str); 2] {
        [("customer_webhook", webhooks::CUSTOMER_SECRET), ("knowledge_webhook", webhooks::KNOWLEDGE_SECRET)]
    }

    /// The caller's part, against the gateway at this address.
    ///
    /// # Errors
    /// When a sound cannot be read.
    pub fn plan(&self, public_url: &str) -> anyhow::Result<CallPlan> {
        let mut plan = self.story.plan(1)?;
        plan.voice_url = Some(format!("{public_url}/twilio/voice"));
        plan.status_callback = Some(format!("{public_url}/twilio/status"));
        Ok(plan)
    }
}
