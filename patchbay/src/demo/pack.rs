//! `patchbay demo --pack NAME`: the conversation of a pack, with everything around it on this machine: people who can be
//! called, both providers' look-alikes with the agent's voice, the services its tools talk to.

use anyhow::Context;
use common::config::Config;
use common::private::SecretString;
use loadtest::outside::{KEY, Outside};
use loadtest::story::Story;
use std::path::Path;

/// Starts the outside of a pack's conversation.
pub(super) async fn outside(agents: &Path, name: &str) -> anyhow::Result<Outside> {
    let pack = agents.join(name);
    let known = playable(agents);
    anyhow::ensure!(
        known.iter().any(|known| known == name),
        "no pack {name:?} with a conversation.toml in {}; there are: {}",
        agents.display(),
        known.join(", ")
    );
    Outside::start(Story::read(&pack)?).await.with_context(|| format!("failed to set the stage for {}", pack.display()))
}

/// Packs that have a conversation, by name.
pub(super) fn playable(agents: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(agents).into_iter().flatten().flatten();
    let with = entries.filter(|entry| entry.path().join("conversation.toml").is_file());
    let mut names: Vec<_> = with.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Points a configuration at the outside: no real provider, service or telephone is reached.
pub fn point(config: &mut Config, outside: &Outside) {
    config.twilio.api_base_url = Some(outside.network.api_base_url().to_owned());
    config.openai.base_url.clone_from(&outside.openai.base_url);
    config.openai.api_key = Some(SecretString::from(KEY));
    config.deepgram.base_url.clone_from(&outside.deepgram.base_url);
    config.deepgram.api_key = Some(SecretString::from(KEY));
    for (service, url) in outside.addresses() {
        config.services.set(service, url);
    }
    config.tools.private_hosts = outside.private_hosts();
    config.tools.secrets = outside.secrets().map(|(name, secret)| (name.to_owned(), SecretString::from(secret))).into();
}
