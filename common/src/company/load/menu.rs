//! `[menu]`: keys the caller may press before the agent answers.

use super::sheet::Sheet;
use crate::company::{Choice, Company, Language, Menu, speaks};
use crate::ids::AgentId;
use crate::mistakes::unknown;
use std::collections::BTreeMap;

/// What a key may do.
const CHOICES: [&str; 4] = ["language", "agent", "target", "queue"];

/// The menu, if there is one; agents it names are looked for among `agents`.
pub(super) fn read(
    sheet: &mut Sheet<'_>,
    company: &Company,
    languages: &[Language],
    agents: &[AgentId],
) -> Option<Menu> {
    let mut table = sheet.table("menu")?;
    let wait_s = table.number("wait_s", 1..=60, 5) as u32;
    let mut keys = BTreeMap::new();
    let rows = table.named("keys");
    if rows.is_empty() {
        table.wrong::<()>("keys", "must hold at least one key", "1 = { language = \"en\" }");
    }
    for (name, mut row) in rows {
        let key = one_key(&name);
        if key.is_none() {
            table.wrong::<()>("keys", format!("holds {name:?}, but keys are 0 to 9, * and #"), "1");
        }
        let choice = choice(&mut row, company, languages, agents);
        row.finish();
        keys.extend(key.zip(choice));
    }
    table.finish();
    Some(Menu { wait_s, keys })
}

fn one_key(name: &str) -> Option<char> {
    let mut letters = name.chars();
    let key = letters.next().filter(|key| key.is_ascii_digit() || "*#".contains(*key));
    key.filter(|_| letters.next().is_none())
}

fn choice(row: &mut Sheet<'_>, company: &Company, languages: &[Language], agents: &[AgentId]) -> Option<Choice> {
    let named: Vec<&str> = CHOICES.into_iter().filter(|name| row.has(name)).collect();
    let [kind] = named[..] else {
        named.iter().for_each(|kind| drop(row.json(kind)));
        let fault = "must name one of language, agent, target, queue".to_owned();
        return row.wrong(CHOICES[0], fault, "{ language = \"en\" }");
    };
    let text = row.needed(kind, "en")?;
    let missing = |row: &mut Sheet<'_>, known: Vec<&str>| {
        row.wrong(kind, format!("is {text:?}, which {}", unknown(&text, known)), "")
    };
    match kind {
        "language" => match speaks(languages, &text) {
            Some(tag) => Some(Choice::Language(tag.to_owned())),
            None => missing(row, languages.iter().map(|language| language.tag.as_str()).collect()),
        },
        "agent" => match agents.iter().find(|agent| agent.as_str() == text) {
            Some(agent) => Some(Choice::Agent(agent.clone())),
            None => missing(row, agents.iter().map(AgentId::as_str).collect()),
        },
        "target" if company.targets.contains_key(&text) => Some(Choice::Target(text)),
        "target" => missing(row, company.targets.keys().map(String::as_str).collect()),
        _ if company.queues.contains_key(&text) => Some(Choice::Queue(text)),
        _ => missing(row, company.queues.keys().map(String::as_str).collect()),
    }
}
