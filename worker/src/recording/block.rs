//! What the driver hands over: records, one behind the other, in a buffer that is used again.
//!
//! Before it: the tap, which appends. After it: the reel, which reads them back. A record is its kind, a position, the
//! length of what follows, and that: base64 text as it came, or a mark.

use super::Position;
use call::MarkId;

/// Kind, position and length.
const HEAD: usize = 1 + 8 + 4;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// Caller audio that begins there: base64 mu-law.
    Caller(Position, &'a [u8]),
    /// Agent audio was sent: base64 mu-law.
    Agent(Position, &'a [u8]),
    /// Agent audio was sent whose sound is not kept; so many samples.
    Unkept(Position, u32),
    /// A mark was sent.
    Marked(Position, MarkId),
    /// It came back.
    Returned(Position, MarkId),
    /// A clear was sent.
    Cleared(Position),
    /// What is heard from here on is kept. When that was, milliseconds since 1970.
    Kept(Position, u64),
    /// Nothing is kept from here on.
    Rested(Position),
    /// What happened before, since the last record of the block before, was lost.
    Missed(Position),
}

impl<'a> Record<'a> {
    /// Appends it.
    pub(super) fn write(self, block: &mut Vec<u8>) {
        match self {
            Self::Caller(at, text) => append(block, 0, at, text),
            Self::Agent(at, text) => append(block, 1, at, text),
            Self::Unkept(at, samples) => append(block, 2, at, &samples.to_le_bytes()),
            Self::Marked(at, mark) => append(block, 3, at, &mark_bytes(mark)),
            Self::Returned(at, mark) => append(block, 4, at, &mark_bytes(mark)),
            Self::Cleared(at) => append(block, 5, at, &[]),
            Self::Kept(at, unix_ms) => append(block, 6, at, &unix_ms.to_le_bytes()),
            Self::Rested(at) => append(block, 7, at, &[]),
            Self::Missed(at) => append(block, 8, at, &[]),
        }
    }

    /// All records of a block, in order. Reading ends where a block does not go on as one.
    pub(super) fn all(block: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = block;
        std::iter::from_fn(move || {
            let (head, body) = rest.split_at_checked(HEAD)?;
            let at = Position::from_le_bytes(head[1..9].try_into().ok()?);
            let length = u32::from_le_bytes(head[9..].try_into().ok()?);
            let (body, after) = body.split_at_checked(length as usize)?;
            rest = after;
            Self::read(head[0], at, body)
        })
    }

    fn read(kind: u8, at: Position, body: &'a [u8]) -> Option<Self> {
        Some(match kind {
            0 => Self::Caller(at, body),
            1 => Self::Agent(at, body),
            2 => Self::Unkept(at, u32::from_le_bytes(body.try_into().ok()?)),
            3 => Self::Marked(at, mark(body)?),
            4 => Self::Returned(at, mark(body)?),
            5 => Self::Cleared(at),
            6 => Self::Kept(at, u64::from_le_bytes(body.try_into().ok()?)),
            7 => Self::Rested(at),
            8 => Self::Missed(at),
            _ => return None,
        })
    }

    /// Where it stands.
    pub(super) fn at(self) -> Position {
        match self {
            Self::Caller(at, _)
            | Self::Agent(at, _)
            | Self::Unkept(at, _)
            | Self::Marked(at, _)
            | Self::Returned(at, _)
            | Self::Cleared(at)
            | Self::Kept(at, _)
            | Self::Rested(at)
            | Self::Missed(at) => at,
        }
    }
}

fn append(block: &mut Vec<u8>, kind: u8, at: Position, body: &[u8]) {
    let mut head = [kind; HEAD];
    head[1..9].copy_from_slice(&at.to_le_bytes());
    head[9..].copy_from_slice(&(body.len() as u32).to_le_bytes());
    block.extend_from_slice(&head);
    block.extend_from_slice(body);
}

fn mark_bytes(mark: MarkId) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&mark.generation.to_le_bytes());
    bytes[4..].copy_from_slice(&mark.number.to_le_bytes());
    bytes
}

fn mark(bytes: &[u8]) -> Option<MarkId> {
    let (generation, number) = bytes.split_first_chunk::<4>()?;
    let number = number.try_into().ok()?;
    Some(MarkId { generation: u32::from_le_bytes(*generation), number: u32::from_le_bytes(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order() {
        let mark = MarkId { generation: 3, number: 77 };
        let all = [
            Record::Kept(0, 1_795_000_000_000),
            Record::Caller(0, b"f39/"),
            Record::Agent(160, b"AAAA"),
            Record::Unkept(320, 8_000),
            Record::Marked(320, mark),
            Record::Returned(9_000_000_000, mark),
            Record::Cleared(5),
            Record::Rested(6),
            Record::Missed(7),
            Record::Caller(8, b""),
        ];
        let mut block = Vec::new();
        all.iter().for_each(|record| record.write(&mut block));
        assert_eq!(Record::all(&block).collect::<Vec<_>>(), all);
        for length in 0..block.len() {
            assert!(Record::all(&block[..length]).count() < all.len());
        }
    }
}
