//! An answer laid out in advance: which steps it takes, and how long to wait before each.
//!
//! The session takes one step after the other (`session/speaking.rs`). Cutting an answer short keeps a few frames that
//! are already on their way, as the real service does.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{Frames, Habits, Order, truth::Source};
use crate::provider::{
    clip::Format,
    faults::Dice,
    script::{Part, Reply},
};

/// Largest binary frame.
const FRAME_MAX: u64 = 16 * 1024;
/// Half of the frames are at most this large, or a sentence would be over in three.
const FRAME_USUAL: u64 = 3_200;
/// Between two frames that come too late.
const LATE_GAP: Duration = Duration::from_millis(10);

/// One thing an answer does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The model has begun to answer.
    Thought,
    /// A sentence.
    Words(String),
    /// Some audio.
    Audio(Bytes),
    /// Functions are asked for, each by name and arguments.
    Ask(Vec<(String, String)>),
    /// The last audio has been sent.
    Done,
}

/// What an answer consists of.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Words and their sound.
    Speech(String, Bytes),
    /// Functions asked for at once.
    Calls(Vec<(String, String)>),
}

/// How fast an answer is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tempo {
    /// From its beginning to its first audio.
    pub(super) first: Duration,
    /// How many times faster than it is spoken.
    pub(super) speed: f64,
    /// A pause in the middle of the audio.
    pub(super) stall: Duration,
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) number: u64,
    pub(super) source: Source,
    /// Where the truth keeps it, if it is spoken at all.
    pub(super) noted: Option<usize>,
    pub(super) frames_sent: usize,
    pub(super) interrupted: bool,
    /// How long it took to begin, for the reports.
    pub(super) first: Duration,
    steps: VecDeque<(Duration, Step)>,
}

/// The pieces of a scripted reply; functions that follow each other are asked for together.
pub(super) fn pieces(reply: &Reply, format: Format) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in &reply.parts {
        match (part, pieces.last_mut()) {
            (Part::Speech(clip), _) => pieces.push(Piece::Speech(clip.text.clone(), clip.sound(format))),
            (Part::Call { name, arguments }, Some(Piece::Calls(calls))) => {
                calls.push((name.clone(), arguments.clone()));
            }
            (Part::Call { name, arguments }, _) => {
                pieces.push(Piece::Calls(vec![(name.clone(), arguments.clone())]));
            }
        }
    }
    pieces
}

impl Answer {
    /// Lays an answer out.
    pub(super) fn new(number: u64, source: Source, tempo: Tempo) -> Self {
        let steps = VecDeque::from([(tempo.first, Step::Thought)]);
        Self { number, source, noted: None, frames_sent: 0, interrupted: false, first: tempo.first, steps }
    }

    /// Adds a piece of the answer.
    pub(super) fn add(&mut self, piece: Piece, tempo: Tempo, format: Format, habits: &Habits, dice: &mut Dice) {
        match piece {
            Piece::Speech(text, audio) => {
                let pause = Pause { tempo, format };
                self.speech(&text, &audio, &pause, habits, dice);
                self.steps.push_back((Duration::ZERO, Step::Done));
            }
            Piece::Calls(calls) => {
                // The model asks as soon as it has written; the last of its speech may still be on its way.
                let early = habits.order == Order::Either && dice.below(2) == 0;
                let done = early.then(|| self.steps.pop_back_if(|(_, step)| matches!(step, Step::Done))).flatten();
                self.steps.push_back((Duration::ZERO, Step::Ask(calls)));
                self.steps.extend(done);
            }
        }
    }

    fn speech(&mut self, text: &str, audio: &Bytes, pause: &Pause, habits: &Habits, dice: &mut Dice) {
        let mut from = 0;
        let mut told = 0;
        let mut wait = Duration::ZERO;
        for (index, sentence) in sentences(text).into_iter().enumerate() {
            told += sentence.len();
            let to = if told == text.len() { audio.len() } else { audio.len() * told / text.len() };
            let mut frames = cut(&audio.slice(from..to), pause.format, habits.frames, dice);
            let words_first = index > 0
                || match habits.order {
                    Order::Either => dice.below(2) == 0,
                    Order::AudioFirst => false,
                    Order::WordsFirst => true,
                };
            let words = Step::Words(sentence.trim_end().to_owned());
            if words_first {
                self.steps.push_back((Duration::ZERO, words));
                self.audio(frames, &mut wait, pause);
            } else {
                let rest = frames.split_off(frames.len().min(1));
                self.audio(frames, &mut wait, pause);
                self.steps.push_back((Duration::ZERO, words));
                self.audio(rest, &mut wait, pause);
            }
            if (from..to).contains(&(audio.len() / 2)) {
                wait += pause.tempo.stall;
            }
            from = to;
        }
    }

