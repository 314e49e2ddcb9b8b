//! What was sent to the line, what waits there and what was heard.
//!
//! The line plays audio back to back and returns a mark when everything before it was played. The heard position is the
//! last returned mark plus the time since, never beyond the next mark that is still out: so it lags the ear a little and
//! never runs ahead of it. A `clear` begins a new generation; marks of an older one come back because they were thrown
//! away, not because they were heard.
//!
//! Before it: frames that passed. After it: [`crate::turns`], which learns what of each utterance was heard. It never
//! decides what may pass.

use crate::{At, ItemId, MarkId, ReplyId};
use std::collections::VecDeque;
use std::time::Duration;

/// How much later than by the clock a mark may return. Then the line is taken to have lost it and the clock is believed.
/// Lower mistakes a stalled network for a played farewell; higher keeps a caller waiting at the end of a call.
const OVERDUE: Duration = Duration::from_secs(2);

/// Marks remembered: more than fit a line's queue. A line that returns none makes it forget the oldest.
const MOST_MARKS: usize = 512;

/// One utterance of the agent. Ids begin anew with each link, so the link's number belongs to the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Utterance {
    pub(crate) link: u32,
    pub(crate) reply: ReplyId,
    pub(crate) item: ItemId,
}

/// A piece of an utterance that has just been heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) utterance: Utterance,
    pub(crate) length: Duration,
    pub(crate) began: At,
    pub(crate) ended: At,
}

/// What a returned mark means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// Everything before it was played.
    Played,
    /// It was thrown away by a clear.
    Cleared,
    /// It was never sent, or came back twice, or so late that nobody waits for it.
    Unknown,
}

/// Positions count from the last clear.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    generation: u32,
    marks_sent: u32,
    sent: Duration,
    heard: Duration,
    /// A position and when it was played; the clock runs from here.
    anchor: (Duration, At),
    /// The position by the clock alone, when last asked.
    clock: Duration,
    /// Marks that are out, each with its position.
    marks: VecDeque<(u32, Duration)>,
    unmarked: Duration,
    /// Utterances not heard to their end, each with its end position.
    pieces: VecDeque<(Utterance, Duration)>,
    quiet_since: At,
}

impl Playback {
    /// Notes audio on its way to the line; gives a mark to send behind it when one is due. Call [`Self::step`] before.
    pub(crate) fn send(&mut self, at: At, utterance: Utterance, length: Duration, every: Duration) -> Option<MarkId> {
        if self.heard == self.sent {
            self.anchor = (self.sent, at);
        }
        self.sent += length;
        self.unmarked += length;
        match self.pieces.back_mut() {
            Some((last, end)) if *last == utterance => *end = self.sent,
            _ => self.pieces.push_back((utterance, self.sent)),
        }
        if self.unmarked >= every { self.mark() } else { None }
    }

    /// A mark behind the last audio, unless there is one already.
    pub(crate) fn mark(&mut self) -> Option<MarkId> {
        if self.unmarked.is_zero() {
            return None;
        }
        self.unmarked = Duration::ZERO;
        self.marks_sent = self.marks_sent.saturating_add(1);
        self.marks.push_back((self.marks_sent, self.sent));
        if self.marks.len() > MOST_MARKS {
            self.marks.pop_front();
        }
        Some(MarkId { generation: self.generation, number: self.marks_sent })
    }

    /// A mark came back.
    pub(crate) fn returned(&mut self, at: At, mark: MarkId) -> Echo {
        if mark.number > self.marks_sent || mark.generation > self.generation {
            return Echo::Unknown;
        }
        if mark.generation < self.generation {
            return Echo::Cleared;
        }
        let Some(&(_, position)) = self.marks.iter().find(|(number, _)| *number == mark.number) else {
            return Echo::Unknown;
        };
        self.marks.retain(|(number, _)| *number > mark.number);
        self.anchor = (position, at);
        self.clock = position;
        self.quiet_since = at;
        Echo::Played
    }

