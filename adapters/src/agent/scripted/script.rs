//! Reads `script.toml` and the speech beside it, once for each path. The format is described in `agents/README.md`. A
//! language of the agent may have a script of its own beside it: `script.es.toml`.

use super::voice::Voice;
use crate::agent::prompt;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest recording: two minutes. A wrong path must not put gigabytes into memory.
const LONGEST_BYTES: u64 = 120 * 8_000;

/// All scripts read so far, by path. A script that could not be read is tried again at the next call.
#[derive(Debug, Default)]
pub(in crate::agent) struct Scripts {
    loaded: Mutex<BTreeMap<PathBuf, Arc<Script>>>,
}

/// What a scripted agent says.
#[derive(Debug)]
pub(in crate::agent) struct Script {
    /// By name.
    pub(super) cues: BTreeMap<String, Line>,
    /// In order.
    pub(super) turns: Vec<Turn>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Turn {
    /// What the caller is taken to have said.
    pub(super) caller: String,
    /// The answer.
    pub(super) line: Line,
    /// What happens after it.
    pub(super) then: Option<Then>,
    /// What the agent asks for before it.
    pub(super) tools: Vec<ToolCall>,
}

/// A tool the agent asks for.
#[derive(Debug)]
pub(super) struct ToolCall {
    /// Its name.
    pub(super) name: String,
    /// Its arguments, JSON.
    pub(super) arguments: String,
}

/// Words and their sound.
#[derive(Debug)]
pub(super) struct Line {
    /// The words.
    pub(super) text: String,
    /// Their sound.
    pub(super) voice: Voice,
}

/// What happens after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Then {
    /// The agent ends the call.
    HangUp,
}

/// Why there is no script.
#[derive(Debug, thiserror::Error)]
pub(in crate::agent) enum ScriptError {
    #[error("the script {path} cannot be read: {why}", path = .0.display(), why = .1)]
    Unread(PathBuf, std::io::Error),
    #[error("the script {path} is not understood: {why}", path = .0.display(), why = .1.message())]
    NotUnderstood(PathBuf, toml::de::Error),
    #[error("the recording {path} cannot be read: {why}", path = .0.display(), why = .1)]
    NoRecording(PathBuf, std::io::Error),
    #[error("the recording {path} is longer than {LONGEST_BYTES} bytes", path = .0.display())]
    TooLong(PathBuf),
}

impl Scripts {
    /// The script at this path, or the one for this language beside it.
    pub(in crate::agent) fn load(&self, path: &Path, language: &str) -> Result<Arc<Script>, ScriptError> {
        let own = [language.to_owned(), prompt::primary(language)];
        let own = own.map(|tag| path.with_extension(format!("{tag}.toml"))).into_iter().find(|path| path.is_file());
        self.load_file(own.as_deref().unwrap_or(path))
    }

    /// The first call for a path reads files.
    fn load_file(&self, path: &Path) -> Result<Arc<Script>, ScriptError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(script) = loaded.get(path) {
            return Ok(Arc::clone(script));
        }
        let script = Arc::new(read(path)?);
        loaded.insert(path.to_owned(), Arc::clone(&script));
        Ok(script)
    }
}

impl Script {
    /// Words of the script that are these, with their sound: what is to be said in other words of ours may be recorded.
    pub(super) fn recorded(&self, words: &str) -> Option<&Line> {
        self.cues.values().find(|line| line.text == words)
    }
}

impl Line {
    /// Words without a recording: a tone stands for them.
    pub(super) fn toned(text: &str) -> Self {
        Self { text: text.to_owned(), voice: Voice::tone(text) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    cue: Vec<CueEntry>,
    #[serde(default)]
    turn: Vec<TurnEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CueEntry {
    name: String,
    text: String,
    audio: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnEntry {
    caller: String,
    text: String,
    audio: Option<PathBuf>,
    then: Option<Then>,
    #[serde(default)]
    tools: Vec<ToolEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolEntry {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

fn read(path: &Path) -> Result<Script, ScriptError> {
    let text = std::fs::read_to_string(path).map_err(|why| ScriptError::Unread(path.to_owned(), why))?;
    let file: File = toml::from_str(&text).map_err(|why| ScriptError::NotUnderstood(path.to_owned(), why))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let cues = file.cue.into_iter().map(|cue| Ok((cue.name, line(folder, cue.text, cue.audio.as_deref())?)));
    let turns = file.turn.into_iter().map(|turn| {
        let line = line(folder, turn.text, turn.audio.as_deref())?;
        let tools = turn.tools.into_iter();
        let tools = tools.map(|tool| ToolCall { name: tool.name, arguments: Value::from(tool.arguments).to_string() });
        Ok(Turn { caller: turn.caller, line, then: turn.then, tools: tools.collect() })
    });
    Ok(Script { cues: cues.collect::<Result<_, _>>()?, turns: turns.collect::<Result<_, _>>()? })
}

fn line(folder: &Path, text: String, audio: Option<&Path>) -> Result<Line, ScriptError> {
    let Some(audio) = audio else { return Ok(Line::toned(&text)) };
    let path = folder.join(audio);
    let length = std::fs::metadata(&path).map(|file| file.len());
    match length {
        Ok(length) if length > LONGEST_BYTES => Err(ScriptError::TooLong(path)),
        Ok(_) => match std::fs::read(&path) {
            Ok(audio) => Ok(Line { text, voice: Voice::recorded(&audio) }),
            Err(why) => Err(ScriptError::NoRecording(path, why)),
        },
        Err(why) => Err(ScriptError::NoRecording(path, why)),
    }
}