    fn audio(&mut self, frames: Vec<Bytes>, wait: &mut Duration, pause: &Pause) {
        for frame in frames {
            let spoken = frame.len() as f64 / (pause.format.bytes_per_ms() * 1_000) as f64;
            self.steps.push_back((*wait, Step::Audio(frame)));
            *wait = Duration::from_secs_f64(spoken / pause.tempo.speed);
        }
    }

    /// The wait before the next step.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.steps.front().map(|(wait, _)| *wait)
    }

    /// Takes the next step.
    pub(super) fn next(&mut self) -> Option<Step> {
        self.steps.pop_front().map(|(_, step)| step)
    }

    /// Cuts the answer short: at most `late` more frames of audio, and the word that it is over, or not even that.
    pub(super) fn cut_short(&mut self, late: usize, ending: Option<Step>) {
        self.interrupted = true;
        let audio = self.steps.drain(..).filter(|(_, step)| matches!(step, Step::Audio(_)));
        let late: Vec<Step> = audio.take(late).map(|(_, step)| step).collect();
        self.steps = late.into_iter().chain(ending).map(|step| (LATE_GAP, step)).collect();
    }
}

struct Pause {
    tempo: Tempo,
    format: Format,
}

/// A text cut after each sentence, with the space that follows it.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut from = 0;
    for (index, _) in text.match_indices(' ') {
        if text[..index].ends_with(['.', '?', '!']) {
            sentences.push(&text[from..=index]);
            from = index + 1;
        }
    }
    sentences.push(&text[from..]);
    sentences
}

fn cut(audio: &Bytes, format: Format, frames: Frames, dice: &mut Dice) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut rest = audio.clone();
    while !rest.is_empty() {
        let size = match frames {
            Frames::Every(ms) => ms.max(1) * format.bytes_per_ms(),
            Frames::Odd => {
                let largest = if dice.below(2) == 0 { FRAME_USUAL } else { FRAME_MAX };
                1 + dice.below(largest) as usize
            }
        };
        pieces.push(rest.split_to(size.min(rest.len())));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::clip::Clip;

    const TEMPO: Tempo = Tempo { first: Duration::from_millis(300), speed: 5.0, stall: Duration::ZERO };

    fn answer(text: &str, habits: &Habits) -> Answer {
        let audio = Clip::tone(text, 1_000, 440.0, 100).sound(Format::Ulaw);
        let mut answer = Answer::new(1, Source::Reply, TEMPO);
        answer.add(Piece::Speech(text.to_owned(), audio), TEMPO, Format::Ulaw, habits, &mut Dice::new(3));
        answer
    }

    fn letters(mut answer: Answer) -> String {
        let mut letters = String::new();
        while let Some(step) = answer.next() {
            letters += match step {
                Step::Thought => "t",
                Step::Words(_) => "w",
                Step::Audio(_) => "a",
                Step::Ask(_) => "c",
                Step::Done => "d",
            };
        }
        letters
    }

    #[test]
    fn each_sentence_has_its_words_and_the_first_may_come_after_its_audio() {
        assert_eq!(letters(answer("Yes. We have a room.", &Habits::plain())), "tawaawaaaaaaaad");
        let words_first = Habits { order: Order::WordsFirst, ..Habits::plain() };
        assert_eq!(letters(answer("Yes, we do.", &words_first)), "twaaaaaaaaaad");
    }

    #[test]
    fn frames_of_odd_sizes_hold_the_whole_clip() {
        let audio = Clip::tone("", 20_000, 440.0, 100).sound(Format::Ulaw);
        let frames = cut(&audio, Format::Ulaw, Frames::Odd, &mut Dice::new(5));
        assert_eq!(frames.concat(), audio);
        assert!(frames.iter().any(|frame| frame.len() % 2 == 1));
        assert!(frames.iter().all(|frame| frame.len() as u64 <= FRAME_MAX));
    }

    #[test]
    fn an_answer_cut_short_sends_what_is_late_and_no_more_words() {
        let mut answer = answer("Yes. We have a room.", &Habits::plain());
        (0..3).for_each(|_| drop(answer.next()));
        answer.cut_short(2, Some(Step::Done));
        assert_eq!(letters(answer), "aad");
    }

    #[test]
    fn audio_comes_as_fast_as_asked() {
        let mut answer = answer("Yes. We have a room.", &Habits::plain());
        let mut total = Duration::ZERO;
        while let Some(wait) = answer.wait() {
            total += wait;
            answer.next();
        }
        let spoken = Duration::from_millis(300 + 1_000 / 5);
        assert!(total < spoken && total > spoken - Duration::from_millis(25), "{total:?}");
    }
}