    /// The next piece heard by now that was not told before. Call it until it gives `None`.
    pub(crate) fn step(&mut self, at: At) -> Option<Heard> {
        let position = self.position(at);
        if position <= self.heard {
            return None;
        }
        let &(utterance, end) = self.pieces.front()?;
        let to = end.min(position);
        let piece = Heard {
            utterance,
            length: to.saturating_sub(self.heard),
            began: self.when(self.heard).min(at),
            ended: self.when(to).min(at),
        };
        self.heard = to;
        self.quiet_since = piece.ended;
        if to == end {
            self.pieces.pop_front();
        }
        Some(piece)
    }

    /// Forgets what was not heard, as the line does; gives how much that was.
    pub(crate) fn clear(&mut self, at: At) -> Duration {
        let unheard = self.queued();
        *self = Self {
            generation: self.generation.saturating_add(1),
            marks_sent: self.marks_sent,
            quiet_since: at,
            ..Self::default()
        };
        unheard
    }

    /// How much waits at the line.
    pub(crate) fn queued(&self) -> Duration {
        self.sent.saturating_sub(self.heard)
    }

    /// Whether the caller hears, or may still hear, something: audio waits or its mark is still out.
    pub(crate) fn is_playing(&self) -> bool {
        self.sent > self.heard || self.expected().is_some()
    }

    /// When the last audio ended, as far as the line has told.
    pub(crate) fn quiet_since(&self) -> At {
        self.quiet_since
    }

    /// When something here changes by time alone: an utterance ends, or a mark is overdue.
    pub(crate) fn wake(&self, at: At) -> Option<At> {
        let overdue = self.expected().map(|position| self.when(position + OVERDUE));
        let Some((_, end)) = self.pieces.front() else { return overdue };
        let ends = self.when(*end);
        if ends > at { Some(ends) } else { overdue }
    }

    /// The first mark that is still expected. All before it are overdue: lost, or the line stalls; should one come back
    /// after all, the clock falls back to it.
    fn expected(&self) -> Option<Duration> {
        self.marks.iter().map(|(_, position)| *position).find(|position| self.clock < *position + OVERDUE)
    }

    /// When a position is, or was, reached by the clock.
    fn when(&self, position: Duration) -> At {
        let (known, at) = self.anchor;
        (at + position.saturating_sub(known)).saturating_sub(known.saturating_sub(position))
    }

