//! State in Redis: one server or a cluster, 6.2 or newer, that evicts nothing and keeps an append-only file.
//!
//! Every step is one command or one Lua script, so that two processes never see half of it. All keys stand under one
//! prefix and all of them expire. It never waits longer than a quarter of a second and never queues while Redis is
//! away; going on without it is the caller's business.

mod fields;
mod health;
mod keys;
mod link;
mod outbox;
mod scripts;

use self::keys::Keys;
use self::link::{Link, failed};
use super::place::{Place, shard_of};
use super::{ENDED_KEPT, OUTBOX_KEPT, SESSION_KEPT, refused};
use async_trait::async_trait;
use bytes::Bytes;
use common::event::Envelope;
use common::ids::{BootId, CallId, CompanyId, WorkerId};
use common::ports::{
    Admission, Answer, Fence, Health, Lease, OutboxId, PoolEntry, Session, SessionWrite, Spend, State, StateError,
    WorkerRecord, Written,
};
use fred::interfaces::{HashesInterface, KeysInterface, SortedSetsInterface, StreamsInterface};
use fred::types::{Expiration, SetOptions, Value};
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const SESSION_MS: i64 = SESSION_KEPT.as_millis() as i64;
const ENDED_MS: i64 = ENDED_KEPT.as_millis() as i64;
const OUTBOX_MS: i64 = OUTBOX_KEPT.as_millis() as i64;

/// How long the names of the pool are kept after the last worker renewed: longer than any lease.
const NAMES_MS: i64 = 24 * 3600 * 1000;

/// Stands for an answer underway; a given one begins with [`GIVEN`].
const UNDERWAY: &str = "?";

/// Stands before an answer.
const GIVEN: u8 = b'=';

/// State in Redis. A clone is another handle to the same connection.
#[derive(Clone)]
pub struct Redis {
    link: Link,
    keys: Keys,
}

impl Redis {
    /// Connects to `url`, with all keys under `prefix` (`pb` in production). Whether the server is there is for
    /// [`State::check`] to say: where it is not, this goes on trying for ever.
    pub async fn connect(url: &str, prefix: &str) -> Result<Self, StateError> {
        Ok(Self { link: Link::open(url).await?, keys: Keys::under(prefix) })
    }

    /// One shard's events, in one step.
    async fn append(&self, shard: u8, events: &[&Envelope]) -> Result<Vec<OutboxId>, StateError> {
        let mut args = vec![Value::from(OUTBOX_MS)];
        for event in events {
            args.push(json(event)?);
        }
        let ids: Vec<String> = self.link.run(&scripts::ENQUEUE, vec![self.keys.outbox(shard).into()], args).await?;
        places(shard, &ids)
    }
}

#[async_trait]
impl State for Redis {
    async fn check(&self) -> Result<Health, StateError> {
        self.health().await
    }

    async fn register(&self, worker: &WorkerRecord, ttl: Duration) -> Result<(), StateError> {
        let keys = vec![self.keys.lease(&worker.id).into(), self.keys.names().into()];
        let record = json(worker)?;
        let args =
            vec![worker.boot.as_str().into(), record, millis(ttl).into(), worker.id.as_str().into(), NAMES_MS.into()];
        self.link.run(&scripts::REGISTER, keys, args).await
    }

    async fn renew(&self, worker: &WorkerId, boot: &BootId, ttl: Duration) -> Result<Lease, StateError> {
        let keys = vec![self.keys.lease(worker).into(), self.keys.names().into()];
        let args = vec![boot.as_str().into(), millis(ttl).into(), NAMES_MS.into()];
        let held: u32 = self.link.run(&scripts::RENEW, keys, args).await?;
        Ok(if held == 1 { Lease::Held } else { Lease::Forgotten })
    }

    async fn retire(&self, worker: &WorkerId, boot: &BootId) -> Result<(), StateError> {
        let keys = vec![self.keys.lease(worker).into(), self.keys.names().into()];
        self.link.run(&scripts::RETIRE, keys, vec![boot.as_str().into(), worker.as_str().into()]).await
    }

    async fn pool(&self) -> Result<Vec<PoolEntry>, StateError> {
        let (keys, args) = (vec![self.keys.names().into()], vec![self.keys.before_name().into()]);
        let pairs: Vec<(Bytes, u64)> = self.link.run(&scripts::POOL, keys, args).await?;
        // A record that cannot be read is of another build, which looks after its own workers.
        let readable = pairs.into_iter().filter_map(|(record, last_assigned_ms)| {
            serde_json::from_slice(&record).ok().map(|worker| PoolEntry { worker, last_assigned_ms })
        });
        let mut pool: Vec<PoolEntry> = readable.collect();
        pool.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
        Ok(pool)
    }

    async fn assigned(&self, worker: &WorkerId) -> Result<(), StateError> {
        self.link.run(&scripts::ASSIGNED, vec![self.keys.lease(worker).into()], Vec::new()).await
    }

    async fn admit(
        &self,
        company: &CompanyId,
        call: &CallId,
        most: u32,
        ttl: Duration,
    ) -> Result<Admission, StateError> {
        let keys = vec![self.keys.admitted(company).into()];
        let args = vec![call.as_str().into(), i64::from(most).into(), millis(ttl).into()];
        let counted: u32 = self.link.run(&scripts::ADMIT, keys, args).await?;
        Ok(if counted == 1 { Admission::Admitted } else { Admission::Full })
    }

