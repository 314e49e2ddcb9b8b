//! A TOML table that is read field by field: what is missing, of the wrong kind or unknown is noted with its line.
//!
//! Nothing stops at the first mistake: a wrong field reads as a stand-in, which nobody gets to see because the notes
//! make the whole load fail.

mod json;

use super::notes::Notes;
use crate::mistakes::{Mistake, line_of, unknown};
use serde_json::Value;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file, as far as mistakes need to know it.
pub(super) struct File<'f> {
    pub(super) name: String,
    pub(super) text: &'f str,
    pub(super) notes: &'f Notes,
}

/// One table of it.
pub(super) struct Sheet<'f> {
    file: &'f File<'f>,
    rows: &'f DeTable<'f>,
    /// How its fields are called from the top of the file: `limits.`.
    prefix: String,
    line: usize,
    asked: Vec<String>,
}

impl<'f> File<'f> {
    /// The tables of the file; notes what is not TOML.
    pub(super) fn parse(&self) -> Option<DeTable<'f>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = error.span().map_or(1, |span| line_of(self.text, span.start));
            self.note(line, "the file", format!("is not TOML: {}", error.message()), "");
        }
        errors.is_empty().then(|| table.into_inner())
    }

    /// The table at the top.
    pub(super) fn sheet(&'f self, rows: &'f DeTable<'f>) -> Sheet<'f> {
        Sheet { file: self, rows, prefix: String::new(), line: 1, asked: Vec::new() }
    }

    pub(super) fn note(&self, line: usize, key: &str, fault: impl Into<String>, example: &str) {
        self.notes.mistake(self.at(line, key, fault, example));
    }

    pub(super) fn at(&self, line: usize, key: &str, fault: impl Into<String>, example: &str) -> Mistake {
        let place = format!("{} line {line}", self.name);
        Mistake { place, key: key.into(), fault: fault.into(), example: example.into() }
    }
}

impl<'f> Sheet<'f> {
    /// A text, if there is one.
    pub(super) fn text(&mut self, key: &str, example: &str) -> Option<String> {
        let value = self.value(key)?;
        match value.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            Some(_) => self.wrong(key, "is empty", example),
            None => self.wrong_kind(key, value, "a text", example),
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, key: &str, example: &str) -> Option<String> {
        self.must_be_there(key, example);
        self.text(key, example)
    }

