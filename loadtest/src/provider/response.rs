//! A response laid out in advance: which steps it takes, and how long to wait before each.
//!
//! The session takes one step after the other (`session/speaking.rs`). Cutting a response short keeps what is already
//! "in flight", then closes what is open, as the real server does.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::clip::{Chunk, Clip, Format, cut};

/// Words of transcript sent at a time.
const WORDS_A_DELTA: usize = 3;
/// Characters of a function's arguments sent at a time.
const ARGUMENT_CHARS: usize = 12;
/// From the last `done` of a part to `response.done`.
const DONE_WAIT: Duration = Duration::from_millis(5);
/// Bytes sent one by one when deltas are to be that small: the rest follows as usual, or a reply takes minutes.
const SINGLE_BYTES: usize = 200;

/// One thing a response does; the number says for which of its parts.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The item is announced.
    Open(usize),
    /// Some words of the transcript.
    Words(usize, String),
    /// Some audio.
    Audio(usize, Arc<Chunk>),
    /// Some text of a text answer.
    Text(usize, String),
    /// Some of a function's arguments.
    Arguments(usize, String),
    /// The part is complete.
    Finish(usize),
    /// The response is over.
    Done,
}

/// The steps that are left, each with the wait before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    steps: VecDeque<(Duration, Step)>,
}

/// How fast a response is generated, and in what pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tempo {
    /// From the response's creation to its first item.
    pub(super) first: Duration,
    /// How many times faster than it is spoken.
    pub(super) speed: f64,
    /// A pause in the middle of the audio.
    pub(super) stall: Duration,
}

/// How audio is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cutting {
    /// As the clip was prepared.
    Prepared,
    /// In pieces of this many milliseconds.
    Every(usize),
    /// All at once.
    Giant,
    /// Byte by byte.
    Bytes,
}

impl Cutting {
    /// The deltas of a clip.
    pub(super) fn chunks(self, clip: &Clip, format: Format) -> Vec<Arc<Chunk>> {
        let prepared = clip.chunks(format);
        let whole = || prepared.iter().flat_map(|chunk| chunk.audio.iter().copied()).collect::<Vec<u8>>();
        match self {
            Self::Prepared => prepared.to_vec(),
            Self::Every(ms) => cut(&whole(), ms * format.bytes_per_ms()),
            Self::Giant => cut(&whole(), usize::MAX),
            Self::Bytes => {
                let audio = whole();
                let (single, rest) = audio.split_at(audio.len().min(SINGLE_BYTES));
                let mut chunks = cut(single, 1);
                chunks.extend(cut(rest, 100 * format.bytes_per_ms()));
                chunks
            }
        }
    }
}

