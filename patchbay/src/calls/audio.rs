//! `patchbay calls audio`: a call to be heard again.

use crate::agents::{asked, line};
use crate::assemble;
use crate::say::parse_call;
use anyhow::Context;
use clap::Args;
use common::config::Config;
use common::ids::CallId;
use common::ports::aftercare::StoredRecording;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct AudioArgs {
    /// The call
    #[arg(value_name = "CALL_SID", value_parser = parse_call)]
    call: CallId,
    /// Where to; further parts of a call that changed workers are numbered
    #[arg(long, value_name = "FILE")]
    save: PathBuf,
}

/// Saves every part of a call's recording.
pub(crate) async fn run(config: &Config, args: &AudioArgs) -> anyhow::Result<()> {
    let found = asked(assemble::database(config)?.aftercare.recordings(&args.call).await)?;
    let places: Vec<&str> = found.iter().filter_map(|recording| recording.place.as_deref()).collect();
    anyhow::ensure!(!places.is_empty(), "{}", nothing(&args.call, &found));
    let vault = assemble::vault(config)?;
    for (part, place) in places.into_iter().enumerate() {
        let sound =
            vault.get(place).await.context("failed to read the store of recordings; `patchbay doctor` says more")?;
        let sound = sound.with_context(|| format!("the store of recordings has no {place} any more"))?;
        let path = numbered(&args.save, part);
        std::fs::write(&path, &sound).with_context(|| format!("failed to write {}", path.display()))?;
        line(format_args!("{}: {} KiB, caller left, agent right", path.display(), sound.len() / 1024));
    }
    Ok(())
}

/// Why there is nothing to hear.
fn nothing(call: &CallId, found: &[StoredRecording]) -> String {
    match found.last() {
        None => format!("{call} was not recorded; `[recording]` of agent.toml says which calls are"),
        Some(recording) => {
            let why = recording.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("the recording of {call} is not in the store: {}{why}", recording.status)
        }
    }
}

/// `call.wav`, `call-2.wav`, …
fn numbered(path: &std::path::Path, part: usize) -> PathBuf {
    if part == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let kind = path.extension().map(|kind| format!(".{}", kind.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}{kind}", part + 1))
}