    /// A text that must be there and mean something.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        example: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.needed(key, example)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(must) => self.wrong(key, format!("is {text:?}, but must be {must}"), example),
        }
    }

    /// One of some words.
    pub(super) fn choice(&mut self, key: &str, words: &[&str]) -> Option<String> {
        let text = self.text(key, words[0])?;
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        self.wrong(key, format!("is {text:?}, but must be one of {}", words.join(", ")), words[0])
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.value(key) else { return default };
        let number = value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            let must = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.wrong::<u64>(key, must, &default.to_string()).unwrap_or(default)
        })
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&mut self, key: &str, default: f32) -> f32 {
        let Some(value) = self.value(key) else { return default };
        let text = value.as_float().map(|number| number.as_str()).or(value.as_integer().map(|number| number.as_str()));
        let number = text.and_then(|text| text.parse::<f32>().ok());
        number.filter(|number| (0.0..=1.0).contains(number)).unwrap_or_else(|| {
            self.wrong::<f32>(key, "must be a number from 0 to 1", &default.to_string()).unwrap_or(default)
        })
    }

    /// A list of texts, each with its line.
    pub(super) fn list(&mut self, key: &str, example: &str) -> Vec<(usize, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            return self.wrong_kind(key, value, "a list", example).unwrap_or_default();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            let line = line_of(self.file.text, item.span().start);
            match item.get_ref().as_str() {
                Some(text) => texts.push((line, text.to_owned())),
                None => self.file.note(line, &self.name(key), "must hold texts only", example),
            }
        }
        texts
    }

    /// A text that may be empty.
    pub(super) fn any_text(&mut self, key: &str, example: &str) -> Option<String> {
        let value = self.value(key)?;
        match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => self.wrong_kind(key, value, "a text", example),
        }
    }

    /// Yes or no, if it is said.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        value.as_bool().or_else(|| self.wrong_kind(key, value, "true or false", "true"))
    }

    /// Anything, as JSON.
    pub(super) fn json(&mut self, key: &str) -> Option<Value> {
        self.value(key).map(json::of)
    }

    /// Texts by name, `[key]`.
    pub(super) fn texts(&mut self, key: &str, example: &str) -> Vec<(String, String)> {
        let Some(mut table) = self.table(key) else { return Vec::new() };
        let keys = table.keys();
        let texts = keys.into_iter().filter_map(|name| Some((name.clone(), table.any_text(&name, example)?)));
        texts.collect()
    }

    /// The tables of a table, `[key.name]`, by name.
    pub(super) fn named(&mut self, key: &str) -> Vec<(String, Sheet<'f>)> {
        let Some(mut table) = self.table(key) else { return Vec::new() };
        let keys = table.keys();
        keys.into_iter().filter_map(|name| Some((name.clone(), table.table(&name)?))).collect()
    }

    /// The table `[key]`, or those of the list `[[key]]`.
    pub(super) fn one_or_more(&mut self, key: &str) -> Vec<Sheet<'f>> {
        match self.rows.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => self.table(key).into_iter().collect(),
            _ => self.tables(key),
        }
    }

    /// Whether a field is a text.
    pub(super) fn is_text(&self, key: &str) -> bool {
        self.rows.get(key).is_some_and(|value| value.get_ref().is_str())
    }

    /// Where the table stands.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The line of each field.
    pub(super) fn lines(&self) -> Vec<(String, usize)> {
        let line = |key: &Spanned<_>| line_of(self.file.text, key.span().start);
        self.rows.keys().map(|key| (key.get_ref().to_string(), line(key))).collect()
    }

    /// Where a field stands, as it is written in mistakes.
    pub(super) fn place_of(&self, key: &str) -> String {
        format!("{} line {}", self.file.name, self.line_of(key))
    }

    /// A table inside, if there is one.
    pub(super) fn table(&mut self, key: &str) -> Option<Sheet<'f>> {
        let value = self.value(key)?;
        match value.as_table() {
            Some(rows) => Some(self.inner(key, rows, self.line_of(key))),
            None => self.wrong_kind(key, value, "a table", &format!("[{}]", self.name(key))),
        }
    }

    /// The tables of a list, `[[key]]`.
    pub(super) fn tables(&mut self, key: &str) -> Vec<Sheet<'f>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let items: Vec<&'f Spanned<DeValue<'f>>> =
            value.as_array().map(|items| items.iter().collect()).unwrap_or_default();
        if items.is_empty() || items.iter().any(|item| !item.get_ref().is_table()) {
            self.wrong_kind::<()>(key, value, "a list of tables", &format!("[[{}]]", self.name(key)));
        }
        let line = |item: &Spanned<DeValue<'_>>| line_of(self.file.text, item.span().start);
        items.iter().filter_map(|item| Some(self.inner(key, item.get_ref().as_table()?, line(item)))).collect()
    }

    /// The names of all fields.
    pub(super) fn keys(&self) -> Vec<String> {
        self.rows.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// Whether this field is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.rows.contains_key(key)
    }

    /// Where a field stands; the table's own line when it is missing.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let found = self.rows.iter().find(|(own, _)| own.get_ref() == key);
        found.map_or(self.line, |(own, _)| line_of(self.file.text, own.span().start))
    }

    /// Notes that a field is missing.
    pub(super) fn must_be_there(&self, key: &str, example: &str) {
        if !self.has(key) {
            self.file.note(self.line, &self.name(key), "is missing", &format!("{key} = {example:?}"));
        }
    }

    /// Notes a mistake in a part of a field that stands on a line of its own.
    pub(super) fn note(&self, line: usize, key: &str, fault: impl Into<String>, example: &str) {
        self.file.note(line, &self.name(key), fault, example);
    }

    /// Notes a mistake in a field; always `None`.
    pub(super) fn wrong<T>(&self, key: &str, fault: impl Into<String>, example: &str) -> Option<T> {
        self.file.note(self.line_of(key), &self.name(key), fault, example);
        None
    }

    /// Notes the fields nobody asked for.
    pub(super) fn finish(self) {
        for key in self.rows.keys().filter(|key| !self.asked.iter().any(|asked| asked == key.get_ref())) {
            let line = line_of(self.file.text, key.span().start);
            let fault = unknown(key.get_ref(), self.asked.iter().map(String::as_str));
            self.file.note(line, &self.name(key.get_ref()), fault, "");
        }
    }

    fn inner(&self, key: &str, rows: &'f DeTable<'f>, line: usize) -> Sheet<'f> {
        Sheet { file: self.file, rows, prefix: format!("{}.", self.name(key)), line, asked: Vec::new() }
    }

    fn value(&mut self, key: &str) -> Option<&'f DeValue<'f>> {
        self.asked.push(key.to_owned());
        self.rows.get(key).map(Spanned::get_ref)
    }

    fn wrong_kind<T>(&self, key: &str, value: &DeValue<'_>, must: &str, example: &str) -> Option<T> {
        self.wrong(key, format!("is of the kind {}, but must be {must}", value.type_str()), example)
    }

    /// How a field is called from the top of the file.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}
