//! How a session listens: audio in, turns found on media time, the caller's words written down.
//!
//! A pause ends the caller's turn at once, unless functions are asked for speculatively: then the turn is over only when
//! the pause has lasted, and a caller who goes on takes the functions back.

use std::{collections::HashMap, sync::Arc, time::Duration, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;

use super::{Alarm, Session};
use crate::{
    deepgram::{Reports, faults::Phase, wire},
    provider::{
        truth::PieceIn,
        vad::{self, Activity, Vad},
    },
    watermark::{self, FRAME_BYTES, fingerprint},
};

/// Pieces at the start of a session that may carry the call's watermark.
const PIECES_WITH_MARK: usize = 3;
/// Media time between two reports of the listener's latency.
const REPORT_MS: u32 = 240;
/// Least and most time after which a caller who seemed to have finished goes on.
const RESUMES_AFTER_MS: (u64, u64) = (200, 600);
/// How long such a caller goes on.
const RESUMED_FOR: Duration = Duration::from_millis(400);

/// The listening half of a session.
#[derive(Debug)]
pub(super) struct Ear {
    vad: Vad,
    eot_ms: u32,
    /// What will have ended the turn under way.
    trigger: &'static str,
    /// The pause under way that may be the end of the turn.
    pause: Option<u64>,
    pauses: u64,
    /// Clips recognised in the turn under way, and in how many frames.
    recognised: HashMap<Arc<str>, usize>,
    turns: usize,
    reported_ms: u32,
}

impl Ear {
    pub(super) fn new(eot_ms: u32) -> Self {
        Self {
            vad: Vad::new(settings(eot_ms)),
            eot_ms,
            trigger: "model",
            pause: None,
            pauses: 0,
            recognised: HashMap::new(),
            turns: 0,
            reported_ms: 0,
        }
    }

    /// What the caller said in the turn under way, if it is known: the words most of it belongs to.
    pub(super) fn known(&self) -> Option<Arc<str>> {
        let best = self.recognised.iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
        best.map(|(words, _)| Arc::clone(words))
    }

    /// Whether the caller is in a turn.
    pub(super) fn in_turn(&self) -> bool {
        self.vad.speaking() || self.pause.is_some()
    }
}

fn settings(silence_duration_ms: u32) -> vad::Settings {
    vad::Settings { threshold: 0.5, prefix_padding_ms: 0, silence_duration_ms }
}

impl Session {
    /// Takes a piece of the caller's audio: the hot path, fifty times a second in every session.
    pub(super) fn hear(&mut self, at: Instant, audio: &Bytes) {
        self.note_audio(at, audio);
        let mut found = Vec::new();
        let format = self.config().input;
        self.ear.vad.hear(audio, format, |activity| found.push(activity));
        for activity in found {
            match activity {
                Activity::Started { .. } => self.started(at),
                Activity::Stopped { .. } => self.paused(at),
            }
        }
        self.report_listening();
    }

    /// Known words are found in frames as the telephone cut them, however many come at once.
    fn note_audio(&mut self, at: Instant, audio: &Bytes) {
        let whole = fingerprint(BASE64.encode(audio).as_bytes());
        for frame in audio.chunks(FRAME_BYTES) {
            let print = if frame.len() == audio.len() { whole } else { fingerprint(BASE64.encode(frame).as_bytes()) };
            if let Some(words) = self.setup.options.script.recognise(print) {
                *self.ear.recognised.entry(Arc::clone(words)).or_default() += 1;
            }
        }
        let mut truth = self.note();
        if truth.call.is_none() && truth.pieces.len() < PIECES_WITH_MARK {
            truth.call = watermark::read(audio);
        }
        truth.pieces.push(PieceIn { at, fingerprint: whole, bytes: audio.len() as u32 });
    }

    fn report_listening(&mut self) {
        let due = self.ear.vad.heard_ms() - self.ear.reported_ms >= REPORT_MS;
        if due && self.config().flux && self.setup.options.habits.reports == Reports::Flood {
            self.ear.reported_ms = self.ear.vad.heard_ms();
            self.send(wire::latency("stt_latency", 0.019_999_980_926_513_672));
        }
    }

    fn started(&mut self, at: Instant) {
        let late = self.dice.roll(self.setup.faults.timeout_turns);
        let silence_ms = if late { self.config().eot_timeout_ms } else { self.ear.eot_ms };
        self.ear.trigger = if late { "timeout" } else { "model" };
        self.ear.vad.configure(settings(silence_ms));
        self.ear.pause = None;
        self.speech_started(at);
    }

    /// Tells that the caller speaks, whether it is true or not, and stops speaking.
    fn speech_started(&mut self, at: Instant) {
        self.send(wire::plain("UserStartedSpeaking"));
        self.note().speech_started.push(at);
        self.take_back_calls(at);
        if !self.strike(Phase::Listening) {
            self.interrupt(at);
        }
    }

    pub(super) fn false_start(&mut self, at: Instant) {
        if self.answer.is_some() && !self.ear.in_turn() {
            self.speech_started(at);
        }
    }

    /// The caller is silent, perhaps for good.
    fn paused(&mut self, at: Instant) {
        self.ear.pauses += 1;
        let pause = self.ear.pauses;
        self.ear.pause = Some(pause);
        let resumes = self.dice.roll(self.setup.faults.resumed_speech);
        let speculates = self.dice.roll(self.setup.options.habits.speculation) || resumes;
        let asked = speculates && self.ask_ahead(at);
        if resumes {
            let (least, most) = RESUMES_AFTER_MS;
            let after = Duration::from_millis(least + self.dice.below(most - least));
            self.agenda.set(at + after, Alarm::Resumed(pause));
        } else if asked {
            self.agenda.set(at + self.setup.options.pace.certain, Alarm::Certain(pause));
        } else {
            self.certain(at, pause);
        }
    }

    /// The caller was not finished; after this the turn ends without doubt.
    pub(super) fn resumed(&mut self, at: Instant, pause: u64) {
        if self.ear.pause != Some(pause) {
            return;
        }
        self.speech_started(at);
        self.agenda.set(at + RESUMED_FOR, Alarm::Certain(pause));
    }

    /// The pause was the end of the turn.
    pub(super) fn certain(&mut self, at: Instant, pause: u64) {
        if self.ear.pause != Some(pause) {
            return;
        }
        self.ear.pause = None;
        let trigger = std::mem::replace(&mut self.ear.trigger, "model");
        self.turn_over(at, trigger);
    }

    fn turn_over(&mut self, at: Instant, trigger: &'static str) {
        let known = self.ear.known();
        self.ear.recognised.clear();
        let script = &self.setup.options.script;
        let words = known.as_deref().unwrap_or_else(|| script.line(self.ear.turns)).to_owned();
        self.topic.turn(known);
        self.ear.turns += 1;
        self.user_said(at, words, trigger);
    }

    /// The caller's words are known: they are told, and an answer is due.
    pub(super) fn user_said(&mut self, at: Instant, words: String, trigger: &'static str) {
        self.send(wire::user_text(&words));
        if self.config().history {
            self.send(wire::history("user", &words));
        }
        if self.config().flux {
            self.send(wire::end_of_turn(trigger));
        }
        self.note().heard.push((at, words));
        if !self.strike(Phase::BeforeAudio) {
            self.answer_owed(at);
        }
    }

    /// The client ends the turn.
    pub(super) fn force_end(&mut self, at: Instant) {
        if self.ear.in_turn() {
            self.ear.vad.reset();
            self.ear.pause = None;
            self.turn_over(at, "manual");
        } else {
            self.send(wire::end_of_turn("manual"));
        }
    }
}
