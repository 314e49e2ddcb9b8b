//! When the telephone plays what was sent to it: places agent audio where it was heard.
//!
//! Before it: the reel, which reads what was sent, cleared and returned, and when. After it: [`super::channels`], which
//! gets each piece once, when its place is sure. Pure.
//!
//! The telephone plays audio back to back. Where audio begins after a pause is first taken from when it was sent and
//! how long the way was last time; the next mark that returns says where it ended, and with it where it began. Audio
//! that goes on without a pause is never moved apart. After a clear the marks that were out return at once: then is when
//! the telephone fell silent, and what it would have played later was not heard.

use super::{OVERDUE, Position};
use bytes::Bytes;
use call::MarkId;
use std::collections::VecDeque;

/// How much later than foretold a mark in the middle of speech may return before the telephone is taken to have paused:
/// 40 ms. Lower tears speech apart when the network wavers; higher hides a real pause.
const WAVER: Position = 320;

/// Marks that return this much before the last one after a clear came back because they were played: 10 ms.
const TOGETHER: Position = 80;

/// The most audio that waits to be placed: five minutes. A provider cannot be that far ahead of the ear.
const MOST_WAITING: Position = 300 * 8_000;

/// Agent audio on its way to the ear.
#[derive(Clone, Debug)]
pub(super) enum Sound {
    /// Mu-law.
    Heard(Bytes),
    /// So many samples that are not kept.
    Unkept(u32),
}

impl Sound {
    fn len(&self) -> Position {
        match self {
            Self::Heard(bytes) => bytes.len() as Position,
            Self::Unkept(samples) => Position::from(*samples),
        }
    }
}

#[derive(Debug)]
struct Piece {
    sent: Position,
    /// Foretold.
    start: Position,
    sound: Sound,
}

impl Piece {
    fn end(&self) -> Position {
        self.start + self.sound.len()
    }
}

#[derive(Debug)]
enum Item {
    Sound(Piece),
    Mark(MarkId, Option<Position>),
}

/// What was cleared, until its marks are back.
#[derive(Debug)]
struct Cut {
    items: VecDeque<Item>,
    at: Position,
    out: usize,
}

/// The telephone's queue, as far as one knows.
#[derive(Debug, Default)]
pub(super) struct Playout {
    queue: VecDeque<Item>,
    cut: Option<Cut>,
    /// Both ways together, as measured last.
    delay: Option<Position>,
    /// Everything before is placed.
    placed: Position,
    /// When the telephone last fell silent because of a clear.
    silent: Position,
    waiting: Position,
}

impl Playout {
    /// Agent audio was sent.
    pub(super) fn sent(&mut self, at: Position, sound: Sound) {
        let length = sound.len();
        if length == 0 || self.waiting + length > MOST_WAITING {
            return;
        }
        self.waiting += length;
        let start = end_of(&self.queue).unwrap_or(self.placed).max(at + self.delay.unwrap_or(0));
        self.queue.push_back(Item::Sound(Piece { sent: at, start, sound }));
    }

    /// A mark was sent.
    pub(super) fn marked(&mut self, mark: MarkId) {
        self.queue.push_back(Item::Mark(mark, None));
    }

    /// A mark came back.
    pub(super) fn returned(&mut self, at: Position, mark: MarkId, place: &mut dyn FnMut(Position, &[u8])) {
        if let Some(cut) = &mut self.cut
            && let Some(Item::Mark(_, back)) = cut.items.iter_mut().find(|item| item.is(mark))
        {
            cut.out -= usize::from(back.replace(at).is_none());
            if cut.out == 0 {
                self.end_cut(at, place);
            }
            return;
        }
        let Some(index) = self.queue.iter().position(|item| item.is(mark)) else { return };
        self.end_cut_by_clock(place);
        let segment: VecDeque<Item> = self.queue.drain(..=index).collect();
        self.played(segment, at, place);
        self.foretell_queue();
    }

    /// A clear was sent.
    pub(super) fn cleared(&mut self, at: Position, place: &mut dyn FnMut(Position, &[u8])) {
        self.end_cut_by_clock(place);
        let items = std::mem::take(&mut self.queue);
        let out = items.iter().filter(|item| matches!(item, Item::Mark(..))).count();
        self.cut = Some(Cut { items, at, out });
        if out == 0 {
            self.end_cut_by_clock(place);
        }
    }

    /// Time has passed: of marks that should be back long since the clock is believed.
    pub(super) fn passed(&mut self, at: Position, place: &mut dyn FnMut(Position, &[u8])) {
        if self.cut.as_ref().is_some_and(|cut| cut.at + self.delay.unwrap_or(0) + OVERDUE <= at) {
            self.end_cut_by_clock(place);
        }
        if self.cut.is_none() {
            while let Some(item) = self.queue.pop_front_if(|item| item.is_done(at.saturating_sub(OVERDUE))) {
                self.put(item, Position::MAX, place);
            }
        }
    }

    /// The stream is over, or nothing is known of what came next.
    pub(super) fn finish(&mut self, at: Position, place: &mut dyn FnMut(Position, &[u8])) {
        self.end_cut_by_clock(place);
        for item in std::mem::take(&mut self.queue) {
            self.put(item, at, place);
        }
        self.placed = self.placed.max(at);
    }

