//! What would change: two companies side by side, as a person reads it. Texts of several lines are compared line by line.
//!
//! Everything a company is becomes a list of things (an agent, a language, a tool, a target), each with its fields; two
//! lists are compared thing by thing, field by field, so that nothing that counts is left out.

use common::company::{Agent, Company, Language};
use serde::Serialize;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Longest value shown on one line.
const LONGEST: usize = 100;

/// Things by name, each with its fields.
type Things = BTreeMap<String, Value>;

/// What changes in a company; empty when nothing does.
pub(super) fn company(old: Option<&Company>, new: &Company) -> String {
    let mut text = things(&old.map(of_company).unwrap_or_default(), &of_company(new), "  ");
    let none = BTreeMap::new();
    let before = old.map_or(&none, |company| &company.agents);
    for (id, agent) in &new.agents {
        let known = before.get(id);
        let changes = things(&known.map(of_agent).unwrap_or_default(), &of_agent(agent), "    ");
        match known {
            None => {
                let _ = write!(text, "  + agent {id}  {}\n{changes}", agent.version);
            }
            Some(known) if known.version != agent.version => {
                let _ = write!(text, "  ~ agent {id}  {} → {}\n{changes}", known.version, agent.version);
            }
            Some(_) => {}
        }
    }
    for id in before.keys().filter(|id| !new.agents.contains_key(*id)) {
        let _ = writeln!(text, "  - agent {id}  answers no calls any more");
    }
    text
}

fn of_company(company: &Company) -> Things {
    let own = json!({"name": company.name, "timezone": company.timezone, "max_calls": company.max_calls});
    let mut things = Things::from([("company".to_owned(), own)]);
    add(&mut things, "service", company.services.iter().map(|(name, url)| (name, json!({"address": url}))));
    add(&mut things, "target", company.targets.iter().map(|(name, target)| (name, plain(target))));
    add(&mut things, "queue", company.queues.iter().map(|(name, queue)| (name, plain(queue))));
    add(&mut things, "room", company.rooms.iter().map(|(name, room)| (name, plain(room))));
    things
}

fn of_agent(agent: &Agent) -> Things {
    let tags: Vec<&str> = agent.languages.iter().map(|language| language.tag.as_str()).collect();
    let own = json!({
        "numbers": plain(&agent.numbers), "languages": tags, "limits": plain(&agent.limits), "menu": plain(&agent.menu),
    });
    let mut things = Things::from([("agent".to_owned(), own)]);
    let voices = agent.voices.iter().enumerate().map(|(number, voice)| (number + 1, plain(voice)));
    add(&mut things, "voice", voices);
    add(&mut things, "language", agent.languages.iter().map(|language| (&language.tag, of_language(language))));
    add(&mut things, "tool", agent.tools.iter().map(|tool| (&tool.name, plain(tool))));
    things
}

fn of_language(language: &Language) -> Value {
    json!({"instructions": language.instructions, "voices": language.voices, "phrases": plain(&language.phrases)})
}

fn add<N: ToString>(things: &mut Things, kind: &str, named: impl Iterator<Item = (N, Value)>) {
    things.extend(named.map(|(name, value)| (format!("{kind} {}", name.to_string()), value)));
}

/// As JSON, numbers as they are written.
pub(super) fn plain(value: &impl Serialize) -> Value {
    serde_json::to_string(value).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn things(old: &Things, new: &Things, indent: &str) -> String {
    let mut text = String::new();
    for (name, value) in new {
        match old.get(name) {
            None if old.is_empty() && (name == "company" || name == "agent") => {}
            None => {
                let _ = writeln!(text, "{indent}+ {name}{}", hint(value));
            }
            Some(before) => fields(&mut text, name, &leaves(before), &leaves(value), indent),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let _ = writeln!(text, "{indent}- {name}");
    }
    text
}

/// A word on a thing that is new.
fn hint(value: &Value) -> String {
    let of = |name: &str| value.get(name).and_then(Value::as_str);
    match of("description").or_else(|| of("address")).or_else(|| of("provider")) {
        Some(text) if !text.is_empty() => format!("  {}", short(text)),
        _ => String::new(),
    }
}

fn fields(text: &mut String, name: &str, old: &Things, new: &Things, indent: &str) {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for field in names {
        let (before, after) = (old.get(field), new.get(field));
        if before == after {
            continue;
        }
        match (before.and_then(Value::as_str), after.and_then(Value::as_str)) {
            (Some(before), Some(after)) if before.contains('\n') || after.contains('\n') => {
                let _ = writeln!(text, "{indent}~ {name}: {field}");
                lines(text, before, after, indent);
            }
            _ => {
                let _ = writeln!(text, "{indent}~ {name}: {field}  {} → {}", shown(before), shown(after));
            }
        }
    }
}

fn lines(text: &mut String, before: &str, after: &str, indent: &str) {
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => continue,
        };
        let _ = writeln!(text, "{indent}    {sign} {}", change.value().trim_end());
    }
}

/// A value's innermost fields by their path.
fn leaves(value: &Value) -> Things {
    let mut leaves = Things::new();
    gather("", value, &mut leaves);
    leaves
}

fn gather(path: &str, value: &Value, leaves: &mut Things) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let fields: &Map<String, Value> = fields;
            fields.iter().for_each(|(name, value)| gather(&below(name), value, leaves));
        }
        value => {
            leaves.insert(path.to_owned(), value.clone());
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(value) => short(&value.to_string()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
