//! Records from files: a table with a header row, or a list of JSON objects. Broken rows are told with their line; good
//! ones are kept.
//!
//! Before it: files in `records/`, named for the kind of record they hold, and what `patchbay import` is given. After
//! it: the directory.

use super::notes::Notes;
use crate::ids::CompanyId;
use crate::mistakes::{Mistake, line_of};
use crate::ports::Record;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The column that names a record; without it the first column does.
const KEY: &str = "key";

/// Largest record, in bytes: what the model is given of one must fit its context many times over.
const LARGEST: usize = 64 * 1024;

/// A row that cannot be a record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Broken {
    /// From 1.
    pub line: usize,
    /// What is wrong; no value of the row.
    pub fault: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The records, in the order of the file.
    pub records: Vec<Record>,
    /// The rows that are none.
    pub broken: Vec<Broken>,
    /// The line of each record, by key.
    seen: BTreeMap<String, usize>,
}

impl Rows {
    fn add(&mut self, line: usize, record: Result<Record, String>) {
        let record = record.and_then(|record| {
            let same = record.key.to_lowercase().split_whitespace().collect::<String>();
            match self.seen.insert(same, line) {
                Some(other) => Err(format!("has the same key as line {other}")),
                None => Ok(record),
            }
        });
        match record {
            Ok(record) => self.records.push(record),
            Err(fault) => self.broken.push(Broken { line, fault }),
        }
    }

    fn only(fault: impl Into<String>) -> Self {
        Self { broken: vec![Broken { line: 1, fault: fault.into() }], ..Self::default() }
    }
}

/// Reads a table. The key stands in the column `key`, else in the first one; what is empty is left out.
pub fn from_csv(content: &[u8], company: &CompanyId, kind: &str) -> Rows {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(_) => return Rows::only("is not UTF-8"),
    };
    if header.iter().all(String::is_empty) {
        return Rows::only("is empty; the first line names the columns");
    }
    if let Some(name) = header.iter().enumerate().find_map(|(at, name)| header[..at].contains(name).then_some(name)) {
        return Rows::only(format!("names the column {name:?} twice"));
    }
    let key = header.iter().position(|name| name == KEY).unwrap_or(0);
    let mut rows = Rows::default();
    let mut row = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {
                let line = row.position().map_or(0, |at| at.line() as usize);
                rows.add(line, of_row(&row, &header, key, company, kind));
            }
            Ok(false) => return rows,
            Err(error) => {
                let line = error.position().map_or(0, |at| at.line() as usize);
                rows.broken.push(Broken { line, fault: error.to_string() });
                return rows;
            }
        }
    }
}

fn of_row(
    row: &csv::ByteRecord,
    header: &[String],
    key: usize,
    company: &CompanyId,
    kind: &str,
) -> Result<Record, String> {
    if row.len() != header.len() {
        return Err(format!("has {} columns, the header has {}", row.len(), header.len()));
    }
    let texts: Vec<&str> = row.iter().map(std::str::from_utf8).collect::<Result<_, _>>().map_err(|_| "is not UTF-8")?;
    let body: Map<String, Value> = header
        .iter()
        .zip(&texts)
        .enumerate()
        .filter(|(_, (name, text))| !text.is_empty() && *name != KEY)
        .map(|(at, (name, text))| (name.clone(), if at == key { Value::from(*text) } else { value(text) }))
        .collect();
    record(company, kind, texts[key], body)
}

/// A number or a truth where writing it again gives the same text; all else is text: `007` and `1.50` stay as they are.
fn value(text: &str) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if let Some(number) = text.parse::<i64>().ok().filter(|number| number.to_string() == text) {
        return number.into();
    }
    let fraction = text.parse::<f64>().ok().filter(|number| number.to_string() == text && *number != 0.0);
    fraction.and_then(serde_json::Number::from_f64).map_or_else(|| text.into(), Value::Number)
}

/// Reads a list of objects. The key is the field `key`, else the first one.
pub fn from_json(content: &str, company: &CompanyId, kind: &str) -> Rows {
    let items: Vec<&RawValue> = match serde_json::from_str(content) {
        Ok(items) => items,
        Err(error) => {
            let fault = format!("is not a list of JSON objects: {error}");
            return Rows { broken: vec![Broken { line: error.line(), fault }], ..Rows::default() };
        }
    };
    let mut rows = Rows::default();
    for item in items {
        let line = line_of(content, item.get().as_ptr() as usize - content.as_ptr() as usize);
        rows.add(line, of_object(item, company, kind));
    }
    rows
}

fn of_object(item: &RawValue, company: &CompanyId, kind: &str) -> Result<Record, String> {
    let Fields(fields) = serde_json::from_str(item.get()).map_err(|_| "is no JSON object".to_owned())?;
    let named = fields.iter().find(|(name, _)| name == KEY).or(fields.first());
    let key = match named.map(|(_, value)| value) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err("has no key: the field \"key\", or the first one, must be a text".into()),
    };
    record(company, kind, &key, fields.into_iter().filter(|(name, _)| name != KEY).collect())
}

/// An object's fields in their order.
struct Fields(Vec<(String, Value)>);

impl<'d> Deserialize<'d> for Fields {
    fn deserialize<D: serde::Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'d> Visitor<'d> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'d>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn record(company: &CompanyId, kind: &str, key: &str, body: Map<String, Value>) -> Result<Record, String> {
    let key = key.trim();
    if key.is_empty() {
        return Err("has no key".into());
    }
    if key.chars().count() > 200 {
        return Err("has a key of more than 200 characters".into());
    }
    let body = Value::Object(body);
    if body.to_string().len() > LARGEST {
        return Err(format!("is larger than {LARGEST} bytes"));
    }
    Ok(Record { company: company.clone(), kind: kind.to_owned(), key: key.to_owned(), body })
}

/// Whether a kind of record may be called so.
pub fn is_kind(kind: &str) -> bool {
    let letters = kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    (1..=63).contains(&kind.len()) && letters
}

/// Every record of a company's folder.
pub(super) fn of_folder(notes: &Notes, folder: &Path, company: &CompanyId) -> Vec<Record> {
    let mut records = Vec::new();
    for path in files(&folder.join("records")) {
        let kind = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        if !is_kind(kind) {
            notes.wrong(&path, "the name", "is no kind of record: lower-case letters, digits, _ or -", "order.csv");
            continue;
        }
        let rows = match std::fs::read(&path) {
            Ok(content) if is_json => match String::from_utf8(content) {
                Ok(text) => from_json(&text, company, kind),
                Err(_) => Rows::only("is not UTF-8"),
            },
            Ok(content) => from_csv(&content, company, kind),
            Err(error) => Rows::only(format!("cannot be read: {error}")),
        };
        for Broken { line, fault } in rows.broken {
            let place = format!("{} line {line}", path.display());
            notes.mistake(Mistake { place, key: "the record".into(), fault, example: String::new() });
        }
        records.extend(rows.records);
    }
    records
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let known = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "csv" || extension == "json");
    let mut files: Vec<PathBuf> = entries.filter(known).collect();
    files.sort();
    files
}
