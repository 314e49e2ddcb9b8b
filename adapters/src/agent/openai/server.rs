//! What the server says: the one table of message types, and the quick way for audio.
//!
//! Types of the removed beta stand beside their GA names, because OpenAI-compatible servers still use them. Audio, most
//! of all bytes, is read without a tree as a slice of the frame; all else becomes a JSON value of which every field may
//! be missing or `null`.

use crate::wire::json::{Odd, Value as Plain, Walk};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A message.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// A piece of audio.
    Audio(Audio<'a>),
    /// Anything else.
    Event(Kind, Value),
}

/// A piece of agent audio.
#[derive(Debug)]
pub(super) struct Audio<'a> {
    /// The answer's name.
    pub(super) reply: Option<Cow<'a, str>>,
    /// The item's name.
    pub(super) item: Option<Cow<'a, str>>,
    /// Base64 text, not checked.
    pub(super) payload: Bytes,
}

/// The frame is not a message.
#[derive(Debug)]
pub(super) struct Unreadable;

/// What a message is about, as far as the call cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Audio,
    SessionUpdated,
    ItemTaken,
    CallerStarted,
    CallerStopped,
    CallerWrittenDown,
    CallerNotWrittenDown,
    ReplyBegun,
    ReplyText,
    ReplyItemDone,
    ReplyOver,
    Error,
    /// Known, and nothing to tell the call.
    Nothing,
    Unknown,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "response.output_audio.delta" | "response.audio.delta" => Self::Audio,
            "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => Self::ReplyText,
            "session.updated" => Self::SessionUpdated,
            "conversation.item.added" | "conversation.item.done" | "conversation.item.created" => Self::ItemTaken,
            "input_audio_buffer.speech_started" => Self::CallerStarted,
            "input_audio_buffer.speech_stopped" => Self::CallerStopped,
            "conversation.item.input_audio_transcription.completed" => Self::CallerWrittenDown,
            "conversation.item.input_audio_transcription.failed" => Self::CallerNotWrittenDown,
            "response.created" => Self::ReplyBegun,
            "response.output_item.done" => Self::ReplyItemDone,
            "response.done" => Self::ReplyOver,
            "error" => Self::Error,
            _ if is_known(name) => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

/// Messages that are no news to the call.
fn is_known(name: &str) -> bool {
    match name {
        // Said again elsewhere, or of no use to a telephone call.
        "session.created"
        | "conversation.created"
        | "conversation.item.retrieved"
        | "conversation.item.truncated"
        | "conversation.item.deleted"
        | "conversation.item.input_audio_transcription.delta"
        | "conversation.item.input_audio_transcription.segment"
        | "input_audio_buffer.committed"
        | "input_audio_buffer.cleared"
        | "input_audio_buffer.timeout_triggered"
        | "rate_limits.updated"
        | "response.output_item.added"
        | "response.content_part.added"
        | "response.content_part.done"
        | "response.output_audio.done"
        | "response.audio.done"
        | "response.output_audio_transcript.done"
        | "response.audio_transcript.done"
        | "response.function_call_arguments.delta"
        | "response.function_call_arguments.done" => true,
        // Text answers are never asked for: what is not spoken is not heard.
        "response.output_text.delta" | "response.output_text.done" | "response.text.delta" | "response.text.done" => {
            true
        }
        // Only on WebRTC and SIP.
        "input_audio_buffer.dtmf_event_received"
        | "output_audio_buffer.started"
        | "output_audio_buffer.stopped"
        | "output_audio_buffer.cleared" => true,
        // The server runs these tools itself; none is configured.
        _ => ["mcp_list_tools.", "response.mcp_call.", "response.mcp_call_arguments."]
            .iter()
            .any(|family| name.starts_with(family)),
    }
}

/// Reads a text frame.
pub(super) fn read(frame: &Bytes) -> Result<Message<'_>, Unreadable> {
    if let Ok(audio) = plain_audio(frame) {
        return Ok(Message::Audio(audio));
    }
    let Typed { r#type } = parse(frame)?;
    match Kind::of(&r#type) {
        Kind::Audio => parse(frame).map(|audio: AnyAudio| Message::Audio(audio.on(frame))),
        kind @ (Kind::Nothing | Kind::Unknown) => Ok(Message::Event(kind, Value::Null)),
        kind => Ok(Message::Event(kind, parse(frame)?)),
    }
}

fn parse<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(frame).map_err(|_| Unreadable)
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}

/// A piece of audio as the server usually writes it; `Odd` for every other message.
fn plain_audio(frame: &Bytes) -> Result<Audio<'_>, Odd> {
    let mut walk = Walk::new(frame);
    let (mut is_audio, mut reply, mut item, mut delta) = (false, None, None, None);
    while let Some(field) = walk.field()? {
        match (field.depth, field.name, field.value) {
            (1, b"type", Plain::Text(name)) if text(name).map(Kind::of) == Ok(Kind::Audio) => is_audio = true,
            (1, b"type", _) => return Err(Odd),
            (1, b"response_id", Plain::Text(name)) => reply = Some(text(name)?),
            (1, b"item_id", Plain::Text(name)) => item = Some(text(name)?),
            (1, b"delta", Plain::Text(base64)) => delta = Some(base64),
            _ => {}
        }
    }
    let payload = frame.slice_ref(delta.filter(|_| is_audio).ok_or(Odd)?);
    Ok(Audio { reply: reply.map(Cow::Borrowed), item: item.map(Cow::Borrowed), payload })
}

fn text(bytes: &[u8]) -> Result<&str, Odd> {
    std::str::from_utf8(bytes).map_err(|_| Odd)
}

/// A piece of audio written in any way.
#[derive(Deserialize)]
struct AnyAudio<'a> {
    response_id: Option<Cow<'a, str>>,
    item_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Delta<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> AnyAudio<'a> {
    fn on(self, frame: &Bytes) -> Audio<'a> {
        let payload = match self.delta {
            Some(Delta(Cow::Borrowed(text))) => frame.slice_ref(text.as_bytes()),
            Some(Delta(Cow::Owned(text))) => Bytes::from(text),
            None => Bytes::new(),
        };
        Audio { reply: self.response_id, item: self.item_id, payload }
    }
}