impl Plan {
    /// The wait before the next step.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.steps.front().map(|(wait, _)| *wait)
    }

    /// Takes the next step.
    pub(super) fn next(&mut self) -> Option<Step> {
        self.steps.pop_front().map(|(_, step)| step)
    }

    /// Adds a spoken part. A second one begins before the first is declared complete, as it does in reality.
    pub(super) fn speech(&mut self, part: usize, text: &str, chunks: &[Arc<Chunk>], format: Format, tempo: Tempo) {
        let pending = self.pending_finish(part);
        self.push(if part == 0 { tempo.first } else { Duration::ZERO }, Step::Open(part));
        let mut words = group(text, WORDS_A_DELTA).into_iter();
        for (index, chunk) in chunks.iter().enumerate() {
            if let Some(some) = words.next() {
                self.push(Duration::ZERO, Step::Words(part, some));
            }
            let spoken = chunk.audio.len() as f64 / (format.bytes_per_ms() * 1_000) as f64;
            let stall = if index == chunks.len() / 2 { tempo.stall } else { Duration::ZERO };
            let wait = if index == 0 { Duration::ZERO } else { Duration::from_secs_f64(spoken / tempo.speed) };
            self.push(wait + stall, Step::Audio(part, Arc::clone(chunk)));
            if index == 0 {
                self.steps.extend(pending.clone());
            }
        }
        for some in words {
            self.push(Duration::ZERO, Step::Words(part, some));
        }
        self.push(Duration::ZERO, Step::Finish(part));
    }

    /// Adds a text answer.
    pub(super) fn text(&mut self, part: usize, text: &str, tempo: Tempo) {
        self.push(if part == 0 { tempo.first } else { Duration::ZERO }, Step::Open(part));
        for some in group(text, WORDS_A_DELTA) {
            self.push(Duration::ZERO, Step::Text(part, some));
        }
        self.push(Duration::ZERO, Step::Finish(part));
    }

    /// Adds a function call.
    pub(super) fn call(&mut self, part: usize, arguments: &str, tempo: Tempo) {
        self.push(if part == 0 { tempo.first } else { Duration::ZERO }, Step::Open(part));
        let chars: Vec<char> = arguments.chars().collect();
        for some in chars.chunks(ARGUMENT_CHARS) {
            self.push(Duration::ZERO, Step::Arguments(part, some.iter().collect()));
        }
        self.push(Duration::ZERO, Step::Finish(part));
    }

    /// Closes the plan.
    pub(super) fn done(&mut self) {
        self.push(DONE_WAIT, Step::Done);
    }

    /// Cuts the response short: at most `in_flight` more deltas of audio, then the end of each part in `open`.
    pub(super) fn cancel(&mut self, in_flight: usize, open: &[usize]) {
        let audio = |step: &Step| matches!(step, Step::Audio(part, _) if open.contains(part));
        let left: Vec<Step> = self.steps.drain(..).map(|(_, step)| step).filter(audio).take(in_flight).collect();
        left.into_iter().for_each(|step| self.push(Duration::ZERO, step));
        open.iter().for_each(|part| self.push(Duration::ZERO, Step::Finish(*part)));
        self.push(Duration::from_millis(1), Step::Done);
    }

    fn push(&mut self, wait: Duration, step: Step) {
        self.steps.push_back((wait, step));
    }

    /// The finish of the spoken part before this one, taken out to be put back later.
    fn pending_finish(&mut self, part: usize) -> Option<(Duration, Step)> {
        let before = part.checked_sub(1)?;
        let spoken = self.steps.iter().any(|(_, step)| matches!(step, Step::Audio(index, _) if *index == before));
        if spoken { self.steps.pop_back() } else { None }
    }
}

/// Words in groups, each with the space that separates it from the next.
fn group(text: &str, words: usize) -> Vec<String> {
    let all: Vec<&str> = text.split_inclusive(' ').collect();
    all.chunks(words).map(<[&str]>::concat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPO: Tempo = Tempo { first: Duration::from_millis(300), speed: 5.0, stall: Duration::ZERO };

    fn plan(clips: &[&Clip]) -> Plan {
        let mut plan = Plan::default();
        for (part, clip) in clips.iter().enumerate() {
            plan.speech(part, &clip.text, clip.chunks(Format::Ulaw), Format::Ulaw, TEMPO);
        }
        plan.done();
        plan
    }

    fn letters(mut plan: Plan) -> String {
        let mut letters = String::new();
        while let Some(step) = plan.next() {
            letters += &match step {
                Step::Open(part) => format!("o{part} "),
                Step::Words(..) | Step::Text(..) | Step::Arguments(..) => "w ".to_owned(),
                Step::Audio(part, _) => format!("a{part} "),
                Step::Finish(part) => format!("f{part} "),
                Step::Done => "d".to_owned(),
            };
        }
        letters
    }

    #[test]
    fn words_go_ahead_of_the_audio() {
        let clip = Clip::tone("one two three four five", 300, 440.0, 100);
        assert_eq!(letters(plan(&[&clip])), "o0 w a0 w a0 a0 f0 d");
    }

    #[test]
    fn a_second_item_begins_before_the_first_is_complete() {
        let clip = Clip::tone("one", 200, 440.0, 100);
        assert_eq!(letters(plan(&[&clip, &clip])), "o0 w a0 a0 o1 w a1 f0 a1 f1 d");
    }

    #[test]
    fn a_cancelled_response_sends_what_is_in_flight_and_closes_what_is_open() {
        let clip = Clip::tone("one two three four five", 1_000, 440.0, 100);
        let mut plan = plan(&[&clip]);
        (0..3).for_each(|_| drop(plan.next()));
        plan.cancel(2, &[0]);
        assert_eq!(letters(plan), "a0 a0 f0 d");
    }

    #[test]
    fn audio_comes_as_fast_as_asked() {
        let clip = Clip::tone("", 1_000, 440.0, 100);
        let mut plan = plan(&[&clip]);
        let mut total = Duration::ZERO;
        while let Some(wait) = plan.wait() {
            total += wait;
            plan.next();
        }
        assert_eq!(total, Duration::from_millis(300 + 9 * 20 + 5));
    }
}
