//! Two channels side by side: what may still change of a recording. Pure.
//!
//! Before it: the reel, which places sound where it was heard. After it: the file, which gets what is settled. Where
//! nothing is placed there is silence; so a hole keeps its time.

use super::{Position, SILENCE};

/// The most that is written at once: the silence of a long rest needs no memory.
const MINUTE: Position = 60 * 8_000;

/// Who is heard in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Caller = 0,
    Agent = 1,
}

/// The part of a recording that is not written yet.
#[derive(Debug)]
pub(super) struct Channels {
    /// Where the window begins.
    base: Position,
    /// Caller, agent, caller, agent...
    window: Vec<u8>,
    /// Stretches in which nothing is kept; the last may be open.
    rests: Vec<(Position, Position)>,
    /// How much of what is behind the window rested.
    rested: Position,
}

impl Channels {
    /// From here on.
    pub(super) fn from(base: Position) -> Self {
        Self { base, window: Vec::new(), rests: Vec::new(), rested: 0 }
    }

    /// Places sound. What lies before the window or in a rest is not kept.
    pub(super) fn place(&mut self, channel: Channel, at: Position, sound: &[u8]) {
        let end = at + sound.len() as Position;
        let mut from = at.max(self.base);
        for index in 0..=self.rests.len() {
            let (rest, resumes) = self.rests.get(index).copied().unwrap_or((Position::MAX, Position::MAX));
            let to = end.min(rest);
            if from < to {
                self.copy(channel, from, &sound[(from - at) as usize..(to - at) as usize]);
            }
            from = from.max(resumes);
        }
    }

    fn copy(&mut self, channel: Channel, from: Position, sound: &[u8]) {
        let begin = (from - self.base) as usize;
        let needed = (begin + sound.len()) * 2;
        if self.window.len() < needed {
            self.window.resize(needed, SILENCE);
        }
        let samples = self.window[begin * 2..needed].chunks_exact_mut(2);
        for (sample, heard) in samples.zip(sound) {
            sample[channel as usize] = *heard;
        }
    }

    /// Nothing is kept from here on.
    pub(super) fn rest(&mut self, at: Position) {
        if !self.rests() {
            self.rests.push((at.max(self.base), Position::MAX));
        }
    }

    /// What is heard from here on is kept again.
    pub(super) fn resume(&mut self, at: Position) {
        if let Some((from, to)) = self.rests.last_mut().filter(|(_, to)| *to == Position::MAX) {
            *to = at.max(*from);
        }
    }

    /// Nothing was kept between these, though it should have been.
    pub(super) fn miss(&mut self, from: Position, to: Position) {
        if !self.rests() && from < to {
            self.rests.push((from.max(self.base), to.max(self.base)));
        }
    }

    /// Since when nothing is kept, where that is so now.
    pub(super) fn rests_since(&self) -> Option<Position> {
        self.rests.last().filter(|(_, to)| *to == Position::MAX).map(|(from, _)| *from)
    }

    fn rests(&self) -> bool {
        self.rests_since().is_some()
    }

    /// Takes what lies before `until`, as it is written, a minute at most; whether there was any.
    pub(super) fn take(&mut self, until: Position, write: impl FnOnce(&[u8])) -> bool {
        let until = until.min(self.base + MINUTE);
        if until <= self.base {
            return false;
        }
        let length = (until - self.base) as usize * 2;
        if self.window.len() < length {
            self.window.resize(length, SILENCE);
        }
        write(&self.window[..length]);
        self.window.drain(..length);
        self.rested += self.rests.iter().map(|rest| overlap(*rest, (self.base, until))).sum::<Position>();
        self.base = until;
        self.rests.retain(|(_, to)| *to > until);
        true
    }

    /// How much of what was taken was not kept.
    pub(super) fn rested(&self) -> Position {
        self.rested
    }
}

fn overlap(one: (Position, Position), other: (Position, Position)) -> Position {
    one.1.min(other.1).saturating_sub(one.0.max(other.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(channels: &mut Channels, until: Position) -> (Vec<u8>, Vec<u8>) {
        let mut both = Vec::new();
        channels.take(until, |bytes| both = bytes.to_vec());
        both.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip()
    }

    #[test]
    fn each_side_has_its_channel_and_holes_keep_their_time() {
        let mut channels = Channels::from(100);
        channels.place(Channel::Caller, 100, &[1, 2]);
        channels.place(Channel::Agent, 103, &[8, 9]);
        channels.place(Channel::Caller, 104, &[3]);
        let (caller, agent) = take(&mut channels, 106);
        assert_eq!(caller, [1, 2, SILENCE, SILENCE, 3, SILENCE]);
        assert_eq!(agent, [SILENCE, SILENCE, SILENCE, 8, 9, SILENCE]);
    }

    #[test]
    fn what_lies_before_the_beginning_is_not_kept() {
        let mut channels = Channels::from(100);
        channels.place(Channel::Agent, 98, &[1, 2, 3]);
        channels.place(Channel::Caller, 90, &[1, 2, 3]);
        assert_eq!(take(&mut channels, 102), (vec![SILENCE; 2], vec![3, SILENCE]));
    }

    #[test]
    fn a_rest_is_silent_and_keeps_its_length() {
        let mut channels = Channels::from(0);
        channels.rest(2);
        channels.rest(3);
        channels.place(Channel::Caller, 0, &[1; 3]);
        channels.resume(5);
        channels.place(Channel::Agent, 1, &[2; 8]);
        let (caller, agent) = take(&mut channels, 4);
        assert_eq!((caller, agent), (vec![1, 1, SILENCE, SILENCE], vec![SILENCE, 2, SILENCE, SILENCE]));
        assert_eq!(take(&mut channels, 10).1, [SILENCE, 2, 2, 2, 2, SILENCE]);
        assert_eq!(channels.rested(), 3);
    }

    #[test]
    fn what_was_missed_counts_as_not_kept() {
        let mut channels = Channels::from(0);
        channels.miss(4, 8);
        take(&mut channels, 6);
        assert_eq!(channels.rested(), 2);
        channels.rest(10);
        channels.miss(11, 12);
        take(&mut channels, 20);
        assert_eq!(channels.rested(), 4 + 10);
    }
}
