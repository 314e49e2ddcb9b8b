//! Reads `agents/`: a folder a company, all mistakes at once, each with file, line and example.
//!
//! The format is described in `agents/README.md`. Before it: files people write. After it: nothing can be wrong any
//! more, so the roles only look things up. Only what tools can do is checked elsewhere, by the crate that runs them;
//! [`Packs::tool_mistake`] says where such a mistake stands.

mod agent;
mod around;
mod company;
mod language;
mod menu;
mod notes;
pub mod records;
mod script;
mod sheet;
mod standard;
mod tool;
mod version;
mod voice;

pub use standard::{description as standard_description, parameters as standard_parameters, tool as standard_tool};

use super::{Roster, Services};
use crate::ids::CompanyId;
use crate::mistakes::{Mistake, Mistakes};
use crate::ports::Record;
use crate::private::PhoneNumber;
use notes::Notes;
use sheet::{File, Sheet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a folder of packs holds.
#[derive(Debug, Default)]
pub struct Packs {
    /// Companies and agents.
    pub roster: Roster,
    /// What the companies know.
    pub records: Vec<Record>,
    /// What is odd and no mistake.
    pub warnings: Vec<Mistake>,
    tools: BTreeMap<(CompanyId, String), ToolPlace>,
}

/// Where a tool stands.
#[derive(Clone, Debug, Default)]
struct ToolPlace {
    file: String,
    line: usize,
    fields: BTreeMap<String, usize>,
}

impl Packs {
    /// A mistake in a tool that only shows when more is known than its file says. The key is a field of the tool, or a
    /// path inside one: `url`, `parameters.required`.
    pub fn tool_mistake(
        &self,
        company: &CompanyId,
        tool: &str,
        key: &str,
        fault: impl Into<String>,
        example: &str,
    ) -> Mistake {
        let place = match self.tools.get(&(company.clone(), tool.to_owned())) {
            Some(place) => {
                let field = key.split('.').next().unwrap_or_default();
                format!("{} line {}", place.file, place.fields.get(field).unwrap_or(&place.line))
            }
            None => format!("company {company}"),
        };
        Mistake { place, key: format!("tool {tool}.{key}"), fault: fault.into(), example: example.to_owned() }
    }
}

/// Reads every company under a folder; `services` replace addresses the packs name.
pub fn load(dir: &Path, services: &Services) -> Result<Packs, Mistakes> {
    let mut loader = Loader::default();
    let mut packs = Packs::default();
    for folder in loader.folders(dir) {
        loader.company(&folder, &mut packs);
    }
    let (mistakes, warnings) = loader.notes.into_inner();
    packs.warnings = warnings;
    for name in services.lay_over(&mut packs.roster) {
        let key = format!("services.{name}");
        let fault = "is set, but no company has a service of this name".to_owned();
        packs.warnings.push(Mistake { place: "configuration".to_owned(), key, fault, example: String::new() });
    }
    mistakes.or(packs)
}

/// What must be known across files.
#[derive(Default)]
struct Loader {
    notes: Notes,
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
                let example = "PATCHBAY_AGENTS__DIR=agents";
                self.notes.wrong(dir, "the folder", format!("cannot be read: {error}"), example);
                return Vec::new();
            }
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let visible = |path: &PathBuf| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut folders: Vec<_> = paths.filter(|path| path.is_dir() && visible(path)).collect();
        folders.sort();
        if folders.is_empty() {
            self.notes.wrong(dir, "the folder", "holds no company", "agents/harbour/company.toml");
        }
        folders
    }

    /// Reads one company into the packs.
    fn company(&mut self, folder: &Path, packs: &mut Packs) {
        let path = folder.join("company.toml");
        let read = read(&self.notes, &path, |sheet| company::read(sheet, &self.companies));
        let Some(mut company) = read else { return };
        self.companies.insert(company.id.clone(), path.display().to_string());
        let tools = tool::read(&self.notes, folder);
        for row in &tools {
            packs.tools.insert((company.id.clone(), row.tool.name.clone()), row.place.clone());
        }
        company.agents = self.agents(folder, &company, &tools);
        tool::warn_of_unused(&self.notes, &tools);
        packs.records.extend(records::of_folder(&self.notes, folder, &company.id));
        company::warn_of_strays(&self.notes, folder);
        packs.roster.companies.insert(company.id.clone(), company);
    }

    /// Notes who claims a number, and that somebody else does already.
    fn claim(&mut self, number: &PhoneNumber, place: String) {
        if let Some(other) = self.numbers.get(number) {
            let fault = format!("claims {}, which {other} claims already; a number has one agent", number.masked());
            self.notes.mistake(Mistake { place, key: "numbers".into(), fault, example: String::new() });
        } else {
            self.numbers.insert(number.clone(), place);
        }
    }
}

/// Reads a TOML file field by field; fields nobody asks for are noted. `None` where it is not TOML.
fn read<T>(notes: &Notes, path: &Path, fields: impl FnOnce(&mut Sheet<'_>) -> T) -> Option<T> {
    let text = notes.read(path)?;
    let file = File { name: path.display().to_string(), text: &text, notes };
    let table = file.parse()?;
    let mut sheet = file.sheet(&table);
    let value = fields(&mut sheet);
    sheet.finish();
    Some(value)
}

/// What a name must be.
const NAME: &str = "1 to 63 lower-case letters, digits or dashes";

#[cfg(test)]
mod tests;
