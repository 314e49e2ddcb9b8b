//! What is said at an occasion, in one language.

use call::Cue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is said at an occasion, in one language. What a language lacks falls back to the agent's default language, then
/// to these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phrases {
    /// First words.
    pub greeting: String,
    /// Asks whether the caller is there.
    pub silence_prompt: String,
    /// Goodbye after too much silence.
    pub silence_farewell: String,
    /// Goodbye at the maximum length.
    pub time_limit: String,
    /// Said while a lost service is brought back.
    pub bridge: String,
    /// Said when nobody answered a transfer.
    pub nobody_answered: String,
    /// Said when keys were sent to the other side.
    pub digits_sent: String,
    /// Said while a tool takes long.
    pub filler: String,
    /// Said by the telephone network when no agent can be had.
    pub apology: String,
    /// Said by the telephone network when every worker is full.
    pub busy: String,
    /// Said by the telephone network when nobody answers this number.
    pub unknown_number: String,
    /// Said by the telephone network before the agent answers, where it has a menu.
    pub menu: String,
    /// Said by the telephone network to callers in a queue; `{position}` is their place.
    pub queue_position: String,
    /// Said by the telephone network to the person a caller is put through to, after the briefing.
    pub take_call: String,
}

impl Default for Phrases {
    fn default() -> Self {
        Self {
            greeting: "Hello. How can I help you?".into(),
            silence_prompt: "Are you still there?".into(),
            silence_farewell: "I cannot hear you any more, so I will hang up now. Goodbye.".into(),
            time_limit: "We have reached the end of the time for this call. Goodbye.".into(),
            bridge: "One moment, please.".into(),
            nobody_answered: "I am sorry, nobody is free at the moment. Can I help you with anything else?".into(),
            digits_sent: "Done.".into(),
            filler: "One moment, I am looking that up.".into(),
            apology: "I am sorry, we cannot take your call right now. Please call again later.".into(),
            busy: "All our lines are busy at the moment. Please call again in a few minutes.".into(),
            unknown_number: "This number is not in service.".into(),
            menu: "Please press a key, or stay on the line.".into(),
            queue_position: "You are number {position} in line. Please hold.".into(),
            take_call: "Press any key to take the call.".into(),
        }
    }
}

impl Phrases {
    /// Every phrase with its name, as packs spell it.
    pub fn by_name(&self) -> BTreeMap<String, String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let texts = value.as_object().into_iter().flatten();
        texts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
    }

    /// From names; what is not named is the built-in English.
    pub fn from_names(names: &BTreeMap<String, String>) -> Self {
        let texts: Map<String, Value> = names.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        serde_json::from_value(Value::Object(texts)).unwrap_or_default()
    }

    /// Every phrase changed by `change`.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self::from_names(&self.by_name().into_iter().map(|(name, text)| (name, change(&text))).collect())
    }

    /// The wording for an occasion.
    pub fn at(&self, cue: Cue) -> &str {
        match cue {
            Cue::Greeting => &self.greeting,
            Cue::SilencePrompt => &self.silence_prompt,
            Cue::SilenceFarewell => &self.silence_farewell,
            Cue::TimeLimit => &self.time_limit,
            Cue::Resumed => &self.bridge,
            Cue::NobodyAnswered => &self.nobody_answered,
            Cue::DigitsSent => &self.digits_sent,
        }
    }
}
