//! Languages and voices: a file more is a language more, and what is missing is told and filled.

use super::*;
use crate::company::Phrases;

const SPANISH: &str = "instructions_add = \"Habla español.\"\nvoice = \"cedar\"\n[phrases]\ngreeting = \"Hola.\"\n\
    silence_prompt = \"¿Sigue ahí?\"\nsilence_farewell = \"Adiós.\"\ntime_limit = \"Adiós.\"\nbridge = \"Un momento.\"\n\
    apology = \"Lo siento.\"\nbusy = \"Ocupado.\"\n";

fn load_with(more: &[(&str, &str)]) -> Result<Packs, String> {
    let mut files = vec![("acme/company.toml", COMPANY), ("acme/agent.toml", AGENT)];
    files.extend(more);
    load_files(&files)
}

#[test]
fn adding_a_language_is_adding_a_file() {
    let packs = load_with(&[("acme/languages/es.toml", SPANISH)]).unwrap();
    let agent = only(&packs);
    let tags: Vec<&str> = agent.languages.iter().map(|language| language.tag.as_str()).collect();
    assert_eq!(tags, ["en", "es"]);
    let spanish = &agent.languages[1];
    assert_eq!(spanish.instructions, "Be kind.\n\nHabla español.");
    assert_eq!((spanish.voices[0].as_str(), spanish.phrases.greeting.as_str()), ("cedar", "Hola."));
}

#[test]
fn a_missing_phrase_is_told_and_said_in_another_language() {
    let packs = load_with(&[("acme/languages/es.toml", SPANISH)]).unwrap();
    let expected = "acme/languages/es.toml: phrases.es lacks filler; said in en instead; for example filler = \"…\"";
    assert_eq!(warnings(&packs), [expected]);
    assert_eq!(only(&packs).languages[1].phrases.filler, Phrases::default().filler);
    let whole = format!("{SPANISH}filler = \"Un momento.\"\n");
    assert!(load_with(&[("acme/languages/es.toml", &whole)]).unwrap().warnings.is_empty());
}

#[test]
fn without_a_list_english_is_the_default_and_else_the_first_by_name() {
    let agent = AGENT.replace("languages = [\"en\"]\n", "").replace("[phrases.en]\n", "");
    let tags = |files: &[&str]| {
        let paths: Vec<String> = files.iter().map(|tag| format!("acme/languages/{tag}.toml")).collect();
        let mut all = vec![("acme/company.toml", COMPANY), ("acme/agent.toml", agent.as_str())];
        all.extend(paths.iter().map(|path| (path.as_str(), SPANISH)));
        let packs = load_files(&all).unwrap();
        only(&packs).languages.iter().map(|language| language.tag.clone()).collect::<Vec<_>>()
    };
    assert_eq!(tags(&["de", "en", "es"]), ["en", "de", "es"]);
    assert_eq!(tags(&["hi-Latn", "es"]), ["es", "hi-Latn"]);
}

#[test]
fn a_second_agent_may_have_languages_of_its_own() {
    let night = AGENT.replace("desk", "night").replace("+15005550002", "+15005550003");
    let packs = load_with(&[
        ("acme/languages/es.toml", SPANISH),
        ("acme/night.agent.toml", &night),
        ("acme/night.languages/de.toml", SPANISH),
    ]);
    let packs = packs.unwrap();
    let company = packs.roster.companies.values().next().unwrap();
    let tags = |agent: &crate::company::Agent| -> Vec<String> {
        agent.languages.iter().map(|language| language.tag.clone()).collect()
    };
    assert_eq!(company.agents.values().map(tags).collect::<Vec<_>>(), [["en", "es"], ["en", "de"]]);
}

#[test]
fn deepgram_speaks_and_others_step_in() {
    let agent = AGENT.replace(
        "provider = \"openai\"\nmodel = \"gpt-realtime\"\nvoice = \"marin\"",
        "provider = \"deepgram\"\nmodel = \"gpt-4o-mini\"\nthinker = \"open_ai\"\nvoice = \"aura-2-thalia-en\"",
    );
    let one = format!("{agent}[fallback]\nprovider = \"openai\"\nmodel = \"gpt-realtime\"\nvoice = \"cedar\"\n");
    let packs = load_agent(&one).unwrap();
    let voices: Vec<_> = only(&packs).voices.iter().map(|voice| (voice.provider, voice.voice.as_str())).collect();
    assert_eq!(voices, [(Provider::Deepgram, "aura-2-thalia-en"), (Provider::Openai, "cedar")]);
    assert_eq!(only(&packs).voices[0].thinker.as_deref(), Some("open_ai"));
    let several = one.replace("[fallback]", "[[fallback]]") + "[[fallback]]\nprovider = \"openai\"\nthinker = \"x\"\n";
    let text = load_agent(&several).unwrap_err();
    for part in ["fallback.model is missing", "fallback.voice is missing", "fallback.thinker belongs to the provider"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn every_mistake_in_a_language_is_told() {
    let spanish = "voice = \"a\"\nvoices = [\"b\"]\ninstructions = \"x\"\ninstructions_add = \"y\"\n[phrases]\ngreting = \"Hola.\"\n";
    let text = load_with(&[("acme/languages/es.toml", spanish), ("acme/languages/Spanish.toml", "")]).unwrap_err();
    for part in [
        "acme/languages/es.toml line 2: voices stands beside voice; keep one",
        "acme/languages/es.toml line 4: instructions_add stands beside instructions; keep one",
        "acme/languages/es.toml line 6: phrases.greting is not known; did you mean greeting?",
        "acme/languages/Spanish.toml: the name is not a BCP 47 language; for example es-MX.toml",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}
