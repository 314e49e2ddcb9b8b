//! The conversation as its caller lived it: first word, pauses before answers, and how well interruptions worked.

use std::time::{Duration, Instant};

use super::moment;
use crate::{
    phone::{CallTruth, ClearTruth, Clip, StreamTruth},
    provider::truth::SessionTruth,
    watermark::SILENCE,
};

/// One frame of the caller.
const FRAME: Duration = Duration::from_millis(20);
/// A `clear` later than this after the provider noticed speech is no answer to it.
const CLEAR_WAIT: Duration = Duration::from_secs(1);
/// Audio with less than this left to play is over before anyone could clear it.
const ALMOST_OVER: Duration = Duration::from_millis(60);
/// Words written down this shortly before the end may miss the record.
const WRITTEN_TOO_LATE: Duration = Duration::from_millis(200);
/// A reply of which less was heard (400 ms) may end before the first of its marks has come back.
const HEARD_BYTES: u64 = 3_200;

/// What was said to have been heard of a reply, and what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Where the client told the provider to cut.
    pub told_ms: u32,
    /// What the telephone played.
    pub played_ms: u32,
}

impl Truncation {
    /// How far apart the two are.
    #[must_use]
    pub fn error_ms(self) -> u32 {
        self.told_ms.abs_diff(self.played_ms)
    }
}

/// Who spoke when.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// From the stream's start to the first audio of the agent.
    pub first_word: Option<Duration>,
    /// From the end of the caller's speech to the agent's next audio.
    pub reply_gaps: Vec<Duration>,
    /// From the provider's notice of speech to the `clear` at the telephone.
    pub interruptions: Vec<Duration>,
    /// Times the caller spoke over the agent and nothing was cleared.
    pub ignored: usize,
    /// Replies that were cut.
    pub truncations: Vec<Truncation>,
    /// Cuts the provider refused: beyond the end of what it had sent.
    pub refused: u32,
    /// Turns of the caller that were written down in time to be recorded.
    pub caller_turns: usize,
    /// Replies of which the caller heard enough to be recorded.
    pub agent_turns: usize,
}

pub(super) fn settle(call: &CallTruth, served: &[SessionTruth]) -> Talk {
    let mut talk = Talk { first_word: call.first_word(), ..Talk::default() };
    let silence = Clip::new("silence", &[SILENCE]).frame(0).map(|frame| frame.fingerprint);
    for stream in &call.streams {
        talk.pauses(stream, silence);
    }
    for session in served {
        talk.refused += session.truncations_refused;
        let over = session.closed_at;
        let in_time = |at: Instant| over.is_none_or(|over| at + WRITTEN_TOO_LATE < over);
        talk.caller_turns += session.heard.iter().filter(|(at, _)| in_time(*at)).count();
        talk.cuts(call, session);
        for noticed in &session.speech_started {
            talk.interruption(call, *noticed);
        }
    }
    talk
}

impl Talk {
    /// The pause before each stretch of agent audio that follows speech of the caller.
    fn pauses(&mut self, stream: &StreamTruth, silence: Option<u64>) {
        let spoken = |from_ns: u64, to_ns: u64| {
            let frames = stream.sent.iter().rev().skip_while(move |frame| frame.at_ns >= to_ns);
            frames
                .take_while(move |frame| frame.at_ns >= from_ns)
                // The first frame carries the call's number and is no speech.
                .find(|frame| Some(frame.fingerprint) != silence && frame.index > 0)
        };
        let mut before = 0;
        for span in &stream.heard {
            if let Some(last) = spoken(before, span.from_ns)
                && before > 0
            {
                let silent_from = Duration::from_nanos(last.at_ns) + FRAME;
                self.reply_gaps.push(Duration::from_nanos(span.from_ns).saturating_sub(silent_from));
            }
            before = span.from_ns;
        }
    }

    /// What was heard of each reply, and where those that were cut were cut.
    fn cuts(&mut self, call: &CallTruth, session: &SessionTruth) {
        let mut played = vec![0_u64; session.items.len()];
        let mut next = 0;
        for media in call.streams.iter().flat_map(|stream| &stream.received) {
            let rest = &session.deltas[next..];
            let Some(found) = rest.iter().position(|delta| delta.fingerprint == media.fingerprint) else { continue };
            played[rest[found].item] += u64::from(media.played);
            next += found + 1;
        }
        for (item, bytes) in session.items.iter().zip(played) {
            self.agent_turns += usize::from(bytes >= HEARD_BYTES);
            if let Some(told_ms) = item.truncated_ms {
                self.truncations.push(Truncation { told_ms, played_ms: (bytes / 8) as u32 });
            }
        }
    }

    fn interruption(&mut self, call: &CallTruth, noticed: Instant) {
        let clears = call.streams.iter().flat_map(|stream| &stream.clears);
        let at = |clear: &ClearTruth| moment(call, clear.at_ns);
        let answer = clears.filter(|clear| at(clear) >= noticed).min_by_key(|clear| clear.at_ns);
        let took = answer.map(|clear| at(clear) - noticed).filter(|took| *took <= CLEAR_WAIT);
        match took {
            Some(took) if playing(call, noticed) => self.interruptions.push(took),
            Some(_) => {}
            None if playing(call, noticed) => self.ignored += 1,
            None => {}
        }
    }
}

/// Whether the caller was hearing the agent at this moment, with more to come.
fn playing(call: &CallTruth, at: Instant) -> bool {
    call.streams.iter().flat_map(|stream| &stream.heard).any(|span| {
        let from = moment(call, span.from_ns);
        let to = from + Duration::from_micros(span.bytes * 125);
        from <= at && (at + ALMOST_OVER < to || cleared_at(call, at, to))
    })
}

/// Whether the audio that ended at `end` was cut there rather than finished.
fn cleared_at(call: &CallTruth, after: Instant, end: Instant) -> bool {
    let mut clears = call.streams.iter().flat_map(|stream| &stream.clears);
    end >= after && clears.any(|clear| clear.dropped_bytes > 0 && moment(call, clear.at_ns) + FRAME >= end)
}
