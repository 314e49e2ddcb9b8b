//! The messages of a media stream as text, both ways.
//!
//! `Writer` makes what Twilio sends, counters as strings, by hand into a reused buffer; `read` takes what the server
//! sends and refuses everything that Twilio would complain about. No sockets and no time here.
//!
//! The shapes: <https://www.twilio.com/docs/voice/media-streams/websocket-messages> (read 2026-11).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::BytesMut;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A message of the server that is as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FromServer<'a> {
    Media(Cow<'a, str>),
    Mark(Cow<'a, str>),
    Clear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, rename = "streamSid")]
    stream_sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    media: Option<Media<'a>>,
    #[serde(borrow)]
    mark: Option<Mark<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media<'a> {
    #[serde(borrow, deserialize_with = "borrowed")]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark<'a> {
    #[serde(borrow, deserialize_with = "borrowed")]
    name: Cow<'a, str>,
}

/// Serde copies a `Cow` unless it is told to borrow; this borrows when the text holds no escapes.
fn borrowed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Cow<'de, str>, D::Error> {
    struct Text;
    impl<'de> serde::de::Visitor<'de> for Text {
        type Value = Cow<'de, str>;
        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("a string")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }
    from.deserialize_str(Text)
}

/// Reads a message of the server strictly; the error says what is wrong, without quoting it.
pub(crate) fn read<'a>(text: &'a str, stream_sid: &str) -> Result<FromServer<'a>, String> {
    let message: Message<'a> = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => format!("unknown, missing or ill-typed field: {}", shape(&error)),
        _ => "not JSON".to_owned(),
    })?;
    match message.stream_sid {
        None => return Err("streamSid is missing".to_owned()),
        Some(sid) if sid != stream_sid => return Err("streamSid of another stream".to_owned()),
        Some(_) => {}
    }
    match (message.event.as_ref(), message.media, message.mark) {
        ("media", Some(media), None) => Ok(FromServer::Media(media.payload)),
        ("mark", None, Some(mark)) if !mark.name.is_empty() => Ok(FromServer::Mark(mark.name)),
        ("mark", None, _) => Err("mark without a name".to_owned()),
        ("clear", None, None) => Ok(FromServer::Clear),
        ("media" | "mark" | "clear", ..) => Err("fields of another event, or none".to_owned()),
        _ => Err("unknown event".to_owned()),
    }
}

/// Serde's message up to the first back-quoted word: it names fields, never values.
fn shape(error: &serde_json::Error) -> String {
    error.to_string().split(" at line").next().unwrap_or_default().to_owned()
}

/// Writes the messages of one stream and counts them.
pub(crate) struct Writer {
    stream_sid: String,
    sequence: u64,
    chunk: u64,
    buffer: BytesMut,
}

impl Writer {
    pub(crate) fn new(stream_sid: &str) -> Self {
        Self { stream_sid: stream_sid.to_owned(), sequence: 0, chunk: 0, buffer: BytesMut::with_capacity(4096) }
    }

