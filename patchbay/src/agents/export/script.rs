//! An agent's scripts and their sound, copied: the files are only here, the database knows where.

use super::write;
use anyhow::Context;
use common::company::Agent;
use serde_json::Value;
use std::path::{Component, Path, PathBuf};

/// Copies the script and those of the agent's languages, each with its sound. A script that is not on this machine is
/// said and left out.
pub(super) fn copy(script: &Path, agent: &Agent, folder: &Path, name: &str) -> anyhow::Result<()> {
    if !script.is_file() {
        println!("warning: {} is not here: {} is written without its script", script.display(), agent.id);
        return Ok(());
    }
    copy_one(script, folder, &format!("{name}.toml"))?;
    for language in &agent.languages {
        let path = script.with_extension(format!("{}.toml", language.tag));
        if path.is_file() {
            copy_one(&path, folder, &format!("{name}.{}.toml", language.tag))?;
        }
    }
    Ok(())
}

fn copy_one(script: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(script).with_context(|| format!("failed to read {}", script.display()))?;
    let mut value: Value = toml::from_str(&text).with_context(|| format!("failed to read {}", script.display()))?;
    let from = script.parent().unwrap_or(script);
    for rows in value.as_object_mut().into_iter().flat_map(|tables| tables.values_mut()) {
        for row in rows.as_array_mut().into_iter().flatten() {
            let Some(audio) = row["audio"].as_str().map(PathBuf::from) else { continue };
            let inside = inside(&audio);
            let to = folder.join(&inside);
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
            }
            std::fs::copy(from.join(&audio), &to).with_context(|| format!("failed to copy {}", audio.display()))?;
            row["audio"] = inside.display().to_string().into();
        }
    }
    let text = toml::to_string_pretty(&value).with_context(|| format!("failed to write {name}"))?;
    write(&folder.join(name), text)
}

/// The path within the pack: sound that lies in another pack comes along.
fn inside(audio: &Path) -> PathBuf {
    audio.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}
