//! What can be wrong with a script before anybody speaks it: its fields, whether its sound is there, whether the agent
//! has the tools it uses. And what of a script belongs to an agent's version.

use super::notes::Notes;
use super::read;
use super::sheet::Sheet;
use crate::company::{Language, Tool};
use crate::mistakes::unknown;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The occasions a script may have words for.
const CUES: &[&str] = &[
    "greeting",
    "silence_prompt",
    "silence_farewell",
    "time_limit",
    "bridge",
    "apology",
    "again",
    "nobody_answered",
    "digits_sent",
    "filler",
];

/// An agent's script: `agent.toml` has `script.toml`; `night.agent.toml` has `night.script.toml`, or shares
/// `script.toml`.
pub(super) fn beside(agent: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(agent.parent()?).ok()?;
    let name = agent.file_name()?.to_str()?;
    let own = folder.join(name.replace("agent.toml", "script.toml"));
    [own, folder.join("script.toml")].into_iter().find(|path| path.is_file())
}

/// The script and those of further languages beside it, `script.es.toml`, by language (empty for the script itself).
pub(super) fn scripts(script: &Path, languages: &[Language]) -> Vec<(String, PathBuf)> {
    let mut all = vec![(String::new(), script.to_owned())];
    for language in languages {
        let path = script.with_extension(format!("{}.toml", language.tag));
        if path.is_file() {
            all.push((language.tag.clone(), path));
        }
    }
    all
}

/// Notes every mistake.
pub(super) fn check(notes: &Notes, path: &Path, tools: &[Tool]) {
    let folder = path.parent().unwrap_or(path);
    read(notes, path, |sheet| {
        for mut cue in sheet.tables("cue") {
            cue.must_be_there("name", CUES[0]);
            cue.choice("name", CUES);
            speech(&mut cue, folder);
            cue.finish();
        }
        for mut turn in sheet.tables("turn") {
            turn.needed("caller", "What time is breakfast?");
            turn.choice("then", &["hang_up"]);
            for mut call in turn.tables("tools") {
                tool_call(&mut call, tools);
                call.finish();
            }
            speech(&mut turn, folder);
            turn.finish();
        }
    });
}

fn tool_call(call: &mut Sheet<'_>, tools: &[Tool]) {
    let known = || tools.iter().map(|tool| tool.name.as_str());
    if let Some(name) = call.needed("name", "lookup_order")
        && !known().any(|own| own == name)
    {
        call.wrong::<()>("name", format!("is {name:?}, which {} among the agent's tools", unknown(&name, known())), "");
    }
    if call.json("arguments").is_some_and(|arguments| !arguments.is_object()) {
        call.wrong::<()>("arguments", "must be a table", "{ order_id = \"ABC123\" }");
    }
}

fn speech(entry: &mut Sheet<'_>, folder: &Path) {
    entry.needed("text", "Hello.");
    if let Some(audio) = entry.needed("audio", "voice/hello.ulaw")
        && !folder.join(&audio).is_file()
    {
        entry.wrong::<()>("audio", format!("names {audio:?}, which is not there"), "voice/hello.ulaw");
    }
}

/// What of the scripts belongs to the agent's version: all they say, and for sound the file's name and length.
pub(super) fn content(scripts: &[(String, PathBuf)]) -> Value {
    let one = |(tag, path): &(String, PathBuf)| (tag.clone(), of_file(path));
    Value::Object(scripts.iter().map(one).collect())
}

fn of_file(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut script: Value = toml::from_str(&text).unwrap_or_default();
    let folder = path.parent().unwrap_or(path);
    for entry in script.as_object_mut().into_iter().flat_map(|tables| tables.values_mut()) {
        for row in entry.as_array_mut().into_iter().flatten() {
            if let Some(audio) = row["audio"].as_str().map(PathBuf::from) {
                let length = std::fs::metadata(folder.join(&audio)).map(|file| file.len()).unwrap_or_default();
                row["audio"] = json!([audio.file_name().map(|name| name.to_string_lossy().into_owned()), length]);
            }
        }
    }
    script
}
