//! What a price may be of: how items are spelt, and what they are counted in.
//!
//! Before it: the items of a price table. After it: [`super::Prices`], which looks them up under the same spelling.

use crate::company::Provider;
use crate::mistakes::unknown;

/// Any model, any country: for what has no row of its own.
pub(super) const ANY: &str = "*";

/// What a price is for one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Per {
    MillionTokens,
    Minute,
    Call,
    Segment,
}

impl Per {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::MillionTokens => "million_tokens",
            Self::Minute => "minute",
            Self::Call => "call",
            Self::Segment => "segment",
        }
    }
}

/// One way to spell items.
pub(super) struct Kind {
    pub(super) example: &'static str,
    pub(super) per: Per,
}

const PROVIDERS: [Provider; 3] = [Provider::Openai, Provider::Deepgram, Provider::Scripted];

/// What voice agents bill, by class: tokens, or time.
const CLASSES: [(&str, Per); 9] = [
    ("text_in", Per::MillionTokens),
    ("text_cached", Per::MillionTokens),
    ("audio_in", Per::MillionTokens),
    ("audio_cached", Per::MillionTokens),
    ("text_out", Per::MillionTokens),
    ("audio_out", Per::MillionTokens),
    ("transcription", Per::MillionTokens),
    (MINUTE, Per::Minute),
    (TRANSCRIBED_MINUTE, Per::Minute),
];

/// The class of time a voice agent is connected.
pub(super) const MINUTE: &str = "minute";
/// The class of time that is written down.
pub(super) const TRANSCRIBED_MINUTE: &str = "transcribed_minute";

const SUMMARY: [(&str, Per); 3] =
    [("text_in", Per::MillionTokens), ("text_cached", Per::MillionTokens), ("text_out", Per::MillionTokens)];

const WAYS: [&str; 3] = ["inbound", "toll_free", "outbound"];

/// What an item is counted in; else what is wrong with its spelling, and how it may look.
pub(super) fn read(item: &str) -> Result<Kind, (String, &'static str)> {
    let (first, rest) = item.split_once('/').unwrap_or((item, ""));
    match first {
        "telephony" => telephony(rest),
        "stream" => only(rest, "minute", Kind { example: "stream/minute", per: Per::Minute }),
        "answering_machine" => only(rest, "call", Kind { example: "answering_machine/call", per: Per::Call }),
        "recording" => only(rest, "twilio/minute", Kind { example: "recording/twilio/minute", per: Per::Minute }),
        "message" => message(rest),
        "summary" => model(rest, &SUMMARY, "summary/gpt-5-mini/text_in"),
        _ if PROVIDERS.iter().any(|known| known.as_str() == first) => {
            model(rest, &CLASSES, "openai/gpt-realtime-2.1/audio_in")
        }
        _ => {
            let others = ["telephony", "stream", "answering_machine", "recording", "message", "summary"];
            let known = others.into_iter().chain(PROVIDERS.iter().map(|provider| provider.as_str()));
            Err((format!("begins with {first:?}, which {}", unknown(first, known)), "openai/gpt-realtime-2.1/audio_in"))
        }
    }
}

fn telephony(rest: &str) -> Result<Kind, (String, &'static str)> {
    let example = "telephony/outbound/GB";
    match rest.split_once('/') {
        Some((way, place)) if WAYS.contains(&way) && is_country(place) => Ok(Kind { example, per: Per::Minute }),
        Some((way, _)) if !WAYS.contains(&way) => {
            Err((format!("must say inbound, toll_free or outbound: {way:?} {}", unknown(way, WAYS)), example))
        }
        _ => Err(("must end in a country of two capital letters, or *".into(), example)),
    }
}

fn message(rest: &str) -> Result<Kind, (String, &'static str)> {
    let example = "message/US/segment";
    match rest.split_once('/') {
        Some((place, "segment")) if is_country(place) => Ok(Kind { example, per: Per::Segment }),
        _ => Err(("must be a country of two capital letters, or *, and segment".into(), example)),
    }
}

/// `MODEL/class`; the names of models may have slashes.
fn model(rest: &str, classes: &[(&'static str, Per)], example: &'static str) -> Result<Kind, (String, &'static str)> {
    let Some((model, class)) = rest.rsplit_once('/').filter(|(model, _)| !model.is_empty()) else {
        return Err(("must be a model, or *, and a class".into(), example));
    };
    match classes.iter().find(|(known, _)| *known == class) {
        Some((_, per)) => Ok(Kind { example, per: *per }),
        None => {
            let known = classes.iter().map(|(known, _)| *known);
            Err((format!("of {model} ends in the class {class:?}, which {}", unknown(class, known)), example))
        }
    }
}

fn only(rest: &str, expected: &str, kind: Kind) -> Result<Kind, (String, &'static str)> {
    if rest == expected { Ok(kind) } else { Err(("is not known; there is one of this kind".into(), kind.example)) }
}

fn is_country(text: &str) -> bool {
    text == ANY || (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
}
