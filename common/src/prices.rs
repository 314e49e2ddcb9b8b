//! What things cost: a table of dated prices, and the amounts that follow from it.
//!
//! Before it: the list prices built in, and the operator's file laid over them. After it: the recorder, which prices each
//! call for its record, and the worker, which adds up a call that is going on. It knows no call: use goes in, amounts
//! come out. What has no price costs nothing, is remembered and warned of once.
//!
//! Of several rows of one item the latest begun at the moment of use counts. Models and countries without a row of their
//! own have the price of `*`. Telephone, stream and recording are billed by the minute begun; tokens and the time of
//! voice agents exactly.

mod countries;
mod item;
mod table;
#[cfg(test)]
mod tests;

pub use countries::{country, is_toll_free};

use crate::costs::{CostPart, Costs};
use crate::event::Direction;
use crate::mistakes::{Mistake, Mistakes};
use crate::money::Money;
use crate::private::PhoneNumber;
use call::{Usage, UsedBy};
use item::{ANY, MINUTE, TRANSCRIBED_MINUTE};
use metrics::counter;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use table::Rows;

/// Items without a price that are remembered. More are not a gap in a table but nonsense in events; they cost nothing
/// either and nobody is told of each.
const MISSING_MAX: usize = 1_000;

/// The table that is built in.
const BUILT_IN: &str = include_str!("prices/built_in.toml");

/// A price table.
#[derive(Debug)]
pub struct Prices {
    rows: Rows,
    missing: Mutex<BTreeSet<String>>,
}

/// One leg of a telephone call, as far as its price depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'n> {
    /// Who called whom.
    pub direction: Direction,
    /// Our number: whether it is toll-free.
    pub ours: Option<&'n PhoneNumber>,
    /// The number at the other end: its country.
    pub theirs: Option<&'n PhoneNumber>,
}

impl Prices {
    /// The list prices this build knows.
    pub fn built_in() -> Self {
        let mut mistakes = Mistakes::default();
        let rows = table::read("built-in prices", BUILT_IN, &mut mistakes);
        Self::of(rows)
    }

    /// The built-in prices with this file laid over them: an item that the file names has the file's prices from the
    /// first of them on. Says every mistake of the file at once.
    pub fn load(file: Option<&Path>) -> Result<Self, Mistakes> {
        let mut prices = Self::built_in();
        let Some(file) = file else { return Ok(prices) };
        let name = file.display().to_string();
        let mut mistakes = Mistakes::default();
        match std::fs::read_to_string(file) {
            Ok(text) => prices.lay_over(table::read(&name, &text, &mut mistakes)),
            Err(error) => {
                let (key, fault) =
                    ("PATCHBAY_PRICES__FILE".into(), format!("names a file that cannot be read: {error}"));
                mistakes.add(Mistake { place: name, key, fault, example: "prices.toml".into() });
            }
        }
        mistakes.or(prices)
    }

