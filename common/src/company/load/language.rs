//! The languages of an agent: what its own file says, and one file for each language in `languages/` beside it.

use super::notes::Notes;
use super::read;
use super::sheet::Sheet;
use crate::company::{Language, Phrases};
use crate::mistakes::Mistake;
use std::collections::BTreeMap;
use std::path::Path;

/// What is said of one language, before gaps are filled.
#[derive(Default)]
struct Words {
    instructions: Option<String>,
    added: Option<String>,
    voices: Vec<String>,
    /// Phrases by name.
    phrases: BTreeMap<String, String>,
    /// The file that says it, or should.
    place: String,
}

/// Every language, the default first. `needed` are the phrases somebody may hear.
pub(super) fn read_all(
    notes: &Notes,
    sheet: &mut Sheet<'_>,
    folder: Option<&Path>,
    needed: &[&'static str],
) -> Vec<Language> {
    let own_instructions = sheet.text("instructions", "You answer the phone for …");
    let listed = listed(sheet);
    let mut words = of_agent(sheet);
    for (tag, file) in folder.map(files).unwrap_or_default() {
        if !is_language(&tag) {
            notes.wrong(&file, "the name", "is not a BCP 47 language", "es-MX.toml");
            continue;
        }
        let entry = words.entry(tag).or_default();
        if let Some(more) = read(notes, &file, of_file) {
            entry.phrases.extend(more.phrases);
            *entry = Words { phrases: std::mem::take(&mut entry.phrases), place: file.display().to_string(), ..more };
        }
    }
    let tags = ordered(listed, words.keys());
    if tags.is_empty() {
        sheet.wrong::<()>("languages", "must name at least one language", "languages = [\"en\"]");
    }
    if own_instructions.is_none() && tags.iter().any(|tag| words.get(tag).is_none_or(|w| w.instructions.is_none())) {
        sheet.must_be_there("instructions", "You answer the phone for …");
    }
    let languages = tags.into_iter().map(|tag| (words.remove(&tag).unwrap_or_default(), tag)).collect();
    filled(notes, sheet, languages, &own_instructions.unwrap_or_default(), needed)
}

/// What `languages` names.
fn listed(sheet: &mut Sheet<'_>) -> Vec<String> {
    let listed = sheet.list("languages", "[\"en\"]");
    let (right, wrong): (Vec<_>, Vec<_>) = listed.into_iter().map(|(_, tag)| tag).partition(|tag| is_language(tag));
    for tag in wrong {
        sheet.wrong::<()>("languages", format!("holds {tag:?}, which is not a BCP 47 language"), "es-MX");
    }
    right
}

/// Those that are listed, in that order, then the others; where none is listed, English first.
fn ordered<'t>(listed: Vec<String>, known: impl Iterator<Item = &'t String>) -> Vec<String> {
    let mut others: Vec<String> = known.filter(|tag| !listed.contains(tag)).cloned().collect();
    if listed.is_empty() {
        others.sort_by_key(|tag| (primary(tag) != "en", tag.clone()));
    }
    let mut tags = listed;
    tags.extend(others);
    let mut seen = Vec::new();
    tags.retain(|tag| {
        !seen.contains(tag) && {
            seen.push(tag.clone());
            true
        }
    });
    tags
}

fn of_agent(sheet: &mut Sheet<'_>) -> BTreeMap<String, Words> {
    let place = sheet.place_of("phrases");
    let mut words = BTreeMap::new();
    for (tag, table) in sheet.named("phrases") {
        if !is_language(&tag) {
            sheet.wrong::<()>("phrases", format!("holds {tag:?}, which is not a BCP 47 language"), "es-MX");
        }
        words.insert(tag, Words { phrases: phrases(table), place: place.clone(), ..Words::default() });
    }
    words
}

fn of_file(sheet: &mut Sheet<'_>) -> Words {
    let voice = sheet.text("voice", "marin");
    let voices = sheet.list("voices", "[\"marin\", \"aura-2-thalia-en\"]").into_iter().map(|(_, voice)| voice);
    let words = Words {
        voices: voice.into_iter().chain(voices).collect(),
        instructions: sheet.text("instructions", "Contestas el teléfono de …"),
        added: sheet.text("instructions_add", "Speak Spanish."),
        phrases: sheet.table("phrases").map(phrases).unwrap_or_default(),
        place: String::new(),
    };
    for (one, other) in [("voice", "voices"), ("instructions", "instructions_add")] {
        if sheet.has(one) && sheet.has(other) {
            sheet.wrong::<()>(other, format!("stands beside {one}; keep one"), "");
        }
    }
    words
}

/// `es.toml`, … by name.
fn files(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let named = entries.filter_map(|path| Some((path.file_name()?.to_str()?.strip_suffix(".toml")?.to_owned(), path)));
    let mut files: Vec<_> = named.filter(|(tag, _)| !tag.starts_with('.')).collect();
    files.sort();
    files
}

/// Languages with every gap filled: from the default language, then from the built-in English. Each gap that is filled
/// from another language is a warning.
fn filled(
    notes: &Notes,
    sheet: &Sheet<'_>,
    words: Vec<(Words, String)>,
    instructions: &str,
    needed: &[&'static str],
) -> Vec<Language> {
    let default = words.first().map(|(words, tag)| (words.phrases.clone(), tag.clone())).unwrap_or_default();
    let mut languages = Vec::new();
    for (words, tag) in words {
        let place = if words.place.is_empty() { sheet.place_of("languages") } else { words.place };
        warn_of_gaps(notes, place, &tag, &words.phrases, &default, needed);
        let own = words.instructions.unwrap_or_else(|| instructions.to_owned());
        let mut phrases = default.0.clone();
        phrases.extend(words.phrases);
        languages.push(Language {
            instructions: words.added.map_or(own.clone(), |added| format!("{}\n\n{added}", own.trim_end())),
            phrases: Phrases::from_names(&phrases),
            voices: words.voices,
            tag,
        });
    }
    languages
}

fn warn_of_gaps(
    notes: &Notes,
    place: String,
    tag: &str,
    own: &BTreeMap<String, String>,
    (default, default_tag): &(BTreeMap<String, String>, String),
    needed: &[&'static str],
) {
    let gaps = needed.iter().filter(|name| !own.contains_key(**name));
    let (of_default, built_in): (Vec<&str>, Vec<&str>) = gaps.copied().partition(|name| default.contains_key(*name));
    for (names, said) in [(of_default, default_tag.as_str()), (built_in, "en")] {
        if !names.is_empty() && primary(tag) != primary(said) {
            let fault = format!("lacks {}; said in {said} instead", names.join(", "));
            let example = format!("{} = \"…\"", names[0]);
            notes.warning(Mistake { place: place.clone(), key: format!("phrases.{tag}"), fault, example });
        }
    }
}

fn phrases(mut table: Sheet<'_>) -> BTreeMap<String, String> {
    let mut phrases = BTreeMap::new();
    for (name, usual) in Phrases::default().by_name() {
        if let Some(text) = table.text(&name, &usual) {
            phrases.insert(name, text);
        }
    }
    table.finish();
    phrases
}

pub(super) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let letters = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
    letters && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}
