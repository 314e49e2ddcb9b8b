//! `patchbay agents export`: what is in force, as packs that apply again to the same versions.

mod script;

use super::diff::plain;
use super::list::parse_company;
use super::{asked, directory, line};
use anyhow::Context;
use clap::Args;
use common::company::load::{standard_description, standard_parameters, standard_tool};
use common::company::{Agent, Company, Language, Tool, ToolKind, Voice};
use common::config::Config;
use common::ids::CompanyId;
use common::ports::{Directory, Record};
use common::private::PhoneNumber;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Where the packs go: a folder for each company
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Only this company
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: Option<CompanyId>,
}

/// Writes the packs; nothing that is there already is written over.
pub(crate) async fn run(config: &Config, args: &ExportArgs) -> anyhow::Result<()> {
    let directory = directory(config)?;
    let found = asked(directory.configuration().await)?;
    let named = |id: &CompanyId| args.company.as_ref().is_none_or(|company| company == id);
    let companies: Vec<&Company> = found.roster.companies.values().filter(|company| named(&company.id)).collect();
    anyhow::ensure!(!companies.is_empty(), "the database holds no such company; `patchbay agents list`");
    for company in companies {
        let folder = args.dir.join(company.id.as_str());
        anyhow::ensure!(!folder.exists(), "{} is there already; nothing is written over", folder.display());
        let records = export(directory.as_ref(), company, &folder).await?;
        line(format_args!("{}: {} agents, {records} records", folder.display(), company.agents.len()));
    }
    Ok(())
}

async fn export(directory: &dyn Directory, company: &Company, folder: &Path) -> anyhow::Result<usize> {
    write_toml(&folder.join("company.toml"), of_company(company))?;
    let mut tools: BTreeMap<String, Value> = BTreeMap::new();
    for agent in company.agents.values() {
        // A company's only agent has the plain names; of several each has its own.
        let prefix = if company.agents.len() == 1 { String::new() } else { format!("{}.", agent.id) };
        write_toml(&folder.join(format!("{prefix}agent.toml")), of_agent(agent))?;
        for language in &agent.languages {
            let path = folder.join(format!("{prefix}languages")).join(format!("{}.toml", language.tag));
            write_toml(&path, of_language(language))?;
        }
        for tool in agent.tools.iter().filter(|tool| !is_standard(tool, company, agent)) {
            merge(tools.entry(tool.name.clone()).or_default(), of_tool(tool, company, agent));
        }
        if let Some(path) = &agent.script {
            script::copy(path, agent, folder, &format!("{prefix}script"))?;
        }
    }
    if !tools.is_empty() {
        let rows: Vec<Value> = tools.into_values().collect();
        write_toml(&folder.join("tools.toml"), json!({ "tool": rows }))?;
    }
    let mut count = 0;
    for kind in asked(directory.record_kinds(&company.id).await)? {
        let records = asked(directory.records(&company.id, &kind).await)?;
        count += records.len();
        let list: Vec<Value> = records.into_iter().map(of_record).collect();
        write(&folder.join("records").join(format!("{kind}.json")), serde_json::to_string_pretty(&list)?)?;
    }
    Ok(count)
}

fn of_company(company: &Company) -> Value {
    json!({
        "id": company.id, "name": company.name, "timezone": company.timezone, "max_calls": company.max_calls,
        "services": company.services, "targets": plain(&company.targets), "queues": plain(&company.queues),
        "rooms": plain(&company.rooms),
        "messages": unless_usual(&company.texting), "hooks": unless_usual(&company.hooks),
    })
}

fn of_agent(agent: &Agent) -> Value {
    let numbers: Vec<&str> = agent.numbers.iter().map(PhoneNumber::reveal).collect();
    let tags: Vec<&str> = agent.languages.iter().map(|language| language.tag.as_str()).collect();
    let tools: Vec<&str> = agent.tools.iter().map(|tool| tool.name.as_str()).collect();
    let mut file = agent.voices.first().map(of_voice).unwrap_or_default();
    file["id"] = json!(agent.id);
    file["numbers"] = json!(numbers);
    file["languages"] = json!(tags);
    file["tools"] = json!(tools);
    file["limits"] = plain(&agent.limits);
    file["menu"] = plain(&agent.menu);
    file["budget"] = plain(&agent.budget);
    file["recording"] = unless_usual(&agent.recording);
    file["after_call"] = unless_usual(&agent.after_call);
    let others: Vec<Value> = agent.voices.iter().skip(1).map(of_voice).collect();
    file["fallback"] = if others.is_empty() { Value::Null } else { Value::Array(others) };
    file
}