    /// This text as the whole table, for what needs prices of its own.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let rows = table::read(name, text, &mut mistakes);
        mistakes.or(Self::of(rows))
    }

    fn of(rows: Rows) -> Self {
        Self { rows, missing: Mutex::default() }
    }

    fn lay_over(&mut self, rows: Rows) {
        for (item, prices) in rows {
            let known = self.rows.entry(item).or_default();
            let first = prices.keys().next().copied().unwrap_or(u64::MAX);
            known.retain(|from, _| *from < first);
            known.extend(prices);
        }
    }

    /// What a voice agent's use costs. Cached tokens are part of the input tokens of their class.
    pub fn usage(&self, by: &UsedBy, usage: &Usage, at_ms: u64) -> Costs {
        let (text_cached, audio_cached) =
            (usage.text_cached.min(usage.text_in), usage.audio_cached.min(usage.audio_in));
        let spoken = [
            ("text_in", usage.text_in - text_cached),
            ("text_cached", text_cached),
            ("audio_in", usage.audio_in - audio_cached),
            ("audio_cached", audio_cached),
            ("text_out", usage.text_out),
            ("audio_out", usage.audio_out),
        ];
        let mut costs = Costs::default();
        let tokens = |class, count| self.tokens(CostPart::VoiceAi, &by.provider, &by.model, class, count, at_ms);
        costs.add(CostPart::VoiceAi, spoken.into_iter().map(|(class, count)| tokens(class, count)).sum());
        let written = (CostPart::Transcription, usage.transcription);
        costs.add(written.0, self.tokens(written.0, &by.provider, &by.model, "transcription", written.1, at_ms));
        let (part, time) = self.time(by, usage.billed_ms, at_ms);
        costs.add(part, time);
        costs
    }

    /// A provider tells milliseconds and no more: the table says whether a model's time is that of a connected voice or
    /// of words written down.
    fn time(&self, by: &UsedBy, billed_ms: u64, at_ms: u64) -> (CostPart, Money) {
        let classes = [(CostPart::VoiceAi, MINUTE), (CostPart::Transcription, TRANSCRIBED_MINUTE)];
        if billed_ms == 0 {
            return (CostPart::VoiceAi, Money::ZERO);
        }
        let named = |model: &str, class: &str| self.begun(&format!("{}/{model}/{class}", by.provider), at_ms);
        for model in [by.model.as_str(), ANY] {
            let found = classes.iter().find_map(|(part, class)| Some((*part, named(model, class)?)));
            if let Some((part, price)) = found {
                return (part, price.per_minute(billed_ms));
            }
        }
        self.miss(CostPart::VoiceAi, format!("{}/{}/{MINUTE}", by.provider, by.model));
        (CostPart::VoiceAi, Money::ZERO)
    }

    /// What a leg of this length costs that began then.
    pub fn telephony(&self, leg: &Leg<'_>, length_ms: u64, at_ms: u64) -> Money {
        let way = match leg.direction {
            Direction::Outbound => "outbound",
            Direction::Inbound if leg.ours.is_some_and(is_toll_free) => "toll_free",
            Direction::Inbound => "inbound",
        };
        let place = leg.theirs.and_then(country).unwrap_or(ANY);
        let item = |place: &str| format!("telephony/{way}/{place}");
        self.each(CostPart::Telephony, [item(place), item(ANY)], minutes_begun(length_ms), at_ms)
    }

    /// What a media stream of this length costs that began then.
    pub fn stream(&self, length_ms: u64, at_ms: u64) -> Money {
        self.each(CostPart::Stream, ["stream/minute".into()], minutes_begun(length_ms), at_ms)
    }

    /// What it costs to have a machine told from a person.
    pub fn answering_machine(&self, at_ms: u64) -> Money {
        self.each(CostPart::AnsweringMachine, ["answering_machine/call".into()], 1, at_ms)
    }

    /// What a recording of this length at Twilio costs.
    pub fn recording(&self, length_ms: u64, at_ms: u64) -> Money {
        self.each(CostPart::Recording, ["recording/twilio/minute".into()], minutes_begun(length_ms), at_ms)
    }

    /// What a text message of so many segments to this country costs; the country may be empty.
    pub fn message(&self, country: &str, segments: u32, at_ms: u64) -> Money {
        let item = |place: &str| format!("message/{place}/segment");
        let place = if country.is_empty() { ANY } else { country };
        self.each(CostPart::Messages, [item(place), item(ANY)], segments.into(), at_ms)
    }

    /// What a summary by this model costs.
    pub fn summary(&self, model: &str, usage: &Usage, at_ms: u64) -> Money {
        let cached = usage.text_cached.min(usage.text_in);
        let classes = [("text_in", usage.text_in - cached), ("text_cached", cached), ("text_out", usage.text_out)];
        let tokens = |(class, count)| self.tokens(CostPart::Summary, "summary", model, class, count, at_ms);
        classes.into_iter().map(tokens).sum()
    }

    /// Items that were used and have no price.
    pub fn missing(&self) -> Vec<String> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().cloned().collect()
    }

    fn tokens(&self, part: CostPart, first: &str, model: &str, class: &str, count: u64, at_ms: u64) -> Money {
        if count == 0 {
            return Money::ZERO;
        }
        let item = |model: &str| format!("{first}/{model}/{class}");
        self.price(part, [item(model), item(ANY)], at_ms).per_million(count)
    }

    fn each<const N: usize>(&self, part: CostPart, items: [String; N], count: u64, at_ms: u64) -> Money {
        if count == 0 { Money::ZERO } else { self.price(part, items, at_ms) * count }
    }

    /// The price of the first of these items that has one.
    fn price<const N: usize>(&self, part: CostPart, items: [String; N], at_ms: u64) -> Money {
        items.iter().find_map(|item| self.begun(item, at_ms)).unwrap_or_else(|| {
            self.miss(part, items.into_iter().next().unwrap_or_default());
            Money::ZERO
        })
    }

    /// An item's price at this moment: the latest begun.
    fn begun(&self, item: &str, at_ms: u64) -> Option<Money> {
        self.rows.get(item)?.range(..=at_ms).next_back().map(|(_, usd)| *usd)
    }

    /// Something was used of which nobody knows the price. Told once an item, or a busy line would fill the log.
    fn miss(&self, part: CostPart, item: String) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.len() < MISSING_MAX && !missing.contains(&item) {
            counter!("patchbay_unpriced_total", "part" => part.as_str()).increment(1);
            tracing::warn!(
                part = part.as_str(),
                item,
                "this has no price and is counted as free: add it to PATCHBAY_PRICES__FILE"
            );
            missing.insert(item);
        }
    }
}

fn minutes_begun(length_ms: u64) -> u64 {
    length_ms.div_ceil(60_000)
}
