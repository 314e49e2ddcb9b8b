//! `tools.toml`: what agents of a company may ask for. Each row becomes a tool of every agent that names it.

mod kind;

use super::notes::Notes;
use super::sheet::Sheet;
use super::{ToolPlace, read as read_file, standard};
use crate::company::{Company, Confirm, Keep, Language, Rate, Tool, ToolKind, speaks};
use crate::mistakes::{Mistake, unknown};
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

/// Longest run of a tool that does not say. A caller waits for it; longer is a call that seems dead, shorter cuts off
/// services that are slow on a bad day.
pub(super) const TIMEOUT_MS: u64 = 8_000;

/// A row, and what of it depends on the agent.
pub(super) struct Row {
    /// Its filler is empty, its schema null where the standard one is to be used.
    pub(super) tool: Tool,
    pub(super) place: ToolPlace,
    filler: Filler,
    used: Cell<bool>,
}

enum Filler {
    None,
    /// In the default language of each agent.
    One(String),
    ByLanguage(BTreeMap<String, String>),
}

/// The rows of a folder; none where there is no `tools.toml`.
pub(super) fn read(notes: &Notes, folder: &Path) -> Vec<Row> {
    let path = folder.join("tools.toml");
    if !path.exists() {
        return Vec::new();
    }
    let rows = read_file(notes, &path, |sheet| {
        let mut rows: Vec<Row> = Vec::new();
        for mut table in sheet.tables("tool") {
            let row = row(&mut table, notes, &path, folder);
            if rows.iter().any(|other| other.tool.name == row.tool.name) {
                table.wrong::<()>("name", format!("is {:?}, which another tool here has already", row.tool.name), "");
            }
            table.finish();
            rows.push(row);
        }
        rows
    });
    rows.unwrap_or_default()
}

fn row(table: &mut Sheet<'_>, notes: &Notes, path: &Path, folder: &Path) -> Row {
    let place =
        ToolPlace { file: path.display().to_string(), line: table.line(), fields: table.lines().into_iter().collect() };
    let name = table.parsed("name", "lookup_order", |text| {
        let right = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if right { Ok(text.to_owned()) } else { Err("letters, digits or _, at most 64".into()) }
    });
    let kind = kind::read(table, name.as_deref().unwrap_or_default());
    let description = match &kind {
        ToolKind::BuiltIn(does) => {
            table.text("description", standard::description(does)).unwrap_or_else(|| standard::description(does).into())
        }
        ToolKind::Http(_) | ToolKind::Mcp(_) => {
            table.needed("description", "Look up an order by its number.").unwrap_or_default()
        }
    };
    let tool = Tool {
        name: name.unwrap_or_default(),
        description,
        parameters: parameters(table, notes, folder, &kind),
        enabled: table.flag("enabled").unwrap_or(true),
        timeout_ms: table.number("timeout_ms", 100..=60_000, TIMEOUT_MS),
        idempotent: table.flag("idempotent").unwrap_or_else(|| kind::is_idempotent(&kind)),
        kind,
        confirm: match table.choice("confirm", &["read_back", "no"]).as_deref() {
            Some("read_back") => Confirm::ReadBack,
            _ => Confirm::No,
        },
        keep: match table.choice("keep", &["name", "all"]).as_deref() {
            Some("name") => Keep::Name,
            _ => Keep::All,
        },
        filler: BTreeMap::new(),
        rate: rate(table),
    };
    Row { tool, place, filler: filler(table), used: Cell::new(false) }
}

/// The schema: in the row, in a file beside it, or the standard one of a built-in tool (null).
fn parameters(table: &mut Sheet<'_>, notes: &Notes, folder: &Path, kind: &ToolKind) -> Value {
    let inline = table.table("parameters").is_some().then(|| table.json("parameters")).flatten();
    let file = table.text("parameters_file", "parameters/lookup_order.json");
    let from_file = file.and_then(|file| {
        let path = folder.join(&file);
        let text = notes.read(&path)?;
        serde_json::from_str(&text)
            .map_err(|error| notes.wrong(&path, "the file", format!("is not JSON: {error}"), "{\"type\": \"object\"}"))
            .ok()
    });
    match (inline, from_file) {
        (Some(_), Some(_)) => table.wrong("parameters_file", "stands beside parameters; keep one", ""),
        (Some(schema), None) | (None, Some(schema)) => Some(schema),
        (None, None) => {
            if !matches!(kind, ToolKind::BuiltIn(_)) && !table.has("parameters_file") {
                table.must_be_there(
                    "parameters",
                    "{ type = \"object\", properties = { order_id = { type = \"string\" } } }",
                );
            }
            None
        }
    }
    .unwrap_or_default()
}

