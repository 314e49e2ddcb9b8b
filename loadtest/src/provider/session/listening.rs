//! How a session listens: audio in, voice activity out, turns committed, the caller's words written down.

use std::{collections::HashMap, sync::Arc, time::Duration, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;

use super::{Alarm, Piece, Session};
use crate::{
    provider::{
        config::{Config, Refusal},
        faults::Phase,
        truth::PieceIn,
        usage,
        vad::{self, Activity, Vad},
    },
    watermark::{self, fingerprint},
};

/// Least audio a commit takes.
const COMMIT_MIN_MS: u32 = 100;
/// Pieces at the start of a session that may carry the call's watermark.
const PIECES_WITH_MARK: usize = 3;
/// How long noise is taken for speech.
const FALSE_SPEECH: Duration = Duration::from_millis(100);
/// Time between two such mistakes.
const FALSE_SPEECH_AGAIN: Duration = Duration::from_millis(200);

/// The listening half of a session.
#[derive(Debug)]
pub(super) struct Ear {
    vad: Vad,
    audio: Vec<u8>,
    /// Id the caller's item will have, while speech is under way.
    item: Option<String>,
    /// Where on media time the uncommitted audio starts.
    from_ms: u32,
    /// Clips recognised in the speech under way, and in how many frames.
    recognised: HashMap<Arc<str>, usize>,
    turns: usize,
}

impl Ear {
    pub(super) fn new(config: &Config) -> Self {
        let settings = settings(config);
        let vad = Vad::new(settings);
        Self { vad, audio: Vec::new(), item: None, from_ms: 0, recognised: HashMap::new(), turns: 0 }
    }

    pub(super) fn configure(&mut self, config: &Config) {
        self.vad.configure(settings(config));
    }
}

/// With the turns in the client's hands nothing is detected: a threshold no sound reaches.
fn settings(config: &Config) -> vad::Settings {
    let nothing = vad::Settings { threshold: f64::INFINITY, prefix_padding_ms: 0, silence_duration_ms: u32::MAX };
    config.turns.map_or(nothing, |turns| turns.vad)
}

impl Session {
    /// Takes a piece of the caller's audio: the hot path, fifty times a second in every session.
    pub(super) fn append(&mut self, at: Instant, base64: &str) {
        let mut audio = std::mem::take(&mut self.ear.audio);
        audio.clear();
        if BASE64.decode_vec(base64, &mut audio).is_err() {
            let refusal = Refusal::at("invalid_value", "Invalid 'audio': not valid base64.", "audio");
            self.refuse(&refusal, None);
        } else {
            let piece = PieceIn { at, fingerprint: fingerprint(base64.as_bytes()), bytes: audio.len() as u32 };
            self.note_audio(piece, &audio);
            if let Some(words) = self.setup.script.recognise(piece.fingerprint) {
                *self.ear.recognised.entry(Arc::clone(words)).or_default() += 1;
            }
            self.hear(at, &audio);
        }
        self.ear.audio = audio;
    }

    fn note_audio(&self, piece: PieceIn, audio: &[u8]) {
        let mut truth = self.note();
        if truth.call.is_none() && truth.pieces.len() < PIECES_WITH_MARK {
            truth.call = watermark::read(audio);
        }
        truth.pieces.push(piece);
    }

    fn hear(&mut self, at: Instant, audio: &[u8]) {
        let mut found = [None; 4];
        let mut count = 0;
        let mut rest = Vec::new();
        self.ear.vad.hear(audio, self.config.input, |activity| {
            match found.get_mut(count) {
                Some(slot) => *slot = Some(activity),
                None => rest.push(activity),
            }
            count += 1;
        });
        for activity in found.into_iter().flatten().chain(rest) {
            match activity {
                Activity::Started { audio_start_ms } => self.started(at, audio_start_ms),
                Activity::Stopped { audio_end_ms } => self.stopped(at, audio_end_ms),
            }
        }
    }

    fn started(&mut self, at: Instant, audio_start_ms: u32) {
        let item = self.ids.next("item");
        self.silence_round += 1;
        self.ear.from_ms = audio_start_ms;
        let fields = json!({"audio_start_ms": audio_start_ms, "item_id": item});
        self.ear.item = Some(item);
        self.event("input_audio_buffer.speech_started", &fields);
        self.note().speech_started.push(at);
        if self.close_in(Phase::Listening) {
            return;
        }
        if self.config.turns.is_some_and(|turns| turns.interrupt_response) {
            self.interrupt(at, "turn_detected", None);
        }
    }

    fn stopped(&mut self, at: Instant, audio_end_ms: u32) {
        let Some(item) = self.ear.item.take() else { return };
        let fields = json!({"audio_end_ms": audio_end_ms, "item_id": item});
        self.event("input_audio_buffer.speech_stopped", &fields);
        self.note().speech_stopped.push(at);
        let length_ms = audio_end_ms.saturating_sub(self.ear.from_ms);
        self.committed(at, &item, length_ms);
        if self.config.turns.is_some_and(|turns| turns.create_response) {
            self.respond_by_itself(at);
        }
    }

    fn committed(&mut self, at: Instant, item: &str, length_ms: u32) {
        self.ear.from_ms = self.ear.vad.heard_ms();
        let before = self.conversation.last();
        self.event("input_audio_buffer.committed", &json!({"previous_item_id": before, "item_id": item}));
        let object = json!({
            "id": item, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": null}],
        });
        self.conversation.append(item, object.clone(), length_ms);
        let fields = json!({"previous_item_id": before, "item": object});
        self.event("conversation.item.added", &fields);
        self.event("conversation.item.done", &fields);
        self.write_down(at, item, length_ms);
    }

    /// Puts the words of a committed turn on the agenda, if they are wanted.
    fn write_down(&mut self, at: Instant, item: &str, length_ms: u32) {
        let turn = self.ear.turns;
        self.ear.turns += 1;
        let recognised = std::mem::take(&mut self.ear.recognised);
        let best = recognised.into_iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
        let best = best.map(|(words, _)| words);
        self.topic.turn(best.clone());
        if !self.config.transcribe {
            return;
        }
        let words = best.map_or_else(|| self.setup.script.line(turn).to_owned(), |words| words.to_string());
        let ready = at + self.transcription_wait();
        if self.dice.roll(self.setup.faults.transcription_failed) {
            self.set(ready, Alarm::Words { item: item.to_owned(), piece: Piece::Failed });
            return;
        }
        let half = words.len() / 2;
        let cut = words.char_indices().map(|(index, _)| index).find(|index| *index >= half).unwrap_or(0);
        let delta = Piece::Delta(words[..cut].to_owned());
        self.set(ready, Alarm::Words { item: item.to_owned(), piece: delta });
        let completed = Piece::Completed { words, seconds: f64::from(length_ms) / 1_000.0 };
        self.set(ready + Duration::from_millis(60), Alarm::Words { item: item.to_owned(), piece: completed });
    }

    /// Before, during or after the response: with variety anything up to four times the usual wait.
    fn transcription_wait(&mut self) -> Duration {
        let usual = self.setup.pace.transcription;
        match self.setup.variety {
            super::Variety::Plain => usual,
            super::Variety::Legal => usual * self.dice.below(5) as u32,
        }
    }

    pub(super) fn words(&mut self, at: Instant, item: &str, piece: Piece) {
        let kind = |name: &str| format!("conversation.item.input_audio_transcription.{name}");
        match piece {
            Piece::Delta(delta) => {
                self.event(&kind("delta"), &json!({"item_id": item, "content_index": 0, "delta": delta}));
            }
            Piece::Completed { words, seconds } => {
                if let Some(item) = self.conversation.get_mut(item) {
                    item.object["content"][0]["transcript"] = json!(words);
                }
                let usage = usage::transcription(seconds, &words);
                let fields = json!({"item_id": item, "content_index": 0, "transcript": words, "usage": usage});
                self.event(&kind("completed"), &fields);
                self.note().heard.push((at, words));
            }
            Piece::Failed => {
                let error = json!({
                    "type": "transcription_error", "code": "audio_unintelligible",
                    "message": "The audio could not be transcribed.", "param": null,
                });
                self.event(&kind("failed"), &json!({"item_id": item, "content_index": 0, "error": error}));
            }
        }
    }

    pub(super) fn commit(&mut self, at: Instant) -> Result<(), Refusal> {
        let length_ms = self.ear.vad.heard_ms() - self.ear.from_ms;
        if length_ms < COMMIT_MIN_MS {
            let message = "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio.";
            return Err(Refusal::new("input_audio_buffer_commit_empty", message));
        }
        let item = self.ear.item.take().unwrap_or_else(|| self.ids.next("item"));
        self.ear.vad.reset();
        self.committed(at, &item, length_ms);
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.ear.item = None;
        self.ear.from_ms = self.ear.vad.heard_ms();
        self.ear.vad.reset();
        self.event("input_audio_buffer.cleared", &json!({}));
    }

    /// Nobody has spoken since a reply ended: the silence is committed and answered.
    pub(super) fn idle(&mut self, at: Instant, round: u64) {
        if round != self.silence_round || self.ear.vad.speaking() || self.talking() {
            return;
        }
        let item = self.ids.next("item");
        let (from, to) = (self.ear.from_ms, self.ear.vad.heard_ms());
        let fields = json!({"audio_start_ms": from, "audio_end_ms": to, "item_id": item});
        self.event("input_audio_buffer.timeout_triggered", &fields);
        self.committed(at, &item, to - from);
        self.respond_by_itself(at);
    }

    pub(super) fn false_start(&mut self, at: Instant) {
        if self.ear.item.is_some() || !self.talking() {
            return;
        }
        let now = self.ear.vad.heard_ms();
        self.started(at, now);
        self.set(at + FALSE_SPEECH, Alarm::FalseStop);
    }

    pub(super) fn false_stop(&mut self, at: Instant) {
        let now = self.ear.vad.heard_ms();
        if !self.ear.vad.speaking() {
            self.stopped(at, now);
            self.set(at + FALSE_SPEECH_AGAIN, Alarm::FalseStart);
        }
    }
}
