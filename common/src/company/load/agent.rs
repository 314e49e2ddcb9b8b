//! One agent's file: who answers, how it talks, when it stops.

use super::sheet::{File, Sheet};
use super::{Loader, NAME, script};
use crate::company::{Agent, AgentLimits, BuiltIn, Language, Phrases, Provider, Tool, ToolKind, TurnDetection, Voice};
use crate::ids::AgentId;
use crate::private::PhoneNumber;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl Loader {
    /// Reads an agent; `None` when what it is named by is wrong.
    pub(super) fn agent(&mut self, path: &Path) -> Option<Agent> {
        let text = self.read(path)?;
        let script_path = script_beside(path);
        let script_text = script_path.as_deref().and_then(|path| self.read(path));
        let file = File { name: path.display().to_string(), text: &text, mistakes: &self.mistakes };
        let table = file.parse()?;
        let mut sheet = file.sheet(&table);
        let id = sheet.parsed("id", "reception", |text| AgentId::parse(text).map_err(|_| NAME.into()));
        let provider = provider(&mut sheet);
        let (model, voice) = match provider {
            Some(Provider::Openai) => (sheet.needed("model", "gpt-realtime"), sheet.needed("voice", "marin")),
            _ => (sheet.text("model", "gpt-realtime"), sheet.text("voice", "marin")),
        };
        if provider == Some(Provider::Scripted) && script_path.is_none() {
            sheet.wrong::<()>("provider", "is \"scripted\", but there is no script.toml beside this file", "");
        }
        let tags = languages(&mut sheet);
        let numbers = numbers(&mut sheet, &file);
        let phrases = phrases(&mut sheet, &tags);
        let instructions = sheet.needed("instructions", "You answer the phone for …").unwrap_or_default();
        let voice = Voice {
            provider: provider.unwrap_or(Provider::Scripted),
            model: model.unwrap_or_default(),
            voice: voice.unwrap_or_default(),
            turn_detection: turn_detection(&mut sheet),
            transcription: transcription(&mut sheet),
            thinker: None,
        };
        let language = |tag: &String| Language {
            tag: tag.clone(),
            instructions: instructions.clone(),
            phrases: phrases.get(tag).cloned().unwrap_or_default(),
            voices: Vec::new(),
        };
        let agent = Agent {
            id: id.clone().unwrap_or_else(|| AgentId::parse("invalid").expect("a valid name")),
            version: version(&text, script_text.as_deref()),
            numbers: numbers.iter().map(|(_, number)| number.clone()).collect(),
            languages: tags.iter().map(language).collect(),
            voices: vec![voice],
            limits: limits(&mut sheet),
            tools: vec![hang_up()],
            menu: None,
            script: script_path.clone(),
        };
        sheet.finish();
        let place = |line: usize| format!("{} line {line}", path.display());
        for (line, number) in &numbers {
            self.claim(number, place(*line));
        }
        if let (Some(path), Some(text)) = (&script_path, &script_text) {
            script::check(path, text, &self.mistakes);
        }
        id.map(|_| agent)
    }
}

/// The tool every agent has that names none.
fn hang_up() -> Tool {
    Tool {
        name: "hang_up".into(),
        description: "End the call after you have said goodbye.".into(),
        parameters: serde_json::json!({"type": "object", "properties": {}, "additionalProperties": false}),
        kind: ToolKind::BuiltIn(BuiltIn::HangUp),
        enabled: true,
        timeout_ms: 8_000,
        idempotent: true,
        confirm: Default::default(),
        keep: Default::default(),
        filler: BTreeMap::new(),
        rate: Default::default(),
    }
}

/// `agent.toml` has `script.toml`; `night.agent.toml` has `night.script.toml`, or shares `script.toml`.
fn script_beside(path: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(path.parent()?).ok()?;
    let name = path.file_name()?.to_str()?;
    let own = folder.join(name.replace("agent.toml", "script.toml"));
    [own, folder.join("script.toml")].into_iter().find(|path| path.is_file())
}

/// The first 12 hexadecimal digits of a hash over what is said in agent and script; comments and order do not count.
fn version(agent: &str, script: Option<&str>) -> String {
    let canonical = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap_or_default();
        toml::to_string(&table).unwrap_or_default()
    };
    let mut hash = Sha256::new();
    hash.update(canonical(agent));
    hash.update(b"\0");
    hash.update(script.map(canonical).unwrap_or_default());
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn provider(sheet: &mut Sheet<'_>) -> Option<Provider> {
    sheet.must_be_there("provider", "openai");
    match sheet.choice("provider", &["openai", "scripted"])?.as_str() {
        "openai" => Some(Provider::Openai),
        _ => Some(Provider::Scripted),
    }
}

