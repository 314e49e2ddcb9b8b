//! The tolerant reader: any order, any escapes, numbers as texts, unknown fields and events. All but plain media
//! frames come this way.

use super::audio;
use bytes::Bytes;
use call::{Digit, MarkId};
use common::ids::{CallId, StreamId};
use common::ports::line::LineFormat;
use common::ports::{LineEvent, LineFault, LineStart};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// Reads a frame; whether it may come now is not looked at.
pub(super) fn parse(frame: &Bytes) -> Result<LineEvent, LineFault> {
    let Kind { event } = read(frame)?;
    match event.as_ref() {
        "connected" => Ok(LineEvent::Connected),
        "start" => start(read(frame)?),
        "media" => media(frame, read::<Media>(frame)?.media),
        "mark" => read(frame).map(|Mark { mark }| LineEvent::Mark(MarkId::parse(&mark.name))),
        "dtmf" => read(frame).map(|Dtmf { dtmf }| pressed(&dtmf.digit)),
        "stop" => Ok(LineEvent::Stop),
        _ => Ok(LineEvent::Unknown),
    }
}

fn read<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, LineFault> {
    serde_json::from_slice(frame).map_err(|_| LineFault::Unreadable)
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Start {
    start: StartBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartBody {
    stream_sid: StreamId,
    call_sid: CallId,
    media_format: Option<MediaFormat>,
    custom_parameters: Option<BTreeMap<String, Scalar>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: Option<String>,
    sample_rate: Option<Scalar>,
    channels: Option<Scalar>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    media: MediaBody<'a>,
}

#[derive(Deserialize)]
struct MediaBody<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    track: Option<String>,
    timestamp: Option<Scalar>,
}

#[derive(Deserialize)]
struct Mark {
    mark: MarkBody,
}

#[derive(Deserialize)]
struct MarkBody {
    name: String,
}

#[derive(Deserialize)]
struct Dtmf {
    dtmf: DtmfBody,
}

#[derive(Deserialize)]
struct DtmfBody {
    digit: Scalar,
}

/// Twilio writes counters as texts and formats as numbers; either is taken for the other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(u64),
    Other(serde::de::IgnoredAny),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Other(_) => String::new(),
        }
    }

    fn is(&self, wanted: u64) -> bool {
        match self {
            Self::Text(text) => text.parse() == Ok(wanted),
            Self::Number(number) => *number == wanted,
            Self::Other(_) => false,
        }
    }
}

fn start(Start { start }: Start) -> Result<LineEvent, LineFault> {
    let parameters = start.custom_parameters.unwrap_or_default();
    Ok(LineEvent::Start(LineStart {
        stream: start.stream_sid,
        call: start.call_sid,
        format: start.media_format.map_or(LineFormat::Other, format),
        parameters: parameters.into_iter().map(|(name, value)| (name, value.into_text())).collect(),
    }))
}

fn format(format: MediaFormat) -> LineFormat {
    let is = |value: Option<Scalar>, wanted| value.is_some_and(|value| value.is(wanted));
    let mulaw = format.encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("audio/x-mulaw"));
    match mulaw && is(format.sample_rate, 8_000) && is(format.channels, 1) {
        true => LineFormat::Mulaw8k,
        false => LineFormat::Other,
    }
}

fn media(frame: &Bytes, media: MediaBody<'_>) -> Result<LineEvent, LineFault> {
    // Only the caller's track is asked for; what else comes is not the caller speaking.
    if media.track.is_some_and(|track| track != "inbound") {
        return Ok(LineEvent::Unknown);
    }
    let timestamp = media.timestamp.and_then(|timestamp| timestamp.into_text().parse().ok());
    let timestamp = timestamp.map(Duration::from_millis);
    match media.payload {
        Cow::Borrowed(payload) => audio(frame.slice_ref(payload.as_bytes()), timestamp),
        Cow::Owned(payload) => audio(Bytes::from(payload), timestamp),
    }
}

fn pressed(digit: &Scalar) -> LineEvent {
    let digit = match digit {
        Scalar::Text(text) if text.len() == 1 => text.chars().next(),
        Scalar::Number(number @ 0..=9) => char::from_digit(*number as u32, 10),
        Scalar::Text(_) | Scalar::Number(_) | Scalar::Other(_) => None,
    };
    match digit {
        Some(digit @ ('0'..='9' | '*' | '#' | 'A'..='D')) => LineEvent::Pressed(Digit(digit)),
        _ => LineEvent::Unknown,
    }
}
