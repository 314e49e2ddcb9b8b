//! The outbox read over all shards: a merge of their streams by age.

use super::super::place::{Place, SHARDS};
use super::super::unreadable_entry;
use super::link::failed;
use super::{OUTBOX_MS, Redis, refused, scripts};
use bytes::Bytes;
use common::event::Envelope;
use common::ports::{OutboxId, StateError};
use fred::interfaces::{ClientLike, StreamsInterface};
use fred::types::{CustomCommand, Value};
use futures_util::future::try_join_all;
use std::collections::HashMap;

/// The fewest entries asked of a shard at once. Much fewer makes more round trips, much more reads what others hold
/// older.
const BITE_MIN: usize = 8;

/// How many unreadable entries a shard keeps for a person to look at.
const UNREADABLE_MAX: i64 = 1000;

/// An entry as it stands in a stream.
struct Entry {
    place: Place,
    payload: Option<Bytes>,
}

/// How far a shard was read.
#[derive(Clone, Copy)]
enum Read {
    Nothing,
    To(Place),
    Everything,
}

impl Redis {
    /// The `max` oldest that can be read, of those written until `until_ms`.
    pub(super) async fn oldest(&self, until_ms: u64, max: usize) -> Result<Vec<(OutboxId, Envelope)>, StateError> {
        let mut ready = Vec::new();
        if max == 0 {
            return Ok(ready);
        }
        for entry in self.merged(until_ms, max).await? {
            match entry.payload.as_deref().map(serde_json::from_slice) {
                Some(Ok(event)) => ready.push((entry.place.id(), event)),
                Some(Err(_)) | None => self.set_aside(entry.place).await?,
            }
        }
        Ok(ready)
    }

    /// The store's milliseconds since 1970.
    pub(super) async fn time_ms(&self) -> Result<u64, StateError> {
        let time = CustomCommand::new_static("TIME", None, false);
        let (seconds, micros): (u64, u64) = self.link.redis.custom(time, Vec::<Value>::new()).await.map_err(failed)?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Reads every shard a bite at a time, until no shard can hold anything older than the youngest that is given.
    async fn merged(&self, until_ms: u64, max: usize) -> Result<Vec<Entry>, StateError> {
        let bite = BITE_MIN.max(max / usize::from(SHARDS) * 2);
        let mut progress = [Read::Nothing; SHARDS as usize];
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let youngest = entries.get(max - 1).map(|entry| entry.place);
            let open = (0..SHARDS).zip(progress).filter(|(_, read)| may_hold_older(*read, youngest));
            let bites = try_join_all(open.map(|(shard, read)| self.bite(shard, read, until_ms, bite))).await?;
            if bites.is_empty() {
                return Ok(entries);
            }
            for (shard, read, more) in bites {
                progress[usize::from(shard)] = read;
                entries.extend(more);
            }
            entries.sort_by_key(|entry| entry.place);
            entries.truncate(max);
        }
    }

    async fn bite(
        &self,
        shard: u8,
        read: Read,
        until_ms: u64,
        bite: usize,
    ) -> Result<(u8, Read, Vec<Entry>), StateError> {
        let from = match read {
            Read::To(place) => format!("({}", place.entry()),
            Read::Nothing | Read::Everything => "-".into(),
        };
        let range = self.link.redis.xrange_values(self.keys.outbox(shard), from, until_ms, Some(bite as u64));
        let found: Vec<(String, HashMap<String, Bytes>)> = range.await.map_err(failed)?;
        let full = found.len() == bite;
        let entries = found.into_iter().map(|(id, mut fields)| {
            let place = Place::in_shard(shard, &id).ok_or_else(|| refused("a stream with a strange id"))?;
            Ok(Entry { place, payload: fields.remove("e") })
        });
        let entries: Vec<Entry> = entries.collect::<Result<_, StateError>>()?;
        let read = match entries.last() {
            Some(last) if full => Read::To(last.place),
            _ => Read::Everything,
        };
        Ok((shard, read, entries))
    }

    async fn set_aside(&self, place: Place) -> Result<(), StateError> {
        let keys = vec![self.keys.outbox(place.shard).into(), self.keys.unreadable(place.shard).into()];
        let args = vec![place.entry().into(), OUTBOX_MS.into(), UNREADABLE_MAX.into()];
        let moved: u32 = self.link.run(&scripts::SET_ASIDE, keys, args).await?;
        if moved == 1 {
            unreadable_entry(place);
        }
        Ok(())
    }
}

fn may_hold_older(read: Read, youngest: Option<Place>) -> bool {
    match (read, youngest) {
        (Read::Everything, _) => false,
        (Read::Nothing, _) | (_, None) => true,
        (Read::To(last), Some(youngest)) => last < youngest,
    }
}
