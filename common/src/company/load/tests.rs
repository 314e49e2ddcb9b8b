//! The packs that come with the program, and what people are told about their own.

mod around;
mod languages;
mod places;
mod tools;

use super::*;
use crate::company::{Provider, TurnDetection};
use std::fs;

const COMPANY: &str = "id = \"acme\"\nname = \"Acme\"\ntimezone = \"UTC\"\n";
const AGENT: &str = "id = \"desk\"\nnumbers = [\"+15005550002\"]\nlanguages = [\"en\"]\nprovider = \"openai\"\n\
                     model = \"gpt-realtime\"\nvoice = \"marin\"\ninstructions = \"Be kind.\"\n[phrases.en]\n";

fn packs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents")
}

/// A folder of packs: path and content of each file.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn load_files(files: &[(&str, &str)]) -> Result<Packs, String> {
    let dir = folder(files);
    let here = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    let mut packs = load(dir.path(), &Services::default()).map_err(|mistakes| here(mistakes.to_string()))?;
    packs.warnings.iter_mut().for_each(|warning| warning.place = here(warning.place.clone()));
    Ok(packs)
}

fn load_agent(agent: &str) -> Result<Packs, String> {
    load_files(&[("acme/company.toml", COMPANY), ("acme/agent.toml", agent)])
}

/// The only agent.
fn only(packs: &Packs) -> &crate::company::Agent {
    packs.roster.agents().next().unwrap().1
}

