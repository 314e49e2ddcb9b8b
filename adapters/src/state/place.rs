//! Where an event stands in the outbox: which shard, and which entry of its stream. Text form `17:1764000000000-0`.

use common::ids::CallId;
use common::ports::OutboxId;
use std::fmt;

/// In how many streams the outbox is split. A call's session and its events share a shard, so that one step writes
/// both on a Redis Cluster too. Changing it strands what waits in shards that are no longer read.
pub(super) const SHARDS: u8 = 64;

/// The shard of a call. FNV-1a, because every process and every version must agree on it.
pub(super) fn shard_of(call: &CallId) -> u8 {
    let hash = call
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Folded, because the upper half alone hardly hears of the last digits.
    (((hash >> 32) ^ (hash & 0xffff_ffff)) % u64::from(SHARDS)) as u8
}

/// A place in the outbox, ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Store's milliseconds when it was written.
    pub(super) ms: u64,
    /// Counts within the millisecond.
    pub(super) sequence: u64,
    /// Which stream.
    pub(super) shard: u8,
}

impl Place {
    /// From a stream's own entry id, `1764000000000-0`.
    pub(super) fn in_shard(shard: u8, entry: &str) -> Option<Self> {
        let (ms, sequence) = entry.split_once('-')?;
        Some(Self { ms: ms.parse().ok()?, sequence: sequence.parse().ok()?, shard })
    }

    /// From the text form; `None` for what this system never wrote.
    pub(super) fn read(id: &OutboxId) -> Option<Self> {
        let (shard, entry) = id.0.split_once(':')?;
        let shard = shard.parse().ok().filter(|shard| *shard < SHARDS)?;
        Self::in_shard(shard, entry)
    }

    /// The stream's own entry id.
    pub(super) fn entry(&self) -> String {
        format!("{}-{}", self.ms, self.sequence)
    }

    /// The text form.
    pub(super) fn id(&self) -> OutboxId {
        OutboxId(self.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.shard, self.ms, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text_form() {
        let place = Place { ms: 1_764_000_000_000, sequence: 3, shard: 17 };
        assert_eq!(place.id(), OutboxId("17:1764000000000-3".into()));
        assert_eq!(Place::read(&place.id()), Some(place));
    }

    #[test]
    fn what_is_no_place_is_not_read() {
        for wrong in ["", "17", "17:", "17:x-1", "64:1-1", "-1:1-1", "a:1-1", "1:1"] {
            assert_eq!(Place::read(&OutboxId(wrong.into())), None, "{wrong}");
        }
    }

    #[test]
    fn calls_spread_over_all_shards() {
        let mut hits = [0_u32; SHARDS as usize];
        for n in 0..6400_u32 {
            let call = CallId::parse(format!("CA{n:032x}")).unwrap();
            hits[usize::from(shard_of(&call))] += 1;
        }
        assert!(hits.iter().all(|hits| (50..200).contains(hits)), "{hits:?}");
    }

    #[test]
    fn a_call_stays_in_its_shard_from_version_to_version() {
        let call = CallId::parse("CA00000000000000000000000000000002").unwrap();
        assert_eq!(shard_of(&call), 63);
    }
}
