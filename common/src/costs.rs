//! What a call cost, part by part.

use crate::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A part of a call's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostPart {
    /// The voice AI: tokens or minutes.
    VoiceAi,
    /// Writing down what the caller says.
    Transcription,
    /// Minutes on the telephone, each begun one in full.
    Telephony,
    /// Minutes of media stream.
    Stream,
    /// Telling people from answering machines.
    AnsweringMachine,
    /// Minutes that Twilio recorded.
    Recording,
    /// Text messages.
    Messages,
    /// The summary.
    Summary,
}

impl CostPart {
    /// Every part, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::VoiceAi,
        Self::Transcription,
        Self::Telephony,
        Self::Stream,
        Self::AnsweringMachine,
        Self::Recording,
        Self::Messages,
        Self::Summary,
    ];

    /// Its name in columns, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VoiceAi => "voice_ai",
            Self::Transcription => "transcription",
            Self::Telephony => "telephony",
            Self::Stream => "stream",
            Self::AnsweringMachine => "answering_machine",
            Self::Recording => "recording",
            Self::Messages => "messages",
            Self::Summary => "summary",
        }
    }
}

/// What a call cost, part by part; parts that cost nothing are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Costs(BTreeMap<CostPart, Money>);

impl Costs {
    /// All parts together.
    pub fn total(&self) -> Money {
        self.0.values().copied().sum()
    }

    /// One part.
    pub fn part(&self, part: CostPart) -> Money {
        self.0.get(&part).copied().unwrap_or_default()
    }

    /// Adds to a part.
    pub fn add(&mut self, part: CostPart, amount: Money) {
        self.set(part, self.part(part) + amount);
    }

    /// Puts a part to what it is now known to be.
    pub fn set(&mut self, part: CostPart, amount: Money) {
        if amount == Money::ZERO {
            self.0.remove(&part);
        } else {
            self.0.insert(part, amount);
        }
    }

    /// The parts that cost something, in the order shown.
    pub fn parts(&self) -> impl Iterator<Item = (CostPart, Money)> {
        self.0.iter().map(|(part, amount)| (*part, *amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_nothing_is_left_out_of_json() {
        let mut costs = Costs::default();
        costs.add(CostPart::VoiceAi, "0.02".parse().unwrap());
        costs.add(CostPart::VoiceAi, "0.01".parse().unwrap());
        costs.set(CostPart::Telephony, "0.0085".parse().unwrap());
        costs.set(CostPart::Stream, Money::ZERO);
        assert_eq!(costs.total(), "0.0385".parse().unwrap());
        let json = serde_json::to_string(&costs).unwrap();
        assert_eq!(json, r#"{"voice_ai":"0.03","telephony":"0.0085"}"#);
        assert_eq!(serde_json::from_str::<Costs>(&json).unwrap(), costs);
    }
}
