//! `company.toml`: who owns the calls, and the places a call may go to.

use super::notes::Notes;
use super::sheet::Sheet;
use super::{NAME, agent, around};
use crate::company::{Briefing, Company, Queue, Room, Target};
use crate::ids::CompanyId;
use crate::mistakes::{Mistake, unknown};
use crate::private::PhoneNumber;
use std::collections::BTreeMap;
use std::path::Path;

/// Calls a company may have at once where it does not say.
const MAX_CALLS: u64 = 500;

/// Longest a person called may let it ring, be talked to, or a caller may wait: an hour and a bit hides no mistake.
const LONGEST_RING_S: u64 = 120;
const LONGEST_TALK_S: u64 = 14_400;
const LONGEST_WAIT_S: u64 = 3_600;

/// The company without its agents. `others` are the files of companies read before, by id.
pub(super) fn read(sheet: &mut Sheet<'_>, others: &BTreeMap<CompanyId, String>) -> Company {
    let id = sheet.parsed("id", "harbour", |text| CompanyId::parse(text).map_err(|_| NAME.into()));
    if let Some((id, other)) = id.as_ref().and_then(|id| others.get_key_value(id)) {
        sheet.wrong::<()>("id", format!("is {:?}, which {other} has already", id.as_str()), "harbour-2");
    }
    let name = sheet.needed("name", "Harbour Rooms");
    let timezone = sheet.needed("timezone", "Europe/Lisbon");
    if timezone.as_ref().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        sheet.wrong::<()>("timezone", "must be an IANA time zone", "Europe/Lisbon");
    }
    let max_calls = sheet.number("max_calls", 1..=100_000, MAX_CALLS) as u32;
    let targets = targets(sheet);
    Company {
        id: id.unwrap_or_else(|| CompanyId::parse("invalid").expect("a valid name")),
        name: name.unwrap_or_default(),
        timezone: timezone.unwrap_or_default(),
        max_calls,
        agents: BTreeMap::new(),
        queues: queues(sheet, &targets),
        rooms: rooms(sheet, &targets),
        targets,
        services: services(sheet),
        texting: around::texting(sheet),
        hooks: around::hooks(sheet),
    }
}

fn services(sheet: &mut Sheet<'_>) -> BTreeMap<String, String> {
    let Some(mut table) = sheet.table("services") else { return BTreeMap::new() };
    let mut services = BTreeMap::new();
    for name in table.keys() {
        let Some(url) = table.any_text(&name, "https://loans.example.com") else { continue };
        let right = url.is_empty() || url.starts_with("https://") || url.starts_with("http://");
        if !right {
            let fault = format!("is {url:?}, but must be a URL, or empty while the service is not there");
            table.wrong::<()>(&name, fault, "https://loans.example.com");
        }
        services.insert(name, url.trim_end_matches('/').to_owned());
    }
    services
}

fn targets(sheet: &mut Sheet<'_>) -> BTreeMap<String, Target> {
    let target = |(name, mut row): (String, Sheet<'_>)| {
        let number = row.parsed("number", "+15005550009", |text| {
            if agent::is_number(text) { Ok(PhoneNumber::new(text)) } else { Err("in E.164".into()) }
        });
        let target = Target {
            number: number.unwrap_or_else(|| PhoneNumber::new("")),
            description: row.needed("description", "Somebody at the front desk, for anything else").unwrap_or_default(),
            ring_s: row.number("ring_s", 5..=LONGEST_RING_S, 20) as u32,
            talk_s: row.number("talk_s", 10..=LONGEST_TALK_S, 3_600) as u32,
            briefing: match row.choice("briefing", &["none", "spoken"]).as_deref() {
                Some("spoken") => Briefing::Spoken,
                _ => Briefing::None,
            },
        };
        row.finish();
        (name, target)
    };
    sheet.named("targets").into_iter().map(target).collect()
}

fn queues(sheet: &mut Sheet<'_>, targets: &BTreeMap<String, Target>) -> BTreeMap<String, Queue> {
    let queue = |(name, mut row): (String, Sheet<'_>)| {
        let queue = Queue {
            members: members(&mut row, targets),
            wait_s: row.number("wait_s", 10..=LONGEST_WAIT_S, 300) as u32,
            music: row.text("music", "https://example.com/music.mp3"),
        };
        row.finish();
        (name, queue)
    };
    sheet.named("queues").into_iter().map(queue).collect()
}

fn rooms(sheet: &mut Sheet<'_>, targets: &BTreeMap<String, Target>) -> BTreeMap<String, Room> {
    let room = |(name, mut row): (String, Sheet<'_>)| {
        let room = Room { members: members(&mut row, targets) };
        row.finish();
        (name, room)
    };
    sheet.named("rooms").into_iter().map(room).collect()
}

/// Names of targets.
fn members(row: &mut Sheet<'_>, targets: &BTreeMap<String, Target>) -> Vec<String> {
    let listed = row.list("members", "[\"front_desk\"]");
    for (line, name) in listed.iter().filter(|(_, name)| !targets.contains_key(name)) {
        let fault = format!("names the target {name:?}, which {}", unknown(name, targets.keys().map(String::as_str)));
        row.note(*line, "members", fault, "front_desk");
    }
    listed.into_iter().map(|(_, name)| name).collect()
}

/// Notes files of the folder that nobody reads: a slip of the pen in a file's name would go unseen.
pub(super) fn warn_of_strays(notes: &Notes, folder: &Path) {
    const KNOWN: [&str; 5] = ["company.toml", "agent.toml", "tools.toml", "script.toml", "conversation.toml"];
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let of_agent = name.ends_with(".agent.toml") || name.starts_with("script.") || name.contains(".script.");
        if path.is_file() && name.ends_with(".toml") && !KNOWN.contains(&name) && !of_agent {
            let fault = unknown(name, KNOWN);
            let place = path.display().to_string();
            notes.warning(Mistake { place, key: "the file".into(), fault, example: String::new() });
        }
    }
}
