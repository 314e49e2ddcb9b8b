//! A TOML table that is read field by field: what is missing, of the wrong kind or unknown is noted with its line.
//!
//! Nothing stops at the first mistake: a wrong field reads as a stand-in, which nobody gets to see because the notes
//! make the whole load fail.

use crate::mistakes::{Mistake, Mistakes, line_of, unknown};
use std::cell::RefCell;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file, as far as mistakes need to know it.
pub(super) struct File<'f> {
    pub(super) name: String,
    pub(super) text: &'f str,
    pub(super) mistakes: &'f RefCell<Mistakes>,
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
        let place = format!("{} line {line}", self.name);
        let mistake = Mistake { place, key: key.into(), fault: fault.into(), example: example.into() };
        self.mistakes.borrow_mut().add(mistake);
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

    /// Notes that a table is missing.
    pub(super) fn missing_table(&self, line: usize, name: &str) {
        self.file.note(line, name, "is missing", &format!("[{name}]"));
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

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}
