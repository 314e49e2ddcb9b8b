//! What companies know, as rows: what a key is compared by, which words a record is found by, and what is refused
//! before a database sees it. Words are cut here, not by a database, so that every database finds the same.

use super::batch::holds_nul;
use super::deeds::AuditRow;
use super::rows::{big, from_json, id, json};
use common::ports::{DbError, Record, Stored};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest kind and key, in bytes: they are part of an index.
const LONGEST_NAME: usize = 256;
/// Largest record, in bytes: as much as a model can be told at once.
const LARGEST: usize = 256 * 1024;
/// Longest word that is told from another, in letters. Identifiers are shorter; what is longer is no word.
const LONGEST_WORD: usize = 64;
/// Different words a record is found by.
const MOST_WORDS: usize = 2_000;
/// Different words of a question. Somebody says no more in one sentence; each costs a look into the index.
const MOST_ASKED: usize = 32;
/// Most records of one answer: as many as a model could be told.
const MOST_FOUND: u32 = 100;
/// Records written by one statement.
pub(super) const AT_ONCE: usize = 1_000;

/// A row of `records`. Serialised, it is an element of the array that rows are written by.
#[derive(Debug, Serialize)]
pub(super) struct RecordRow {
    company: String,
    kind: String,
    folded: String,
    key: String,
    body: String,
    /// Between spaces, also before the first and behind the last.
    words: String,
}

/// A row of `records` as it is read.
#[derive(sqlx::FromRow)]
pub(super) struct FoundRow {
    company: String,
    kind: String,
    key: String,
    body: String,
}

/// Rows of one transaction in the order of keys; of two records with the same key, the last.
pub(super) fn rows(records: &[Record]) -> Result<Vec<RecordRow>, DbError> {
    let mut rows = BTreeMap::new();
    for record in records {
        let row = RecordRow::check(record)?;
        rows.insert((row.company.clone(), row.kind.clone(), row.folded.clone()), row);
    }
    Ok(rows.into_values().collect())
}

impl RecordRow {
    fn check(record: &Record) -> Result<Self, DbError> {
        let (kind, folded) = (record.kind.trim(), fold(&record.key));
        let refuse = |why: &str| Err(DbError::Refused(format!("a record of kind {kind:?} {why}")));
        if kind.is_empty() || kind.len() > LONGEST_NAME || kind.contains('\0') {
            return Err(DbError::Refused("a record needs a kind, one short word".into()));
        }
        if folded.is_empty() || record.key.len() > LONGEST_NAME || folded.len() > LONGEST_NAME || folded.contains('\0')
        {
            return refuse("needs a key of at most 256 bytes");
        }
        let Value::Object(_) = &record.body else { return refuse("is not a list of fields") };
        let body = json(&record.body)?;
        if body.len() > LARGEST || holds_nul(&body) {
            return refuse("is larger than 256 KiB or holds a NUL character");
        }
        let mut words = BTreeSet::new();
        add_words(&record.key, &mut words);
        add_words_of(&record.body, &mut words);
        let words = words.into_iter().take(MOST_WORDS).collect::<Vec<_>>().join(" ");
        let (company, key) = (record.company.to_string(), record.key.trim().to_owned());
        Ok(Self { company, kind: kind.to_owned(), folded, key, body, words: format!(" {words} ") })
    }
}

impl TryFrom<FoundRow> for Record {
    type Error = DbError;

    fn try_from(row: FoundRow) -> Result<Self, DbError> {
        Ok(Self { company: id(row.company)?, kind: row.kind, key: row.key, body: from_json(&row.body)? })
    }
}

/// A key as it is compared: lower case, without spaces.
pub(super) fn fold(key: &str) -> String {
    key.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The different words of a question.
pub(super) fn asked(question: &str) -> Vec<String> {
    let mut words = BTreeSet::new();
    add_words(question, &mut words);
    words.into_iter().take(MOST_ASKED).collect()
}

/// How many records an answer may hold.
pub(super) fn most(asked: u32) -> i64 {
    i64::from(asked.min(MOST_FOUND))
}

/// What storing did, from the number of rows told, those that were there, and those that were written.
pub(super) fn stored(told: usize, known: i64, written: i64) -> Stored {
    let told = i64::try_from(told).unwrap_or(i64::MAX);
    let (added, same) = (told.saturating_sub(known), told.saturating_sub(written));
    Stored {
        added: added.unsigned_abs(),
        changed: written.saturating_sub(added).unsigned_abs(),
        same: same.unsigned_abs(),
    }
}

/// Who stored how much, for each company and kind; nothing where nothing changed.
pub(super) fn audit(rows: &[RecordRow], stored: Stored, now_ms: u64) -> Result<Vec<AuditRow>, DbError> {
    if stored.added + stored.changed == 0 {
        return Ok(Vec::new());
    }
    let places: BTreeSet<_> = rows.iter().map(|row| (&row.company, &row.kind)).collect();
    let row = |(company, kind): (&String, &String)| {
        Ok(AuditRow {
            at_ms: big(now_ms, "time")?,
            company: Some(company.clone()),
            call_sid: None,
            actor: "import".into(),
            action: format!("stored {kind}"),
            detail: format!("{} added, {} changed, {} the same", stored.added, stored.changed, stored.same),
        })
    };
    places.into_iter().map(row).collect()
}

fn add_words_of(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => add_words(text, words),
        Value::Number(number) => add_words(&number.to_string(), words),
        Value::Array(values) => values.iter().for_each(|value| add_words_of(value, words)),
        Value::Object(fields) => fields.values().for_each(|value| add_words_of(value, words)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn add_words(text: &str, words: &mut BTreeSet<String>) {
    for word in text.split(|letter: char| !is_of_a_word(letter)).filter(|word| !word.is_empty()) {
        words.insert(word.chars().flat_map(char::to_lowercase).take(LONGEST_WORD).collect());
    }
}

/// Letters and digits; in Indian scripts also the signs that stand on letters (the block from Devanagari to Sinhala,
/// without its full stops), and accents that come by themselves.
fn is_of_a_word(letter: char) -> bool {
    let sign = matches!(letter, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{963}' | '\u{966}'..='\u{dff}');
    letter.is_alphanumeric() || sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_without_case_and_spaces() {
        for key in ["ORD-1001", " ord-1001", "Ord - 1 001\t"] {
            assert_eq!(fold(key), "ord-1001");
        }
        assert_ne!(fold("ORD-1001"), fold("ORD-1010"));
    }

    #[test]
    fn words_are_what_people_hear_as_words() {
        assert_eq!(asked("Wo ist ORD-1001, bitte? ORD!"), ["1001", "bitte", "ist", "ord", "wo"]);
        assert_eq!(asked("मेरा ऑर्डर कहाँ है।"), ["ऑर्डर", "कहाँ", "मेरा", "है"]);
        assert_eq!(asked(" ?! "), Vec::<String>::new());
        assert_eq!(asked(&"x".repeat(1_000))[0].len(), LONGEST_WORD);
        assert_eq!(asked(&(0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")).len(), MOST_ASKED);
    }
}