/// What differs from what it is without a word.
fn unless_usual<T: serde::Serialize + Default + PartialEq>(value: &T) -> Value {
    if *value == T::default() { Value::Null } else { plain(value) }
}

fn of_voice(voice: &Voice) -> Value {
    // The scripted provider need not name a model; an empty one cannot be written.
    let named = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    json!({
        "provider": voice.provider.as_str(), "model": named(&voice.model), "voice": named(&voice.voice),
        "thinker": voice.thinker, "turn_detection": plain(&voice.turn_detection),
        "transcription": voice.transcription.as_ref().map(|model| json!({ "model": model })),
    })
}

fn of_language(language: &Language) -> Value {
    json!({"instructions": language.instructions, "voices": language.voices, "phrases": plain(&language.phrases)})
}

/// Whether naming it in `tools` is enough.
fn is_standard(tool: &Tool, company: &Company, agent: &Agent) -> bool {
    let parameters = |tool: &Tool| match &tool.kind {
        ToolKind::BuiltIn(does) => standard_parameters(does, company, &agent.languages),
        ToolKind::Http(_) | ToolKind::Mcp(_) => Value::Null,
    };
    standard_tool(&tool.name).is_some_and(|usual| Tool { parameters: parameters(&usual), ..usual } == *tool)
}

fn of_tool(tool: &Tool, company: &Company, agent: &Agent) -> Value {
    let mut row = plain(&tool.kind);
    // The secret of a header is called `header` and `name` in a pack.
    if let Some(secret) = row.get("secret").filter(|secret| !secret.is_null()).cloned() {
        row["secret"] = json!({"header": secret["name"], "prefix": secret["prefix"], "name": secret["secret"]});
    }
    if let Some(record) = row.get("sample").and_then(|sample| sample.get("record")).cloned() {
        row["sample"] = record;
    }
    row["name"] = json!(tool.name);
    row["description"] = json!(tool.description);
    row["parameters"] = tool.parameters.clone();
    if let ToolKind::BuiltIn(does) = &tool.kind {
        // What depends on the agent's languages or the company's places is made anew when it is read.
        if standard_parameters(does, company, &agent.languages) == tool.parameters {
            row["parameters"] = Value::Null;
        }
        if standard_description(does) == tool.description {
            row["description"] = Value::Null;
        }
    }
    let same = plain(tool);
    for field in ["enabled", "timeout_ms", "idempotent", "confirm", "keep", "filler", "rate"] {
        row[field] = same[field].clone();
    }
    for field in ["filler", "headers", "result"] {
        if row.get(field).and_then(Value::as_object).is_some_and(Map::is_empty) {
            row[field] = Value::Null;
        }
    }
    row
}

/// One row for the tool of several agents: they differ in the languages of the filler only.
fn merge(row: &mut Value, more: Value) {
    if row.is_null() {
        *row = more;
    } else if let (Some(filler), Some(others)) = (row["filler"].as_object_mut(), more["filler"].as_object()) {
        filler.extend(others.clone());
    }
}

fn of_record(record: Record) -> Value {
    let mut fields = Map::from_iter([("key".to_owned(), Value::from(record.key))]);
    if let Value::Object(body) = record.body {
        fields.extend(body);
    }
    Value::Object(fields)
}

/// Writes JSON as TOML; fields that are null are left out, for TOML has none.
fn write_toml(path: &Path, value: Value) -> anyhow::Result<()> {
    let text = toml::to_string_pretty(&without_nulls(value));
    write(path, text.with_context(|| format!("failed to write {} as TOML", path.display()))?)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => items.into_iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        other => other,
    }
}

fn write(path: &Path, text: String) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
