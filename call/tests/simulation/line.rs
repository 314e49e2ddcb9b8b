//! The telephone line: what the caller really hears, and when marks come back.

use call::MarkId;
use std::collections::BTreeMap;

/// An utterance: the agent's session, answer and item.
pub(crate) type Utterance = (u32, u32, u32);

/// Playing from a moment to another.
#[derive(Clone, Copy)]
struct Piece {
    utterance: Utterance,
    from: u64,
    to: u64,
}

/// A line that plays what it gets back to back, `latency` after it was sent.
pub(crate) struct Line {
    latency: u64,
    pieces: Vec<Piece>,
    /// When the last audio it has got will have been played.
    end: u64,
    /// When each mark that is out will be back.
    marks: BTreeMap<MarkId, u64>,
    dead_since: Option<u64>,
}

impl Line {
    pub(crate) fn new(latency: u64) -> Self {
        Self { latency, pieces: Vec::new(), end: 0, marks: BTreeMap::new(), dead_since: None }
    }

    pub(crate) fn play(&mut self, now: u64, utterance: Utterance, length: u64) {
        let from = self.end.max(now + self.latency);
        self.end = from + length;
        match self.pieces.last_mut() {
            Some(last) if last.utterance == utterance && last.to == from => last.to = self.end,
            _ => self.pieces.push(Piece { utterance, from, to: self.end }),
        }
    }

    /// Gives when the mark will be back, as far as is known now.
    pub(crate) fn mark(&mut self, now: u64, mark: MarkId) -> u64 {
        let back = self.end.max(now + self.latency) + self.latency;
        self.marks.insert(mark, back);
        back
    }

    /// A mark's time has come; `false` when that changed meanwhile.
    pub(crate) fn mark_is_back(&mut self, now: u64, mark: MarkId) -> bool {
        let due = self.marks.get(&mark) == Some(&now);
        if due {
            self.marks.remove(&mark);
        }
        due
    }

    /// Forgets what is not played; gives the marks that come back for it, and when.
    pub(crate) fn clear(&mut self, now: u64) -> Vec<(MarkId, u64)> {
        let cut = now + self.latency;
        self.cut(cut);
        self.end = self.end.min(cut);
        let back = cut + self.latency;
        let early: Vec<_> = self.marks.iter().filter(|(_, due)| **due > back).map(|(mark, _)| (*mark, back)).collect();
        self.marks.extend(early.iter().copied());
        early
    }

    /// Playing stops for a while; gives the marks that come later for it.
    pub(crate) fn stall(&mut self, now: u64, length: u64) -> Vec<(MarkId, u64)> {
        if self.end <= now {
            return Vec::new();
        }
        let mut rest = Vec::new();
        for piece in &mut self.pieces {
            if piece.from >= now {
                (piece.from, piece.to) = (piece.from + length, piece.to + length);
            } else if piece.to > now {
                rest.push(Piece { from: now + length, to: piece.to + length, ..*piece });
                piece.to = now;
            }
        }
        self.pieces.extend(rest);
        self.pieces.sort_by_key(|piece| piece.from);
        self.end += length;
        let playing = now + self.latency;
        let late: Vec<_> =
            self.marks.iter().filter(|(_, due)| **due > playing).map(|(mark, due)| (*mark, due + length)).collect();
        self.marks.extend(late.iter().copied());
        late
    }

    /// The line is gone: nothing more is heard, no mark comes back.
    pub(crate) fn die(&mut self, now: u64) {
        self.dead_since = Some(now);
        self.cut(now);
        self.end = self.end.min(now);
        self.marks.clear();
    }

    fn cut(&mut self, at: u64) {
        for piece in self.pieces.iter_mut().rev().take_while(|piece| piece.to > at) {
            piece.from = piece.from.min(at);
            piece.to = at;
        }
    }

    /// How much of an utterance the caller hears until a moment, in milliseconds.
    pub(crate) fn heard(&self, utterance: Utterance, until: u64) -> u64 {
        let until = until.min(self.dead_since.unwrap_or(until));
        let pieces = self.pieces.iter().filter(|piece| piece.utterance == utterance);
        pieces.map(|piece| piece.to.min(until).saturating_sub(piece.from)).sum()
    }

    /// When the last audio it has got will have been, or was, played.
    pub(crate) fn quiet_from(&self) -> u64 {
        self.end
    }

    pub(crate) fn marks_out(&self) -> usize {
        self.marks.len()
    }
}