    /// The heard position by now.
    fn position(&mut self, at: At) -> Duration {
        let was_playing = self.is_playing();
        self.clock = self.anchor.0 + at.saturating_sub(self.anchor.1);
        if was_playing && !self.is_playing() {
            self.quiet_since = at;
        }
        self.clock.min(self.expected().unwrap_or(self.sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(200);
    const HELLO: Utterance = Utterance { link: 1, reply: ReplyId(1), item: ItemId(1) };
    const WORLD: Utterance = Utterance { link: 1, reply: ReplyId(1), item: ItemId(2) };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn heard(playback: &mut Playback, at: u64) -> u64 {
        let mut sum = Duration::ZERO;
        while let Some(heard) = playback.step(ms(at)) {
            sum += heard.length;
        }
        sum.as_millis() as u64
    }

    fn send(playback: &mut Playback, at: u64, utterance: Utterance, length: u64) -> Option<MarkId> {
        playback.send(ms(at), utterance, ms(length), EVERY)
    }

    #[test]
    fn a_mark_follows_every_two_hundred_milliseconds_and_the_end() {
        let mut playback = Playback::default();
        assert_eq!(send(&mut playback, 0, HELLO, 120), None);
        assert_eq!(send(&mut playback, 0, HELLO, 120), Some(MarkId { generation: 0, number: 1 }));
        assert_eq!(send(&mut playback, 0, HELLO, 20), None);
        assert_eq!(playback.mark(), Some(MarkId { generation: 0, number: 2 }));
        assert_eq!(playback.mark(), None);
    }

    #[test]
    fn the_clock_never_runs_past_a_mark_that_is_still_out() {
        let mut playback = Playback::default();
        let first = send(&mut playback, 1000, HELLO, 200).unwrap();
        send(&mut playback, 1000, HELLO, 200);
        assert_eq!(heard(&mut playback, 1100), 100);
        assert_eq!(heard(&mut playback, 1350), 100);
        assert_eq!(playback.returned(ms(1380), first), Echo::Played);
        assert_eq!(heard(&mut playback, 1380), 0);
        assert_eq!(heard(&mut playback, 1430), 50);
        assert_eq!(playback.queued(), ms(150));
    }

    #[test]
    fn the_clock_starts_again_after_the_queue_ran_dry() {
        let mut playback = Playback::default();
        send(&mut playback, 0, HELLO, 100);
        assert_eq!(heard(&mut playback, 5000), 100);
        send(&mut playback, 5000, HELLO, 100);
        assert_eq!(heard(&mut playback, 5040), 40);
    }

    #[test]
    fn a_line_that_loses_marks_is_believed_two_seconds_later() {
        let mut playback = Playback::default();
        send(&mut playback, 0, HELLO, 200);
        send(&mut playback, 0, HELLO, 200);
        assert_eq!(heard(&mut playback, 2100), 200);
        assert_eq!(heard(&mut playback, 2200), 200);
        assert!(playback.is_playing());
        assert_eq!(playback.wake(ms(2200)), Some(ms(2400)));
        assert_eq!(heard(&mut playback, 2400), 0);
        assert!(!playback.is_playing());
    }

    #[test]
    fn a_mark_that_comes_after_all_turns_the_clock_back() {
        let mut playback = Playback::default();
        let first = send(&mut playback, 0, HELLO, 200).unwrap();
        send(&mut playback, 0, HELLO, 200);
        send(&mut playback, 0, HELLO, 200);
        assert_eq!(heard(&mut playback, 2300), 400);
        assert_eq!(playback.returned(ms(2310), first), Echo::Played);
        assert_eq!(heard(&mut playback, 2510), 0);
        assert_eq!(heard(&mut playback, 2560), 0);
        assert!(playback.is_playing());
    }

    #[test]
    fn marks_of_an_older_generation_were_not_heard() {
        let mut playback = Playback::default();
        let old = send(&mut playback, 0, HELLO, 200).unwrap();
        assert_eq!(heard(&mut playback, 50), 50);
        assert_eq!(playback.clear(ms(50)), ms(150));
        assert_eq!(playback.returned(ms(60), old), Echo::Cleared);
        let new = send(&mut playback, 70, WORLD, 200).unwrap();
        assert_eq!(new, MarkId { generation: 1, number: 2 });
        assert_eq!(heard(&mut playback, 100), 30);
    }

    #[test]
    fn each_utterance_is_told_when_it_began_and_ended() {
        let mut playback = Playback::default();
        send(&mut playback, 0, HELLO, 100);
        send(&mut playback, 0, WORLD, 50);
        let first = playback.step(ms(130)).unwrap();
        assert_eq!((first.utterance, first.began, first.ended), (HELLO, ms(0), ms(100)));
        let second = playback.step(ms(130)).unwrap();
        assert_eq!((second.utterance, second.began, second.length), (WORLD, ms(100), ms(30)));
        assert_eq!(playback.step(ms(130)), None);
    }

    #[test]
    fn marks_nobody_sent_mean_nothing() {
        let mut playback = Playback::default();
        let sent = send(&mut playback, 0, HELLO, 200).unwrap();
        assert_eq!(playback.returned(ms(1), MarkId { generation: 0, number: 9 }), Echo::Unknown);
        assert_eq!(playback.returned(ms(1), MarkId { generation: 3, number: 1 }), Echo::Unknown);
        assert_eq!(playback.returned(ms(200), sent), Echo::Played);
        assert_eq!(playback.returned(ms(201), sent), Echo::Unknown);
    }
}
