//! What every provider's agent is told of itself.

use common::company::AgentSnapshot;

/// What the agent is told to be, and in which language.
pub(super) fn instructions(agent: &AgentSnapshot) -> String {
    let own = agent.instructions().trim();
    let tag = &agent.language;
    format!("{own}\n\nThe language of this call is {tag} (BCP 47). Speak it unless the caller asks for another.")
}

/// The language of a tag without its region: `es-MX` → `es`.
pub(super) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
