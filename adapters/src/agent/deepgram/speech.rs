//! The agent's answers: where one begins and ends, and which audio belongs to one that was interrupted.

use super::DeepgramLink;
use crate::wire::audio::playing_time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::{AgentInput, ItemId, ReplyId, ReplyOutcome, Spoken, Usage};
use common::ports::AgentEvent;
use common::ports::agent::AgentIo;
use std::time::Duration;

/// The longest piece of agent audio that is passed on at once: 200 ms, the distance of the core's marks. Frames may be
/// of any length; longer pieces make marks coarse, shorter cost messages.
const PIECE_BYTES: usize = 1_600;

/// How long after an interruption audio is taken for that of the answer that was interrupted. It comes within
/// milliseconds; but noise may be taken for a caller who never says a word, and the server may speak on.
const LATE: Duration = Duration::from_secs(3);

/// An answer of which nothing came for so long is over, the server does not always say so. Lower parts an answer in two
/// when a model or a voice pauses, and last words in two; higher keeps the core from asking for anything. It must be
/// below the core's patience with an answer.
const STALLED: Duration = Duration::from_secs(8);

/// The same for an answer of which there are words but no sound.
const SOUNDLESS: Duration = Duration::from_secs(4);

/// An answer that is owed and wanted for so long is asked for: it may have been given in one with what was said before.
/// Lower asks a slow model twice; it must be below the core's patience.
const MISSED: Duration = Duration::from_secs(8);

/// What the agent is saying.
#[derive(Debug, Default)]
pub(super) struct Speech {
    open: Option<Answer>,
    /// The answer whose audio was complete last.
    last: Option<Answer>,
    gate: Gate,
    owed: Owed,
    /// When the core wanted an answer that was owed anyway.
    wanted: Option<Duration>,
    replies: u32,
    /// When the last of it came.
    progress: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    reply: ReplyId,
    item: ItemId,
    text: Text,
    sound: Sound,
}

/// Whether any text of an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    None,
    Some,
}

/// Whether any audio of an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    None,
    Some,
}

/// Whether audio that comes may be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Open,
    /// The caller interrupted: for [`LATE`] from then on it is old.
    Late { since: Duration },
    /// The core gave the answer up: what comes of it is old, however long it takes.
    GivenUp,
}

/// Whether the server will answer by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owed {
    #[default]
    Nothing,
    Answer,
}

impl Speech {
    /// Whether an answer is due that has not begun.
    pub(super) fn owed(&self) -> Owed {
        self.owed
    }

    /// From now on the server owes this.
    pub(super) fn owe(&mut self, owed: Owed) {
        self.owed = owed;
        self.wanted = None;
    }

    /// The core wants the answer that is owed.
    pub(super) fn want(&mut self, now: Duration) {
        self.wanted.get_or_insert(now);
    }

    /// Whether the core has wanted it for too long.
    pub(super) fn is_missed(&self, now: Duration) -> bool {
        self.owed == Owed::Answer && self.open.is_none() && self.wanted.is_some_and(|since| now >= since + MISSED)
    }

    /// Whether an answer is being said that may be heard.
    pub(super) fn is_running(&self) -> bool {
        self.open.is_some() && self.gate == Gate::Open
    }

    /// For how long nothing of the answer must have come to take it for over.
    fn patience(&self) -> Duration {
        match self.open {
            Some(Answer { sound: Sound::None, .. }) => SOUNDLESS,
            _ => STALLED,
        }
    }

    /// Whether nothing is being said and nothing is due.
    pub(super) fn is_free(&self) -> bool {
        self.open.is_none() && self.owed == Owed::Nothing
    }
}

impl DeepgramLink {
    /// A frame of audio, of any length.
    pub(super) fn agent_audio(&mut self, frame: &Bytes, io: &mut AgentIo) {
        if frame.is_empty() || self.is_old_audio(io) {
            return;
        }
        let Answer { reply, item, .. } = self.answer(io);
        self.speech.open.iter_mut().for_each(|open| open.sound = Sound::Some);
        for piece in frame.chunks(PIECE_BYTES) {
            let start = self.buffer.len();
            self.buffer.resize(start + piece.len().div_ceil(3) * 4, 0);
            let wrote = STANDARD.encode_slice(piece, &mut self.buffer[start..]);
            debug_assert_eq!(wrote, Ok(self.buffer.len() - start), "the length of base64 is known");
            let payload = self.buffer.split().freeze();
            io.events.push_back(AgentEvent::Audio { reply, item, payload, length: playing_time(piece.len()) });
        }
    }

