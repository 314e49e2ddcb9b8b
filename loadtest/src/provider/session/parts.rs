//! The parts of a response on the wire: items opened, filled delta by delta, and closed.
//!
//! Which part comes when is decided in `speaking.rs`; here each step becomes its events, in the order of the protocol.

use std::{sync::Arc, time::Duration, time::Instant};

use serde_json::{Value, json};

use super::{Alarm, Session, speaking::Response};
use crate::{
    provider::{
        Marking, Variety,
        clip::{Chunk, Clip, Format, NUMBER_BYTES, number},
        faults::Phase,
        truth::{DeltaOut, ItemOut},
        wire::{self, Out, Place},
    },
    watermark::fingerprint,
};

/// Least audio a delta needs to carry its number: ten milliseconds, so that the number stays inaudible.
const NUMBERED_MIN_BYTES: usize = 80;

/// What a part of a response is.
#[derive(Debug)]
pub(super) enum Kind {
    Speech { clip: Arc<Clip>, said: String, bytes: usize, noted: usize },
    Text { said: String },
    Call { name: String, call_id: String, arguments: String, sent: String },
}

/// One output item of a response, as far as it has come.
#[derive(Debug)]
pub(super) struct Produced {
    pub(super) item: String,
    pub(super) kind: Kind,
    pub(super) stage: Stage,
    /// The item before it in the conversation.
    pub(super) before: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Planned,
    Open,
    /// With this status.
    Finished(&'static str),
}

impl Session {
    pub(super) fn open_part(&mut self, response: &mut Response, part: usize) {
        let output = &mut response.outputs[part];
        output.stage = Stage::Open;
        let object = item_object(output, "in_progress");
        let fields = json!({"response_id": response.id, "output_index": part, "item": object});
        self.event("response.output_item.added", &fields);
        let output = &mut response.outputs[part];
        if response.conversation {
            output.before = self.conversation.append(&output.item, object.clone(), 0);
            let fields = json!({"previous_item_id": output.before, "item": object});
            self.event("conversation.item.added", &fields);
        }
        let kind = match &mut output.kind {
            Kind::Speech { clip, noted, .. } => {
                let item = ItemOut { id: output.item.clone(), text: clip.text.clone(), ..ItemOut::default() };
                let mut truth = self.note();
                *noted = truth.items.len();
                truth.items.push(item);
                json!({"type": "audio", "transcript": ""})
            }
            Kind::Text { .. } => json!({"type": "text", "text": ""}),
            Kind::Call { .. } => return,
        };
        let place = Place { response: &response.id, item: &output.item, index: part };
        let fields = place.with(&json!({ "part": kind }));
        self.event("response.content_part.added", &fields);
    }

    pub(super) fn words_out(&mut self, response: &mut Response, part: usize, words: &str) {
        let output = &mut response.outputs[part];
        if let Kind::Speech { said, .. } = &mut output.kind {
            said.push_str(words);
        }
        let place = Place { response: &response.id, item: &output.item, index: part };
        let mut more = json!({ "delta": words });
        if self.setup.variety == Variety::Legal {
            more["obfuscation"] = json!("v0Q1u");
        }
        self.event("response.output_audio_transcript.delta", &place.with(&more));
    }

    pub(super) fn text_out(&mut self, response: &mut Response, part: usize, text: &str) {
        let output = &mut response.outputs[part];
        if let Kind::Text { said } = &mut output.kind {
            said.push_str(text);
        }
        let place = Place { response: &response.id, item: &output.item, index: part };
        self.event("response.output_text.delta", &place.with(&json!({ "delta": text })));
    }

    pub(super) fn arguments_out(&mut self, response: &mut Response, part: usize, some: &str) {
        let output = &mut response.outputs[part];
        let Kind::Call { call_id, sent, .. } = &mut output.kind else { return };
        sent.push_str(some);
        let fields = json!({
            "response_id": response.id, "item_id": output.item, "output_index": part,
            "call_id": call_id, "delta": some,
        });
        self.event("response.function_call_arguments.delta", &fields);
    }

    pub(super) fn audio_out(&mut self, at: Instant, response: &mut Response, part: usize, chunk: &Arc<Chunk>) {
        let output = &mut response.outputs[part];
        let Kind::Speech { bytes, noted, .. } = &mut output.kind else { return };
        *bytes += chunk.audio.len();
        let ms = (*bytes / response.format.bytes_per_ms()) as u32;
        if let Some(item) = self.conversation.get_mut(&output.item) {
            item.audio_ms = ms;
        }
        let number = self.delta_number(chunk);
        let place = Place { response: &response.id, item: &output.item, index: part };
        let text = wire::audio(&mut self.ids, place, chunk, number.as_ref());
        let print = fingerprint(wire::delta_of(&text).as_bytes());
        let delta = DeltaOut { at, item: *noted, bytes: chunk.audio.len() as u32, fingerprint: print };
        self.note().deltas.push(delta);
        self.out.push_back(Out::Text(text));
        let first = response.first_audio.is_none();
        response.first_audio.get_or_insert(at);
        if first && self.dice.roll(self.setup.faults.false_speech) {
            self.set(at + Duration::from_millis(200), Alarm::FalseStart);
        }
        if !first {
            self.close_in(Phase::MidAudio);
        }
    }