fn languages(sheet: &mut Sheet<'_>) -> Vec<String> {
    let listed = sheet.list("languages", "[\"en\"]");
    if listed.is_empty() {
        sheet.wrong::<()>("languages", "must name at least one language", "languages = [\"en\"]");
    }
    let (right, wrong): (Vec<_>, Vec<_>) = listed.into_iter().map(|(_, tag)| tag).partition(|tag| is_language(tag));
    for tag in wrong {
        sheet.wrong::<()>("languages", format!("holds {tag:?}, which is not a BCP 47 language"), "es-MX");
    }
    right
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let letters = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
    letters && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn numbers(sheet: &mut Sheet<'_>, file: &File<'_>) -> Vec<(usize, PhoneNumber)> {
    let listed = sheet.list("numbers", "[\"+15005550006\"]");
    let (right, wrong): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, number)| is_number(number));
    for (line, number) in wrong {
        let shown = PhoneNumber::new(&number).masked();
        file.note(line, "numbers", format!("holds {shown}, which is not in E.164"), "+15005550006");
    }
    right.into_iter().map(|(line, number)| (line, PhoneNumber::new(&number))).collect()
}

/// E.164, a SIP address or a client's name: what Twilio puts into `To`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let e164 = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    e164 || ["sip:", "client:"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|name| !name.is_empty()))
}

fn turn_detection(sheet: &mut Sheet<'_>) -> TurnDetection {
    let Some(mut table) = sheet.table("turn_detection") else { return TurnDetection::default() };
    let kind = table.choice("kind", &["server_vad", "semantic_vad"]);
    let detection = if kind.as_deref() == Some("semantic_vad") {
        let eagerness = table.choice("eagerness", &["auto", "low", "medium", "high"]);
        TurnDetection::SemanticVad { eagerness: eagerness.unwrap_or_else(|| "auto".into()) }
    } else {
        TurnDetection::ServerVad {
            threshold: table.fraction("threshold", 0.5),
            prefix_padding_ms: table.number("prefix_padding_ms", 0..=5_000, 300) as u32,
            silence_duration_ms: table.number("silence_duration_ms", 50..=10_000, 500) as u32,
        }
    };
    table.finish();
    detection
}

fn transcription(sheet: &mut Sheet<'_>) -> Option<String> {
    let mut table = sheet.table("transcription")?;
    let model = table.needed("model", "gpt-4o-mini-transcribe");
    table.finish();
    model
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

fn phrases(sheet: &mut Sheet<'_>, languages: &[String]) -> BTreeMap<String, Phrases> {
    let mut phrases = BTreeMap::new();
    let table = sheet.table("phrases");
    let line = sheet.line_of("phrases");
    let spoken: Vec<String> = table.as_ref().map(Sheet::keys).unwrap_or_default();
    for language in languages.iter().filter(|language| !spoken.contains(language)) {
        sheet.missing_table(line, &format!("phrases.{language}"));
    }
    let Some(mut table) = table else { return phrases };
    for language in spoken {
        if !languages.contains(&language) {
            table.wrong::<()>(&language, "stands here, but languages does not name it", "");
        }
        if let Some(inner) = table.table(&language) {
            phrases.insert(language, phrases_of(inner));
        }
    }
    table.finish();
    phrases
}

fn phrases_of(mut table: Sheet<'_>) -> Phrases {
    let usual = Phrases::default();
    let mut phrase = |key: &str, usual: String| table.text(key, &usual).unwrap_or(usual);
    let phrases = Phrases {
        greeting: phrase("greeting", usual.greeting),
        silence_prompt: phrase("silence_prompt", usual.silence_prompt),
        silence_farewell: phrase("silence_farewell", usual.silence_farewell),
        time_limit: phrase("time_limit", usual.time_limit),
        bridge: phrase("bridge", usual.bridge),
        apology: phrase("apology", usual.apology),
        busy: phrase("busy", usual.busy),
        unknown_number: phrase("unknown_number", usual.unknown_number),
        ..usual
    };
    table.finish();
    phrases
}
