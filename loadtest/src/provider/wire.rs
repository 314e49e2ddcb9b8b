//! How events are written: the type first, then the event's id, then the rest, as the real server orders them.
//!
//! Rare events are built as JSON values; the audio delta, which is most of all bytes, is written around its prepared
//! base64 in one allocation.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    clip::{Chunk, NUMBER_BYTES, NUMBER_CHARS, number_text},
    config::Refusal,
    faults::Ending,
};

/// What the session wants done with its socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Out {
    /// One text message.
    Text(String),
    /// One binary message.
    Binary(Bytes),
    /// The end, and how.
    End {
        /// Close frame or none.
        ending: Ending,
        /// The reason in the close frame.
        reason: &'static str,
    },
}

/// Numbers of one session's events and objects.
#[derive(Debug)]
pub(super) struct Ids {
    session: u32,
    issued: u32,
}

impl Ids {
    pub(super) fn new(session: u32) -> Self {
        Self { session, issued: 0 }
    }

    /// A fresh id with one of the protocol's prefixes.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.issued += 1;
        format!("{prefix}_{:05x}{:07x}", self.session, self.issued)
    }
}

/// One event; `fields` must be an object.
pub(super) fn event(ids: &mut Ids, kind: &str, fields: &Value) -> String {
    let id = ids.next("event");
    let fields = fields.to_string();
    let rest = if fields == "{}" { "}" } else { &fields[1..] };
    let comma = if rest == "}" { "" } else { "," };
    format!("{{\"type\":\"{kind}\",\"event_id\":\"{id}\"{comma}{rest}")
}

/// One event of a type and with fields that no client knows.
pub(super) fn unknown(ids: &mut Ids) -> String {
    event(ids, "session.weather.updated", &json!({"sky": ["clear", {"wind_kn": 7}], "confidence": null}))
}

/// An `error` event.
pub(super) fn error(ids: &mut Ids, kind: &str, refusal: &Refusal, cause: Option<&str>) -> String {
    let code = if refusal.code.is_empty() { Value::Null } else { json!(refusal.code) };
    let error = json!({
        "type": kind, "code": code, "message": refusal.message, "param": refusal.param, "event_id": cause,
    });
    event(ids, "error", &json!({ "error": error }))
}

/// Where in a response something belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) response: &'a str,
    pub(super) item: &'a str,
    pub(super) index: usize,
}

impl Place<'_> {
    /// The four index fields, and more.
    pub(super) fn with(&self, more: &Value) -> Value {
        let mut fields = json!({
            "response_id": self.response, "item_id": self.item, "output_index": self.index, "content_index": 0,
        });
        if let (Some(fields), Some(more)) = (fields.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        fields
    }
}

/// A delta of audio, with a number in its first bytes if one is given.
pub(super) fn audio(ids: &mut Ids, place: Place<'_>, chunk: &Chunk, number: Option<&[u8; NUMBER_BYTES]>) -> String {
    let mut text = String::with_capacity(chunk.base64.len() + 256);
    text.push_str("{\"type\":\"response.output_audio.delta\",\"event_id\":\"");
    text.push_str(&ids.next("event"));
    text.push_str("\",\"response_id\":\"");
    text.push_str(place.response);
    text.push_str("\",\"item_id\":\"");
    text.push_str(place.item);
    text.push_str("\",\"output_index\":");
    text.push_str(&place.index.to_string());
    text.push_str(",\"content_index\":0,\"delta\":\"");
    match number {
        Some(number) => {
            text.push_str(&number_text(number));
            text.push_str(&chunk.base64[NUMBER_CHARS..]);
        }
        None => text.push_str(&chunk.base64),
    }
    text.push_str("\"}");
    text
}

/// The base64 of a delta written by [`audio`].
pub(super) fn delta_of(message: &str) -> &str {
    let start = message.rfind(":\"").map_or(0, |index| index + 2);
    message[start..].trim_end_matches("\"}")
}

/// The base64 of an `input_audio_buffer.append` as every client writes it, found without building a tree.
///
/// `None` means: not an append, or not written that way; the caller parses the message in full.
pub(super) fn appended(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("{\"type\":\"input_audio_buffer.append\",")?;
    let start = rest.find("\"audio\":\"")? + "\"audio\":\"".len();
    let length = rest[start..].find('"')?;
    Some(&rest[start..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_starts_with_its_type_and_is_json() {
        let mut ids = Ids::new(3);
        let text = event(&mut ids, "input_audio_buffer.cleared", &json!({}));
        assert_eq!(text, "{\"type\":\"input_audio_buffer.cleared\",\"event_id\":\"event_000030000001\"}");
        let place = Place { response: "resp_1", item: "item_1", index: 0 };
        let chunk = Chunk { base64: "AAAAAAAAAAAAAAAA".into(), audio: Box::new([0; 12]) };
        let delta: Value = serde_json::from_str(&audio(&mut ids, place, &chunk, None)).unwrap();
        assert_eq!(delta["delta"], "AAAAAAAAAAAAAAAA");
        let numbered: Value = serde_json::from_str(&audio(&mut ids, place, &chunk, Some(&[0xFF; 9]))).unwrap();
        assert_eq!(numbered["delta"], "////////////AAAA");
    }

    #[test]
    fn an_append_is_found_without_a_tree() {
        assert_eq!(appended("{\"type\":\"input_audio_buffer.append\",\"audio\":\"abcd\"}"), Some("abcd"));
        let with_id = "{\"type\":\"input_audio_buffer.append\",\"event_id\":\"a1\",\"audio\":\"abcd\"}";
        assert_eq!(appended(with_id), Some("abcd"));
        assert_eq!(appended("{\"type\":\"response.create\"}"), None);
    }
}