/// Warnings as they are printed.
fn warnings(packs: &Packs) -> Vec<String> {
    packs.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_packs_that_come_along_load() {
    let packs = load(&packs(), &Services::default()).unwrap();
    let roster = &packs.roster;
    let (company, agent) = roster.by_number(&PhoneNumber::new("+15005550006")).unwrap();
    assert_eq!(
        (company.id.as_str(), agent.id.as_str(), agent.voices[0].provider),
        ("harbour", "reception", Provider::Openai)
    );
    assert_eq!((company.max_calls, agent.limits.silence_prompt_ms), (500, 25_000));
    assert_eq!(agent.voices[0].turn_detection, TurnDetection::default());
    assert!(agent.languages[0].phrases.greeting.starts_with("Hello, this is Harbour Rooms"));
    assert!(agent.script.as_ref().is_some_and(|path| path.is_absolute() && path.ends_with("harbour/script.toml")));
    let (_, demo) = roster.by_number(&PhoneNumber::new("+15005550001")).unwrap();
    assert_eq!((demo.voices[0].provider, demo.limits.silence_end_ms), (Provider::Scripted, 20_000));
    assert_eq!(demo.version.len(), 12);
    assert_ne!(demo.version, agent.version);
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let agent = "id = \"Desk\"\nnumbers = [\"12\"]\nlanguages = [\"en\", \"Spanish\"]\nprovider = \"openal\"\n\
                 instructions = \"\"\nvoise = \"marin\"\n[turn_detection]\nkind = \"server_vad\"\nthreshold = 2\n\
                 [limits]\nsilence_prompt_ms = 9000\nsilence_end_ms = 8000\n";
    let script = "[[cue]]\nname = \"hello\"\ntext = \"Hi.\"\naudio = \"no.ulaw\"\n";
    let text = load_files(&[
        ("acme/company.toml", "id = \"acme\"\ntimezone = \"Lisbon\"\nmax_calls = 0\n"),
        ("acme/agent.toml", agent),
        ("acme/script.toml", script),
        ("empty/company.toml", "id = \"empty\"\nname = \"E\"\ntimezone = \"UTC\"\n"),
        ("stray/agent.toml", ""),
    ])
    .unwrap_err();
    for part in [
        "acme/company.toml line 1: name is missing; for example name = \"Harbour Rooms\"",
        "acme/company.toml line 2: timezone must be an IANA time zone; for example Europe/Lisbon",
        "acme/company.toml line 3: max_calls must be a whole number from 1 to 100000; for example 500",
        "acme/agent.toml line 1: id is \"Desk\", but must be 1 to 63 lower-case letters, digits or dashes; for example reception",
        "acme/agent.toml line 2: numbers holds **, which is not in E.164; for example +15005550006",
        "acme/agent.toml line 3: languages holds \"Spanish\", which is not a BCP 47 language; for example es-MX",
        "acme/agent.toml line 4: provider is \"openal\", but must be one of openai, deepgram, scripted",
        "acme/agent.toml line 5: instructions is empty",
        "acme/agent.toml line 6: voise is not known; did you mean voice?",
        "acme/agent.toml line 9: turn_detection.threshold must be a number from 0 to 1; for example 0.5",
        "acme/agent.toml line 12: limits.silence_end_ms must be more than silence_prompt_ms; for example 60000",
        "acme/script.toml line 2: cue.name is \"hello\", but must be one of greeting",
        "acme/script.toml line 4: cue.audio names \"no.ulaw\", which is not there",
        "empty: the folder holds no agent; for example agent.toml",
        "stray/company.toml: the file cannot be read",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(text.starts_with("15 mistakes"), "{text}");
}

#[test]
fn a_number_of_two_agents_is_refused_and_both_are_named() {
    let other = AGENT.replace("desk", "night");
    let files = [("acme/company.toml", COMPANY), ("acme/agent.toml", AGENT), ("acme/night.agent.toml", &other)];
    let text = load_files(&files).unwrap_err();
    let expected =
        "acme/night.agent.toml line 2: numbers claims **********02, which acme/agent.toml line 2 claims already";
    assert!(text.contains(expected) && !text.contains("+15005550002"), "{text}");
}

#[test]
fn ids_are_unique() {
    let text = load_files(&[
        ("a/company.toml", COMPANY),
        ("a/agent.toml", AGENT),
        ("a/b.agent.toml", &AGENT.replace("+15005550002", "+15005550003")),
        ("b/company.toml", COMPANY),
        ("b/agent.toml", &AGENT.replace("+15005550002", "+15005550004")),
    ]);
    let text = text.unwrap_err();
    assert!(text.contains("b/company.toml line 1: id is \"acme\", which a/company.toml has already"), "{text}");
    assert!(text.contains("a/b.agent.toml: id is \"desk\", which a/agent.toml has already"), "{text}");
}

#[test]
fn the_version_follows_what_is_said_and_not_how_it_is_laid_out() {
    let version = |agent: &str| only(&load_agent(agent).unwrap()).version.clone();
    assert_eq!(version(AGENT), version(&format!("# A comment.\n{}", AGENT.replace(" = ", "   =  "))));
    assert_ne!(version(AGENT), version(&AGENT.replace("kind", "rude")));
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let packs = load_agent(AGENT).unwrap();
    let (company, agent) = packs.roster.agents().next().unwrap();
    assert_eq!((company.max_calls, agent.limits.silence_end_ms, &agent.voices[0].transcription), (500, 60_000, &None));
    assert!(!agent.languages[0].phrases.busy.is_empty() && agent.script.is_none());
}

#[test]
fn turns_may_be_found_by_meaning() {
    let packs =
        load_agent(&format!("{AGENT}[turn_detection]\nkind = \"semantic_vad\"\neagerness = \"low\"\n")).unwrap();
    let detection = &only(&packs).voices[0].turn_detection;
    assert_eq!(detection, &TurnDetection::SemanticVad { eagerness: "low".into() });
}

#[test]
fn the_scripted_provider_needs_a_script() {
    let text = load_agent(&AGENT.replace("openai", "scripted")).unwrap_err();
    assert!(text.contains("line 4: provider is \"scripted\", but there is no script.toml beside this file"), "{text}");
}

#[test]
fn a_file_that_is_not_toml_and_a_missing_folder_are_told() {
    let text = load_agent("id = \"desk\"\nnumbers = [\n").unwrap_err();
    assert!(text.contains("acme/agent.toml line ") && text.contains("is not TOML"), "{text}");
    let missing = load(Path::new("/nowhere"), &Services::default()).unwrap_err().to_string();
    assert!(missing.contains("/nowhere: the folder cannot be read"), "{missing}");
    assert!(load_files(&[(".hidden/x", "")]).unwrap_err().contains("holds no company"));
}
