//! How a session speaks: one answer at a time, step by step, interrupted by the caller or by an urgent sentence.

use std::{sync::Arc, time::Duration, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::{Bytes, BytesMut};

use super::{Alarm, Session};
use crate::{
    deepgram::{
        Reports,
        answer::{Answer, Piece, Step, Tempo, pieces},
        codes::WarningCode,
        faults::Phase,
        truth::{AnswerOut, Source},
        wire,
    },
    provider::{
        Marking,
        clip::{Clip, NUMBER_BYTES, number},
        faults::Chance,
        script::{Part, Reply, Spoken},
        truth::DeltaOut,
        wire::Out,
    },
    watermark::fingerprint,
};

/// Least audio a frame needs to carry its number: ten milliseconds, so that the number stays inaudible.
const NUMBERED_MIN_BYTES: usize = 80;
/// How long it takes to say one letter of a sentence nobody recorded.
const LETTER_MS: usize = 60;
/// From the first audio to the moment noise is taken for speech.
const FALSE_START_AFTER: Duration = Duration::from_millis(200);
/// Bytes of a text nobody expects.
const HUGE_TEXT: usize = 64 * 1024;

impl Session {
    /// Says the greeting of the settings, word for word, with the sound the script has for it.
    pub(super) fn greet(&mut self, at: Instant) {
        let Some(greeting) = self.config().greeting.clone().filter(|greeting| !greeting.is_empty()) else { return };
        let reply = self.setup.options.script.reply(Some(&greeting), Spoken::Nothing);
        let recorded = reply.parts.iter().find_map(|part| match part {
            Part::Speech(clip) => Some(clip.sound(self.config().output)),
            Part::Call { .. } => None,
        });
        let sound = recorded.unwrap_or_else(|| self.synthesise(&greeting));
        let first = self.setup.options.pace.greeting;
        self.begin(at, Source::Greeting, vec![Piece::Speech(greeting, sound)], first);
    }

    /// Says a sentence of the client's, with the sound of the cue it quotes.
    pub(super) fn say(&mut self, at: Instant, sentence: String) {
        let recorded = self.setup.options.script.cued(&sentence).and_then(|reply| {
            reply.parts.iter().find_map(|part| match part {
                Part::Speech(clip) => Some(clip.sound(self.config().output)),
                Part::Call { .. } => None,
            })
        });
        let sound = recorded.unwrap_or_else(|| self.synthesise(&sentence));
        let first = self.setup.options.pace.greeting;
        self.begin(at, Source::Injected, vec![Piece::Speech(sentence, sound)], first);
    }

    /// A tone as long as the sentence takes.
    fn synthesise(&self, sentence: &str) -> Bytes {
        let hertz = 350.0 + 50.0 * (sentence.len() % 7) as f32;
        Clip::tone(sentence, sentence.chars().count() * LETTER_MS, hertz, 100).sound(self.config().output)
    }

    /// An answer is due; it comes when neither a function nor a sentence is in its way.
    pub(super) fn answer_owed(&mut self, at: Instant) {
        if self.confirm_calls(at) {
            return;
        }
        self.owed = true;
        self.go_on(at);
    }

    /// Says what waits to be said, if this is the moment.
    pub(super) fn go_on(&mut self, at: Instant) {
        if self.ended || self.answer.is_some() || self.ear.in_turn() {
            return;
        }
        if self.owed && !self.calls.waiting() {
            self.owed = false;
            self.reply(at);
        } else if let Some(sentence) = self.queue.pop_front() {
            self.say(at, sentence);
        }
    }

    /// Takes the next reply of the script: one for just these words of the caller, else the next in turn.
    pub(super) fn next_reply(&mut self) -> Reply {
        if let Some(answer) = self.setup.options.script.answer(&mut self.topic) {
            return answer;
        }
        self.replies_used += 1;
        self.setup.options.script.reply(None, Spoken::Turns(self.replies_used - 1))
    }

    /// Says the next reply of the script.
    fn reply(&mut self, at: Instant) {
        let reply = self.next_reply();
        let stall = self.stall(self.setup.faults.stall_before_audio);
        let mut complaint = self.setup.options.pace.slow_think;
        while complaint < stall && !complaint.is_zero() {
            self.agenda.set(at + complaint, Alarm::SlowThink(self.answer_count + 1));
            complaint += self.setup.options.pace.slow_think;
        }
        let pieces = pieces(&reply, self.config().output);
        self.begin(at, Source::Reply, pieces, self.setup.options.pace.first_audio + stall);
    }

    fn begin(&mut self, at: Instant, source: Source, pieces: Vec<Piece>, first: Duration) {
        let options = Arc::clone(&self.setup.options);
        let format = self.config().output;
        let stall = self.stall(self.setup.faults.stall_in_audio);
        let tempo = Tempo { first, speed: options.pace.speed.max(0.1), stall };
        self.answer_count += 1;
        let mut answer = Answer::new(self.answer_count, source, tempo);
        answer.noted = self.note_answer(source, &pieces);
        for piece in pieces {
            answer.add(piece, tempo, format, &options.habits, &mut self.dice);
        }
        self.agenda.set(at + first, Alarm::Speak(answer.number));
        self.answer = Some(answer);
    }

    fn note_answer(&self, source: Source, pieces: &[Piece]) -> Option<usize> {
        let mut text = String::new();
        let mut whole_bytes = 0;
        for piece in pieces {
            if let Piece::Speech(words, sound) = piece {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(words);
                whole_bytes += sound.len();
            }
        }
        if text.is_empty() {
            return None;
        }
        let mut truth = self.note();
        let out = AnswerOut { source, text, whole_bytes, sent_bytes: 0, interrupted_at: None, done_at: None };
        truth.answers.push(out);
        Some(truth.answers.len() - 1)
    }

    fn stall(&mut self, fault: Option<(Chance, Duration)>) -> Duration {
        match fault {
            Some((chance, wait)) if self.dice.roll(chance) => wait,
            _ => Duration::ZERO,
        }
    }

    pub(super) fn slow_think(&mut self, number: u64) {
        if self.answer.as_ref().is_some_and(|answer| answer.number == number && answer.frames_sent == 0) {
            self.warn(WarningCode::SlowThinkRequest);
        }
    }

    /// Takes every step of the answer that is due, and puts the next one on the agenda.
    pub(super) fn speak(&mut self, at: Instant, number: u64) {
        let Some(mut answer) = self.answer.take_if(|answer| answer.number == number) else { return };
        while let Some(step) = answer.next() {
            self.step(at, &mut answer, step);
            if self.ended {
                return;
            }
            if let Some(wait) = answer.wait().filter(|wait| !wait.is_zero()) {
                self.agenda.set(at + wait, Alarm::Speak(number));
                self.answer = Some(answer);
                return;
            }
        }
        self.go_on(at);
    }

    fn step(&mut self, at: Instant, answer: &mut Answer, step: Step) {
        match step {
            Step::Thought => self.thought(answer),
            Step::Words(words) => self.words_out(words),
            Step::Audio(audio) => self.audio_out(at, answer, audio),
            Step::Ask(calls) => self.ask(at, &calls),
            Step::Done => self.audio_done(at, answer),
        }
    }

    fn thought(&mut self, answer: &Answer) {
        if answer.source != Source::Reply {
            return;
        }
        if self.dice.roll(self.setup.options.habits.thinking) {
            self.send(wire::thinking());
        }
        if self.setup.options.habits.reports == Reports::Flood {
            let seconds = answer.first.as_secs_f64();
            self.send(wire::latency("ttt_token_latency", seconds));
            self.send(wire::latency("ttt_text_latency", seconds));
        }
    }

    fn words_out(&mut self, mut words: String) {
        if self.dice.roll(self.setup.faults.huge_text) {
            words.push(' ');
            words.extend(std::iter::repeat_n('x', HUGE_TEXT));
        }
        self.send(wire::agent_text(&words));
        if self.config().history {
            self.send(wire::history("assistant", &words));
        }
    }

    fn audio_out(&mut self, at: Instant, answer: &mut Answer, audio: Bytes) {
        let first = answer.frames_sent == 0;
        answer.frames_sent += 1;
        if first && self.dice.roll(self.setup.options.habits.started_speaking) {
            self.send(wire::started_speaking(answer.first.as_secs_f64() + 0.085));
        }
        self.frame_out(at, answer, audio);
        if !first {
            self.strike(Phase::MidAudio);
            return;
        }
        if answer.source == Source::Reply && self.setup.options.habits.reports == Reports::Flood {
            self.send(wire::latency("tts_latency", 0.084_984_062));
            self.send(wire::latency("total_latency", answer.first.as_secs_f64() + 0.085));
        }
        if self.dice.roll(self.setup.faults.false_speech) {
            self.agenda.set(at + FALSE_START_AFTER, Alarm::FalseStart);
        }
    }

    fn frame_out(&mut self, at: Instant, answer: &Answer, audio: Bytes) {
        let Some(noted) = answer.noted else { return };
        let audio = self.numbered(audio);
        let print = fingerprint(BASE64.encode(&audio).as_bytes());
        let bytes = audio.len();
        {
            let mut truth = self.note();
            truth.deltas.push(DeltaOut { at, item: noted, bytes: bytes as u32, fingerprint: print });
            truth.answers[noted].sent_bytes += bytes;
        }
        self.out.push_back(Out::Binary(audio));
    }

    /// The same audio with its number in its first bytes, if it is to have one.
    fn numbered(&self, audio: Bytes) -> Bytes {
        if self.setup.options.marking == Marking::Plain || audio.len() < NUMBERED_MIN_BYTES {
            return audio;
        }
        let mut marked = BytesMut::from(&audio[..]);
        marked[..NUMBER_BYTES].copy_from_slice(&number(self.setup.number, self.note().deltas.len() as u32));
        marked.freeze()
    }

    fn audio_done(&mut self, at: Instant, answer: &Answer) {
        if !answer.interrupted && self.dice.roll(self.setup.faults.done_missing) {
            return;
        }
        self.send(wire::plain("AgentAudioDone"));
        if let Some(noted) = answer.noted {
            self.note().answers[noted].done_at = Some(at);
        }
        self.strike(Phase::Answered);
    }

    /// Stops what is being said and forgets what was to be said; a little of it may still be on its way.
    pub(super) fn interrupt(&mut self, at: Instant) {
        self.queue.clear();
        let habits = self.setup.options.habits;
        let Some(answer) = self.answer.as_mut().filter(|answer| !answer.interrupted) else { return };
        if answer.frames_sent == 0 {
            answer.cut_short(0, None);
        } else {
            let late = self.dice.below(habits.late_frames + 1) as usize;
            let done = (!self.dice.roll(habits.done_missing)).then_some(Step::Done);
            answer.cut_short(late, done);
        }
        let (number, noted) = (answer.number, answer.noted);
        if let Some(noted) = noted {
            self.note().answers[noted].interrupted_at = Some(at);
        }
        self.agenda.set(at, Alarm::Speak(number));
    }
}
