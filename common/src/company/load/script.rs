//! What can be wrong with a script before anybody speaks it: its fields, and whether its sound is there.

use super::sheet::{File, Sheet};
use crate::mistakes::Mistakes;
use std::cell::RefCell;
use std::path::Path;

/// The occasions a script may have words for.
const CUES: &[&str] = &["greeting", "silence_prompt", "silence_farewell", "time_limit", "bridge", "apology", "again"];

/// Notes every mistake.
pub(super) fn check(path: &Path, text: &str, mistakes: &RefCell<Mistakes>) {
    let file = File { name: path.display().to_string(), text, mistakes };
    let Some(table) = file.parse() else { return };
    let mut sheet = file.sheet(&table);
    let folder = path.parent().unwrap_or(path);
    for mut cue in sheet.tables("cue") {
        cue.must_be_there("name", CUES[0]);
        cue.choice("name", CUES);
        speech(&mut cue, folder);
        cue.finish();
    }
    for mut turn in sheet.tables("turn") {
        turn.needed("caller", "What time is breakfast?");
        turn.choice("then", &["hang_up"]);
        speech(&mut turn, folder);
        turn.finish();
    }
    sheet.finish();
}

fn speech(entry: &mut Sheet<'_>, folder: &Path) {
    entry.needed("text", "Hello.");
    if let Some(audio) = entry.needed("audio", "voice/hello.ulaw")
        && !folder.join(&audio).is_file()
    {
        entry.wrong::<()>("audio", format!("names {audio:?}, which is not there"), "voice/hello.ulaw");
    }
}