    async fn dismiss(&self, company: &CompanyId, call: &CallId) -> Result<(), StateError> {
        self.link.redis.zrem(self.keys.admitted(company), call.as_str()).await.map_err(failed)
    }

    async fn claim(&self, call: &CallId) -> Result<Session, StateError> {
        let (keys, args) = (vec![self.keys.session(call).into()], vec![SESSION_MS.into(), ENDED_MS.into()]);
        let fields: HashMap<String, Bytes> = self.link.run(&scripts::CLAIM, keys, args).await?;
        fields::read(fields)?.ok_or_else(|| refused("a claim without a session"))
    }

    async fn write(&self, write: &SessionWrite) -> Result<Written, StateError> {
        let shard = shard_of(&write.call);
        let keys = vec![self.keys.session(&write.call).into(), self.keys.outbox(shard).into()];
        let fields = fields::named(write);
        let mut args: Vec<Value> = vec![write.epoch.to_string().into(), SESSION_MS.into(), ENDED_MS.into()];
        args.extend([OUTBOX_MS.into(), (fields.len() as i64).into()]);
        args.extend(fields);
        for event in &write.events {
            args.push(json(event)?);
        }
        let answer: Vec<String> = self.link.run(&scripts::WRITE, keys, args).await?;
        let (fence, ids) = answer.split_first().ok_or_else(|| refused("a write without an answer"))?;
        Ok(Written { fence: read_fence(fence)?, outbox: places(shard, ids)? })
    }

    async fn session(&self, call: &CallId) -> Result<Option<Session>, StateError> {
        fields::read(self.link.redis.hgetall(self.keys.session(call)).await.map_err(failed)?)
    }

    async fn enqueue(&self, events: &[Envelope]) -> Result<Vec<OutboxId>, StateError> {
        let mut shards: BTreeMap<u8, Vec<&Envelope>> = BTreeMap::new();
        for event in events {
            shards.entry(shard_of(&event.key.call)).or_default().push(event);
        }
        let appended = shards.iter().map(|(shard, events)| self.append(*shard, events));
        let ids = try_join_all(appended).await?;
        // Back into the order in which the events came.
        let mut ids: BTreeMap<u8, _> = shards.into_keys().zip(ids.into_iter().map(Vec::into_iter)).collect();
        let next = |event: &Envelope| ids.get_mut(&shard_of(&event.key.call)).and_then(Iterator::next);
        events.iter().map(next).collect::<Option<_>>().ok_or_else(|| refused("fewer entries than events"))
    }

    async fn outbox(&self, age: Duration, max: usize) -> Result<Vec<(OutboxId, Envelope)>, StateError> {
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let until_ms = self.time_ms().await?.saturating_sub(age_ms);
        self.oldest(until_ms, max).await
    }

    async fn forget(&self, ids: &[OutboxId]) -> Result<(), StateError> {
        let mut shards: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for place in ids.iter().filter_map(Place::read) {
            shards.entry(place.shard).or_default().push(place.entry());
        }
        let forgotten = shards.into_iter().map(|(shard, entries)| {
            let key = self.keys.outbox(shard);
            async move { self.link.redis.xdel::<(), _, _>(key, entries).await.map_err(failed) }
        });
        try_join_all(forgotten).await.map(drop)
    }

    async fn begin_answer(&self, key: &str, hold: Duration) -> Result<Answer, StateError> {
        let (keys, args) = (vec![self.keys.answer(key).into()], vec![UNDERWAY.into(), millis(hold).into()]);
        let answer: Option<Bytes> = self.link.run(&scripts::BEGIN_ANSWER, keys, args).await?;
        Ok(match answer {
            None => Answer::Yours,
            Some(answer) if answer.first() == Some(&GIVEN) => Answer::Given(answer.slice(1..)),
            Some(_) => Answer::Underway,
        })
    }

    async fn give_answer(&self, key: &str, answer: &[u8], ttl: Duration) -> Result<(), StateError> {
        let value = Value::Bytes([&[GIVEN], answer].concat().into());
        let ttl = Some(Expiration::PX(millis(ttl)));
        self.link.redis.set(self.keys.answer(key), value, ttl, None, false).await.map_err(failed)
    }

    async fn spend(&self, token: &str, ttl: Duration) -> Result<Spend, StateError> {
        let (key, ttl) = (self.keys.token(token), Some(Expiration::PX(millis(ttl))));
        let set: Option<String> =
            self.link.redis.set(key, "", ttl, Some(SetOptions::NX), false).await.map_err(failed)?;
        Ok(if set.is_some() { Spend::First } else { Spend::Again })
    }
}

fn read_fence(word: &str) -> Result<Fence, StateError> {
    match word {
        "held" => Ok(Fence::Held),
        "recreated" => Ok(Fence::Recreated),
        "fenced" => Ok(Fence::Fenced),
        _ => Err(refused("a write with a strange answer")),
    }
}

fn places(shard: u8, ids: &[String]) -> Result<Vec<OutboxId>, StateError> {
    let places = ids.iter().map(|id| Place::in_shard(shard, id).map(|place| place.id()));
    places.collect::<Option<_>>().ok_or_else(|| refused("a stream with a strange id"))
}

fn json(value: &impl serde::Serialize) -> Result<Value, StateError> {
    serde_json::to_vec(value).map(|json| Value::Bytes(json.into())).map_err(refused)
}

/// For an expiry: Redis keeps nothing for less than a millisecond.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).max(1)
}