    /// The agent's words, a sentence or so: they may come before or behind their audio.
    pub(super) fn agent_text(&mut self, text: &str, io: &mut AgentIo) {
        if text.is_empty() {
            return;
        }
        let old = match (self.speech.gate, self.speech.open, self.speech.last) {
            (Gate::Open, Some(_), _) => None,
            // Words behind the end of an answer that has none yet are its words, unless another is expected.
            (Gate::Open, None, Some(last)) if last.text == Text::None && !self.expects_answer() => Some(last),
            (Gate::Open, None, _) => None,
            (Gate::Late { .. } | Gate::GivenUp, open, last) => match open.or(last) {
                Some(old) => Some(old),
                None => return,
            },
        };
        let Answer { reply, item, text: had, .. } = old.unwrap_or_else(|| self.answer(io));
        let text = if had == Text::Some { format!(" {text}") } else { text.to_owned() };
        Self::input(io, AgentInput::ReplyText { reply, item, text: Spoken::new(text) });
        let known = self.speech.open.iter_mut().chain(&mut self.speech.last);
        known.filter(|answer| answer.reply == reply).for_each(|answer| answer.text = Text::Some);
    }

    /// Everything of the answer was sent.
    pub(super) fn audio_done(&mut self, io: &mut AgentIo) {
        self.speech.last = self.speech.open.or(self.speech.last);
        match self.speech.gate {
            Gate::Open => self.end(ReplyOutcome::Completed, io),
            Gate::Late { .. } => self.end(ReplyOutcome::Cancelled, io),
            Gate::GivenUp => self.new_answer(io),
        }
    }

    /// What comes from now on is of a new answer.
    pub(super) fn new_answer(&mut self, io: &mut AgentIo) {
        if std::mem::take(&mut self.speech.gate) != Gate::Open {
            self.end(ReplyOutcome::Cancelled, io);
        }
    }

    /// The caller begins to speak: the server stops by itself, and nothing is owed before the caller has stopped.
    pub(super) fn interrupted(&mut self) {
        self.speech.gate = Gate::Late { since: self.clock.now() };
        self.speech.owe(Owed::Nothing);
    }

    /// The core does not want this answer any more; there is no message to say so.
    pub(super) fn give_up(&mut self, reply: ReplyId) {
        if self.speech.open.is_some_and(|open| open.reply == reply) {
            self.speech.gate = Gate::GivenUp;
        }
    }

    /// Begins the answer, unless it has begun.
    pub(super) fn begin(&mut self, io: &mut AgentIo) {
        self.answer(io);
    }

    /// Ends the answer, if there is one.
    pub(super) fn end(&mut self, outcome: ReplyOutcome, io: &mut AgentIo) {
        if let Some(answer) = self.speech.open.take() {
            let usage = Usage::default();
            Self::input(io, AgentInput::ReplyDone { reply: answer.reply, outcome, usage });
        }
    }

    /// An answer of which nothing is heard: the core asked for it, or waits for one that will not come.
    pub(super) fn empty_answer(&mut self, outcome: ReplyOutcome, io: &mut AgentIo) {
        self.end(ReplyOutcome::Cancelled, io);
        self.announce(io);
        self.end(outcome, io);
    }

    /// Ends an answer the server has forgotten, and the time in which audio counts as old.
    pub(super) fn end_what_is_overdue(&mut self, io: &mut AgentIo) {
        let now = self.clock.now();
        let stalled = now >= self.speech.progress + self.speech.patience();
        match self.speech.gate {
            Gate::Open if stalled => self.end(ReplyOutcome::Completed, io),
            Gate::Late { since } if now >= since + LATE => self.new_answer(io),
            Gate::GivenUp if stalled => self.new_answer(io),
            Gate::Open | Gate::Late { .. } | Gate::GivenUp => {}
        }
    }

    fn expects_answer(&self) -> bool {
        self.speech.owed == Owed::Answer || self.wish.is_pending()
    }

    /// Whether audio that comes now is of an answer that was interrupted.
    fn is_old_audio(&mut self, io: &mut AgentIo) -> bool {
        let now = self.clock.now();
        match self.speech.gate {
            Gate::Open => return false,
            Gate::Late { since } if now >= since + LATE => {
                self.new_answer(io);
                return false;
            }
            Gate::Late { .. } => {}
            Gate::GivenUp => self.speech.progress = now,
        }
        true
    }

    /// The answer being said; a new one is announced.
    fn answer(&mut self, io: &mut AgentIo) -> Answer {
        self.speech.progress = self.clock.now();
        if let Some(open) = self.speech.open {
            return open;
        }
        self.overtake_caller(io);
        self.announce(io)
    }

    fn announce(&mut self, io: &mut AgentIo) -> Answer {
        self.speech.owe(Owed::Nothing);
        self.wish.begun();
        self.speech.replies += 1;
        let (reply, item) = (ReplyId(self.speech.replies), self.item());
        let answer = Answer { reply, item, text: Text::None, sound: Sound::None };
        self.speech.open = Some(answer);
        Self::input(io, AgentInput::ReplyStarted { reply: answer.reply });
        answer
    }
}
