//! Reads a price table: TOML, rows of `[[price]]`, every mistake with its line.
//!
//! Before it: the built-in table and the operator's file. After it: [`super::Prices`].

use super::item;
use crate::mistakes::{Mistake, Mistakes, line_of, unknown};
use crate::money::Money;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// By item: prices by when they began, milliseconds since 1970.
pub(super) type Rows = BTreeMap<String, BTreeMap<u64, Money>>;

const KEYS: [&str; 4] = ["item", "from", "usd", "per"];
const FROM: &str = "from = 2026-01-01";
const USD: &str = "usd = \"0.0085\"";

/// Reads a table; what is wrong is noted under `name`.
pub(super) fn read(name: &str, text: &str, mistakes: &mut Mistakes) -> Rows {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { name, text, found: Vec::new(), rows: Rows::new(), lines: BTreeMap::new() };
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.note(at, "the file", format!("is not TOML: {}", error.message()), "");
    }
    if errors.is_empty() {
        reader.file(table.get_ref());
    }
    reader.found.sort_by_key(|(line, _)| *line);
    reader.found.into_iter().for_each(|(_, mistake)| mistakes.add(mistake));
    reader.rows
}

struct Reader<'r> {
    name: &'r str,
    text: &'r str,
    /// What is wrong, and in which line.
    found: Vec<(usize, Mistake)>,
    rows: Rows,
    /// Where each item's price of a day stands.
    lines: BTreeMap<(String, u64), usize>,
}

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match value.get_ref() {
                DeValue::Array(rows) if key.get_ref() == "price" => rows.iter().for_each(|row| self.row(row)),
                _ if key.get_ref() == "price" => {
                    self.note(key.span().start, "price", "must be rows of their own", "[[price]]");
                }
                _ => self.note(key.span().start, key.get_ref(), unknown(key.get_ref(), ["price"]), "[[price]]"),
            }
        }
    }

    fn row(&mut self, row: &Spanned<DeValue<'_>>) {
        let DeValue::Table(fields) = row.get_ref() else {
            return self.note(row.span().start, "price", "must be rows of their own", "[[price]]");
        };
        for key in fields.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref())) {
            self.note(key.span().start, key.get_ref(), unknown(key.get_ref(), KEYS), "");
        }
        let start = row.span().start;
        let item = self.item(fields, start);
        let from = self.field(fields, "from", start, FROM).and_then(|(at, value)| self.from(at, value));
        let usd = self.field(fields, "usd", start, USD).and_then(|(at, value)| self.usd(at, value));
        if let (Some(item), Some(from), Some(usd)) = (item, from, usd) {
            self.add(start, item, from, usd);
        }
    }

    /// The item, where it is spelt well and its price is for what it is counted in.
    fn item(&mut self, fields: &DeTable<'_>, start: usize) -> Option<String> {
        let example = "item = \"openai/gpt-realtime-2.1/audio_in\"";
        let (at, value) = self.field(fields, "item", start, example)?;
        let Some(item) = value.as_str() else {
            self.note(at, "item", format!("is a {}, but must be a text", value.type_str()), example);
            return None;
        };
        let kind = match item::read(item) {
            Ok(kind) => kind,
            Err((fault, example)) => {
                self.note(at, "item", format!("{item:?} {fault}"), &format!("item = {example:?}"));
                return None;
            }
        };
        let per = kind.per.as_str();
        let (at, given) = self.field(fields, "per", start, &format!("per = {per:?}"))?;
        if given.as_str() != Some(per) {
            let fault = format!("must be {per:?} for {item:?}");
            self.note(at, "per", fault, &format!("per = {per:?}"));
            return None;
        }
        Some(item.to_owned())
    }

    /// When a price begins: a day, which begins at midnight UTC, or a moment.
    fn from(&mut self, at: usize, value: &DeValue<'_>) -> Option<u64> {
        let text = match value {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        let moment = match text.len() {
            10 => format!("{text}T00:00:00Z").parse::<Timestamp>(),
            _ => text.parse(),
        };
        let ms = moment.ok().and_then(|moment| u64::try_from(moment.as_millisecond()).ok());
        if ms.is_none() {
            let fault = "must be a day, which begins at midnight UTC, or a moment with its distance from UTC";
            self.note(at, "from", fault, "from = 2026-01-01, or from = 2026-01-01T00:00:00-05:00");
        }
        ms
    }

    fn usd(&mut self, at: usize, value: &DeValue<'_>) -> Option<Money> {
        let usd = value.as_str().and_then(|text| text.parse::<Money>().ok()).filter(|usd| *usd >= Money::ZERO);
        if usd.is_none() {
            self.note(at, "usd", "must be dollars in quotes with at most nine decimals, none below zero", USD);
        }
        usd
    }

    fn field<'t>(
        &mut self,
        fields: &'t DeTable<'_>,
        key: &str,
        start: usize,
        example: &str,
    ) -> Option<(usize, &'t DeValue<'t>)> {
        let found = fields.iter().find(|(name, _)| name.get_ref() == key);
        if found.is_none() {
            self.note(start, key, "is missing", example);
        }
        found.map(|(_, value)| (value.span().start, value.get_ref()))
    }

    fn add(&mut self, start: usize, item: String, from: u64, usd: Money) {
        let line = line_of(self.text, start);
        match self.lines.entry((item.clone(), from)) {
            Entry::Occupied(first) => {
                let fault = format!("{item:?} has a price from then on in line {} already", first.get());
                self.note(start, "item", fault, "");
            }
            Entry::Vacant(place) => {
                place.insert(line);
                self.rows.entry(item).or_default().insert(from, usd);
            }
        }
    }

    fn note(&mut self, at: usize, key: &str, fault: impl Into<String>, example: &str) {
        let line = line_of(self.text, at);
        let place = format!("{} line {line}", self.name);
        self.found.push((line, Mistake { place, key: key.into(), fault: fault.into(), example: example.into() }));
    }
}