    pub(crate) fn connected() -> Utf8Bytes {
        Utf8Bytes::from_static(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#)
    }

    pub(crate) fn start(&mut self, account: &str, call: &str, parameters: &BTreeMap<String, String>) -> Utf8Bytes {
        let sid = self.stream_sid.clone();
        let sequence = self.count();
        let message = serde_json::json!({
            "event": "start",
            "sequenceNumber": sequence.to_string(),
            "start": {
                "accountSid": account,
                "streamSid": sid,
                "callSid": call,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": parameters,
            },
            "streamSid": sid,
        });
        message.to_string().into()
    }

    /// A frame of the caller; `index` is its place in the schedule, not the number of frames sent.
    pub(crate) fn media(&mut self, index: u32, base64: &str) -> Utf8Bytes {
        self.chunk += 1;
        let (sequence, chunk, ms) = (self.count(), self.chunk, u64::from(index) * 20);
        self.text(|to, sid| {
            write!(
                to,
                r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{ms}","payload":"{base64}"}},"streamSid":"{sid}"}}"#
            )
        })
    }

    pub(crate) fn dtmf(&mut self, digit: char) -> Utf8Bytes {
        let sequence = self.count();
        self.text(|to, sid| {
            write!(
                to,
                r#"{{"event":"dtmf","streamSid":"{sid}","sequenceNumber":"{sequence}","dtmf":{{"track":"inbound_track","digit":"{digit}"}}}}"#
            )
        })
    }

    pub(crate) fn mark(&mut self, name: &str) -> Utf8Bytes {
        let sequence = self.count();
        let name = serde_json::Value::from(name);
        self.text(|to, sid| {
            write!(
                to,
                r#"{{"event":"mark","sequenceNumber":"{sequence}","streamSid":"{sid}","mark":{{"name":{name}}}}}"#
            )
        })
    }

    pub(crate) fn stop(&mut self, account: &str, call: &str) -> Utf8Bytes {
        let sequence = self.count();
        self.text(|to, sid| {
            write!(
                to,
                r#"{{"event":"stop","sequenceNumber":"{sequence}","stop":{{"accountSid":"{account}","callSid":"{call}"}},"streamSid":"{sid}"}}"#
            )
        })
    }

    fn count(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn text(&mut self, write: impl FnOnce(&mut BytesMut, &str) -> std::fmt::Result) -> Utf8Bytes {
        self.buffer.reserve(512);
        write(&mut self.buffer, &self.stream_sid).expect("a buffer grows");
        Utf8Bytes::try_from(self.buffer.split().freeze()).expect("made of text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "MZ00000000000000000000000000000003";

    #[test]
    fn the_three_messages_of_a_server_are_understood() {
        let media = format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"AAAA"}}}}"#);
        assert!(matches!(read(&media, SID), Ok(FromServer::Media(Cow::Borrowed("AAAA")))));
        let mark = format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{"name":"g1-\"s2"}}}}"#);
        assert_eq!(read(&mark, SID), Ok(FromServer::Mark("g1-\"s2".into())));
        let clear = format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#);
        assert_eq!(read(&clear, SID), Ok(FromServer::Clear));
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            String::from("hello"),
            String::from("[]"),
            format!(r#"{{"event":"clear","stream_sid":"{SID}"}}"#),
            String::from(r#"{"event":"clear"}"#),
            String::from(r#"{"event":"clear","streamSid":"MZ1"}"#),
            format!(r#"{{"event":"clear","streamSid":"{SID}","why":1}}"#),
            format!(r#"{{"event":"mark","streamSid":"{SID}"}}"#),
            format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{}}}}"#),
            format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{"name":""}}}}"#),
            format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"AA","track":"outbound"}}}}"#),
            format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":7}}}}"#),
            format!(r#"{{"event":"connected","streamSid":"{SID}"}}"#),
        ] {
            assert!(read(&bad, SID).is_err(), "{bad}");
        }
    }

    #[test]
    fn counters_are_strings_and_count() {
        let mut writer = Writer::new(SID);
        let start = writer.start("AC1", "CA1", &BTreeMap::from([("a".into(), "\"".into())]));
        let media: serde_json::Value = serde_json::from_str(&writer.media(3, "AAAA")).unwrap();
        let mark: serde_json::Value = serde_json::from_str(&writer.mark("a\"b")).unwrap();
        let start: serde_json::Value = serde_json::from_str(&start).unwrap();
        assert_eq!((&start["sequenceNumber"], &media["sequenceNumber"]), (&"1".into(), &"2".into()));
        assert_eq!((&media["media"]["chunk"], &media["media"]["timestamp"]), (&"1".into(), &"60".into()));
        assert_eq!((&mark["sequenceNumber"], &mark["mark"]["name"]), (&"3".into(), &"a\"b".into()));
        assert_eq!(start["start"]["customParameters"]["a"], "\"");
    }
}
