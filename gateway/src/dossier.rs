//! What a gateway needs to answer for a call again: kept with its session, so that any gateway may.

use crate::GatewayContext;
use crate::errand::Errand;
use call::Conversation;
use common::company::AgentSnapshot;
use common::event::Direction;
use common::ids::CallId;
use common::ports::Session;
use common::private::PhoneNumber;
use common::token::CallToken;
use common::twilio::{Webhook, address};
use serde::{Deserialize, Serialize};

/// What a gateway needs to answer for a call again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dossier {
    /// Who answers.
    pub agent: AgentSnapshot,
    /// The call's trace context.
    pub trace: String,
    /// The person at the other end: agents may look them up.
    pub person: PhoneNumber,
    /// Our number in this call: it calls those the call is put through to.
    pub ours: PhoneNumber,
    /// Who called whom; `None` from a gateway of the version before.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Claims that were no resumption: a menu, places the call came back from.
    #[serde(default)]
    pub detours: u32,
    /// For a call that we made: what it is about.
    #[serde(default)]
    pub errand: Option<Errand>,
}

impl Dossier {
    /// Of a call that comes in, or that we made.
    pub fn new(webhook: &Webhook, agent: AgentSnapshot, trace: String) -> Self {
        let (person, ours) = match webhook.direction {
            Direction::Inbound => (&webhook.from, &webhook.to),
            Direction::Outbound => (&webhook.to, &webhook.from),
        };
        let (person, ours, direction) = (person.clone(), ours.clone(), Some(webhook.direction));
        Self { agent, trace, person, ours, direction, detours: 0, errand: None }
    }

    /// The dossier of a session, if it has one this build can read.
    pub fn of(session: &Session) -> Option<Self> {
        serde_json::from_slice(session.dossier.as_ref()?).ok()
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Option<bytes::Bytes> {
        serde_json::to_vec(self).ok().map(Into::into)
    }
}

/// The conversation a session holds; nothing where there is none.
pub fn conversation(session: &Session) -> Conversation {
    let stored = session.checkpoint.as_ref().and_then(|json| serde_json::from_slice(json).ok());
    stored.unwrap_or_default()
}

/// The address of this route for this call, signed: `…/twilio/{route}/{token}`.
pub(crate) fn own_url(gateway: &GatewayContext, route: &str, call: &CallId) -> String {
    let token = gateway.keys.sign_call(&CallToken { call: call.clone() });
    address::webhook_url(&gateway.public_url, &format!("/twilio/{route}/{token}"))
}
