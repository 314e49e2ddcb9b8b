//! The provider's ids as small numbers, in the order first seen. Bounded: the oldest are forgotten.

use call::{ItemId, ReplyId};
use std::collections::VecDeque;

/// How many names are kept. A transcript may come some turns late and a truncation names what is still being played;
/// nothing reaches back hundreds of items. Lower would forget those, higher only costs memory.
const KEPT: usize = 128;

/// The longest name kept whole; OpenAI's have about 30 characters.
const LONGEST: usize = 128;

/// Names in the order seen, numbered from 1.
#[derive(Default)]
pub(super) struct Names {
    names: VecDeque<Box<str>>,
    forgotten: u32,
}

/// Whether a name was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Now,
    Before,
}

impl Names {
    /// The name's number; a new one when it was not seen before.
    pub(super) fn number(&mut self, name: &str) -> (u32, Seen) {
        let name = cut(name, LONGEST);
        match self.find(name) {
            Some(number) => (number, Seen::Before),
            None => (self.add(name), Seen::Now),
        }
    }

    /// The number of a name seen before. Looks from the newest: nearly always it is that one.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let name = cut(name, LONGEST);
        let index = self.names.iter().rposition(|known| **known == *name)?;
        Some(self.forgotten + index as u32 + 1)
    }

    /// The name of a number, unless it was forgotten.
    pub(super) fn name(&self, number: u32) -> Option<&str> {
        let index = number.checked_sub(self.forgotten + 1)?;
        self.names.get(index as usize).map(|name| &**name)
    }

    /// The newest name that begins so.
    pub(super) fn beginning_with(&self, start: &str) -> Option<&str> {
        self.names.iter().rev().find(|name| name.starts_with(start)).map(|name| &**name)
    }

    /// A number for something without a name.
    pub(super) fn unnamed(&mut self) -> u32 {
        self.add("")
    }

    fn add(&mut self, name: &str) -> u32 {
        self.names.push_back(name.into());
        if self.names.len() > KEPT {
            self.names.pop_front();
            self.forgotten = self.forgotten.wrapping_add(1);
        }
        self.forgotten + self.names.len() as u32
    }

    /// A name's number as an item.
    pub(super) fn item(&mut self, name: Option<&str>) -> ItemId {
        ItemId(match name {
            Some(name) => self.number(name).0,
            None => self.unnamed(),
        })
    }
}

/// Answers, and which of them are over.
#[derive(Default)]
pub(super) struct Replies {
    names: Names,
    /// Numbers of answers that are over, as many as names are kept.
    over: VecDeque<u32>,
    newest: Option<ReplyId>,
}

impl Replies {
    /// The answer's number. A server that does not name it means the newest one.
    pub(super) fn number(&mut self, name: Option<&str>) -> (ReplyId, Seen) {
        let (number, seen) = match (name, self.newest) {
            (Some(name), _) => self.names.number(name),
            (None, Some(newest)) if !self.is_over(newest) => (newest.0, Seen::Before),
            (None, _) => (self.names.unnamed(), Seen::Now),
        };
        if seen == Seen::Now {
            self.newest = Some(ReplyId(number));
        }
        (ReplyId(number), seen)
    }

    /// An answer that was asked for and refused: it is over before it began.
    pub(super) fn failed(&mut self) -> ReplyId {
        let reply = ReplyId(self.names.unnamed());
        self.end(reply);
        reply
    }

    /// The answer's name.
    pub(super) fn name(&self, reply: ReplyId) -> Option<&str> {
        self.names.name(reply.0).filter(|name| !name.is_empty())
    }

    /// Whether the answer is over.
    pub(super) fn is_over(&self, reply: ReplyId) -> bool {
        self.over.contains(&reply.0)
    }

    /// Remembers that the answer is over; `Before` when it already was.
    pub(super) fn end(&mut self, reply: ReplyId) -> Seen {
        if self.is_over(reply) {
            return Seen::Before;
        }
        self.over.push_back(reply.0);
        if self.over.len() > KEPT {
            self.over.pop_front();
        }
        Seen::Now
    }
}

/// The beginning of a text: at most so many bytes, whole characters.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_the_oldest_are_forgotten() {
        let mut names = Names::default();
        assert_eq!(names.number("a"), (1, Seen::Now));
        assert_eq!(names.number("b"), (2, Seen::Now));
        assert_eq!(names.number("a"), (1, Seen::Before));
        assert_eq!(names.name(2), Some("b"));
        for number in 3..=130 {
            assert_eq!(names.number(&format!("n{number}")), (number, Seen::Now));
        }
        assert_eq!(names.name(1), None);
        assert_eq!(names.name(0), None);
        assert_eq!(names.find("b"), None);
        assert_eq!(names.name(3), Some("n3"));
        assert_eq!(names.name(131), None);
        assert_eq!(names.number("a"), (131, Seen::Now));
    }

    #[test]
    fn an_answer_ends_once() {
        let mut replies = Replies::default();
        let (reply, seen) = replies.number(Some("resp_1"));
        assert_eq!((reply, seen), (ReplyId(1), Seen::Now));
        assert_eq!(replies.number(None), (ReplyId(1), Seen::Before));
        assert_eq!(replies.end(reply), Seen::Now);
        assert_eq!(replies.end(reply), Seen::Before);
        assert_eq!(replies.number(None), (ReplyId(2), Seen::Now));
    }
}