    /// Before this nothing more is placed, given that nothing that is still to be told happened before `at`.
    pub(super) fn settled(&self, at: Position) -> Position {
        let cut = self.cut.iter().flat_map(|cut| &cut.items);
        let first = cut.chain(&self.queue).find_map(|item| match item {
            Item::Sound(piece) => Some(piece.sent),
            Item::Mark(..) => None,
        });
        first.map_or(at, |sent| sent.max(self.placed).min(at))
    }

    /// A mark came back because all of this was played.
    fn played(&mut self, mut segment: VecDeque<Item>, at: Position, place: &mut dyn FnMut(Position, &[u8])) {
        let mut end = self.placed;
        // Where sound begins after a pause, if it does: there, and only there, the foretelling may be off by the way.
        let mut begins = None;
        for (index, item) in segment.iter().enumerate() {
            let Item::Sound(piece) = item else { continue };
            if piece.start > end || end == self.silent {
                begins = Some((index, end));
            }
            end = piece.end();
        }
        let late = i64::try_from(at).unwrap_or(i64::MAX).saturating_sub_unsigned(end);
        let shift = match begins {
            Some((index, free)) => Some((index, self.shift(&segment[index], free, late))),
            None if late > WAVER as i64 => Some((0, late)),
            None => None,
        };
        if let Some((from, by)) = shift {
            for item in segment.iter_mut().skip(from) {
                if let Item::Sound(piece) = item {
                    piece.start = piece.start.saturating_add_signed(by);
                }
            }
        }
        for item in segment {
            self.put(item, Position::MAX, place);
        }
    }

    /// How far sound that begins here moves: not into what was played before, and not before it was sent.
    fn shift(&mut self, item: &Item, free: Position, late: i64) -> i64 {
        let Item::Sound(piece) = item else { return 0 };
        let start = piece.start.saturating_add_signed(late).max(free).max(piece.sent);
        if start > free {
            self.delay = Some(start - piece.sent);
        }
        start as i64 - piece.start as i64
    }

    /// Foretells anew what waits.
    fn foretell(&self, items: &mut VecDeque<Item>) {
        let (mut end, delay) = (self.placed, self.delay.unwrap_or(0));
        for item in items {
            let Item::Sound(piece) = item else { continue };
            piece.start = end.max(piece.sent + delay);
            end = piece.end();
        }
    }

    fn end_cut_by_clock(&mut self, place: &mut dyn FnMut(Position, &[u8])) {
        if let Some(cut) = &mut self.cut {
            // Nothing was measured.
            cut.out = usize::MAX;
            let silent = cut.at + self.delay.unwrap_or(0);
            self.end_cut(silent, place);
        }
    }

    /// The telephone fell silent at `silent`.
    fn end_cut(&mut self, silent: Position, place: &mut dyn FnMut(Position, &[u8])) {
        let Some(Cut { mut items, at, out }) = self.cut.take() else { return };
        let genuine = |item: &Item| matches!(item, Item::Mark(_, Some(back)) if back + TOGETHER < silent);
        while let Some(index) = items.iter().position(genuine) {
            let Item::Mark(_, Some(back)) = items[index] else { break };
            let segment = items.drain(..=index).collect();
            self.played(segment, back, place);
            self.foretell(&mut items);
        }
        if self.delay.is_none() && out == 0 {
            // The first clear of a call may be all that tells how long the way is: it was obeyed now, or all was played.
            let end = end_of(&items).unwrap_or(self.placed);
            self.delay = Some(silent.saturating_sub(at).max(silent.saturating_sub(end)));
        }
        self.foretell(&mut items);
        for item in items {
            self.put(item, silent, place);
        }
        self.placed = self.placed.max(silent);
        self.silent = self.placed;
        self.foretell_queue();
    }

    fn foretell_queue(&mut self) {
        let mut queue = std::mem::take(&mut self.queue);
        self.foretell(&mut queue);
        self.queue = queue;
    }

    /// Places what of it was heard before `until`.
    fn put(&mut self, item: Item, until: Position, place: &mut dyn FnMut(Position, &[u8])) {
        let Item::Sound(piece) = item else { return };
        self.waiting -= piece.sound.len();
        let heard = piece.end().min(until).saturating_sub(piece.start);
        if heard == 0 {
            return;
        }
        if let Sound::Heard(bytes) = &piece.sound {
            place(piece.start, &bytes[..heard as usize]);
        }
        self.placed = piece.start + heard;
    }
}

/// Where the last sound ends.
fn end_of(items: &VecDeque<Item>) -> Option<Position> {
    items.iter().rev().find_map(|item| match item {
        Item::Sound(piece) => Some(piece.end()),
        Item::Mark(..) => None,
    })
}

impl Item {
    fn is(&self, mark: MarkId) -> bool {
        matches!(self, Self::Mark(own, _) if *own == mark)
    }

    fn is_done(&self, by: Position) -> bool {
        match self {
            Self::Sound(piece) => piece.end() <= by,
            // What was before it is placed: it is overdue itself.
            Self::Mark(..) => true,
        }
    }
}

#[cfg(test)]
mod tests;
