//! Who gives an agent its voice: the provider named at the top of its file, and those that step in for it.

use super::sheet::Sheet;
use crate::company::{Provider, TurnDetection, Voice};

/// Every voice, best first; never empty.
pub(super) fn read(sheet: &mut Sheet<'_>) -> Vec<Voice> {
    let first = voice(sheet);
    let mut voices = vec![first];
    if sheet.has("fallback") {
        for mut row in sheet.one_or_more("fallback") {
            voices.push(voice(&mut row));
            row.finish();
        }
    }
    voices
}

fn voice(sheet: &mut Sheet<'_>) -> Voice {
    sheet.must_be_there("provider", "openai");
    let provider = match sheet.choice("provider", &["openai", "deepgram", "scripted"]).as_deref() {
        Some("openai") => Provider::Openai,
        Some("deepgram") => Provider::Deepgram,
        _ => Provider::Scripted,
    };
    let (model, voice) = match provider {
        Provider::Openai => (sheet.needed("model", "gpt-realtime"), sheet.needed("voice", "marin")),
        Provider::Deepgram => (sheet.needed("model", "gpt-4o-mini"), sheet.needed("voice", "aura-2-thalia-en")),
        Provider::Scripted => (sheet.text("model", "gpt-realtime"), sheet.text("voice", "marin")),
    };
    let thinker = sheet.text("thinker", "open_ai");
    if thinker.is_some() && provider != Provider::Deepgram {
        sheet.wrong::<()>("thinker", "belongs to the provider \"deepgram\"", "");
    }
    Voice {
        provider,
        model: model.unwrap_or_default(),
        voice: voice.unwrap_or_default(),
        turn_detection: turn_detection(sheet),
        transcription: transcription(sheet),
        thinker,
    }
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
