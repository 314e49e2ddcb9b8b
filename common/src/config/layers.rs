//! What was set, where: file, environment and flags laid over one another, still as text.
//!
//! Before it: nothing but text from outside. After it: [`super::load`], which gives the texts their types.

use super::named::is_named;
use super::setting::{Kind, Setting};
use crate::mistakes::{Mistake, Mistakes, line_of, unknown};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A value as text, and where it was set.
pub(super) struct Raw {
    pub(super) text: String,
    pub(super) place: String,
    /// As it is spelt at that place.
    pub(super) name: String,
}

/// By key: the value of the strongest layer.
pub(super) type Layers = BTreeMap<&'static str, Raw>;

/// Reads `patchbay.toml`.
pub(super) fn from_file(path: &Path, layers: &mut Layers, mistakes: &mut Mistakes) {
    let place = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return mistakes.add(mistake(&place, "the file", format!("cannot be read: {error}"), "")),
    };
    match DeTable::parse(&text) {
        Ok(table) => File { place, text: &text, layers, mistakes }.section("", table.get_ref()),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            let fault = format!("is not TOML: {}", error.message());
            mistakes.add(mistake(&format!("{place} line {line}"), "the file", fault, ""));
        }
    }
}

struct File<'f> {
    place: String,
    text: &'f str,
    layers: &'f mut Layers,
    mistakes: &'f mut Mistakes,
}

impl File<'_> {
    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let place = format!("{} line {}", self.place, line_of(self.text, name.span().start));
            let name = if section.is_empty() { name.to_string() } else { format!("{section}.{}", name.get_ref()) };
            let is_section = section.is_empty() && Setting::all().iter().any(|setting| setting.section() == name);
            match value.get_ref() {
                DeValue::Table(_) if is_named(&name) => {}
                DeValue::Table(inner) if is_section => self.section(&name, inner),
                value => self.value(place, name, value),
            }
        }
    }

    fn value(&mut self, place: String, name: String, value: &DeValue<'_>) {
        let Some((setting, given_as)) = known(&name, |setting| (setting.key, "_file")) else {
            let keys = Setting::all().iter().map(|setting| setting.key);
            return self.mistakes.add(mistake(&place, &name, unknown(&name, keys), ""));
        };
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Array(items) if setting.kind == Kind::Hosts => {
                let hosts: Vec<&str> = items.iter().filter_map(|item| item.get_ref().as_str()).collect();
                hosts.join(",")
            }
            other => {
                let fault = format!("is {} {}, but must be a text or a whole number", article(other), other.type_str());
                return self.mistakes.add(mistake(&place, &name, fault, setting.example));
            }
        };
        set(setting, given_as, Raw { text, place, name }, self.layers, self.mistakes);
    }
}

fn article(value: &DeValue<'_>) -> &'static str {
    if matches!(value, DeValue::Array(_)) { "an" } else { "a" }
}

/// Reads the environment. An empty variable is one that is not set.
pub(super) fn from_environment(environment: &BTreeMap<String, String>, layers: &mut Layers, mistakes: &mut Mistakes) {
    let place = || "environment".to_owned();
    let mut own = Layers::new();
    for (name, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
        match known(name, |setting| (setting.variable, "_FILE")) {
            Some((setting, given_as)) => {
                if own.contains_key(setting.key) {
                    let fault = format!("is set together with {}; keep one", setting.variable);
                    mistakes.add(mistake("environment", name, fault, ""));
                }
                let raw = Raw { text: text.clone(), place: place(), name: name.clone() };
                set(setting, given_as, raw, &mut own, mistakes);
            }
            None if is_ours(name) && !is_named(name) => {
                let variables = Setting::all().iter().map(|setting| setting.variable);
                mistakes.add(mistake("environment", name, unknown(name, variables), ""));
            }
            None => {}
        }
    }
    layers.append(&mut own);
}

/// Reads what the command line sets, by key.
pub(super) fn from_flags(flags: &BTreeMap<String, String>, layers: &mut Layers, mistakes: &mut Mistakes) {
    for (name, text) in flags {
        match Setting::find(name) {
            Some(setting) => {
                layers
                    .insert(setting.key, Raw { text: text.clone(), place: "command line".into(), name: name.clone() });
            }
            None if is_named(name) => {}
            None => {
                let keys = Setting::all().iter().map(|setting| setting.key);
                mistakes.add(mistake("command line", name, unknown(name, keys), ""));
            }
        }
    }
}

/// Whether the text is the value itself or names the file that holds it.
#[derive(Clone, Copy)]
enum GivenAs {
    Itself,
    File,
}

fn known(name: &str, spelling: fn(&Setting) -> (&'static str, &'static str)) -> Option<(&'static Setting, GivenAs)> {
    Setting::all().iter().find_map(|setting| {
        let (own, suffix) = spelling(setting);
        match name.strip_prefix(own)? {
            "" => Some((setting, GivenAs::Itself)),
            rest if rest == suffix && setting.kind.is_secret() => Some((setting, GivenAs::File)),
            _ => None,
        }
    })
}

fn set(setting: &'static Setting, given_as: GivenAs, mut raw: Raw, layers: &mut Layers, mistakes: &mut Mistakes) {
    if let GivenAs::File = given_as {
        match std::fs::read_to_string(&raw.text) {
            Ok(content) => raw.text = content.trim_end_matches(['\r', '\n']).to_owned(),
            Err(error) => {
                let fault = format!("names {}, which cannot be read: {error}", raw.text);
                return mistakes.add(mistake(&raw.place, &raw.name, fault, "/run/secrets/name"));
            }
        }
    }
    layers.insert(setting.key, raw);
}

/// Whether a variable is meant for this program. Kubernetes puts one for each service of the namespace into every pod,
/// `PATCHBAY_GATEWAY_PORT_8080_TCP`; test runs name their servers in `PATCHBAY_TEST_…`.
fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("PATCHBAY_") else { return false };
    let service_link = !rest.contains("__")
        && (rest == "PORT"
            || rest.starts_with("PORT_")
            || rest.starts_with("SERVICE_")
            || rest.contains("_SERVICE_")
            || rest.ends_with("_PORT")
            || rest.contains("_PORT_"));
    !service_link && !rest.starts_with("TEST_")
}

pub(super) fn mistake(place: &str, key: &str, fault: impl Into<String>, example: &str) -> Mistake {
    Mistake { place: place.into(), key: key.into(), fault: fault.into(), example: example.into() }
}

/// How a value may be shown in a mistake.
pub(super) fn shown(kind: Kind, text: &str) -> String {
    if kind.is_secret() { "is set".into() } else { format!("is {text:?}") }
}