fn filler(table: &mut Sheet<'_>) -> Filler {
    if !table.has("filler") {
        return Filler::None;
    }
    if table.is_text("filler") {
        return table.text("filler", "One moment, I am looking.").map_or(Filler::None, Filler::One);
    }
    Filler::ByLanguage(table.texts("filler", "One moment, I am looking.").into_iter().collect())
}

fn rate(table: &mut Sheet<'_>) -> Rate {
    let usual = Rate::default();
    let Some(mut inner) = table.table("rate") else { return usual };
    let rate = Rate {
        per_call: inner.number("per_call", 1..=1_000, u64::from(usual.per_call)) as u32,
        per_minute: inner.number("per_minute", 1..=100_000, u64::from(usual.per_minute)) as u32,
    };
    inner.finish();
    rate
}

/// The tools an agent names, as this agent has them. An agent that names none can hang up.
pub(super) fn of_agent(sheet: &mut Sheet<'_>, rows: &[Row], company: &Company, languages: &[Language]) -> Vec<Tool> {
    let named = match sheet.has("tools") {
        true => sheet.list("tools", "[\"hang_up\", \"lookup_order\"]"),
        false => vec![(sheet.line(), "hang_up".to_owned())],
    };
    let mut tools: Vec<Tool> = Vec::new();
    for (line, name) in named {
        let row = rows.iter().find(|row| row.tool.name == name);
        let Some(mut tool) = row.map(|row| row.tool_for(languages)).or_else(|| standard::tool(&name)) else {
            let known = rows
                .iter()
                .map(|row| row.tool.name.as_str())
                .chain(kind::DOES.into_iter().filter(|name| standard::tool(name).is_some()));
            sheet.note(
                line,
                "tools",
                format!("names {name:?}, which {}", unknown(&name, known)),
                "[[tool]] in tools.toml",
            );
            continue;
        };
        if let ToolKind::BuiltIn(does) = &tool.kind {
            if let Some(table) = standard::lacks(does, company) {
                let fault = format!("names {name:?}, which needs a place to go to in company.toml");
                sheet.note(line, "tools", fault, table);
            }
            if tool.parameters.is_null() {
                tool.parameters = standard::parameters(does, company, languages);
            }
        }
        if tools.iter().any(|other| other.name == name) {
            sheet.note(line, "tools", format!("names {name:?} twice"), "");
        }
        tools.push(tool);
    }
    tools
}

impl Row {
    fn tool_for(&self, languages: &[Language]) -> Tool {
        self.used.set(true);
        let filler = match (&self.filler, languages.first()) {
            (Filler::One(text), Some(default)) => BTreeMap::from([(default.tag.clone(), text.clone())]),
            (Filler::ByLanguage(texts), _) => {
                let spoken =
                    texts.iter().filter_map(|(tag, text)| Some((speaks(languages, tag)?.to_owned(), text.clone())));
                spoken.collect()
            }
            (Filler::None | Filler::One(_), _) => BTreeMap::new(),
        };
        Tool { filler, ..self.tool.clone() }
    }
}

/// Says which tools no agent names.
pub(super) fn warn_of_unused(notes: &Notes, rows: &[Row]) {
    for row in rows.iter().filter(|row| !row.used.get()) {
        let place = format!("{} line {}", row.place.file, row.place.line);
        let fault = "is named by no agent".to_owned();
        let example = format!("tools = [{:?}] in agent.toml", row.tool.name);
        notes.warning(Mistake { place, key: format!("tool {}", row.tool.name), fault, example });
    }
}
