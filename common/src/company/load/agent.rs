//! One agent's file: who answers, how it talks, when it stops, what it may ask for.

use super::notes::Notes;
use super::sheet::Sheet;
use super::{Loader, NAME, around, language, menu, read, script, tool, version, voice};
use crate::company::{Agent, AgentLimits, Briefing, BuiltIn, Company, Provider, ToolKind};
use crate::ids::AgentId;
use crate::private::PhoneNumber;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Loader {
    /// The agents of a company's folder.
    pub(super) fn agents(&mut self, folder: &Path, company: &Company, rows: &[tool::Row]) -> BTreeMap<AgentId, Agent> {
        let paths = files(folder);
        if paths.is_empty() {
            self.notes.wrong(folder, "the folder", "holds no agent", "agent.toml");
        }
        let ids: Vec<AgentId> = paths.iter().filter_map(|path| id_of(path)).collect();
        let mut agents = BTreeMap::new();
        let mut places = BTreeMap::new();
        for path in paths {
            let Some((agent, numbers)) = agent(&self.notes, &path, company, rows, &ids) else { continue };
            if let Some(other) = places.insert(agent.id.clone(), path.display().to_string()) {
                let fault = format!("is {:?}, which {other} has already", agent.id.as_str());
                self.notes.wrong(&path, "id", fault, "reception-2");
            }
            for (line, number) in &numbers {
                self.claim(number, format!("{} line {line}", path.display()));
            }
            agents.insert(agent.id.clone(), agent);
        }
        agents
    }
}

/// Reads an agent, and the lines of its numbers; `None` when what it is named by is wrong.
fn agent(
    notes: &Notes,
    path: &Path,
    company: &Company,
    rows: &[tool::Row],
    ids: &[AgentId],
) -> Option<(Agent, Vec<(usize, PhoneNumber)>)> {
    let script = script::beside(path);
    let (agent, numbers, id) = read(notes, path, |sheet| {
        let id = sheet.parsed("id", "reception", |text| AgentId::parse(text).map_err(|_| NAME.into()));
        let voices = voice::read(sheet);
        if voices.iter().any(|voice| voice.provider == Provider::Scripted) && script.is_none() {
            sheet.wrong::<()>("provider", "is \"scripted\", but there is no script.toml beside this file", "");
        }
        let numbers = numbers(sheet);
        let needed = phrases_needed(sheet, rows, company);
        let languages = language::read_all(notes, sheet, languages_beside(path).as_deref(), &needed);
        let tools = tool::of_agent(sheet, rows, company, &languages);
        let agent = Agent {
            id: id.clone().unwrap_or_else(|| AgentId::parse("invalid").expect("a valid name")),
            version: String::new(),
            numbers: numbers.iter().map(|(_, number)| number.clone()).collect(),
            voices,
            limits: limits(sheet),
            budget: around::budget(sheet),
            recording: around::recording(sheet, &languages, &tools),
            after_call: around::after_call(sheet, company),
            tools,
            menu: menu::read(sheet, company, &languages, ids),
            languages,
            script: script.clone(),
        };
        (agent, numbers, id)
    })?;
    let scripts = script.map(|path| script::scripts(&path, &agent.languages)).unwrap_or_default();
    for (_, path) in &scripts {
        script::check(notes, path, &agent.tools);
    }
    let version = version::of(&agent, company, &script::content(&scripts));
    id.map(|_| (Agent { version, ..agent }, numbers))
}

/// `agent.toml`, and for further agents `night.agent.toml`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let is_agent = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name == "agent.toml" || name.ends_with(".agent.toml"))
    };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_agent).collect();
    files.sort();
    files
}

/// The name of an agent before the rest of its file is read: menus may name agents of files that come later.
fn id_of(path: &Path) -> Option<AgentId> {
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    AgentId::parse(table.get("id")?.as_str()?).ok()
}

/// `agent.toml` has `languages/`; `night.agent.toml` has `night.languages/`, or shares `languages/`.
fn languages_beside(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let own = folder.join(path.file_name()?.to_str()?.replace("agent.toml", "languages"));
    [own, folder.join("languages")].into_iter().find(|path| path.is_dir())
}

/// The phrases a caller of this agent may hear.
fn phrases_needed(sheet: &Sheet<'_>, rows: &[tool::Row], company: &Company) -> Vec<&'static str> {
    let mut needed =
        vec!["greeting", "silence_prompt", "silence_farewell", "time_limit", "bridge", "filler", "apology", "busy"];
    let sends_digits = |row: &tool::Row| row.tool.kind == ToolKind::BuiltIn(BuiltIn::SendDigits);
    let also = [
        ("nobody_answered", !company.targets.is_empty() || !company.queues.is_empty()),
        ("digits_sent", rows.iter().any(sends_digits)),
        ("menu", sheet.has("menu")),
        ("queue_position", !company.queues.is_empty()),
        ("take_call", company.targets.values().any(|target| target.briefing == Briefing::Spoken)),
    ];
    needed.extend(also.into_iter().filter_map(|(name, heard)| heard.then_some(name)));
    needed
}

fn numbers(sheet: &mut Sheet<'_>) -> Vec<(usize, PhoneNumber)> {
    let listed = sheet.list("numbers", "[\"+15005550006\"]");
    let (right, wrong): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, number)| is_number(number));
    for (line, number) in wrong {
        let shown = PhoneNumber::new(&number).masked();
        sheet.note(line, "numbers", format!("holds {shown}, which is not in E.164"), "+15005550006");
    }
    right.into_iter().map(|(line, number)| (line, PhoneNumber::new(&number))).collect()
}

/// E.164, a SIP address or a client's name: what Twilio puts into `To`.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let e164 = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    e164 || ["sip:", "client:"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|name| !name.is_empty()))
}

fn limits(sheet: &mut Sheet<'_>) -> AgentLimits {
    let usual = AgentLimits::default();
    let Some(mut table) = sheet.table("limits") else { return usual };
    let limits = AgentLimits {
        silence_prompt_ms: table.number("silence_prompt_ms", 1_000..=600_000, usual.silence_prompt_ms),
        silence_end_ms: table.number("silence_end_ms", 1_000..=3_600_000, usual.silence_end_ms),
        max_call_ms: table.number("max_call_ms", 10_000..=14_400_000, usual.max_call_ms),
    };
    if limits.silence_end_ms <= limits.silence_prompt_ms {
        table.wrong::<()>("silence_end_ms", "must be more than silence_prompt_ms", "60000");
    }
    table.finish();
    limits
}