    fn delta_number(&self, chunk: &Chunk) -> Option<[u8; NUMBER_BYTES]> {
        let numbered = self.setup.marking == Marking::Numbered && chunk.audio.len() >= NUMBERED_MIN_BYTES;
        numbered.then(|| number(self.setup.number, self.note().deltas.len() as u32))
    }

    pub(super) fn finish_part(&mut self, response: &mut Response, part: usize) {
        let cancelled = response.cancelled.is_some();
        let output = &mut response.outputs[part];
        let status = if cancelled { "incomplete" } else { "completed" };
        output.stage = Stage::Finished(status);
        let object = item_object(output, status);
        let (id, item) = (response.id.clone(), output.item.clone());
        let place = Place { response: &id, item: &item, index: part };
        match &output.kind {
            Kind::Speech { said, noted, .. } => {
                self.event("response.output_audio.done", &place.with(&json!({})));
                let done = place.with(&json!({ "transcript": said }));
                self.event("response.output_audio_transcript.done", &done);
                let part = json!({"type": "audio", "transcript": said});
                self.event("response.content_part.done", &place.with(&json!({ "part": part })));
                self.note().items[*noted].cancelled = cancelled;
            }
            Kind::Text { said } => {
                self.event("response.output_text.done", &place.with(&json!({ "text": said })));
                let part = json!({"type": "text", "text": said});
                self.event("response.content_part.done", &place.with(&json!({ "part": part })));
            }
            Kind::Call { name, call_id, sent, .. } => {
                let fields = json!({
                    "response_id": id, "item_id": item, "output_index": part,
                    "call_id": call_id, "name": name, "arguments": sent,
                });
                self.event("response.function_call_arguments.done", &fields);
                let called = (call_id.clone(), name.clone());
                self.note().called.push(called);
            }
        }
        self.items_done(response, part, &object);
    }

    /// `response.output_item.done` and `conversation.item.done`: adjacent, in either order.
    fn items_done(&mut self, response: &Response, part: usize, object: &Value) {
        let output = &response.outputs[part];
        let of_response = json!({"response_id": response.id, "output_index": part, "item": object});
        let of_conversation = json!({"previous_item_id": output.before, "item": object});
        let swap = self.setup.variety == Variety::Legal && self.dice.below(2) == 0;
        if swap && response.conversation {
            self.event("conversation.item.done", &of_conversation);
        }
        self.event("response.output_item.done", &of_response);
        if !swap && response.conversation {
            self.event("conversation.item.done", &of_conversation);
        }
        if let Some(item) = self.conversation.get_mut(&output.item) {
            item.object = object.clone();
        }
    }
}

impl Produced {
    pub(super) fn chars(&self) -> usize {
        match &self.kind {
            Kind::Speech { said, .. } | Kind::Text { said } => said.len(),
            Kind::Call { arguments, .. } => arguments.len(),
        }
    }

    pub(super) fn length(&self, format: Format) -> Duration {
        match &self.kind {
            Kind::Speech { bytes, .. } => Duration::from_millis((bytes / format.bytes_per_ms()) as u64),
            Kind::Text { .. } | Kind::Call { .. } => Duration::ZERO,
        }
    }
}

/// The status of an item when its response is over.
pub(super) fn status_done(output: &Produced) -> &'static str {
    match output.stage {
        Stage::Finished(status) => status,
        Stage::Planned | Stage::Open => "incomplete",
    }
}

pub(super) fn item_object(output: &Produced, status: &str) -> Value {
    let mut object = json!({"id": output.item, "object": "realtime.item", "status": status});
    match &output.kind {
        Kind::Call { name, call_id, sent, .. } => {
            object["type"] = json!("function_call");
            object["name"] = json!(name);
            object["call_id"] = json!(call_id);
            object["arguments"] = json!(sent);
        }
        Kind::Speech { said, .. } | Kind::Text { said } => {
            let spoken = matches!(output.kind, Kind::Speech { .. });
            let content = match (status, spoken) {
                ("in_progress", _) => json!([]),
                (_, true) => json!([{"type": "output_audio", "transcript": said}]),
                (_, false) => json!([{"type": "output_text", "text": said}]),
            };
            object["type"] = json!("message");
            object["role"] = json!("assistant");
            object["content"] = content;
        }
    }
    object
}
