//! Reads `agents/` into a [`Roster`]: a folder a company, all mistakes at once, each with file, line and example.
//!
//! The format is described in `agents/README.md`. Before it: files people write. After it: nothing can be wrong any
//! more, so the roles only look things up.

mod agent;
mod script;
mod sheet;

use super::{Company, Roster};
use crate::ids::CompanyId;
use crate::mistakes::{Mistake, Mistakes};
use crate::private::PhoneNumber;
use sheet::File;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Calls a company may have at once where it does not say.
const MAX_CALLS: u64 = 500;

/// Reads every company under a folder.
pub fn load(dir: &Path) -> Result<Roster, Mistakes> {
    let mut loader = Loader { mistakes: RefCell::default(), numbers: BTreeMap::new(), companies: BTreeMap::new() };
    let mut roster = Roster::default();
    for folder in loader.folders(dir) {
        if let Some(company) = loader.company(&folder) {
            roster.companies.insert(company.id.clone(), company);
        }
    }
    let mistakes = loader.mistakes.into_inner();
    mistakes.or(roster)
}

/// What must be known across files.
struct Loader {
    mistakes: RefCell<Mistakes>,
    /// Who claims a number: file and line.
    numbers: BTreeMap<PhoneNumber, String>,
    /// Which file defines a company.
    companies: BTreeMap<CompanyId, String>,
}

impl Loader {
    /// The folders that are companies, by name. Hidden ones are not: a mounted volume keeps its own there.
    fn folders(&self, dir: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => {
                self.note(dir, "the folder", format!("cannot be read: {error}"), "PATCHBAY_AGENTS__DIR=agents");
                return Vec::new();
            }
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let visible = |path: &PathBuf| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut folders: Vec<_> = paths.filter(|path| path.is_dir() && visible(path)).collect();
        folders.sort();
        if folders.is_empty() {
            self.note(dir, "the folder", "holds no company", "agents/harbour/company.toml");
        }
        folders
    }

    fn company(&mut self, folder: &Path) -> Option<Company> {
        let path = folder.join("company.toml");
        let text = self.read(&path)?;
        let file = File { name: path.display().to_string(), text: &text, mistakes: &self.mistakes };
        let table = file.parse()?;
        let mut sheet = file.sheet(&table);
        let id = sheet.parsed("id", "harbour", |text| CompanyId::parse(text).map_err(|_| NAME.into()));
        let name = sheet.needed("name", "Harbour Rooms");
        let zone = sheet.needed("timezone", "Europe/Lisbon");
        if zone.as_ref().is_some_and(|zone| !is_zone(zone)) {
            sheet.wrong::<()>("timezone", "must be an IANA time zone", "Europe/Lisbon");
        }
        let max_calls = sheet.number("max_calls", 1..=100_000, MAX_CALLS) as u32;
        if let Some(id) = &id
            && let Some(other) = self.companies.insert(id.clone(), file.name.clone())
        {
            sheet.wrong::<()>("id", format!("is {:?}, which {other} has already", id.as_str()), "harbour-2");
        }
        sheet.finish();
        let agents = self.agents(folder);
        Some(Company {
            id: id?,
            name: name?,
            timezone: zone?,
            max_calls,
            agents,
            targets: BTreeMap::new(),
            queues: BTreeMap::new(),
            rooms: BTreeMap::new(),
            services: BTreeMap::new(),
        })
    }

    fn agents(&mut self, folder: &Path) -> BTreeMap<crate::ids::AgentId, super::Agent> {
        let mut agents = BTreeMap::new();
        let mut files = BTreeMap::new();
        let paths = agent_files(folder);
        if paths.is_empty() {
            self.note(folder, "the folder", "holds no agent", "agent.toml");
        }
        for path in paths {
            let Some(agent) = self.agent(&path) else { continue };
            if let Some(other) = files.insert(agent.id.clone(), path.display().to_string()) {
                let fault = format!("is {:?}, which {other} has already", agent.id.as_str());
                self.note(&path, "id", fault, "reception-2");
            }
            agents.insert(agent.id.clone(), agent);
        }
        agents
    }

    /// Notes who claims a number, and that somebody else does already.
    fn claim(&mut self, number: &PhoneNumber, place: String) {
        if let Some(other) = self.numbers.get(number) {
            let fault = format!("claims {}, which {other} claims already; a number has one agent", number.masked());
            let mistake = Mistake { place, key: "numbers".into(), fault, example: String::new() };
            self.mistakes.borrow_mut().add(mistake);
        } else {
            self.numbers.insert(number.clone(), place);
        }
    }

    fn read(&self, path: &Path) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.note(path, "the file", format!("cannot be read: {error}"), "");
                None
            }
        }
    }

    fn note(&self, path: &Path, key: &str, fault: impl Into<String>, example: &str) {
        let place = path.display().to_string();
        let mistake = Mistake { place, key: key.into(), fault: fault.into(), example: example.into() };
        self.mistakes.borrow_mut().add(mistake);
    }
}

/// What a name must be.
const NAME: &str = "1 to 63 lower-case letters, digits or dashes";

/// `agent.toml`, and for further agents `night.agent.toml`.
fn agent_files(folder: &Path) -> Vec<PathBuf> {
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

/// By its shape only: the database of zones may be elsewhere.
fn is_zone(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_+-".contains(c));
    text == "UTC" || (text.contains('/') && text.split('/').all(part))
}

#[cfg(test)]
mod tests;
