//! Sends the person on the telephone a message of the company's wording. The agent names the message and fills its
//! fields; it never sees or gives a number.

use super::{given, text};
use crate::Asked;
use crate::answer::{Source, wrapped};
use crate::effects::Effect;
use crate::errors::{ErrorCode, Problem};
use crate::texting::{Ready, Sent, Texter, Unsent, Wanted};
use call::{Fact, ToolOutcome};
use common::ports::TelephoneError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A message on its way.
pub(crate) struct Message {
    texter: Arc<Texter>,
    ready: Ready,
}

/// Fills in the message that was asked for.
pub(crate) fn prepare(
    texter: Option<&Arc<Texter>>,
    asked: &Asked<'_>,
    arguments: &Map<String, Value>,
) -> Result<Message, Problem> {
    let texter = texter.ok_or(ErrorCode::Unavailable)?;
    let template = text(arguments, "message")?;
    let fields: BTreeMap<String, String> =
        arguments.keys().filter_map(|name| Some((name.clone(), given(arguments, name)?))).collect();
    let agent = asked.agent;
    let languages = std::iter::once(agent.language.as_str()).chain(agent.languages.iter().map(|own| own.tag.as_str()));
    let wanted = Wanted {
        call: asked.call,
        company: &agent.company,
        texting: &agent.texting,
        template: &template,
        languages: languages.collect(),
        fields,
        to: asked.caller,
        ours: asked.ours,
    };
    let ready = texter.ready(&wanted).map_err(problem)?;
    Ok(Message { texter: texter.clone(), ready })
}

impl Message {
    /// Sends it.
    pub(crate) async fn send(&self, effect: &mut Option<Effect>) -> Result<(Value, Vec<Fact>), Problem> {
        if let Some(effect) = effect {
            effect.goes_out();
        }
        let Sent { message, template, country, segments } = self.texter.send(&self.ready).await.map_err(problem)?;
        let output = wrapped(json!({"status": "sent"}), Source::Own);
        let fact = Fact::Message { message: message.to_string(), template, country, segments };
        Ok((output, vec![fact]))
    }
}

fn problem(unsent: Unsent) -> Problem {
    match unsent {
        Unsent::NoTemplate => ErrorCode::NotListed.into(),
        Unsent::Field(field) => Problem::new(ErrorCode::InvalidArguments, json!([{"field": field}])),
        Unsent::NotThere => ErrorCode::NotTextable.into(),
        Unsent::Enough(_) => ErrorCode::RateLimited.into(),
        Unsent::Network(TelephoneError::Unknown(_)) => ErrorCode::OutcomeUnknown.into(),
        Unsent::Network(TelephoneError::Refused { .. } | TelephoneError::AlreadyOver) => {
            Problem::from(ErrorCode::NotTextable).counted(ToolOutcome::Failed)
        }
        Unsent::Network(TelephoneError::Busy { .. } | TelephoneError::Away(_)) => ErrorCode::Unavailable.into(),
    }
}
