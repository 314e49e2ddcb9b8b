//! Which agent answers, under which version and in which language.
//!
//! Agent, version and language are the webhook's, until the caller chooses from a menu or a worker says otherwise: then
//! the last word by epoch counts, and of one epoch the worker's.

use common::cdr::{Cdr, Configured, Evidence, Opened};
use common::event::Envelope;
use common::ids::AgentId;
use std::cmp::Reverse;

/// Who was to answer, by the webhook known so far: kept beside a later word, in the columns where there is none.
pub(super) fn webhooks_word(cdr: &Cdr) -> Opened {
    let columns = || {
        let (agent, version, language) = (cdr.agent.clone(), cdr.agent_version.clone(), cdr.language.clone());
        Opened { agent, version, language }
    };
    cdr.evidence.opened.clone().unwrap_or_else(columns)
}

/// Of two webhooks at the same time one that found an agent comes first.
pub(super) fn weight(opened: &Opened) -> (Reverse<Option<&AgentId>>, Option<&String>, Option<&String>) {
    (Reverse(opened.agent.as_ref()), opened.version.as_ref(), opened.language.as_ref())
}

/// A later word on who answers, or how.
pub(super) fn configured(envelope: &Envelope, agent: Option<&AgentId>, version: &str, language: &str) -> Configured {
    Configured {
        epoch: envelope.key.epoch.0,
        sequence: envelope.key.sequence,
        agent: agent.cloned(),
        version: version.to_owned(),
        language: language.to_owned(),
    }
}

/// Agent, version and language from what was said of them.
pub(super) fn who_answers(cdr: &mut Cdr, opened: Opened) {
    let Evidence { chosen, configured, .. } = &cdr.evidence;
    let last = match (chosen, configured) {
        (Some(chosen), Some(configured)) if chosen.epoch > configured.epoch => Some(chosen),
        (chosen, configured) => configured.as_ref().or(chosen.as_ref()),
    };
    let (version, language) = last.map(|last| (last.version.clone(), last.language.clone())).unzip();
    let agent = chosen.as_ref().and_then(|chosen| chosen.agent.clone());
    cdr.evidence.opened = last.is_some().then(|| opened.clone());
    (cdr.agent, cdr.agent_version) = (agent.or(opened.agent), version.or(opened.version));
    cdr.language = language.or(opened.language);
}
