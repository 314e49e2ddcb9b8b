//! State in this process: for `patchbay up` without servers, and for tests. As awkward as Redis: it expires, fences,
//! refuses, can be full and can be taken away.
//!
//! Time is tokio's, so a test that pauses it decides when a lease ends. Nothing here survives the process. It never
//! waits: one lock, held for one step.

use super::expiring::Expiring;
use super::place::{Place, shard_of};
use super::{ENDED_KEPT, OUTBOX_KEPT, SESSION_KEPT, away, refused, unreadable_entry};
use async_trait::async_trait;
use bytes::Bytes;
use common::clock;
use common::event::Envelope;
use common::ids::{BootId, CallId, CompanyId, Epoch, WorkerId};
use common::ports::{
    Admission, Answer, Fence, Health, Lease, OutboxId, PoolEntry, Session, SessionStatus, SessionWrite, Spend, State,
    StateError, WorkerRecord, Written,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// State in this process. A clone is another handle to the same state.
#[derive(Clone)]
pub struct Embedded {
    world: Arc<Mutex<World>>,
}

struct World {
    started: Instant,
    started_ms: u64,
    away: bool,
    full: bool,
    pool: Expiring<WorkerId, PoolEntry>,
    admitted: Expiring<(CompanyId, CallId), ()>,
    sessions: Expiring<CallId, Session>,
    outbox: BTreeMap<Place, Vec<u8>>,
    newest: u64,
    /// `None` while somebody is at it.
    answers: Expiring<String, Option<Bytes>>,
    tokens: Expiring<String, ()>,
}

impl Embedded {
    /// Empty.
    pub fn new() -> Self {
        Self { world: Arc::new(Mutex::new(World::new())) }
    }

    /// Takes the state away, or brings it back with everything it had: for tests.
    pub fn set_away(&self, away: bool) {
        self.lock().away = away;
    }

    /// Makes the state refuse whatever needs room, as a Redis at its `maxmemory` does: for tests.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// Forgets everything, as `FLUSHALL` does: for tests.
    pub fn flush(&self) {
        let mut world = self.lock();
        let World { started, started_ms, away, full, .. } = *world;
        *world = World { started, started_ms, away, full, ..World::new() };
    }

    /// Puts an entry that cannot be read into the outbox: for tests.
    pub fn spoil_outbox(&self, call: &CallId) {
        self.lock().append(call, b"not an envelope".to_vec());
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a step that needs no room.
    fn reach(&self) -> Result<MutexGuard<'_, World>, StateError> {
        let world = self.lock();
        if world.away { Err(away("taken away by a test")) } else { Ok(world) }
    }

    /// For a step that needs room.
    fn grow(&self) -> Result<MutexGuard<'_, World>, StateError> {
        let world = self.reach()?;
        if world.full { Err(refused("full by a test's wish")) } else { Ok(world) }
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl State for Embedded {
    async fn check(&self) -> Result<Health, StateError> {
        self.reach().map(drop)?;
        Ok(Health { server: "in-process".into(), faults: Vec::new() })
    }

    async fn register(&self, worker: &WorkerRecord, ttl: Duration) -> Result<(), StateError> {
        self.grow()?.register(worker.clone(), ttl);
        Ok(())
    }

    async fn renew(&self, worker: &WorkerId, boot: &BootId, ttl: Duration) -> Result<Lease, StateError> {
        Ok(self.reach()?.renew(worker, boot, ttl))
    }

    async fn retire(&self, worker: &WorkerId, boot: &BootId) -> Result<(), StateError> {
        let mut world = self.reach()?;
        if world.holds(worker, boot) {
            world.pool.remove(worker);
        }
        Ok(())
    }

    async fn pool(&self) -> Result<Vec<PoolEntry>, StateError> {
        let world = self.reach()?;
        Ok(world.pool.values(world.now()).cloned().collect())
    }

    async fn assigned(&self, worker: &WorkerId) -> Result<(), StateError> {
        let mut world = self.grow()?;
        let now = world.now();
        if let Some(entry) = world.pool.get(worker, now) {
            entry.last_assigned_ms = now;
        }
        Ok(())
    }

    async fn admit(
        &self,
        company: &CompanyId,
        call: &CallId,
        most: u32,
        ttl: Duration,
    ) -> Result<Admission, StateError> {
        Ok(self.grow()?.admit(company, call, most, ttl))
    }

    async fn dismiss(&self, company: &CompanyId, call: &CallId) -> Result<(), StateError> {
        self.reach()?.admitted.remove(&(company.clone(), call.clone()));
        Ok(())
    }

    async fn claim(&self, call: &CallId) -> Result<Session, StateError> {
        Ok(self.grow()?.claim(call))
    }

    async fn write(&self, write: &SessionWrite) -> Result<Written, StateError> {
        let events = as_json(&write.events)?;
        Ok(self.grow()?.write(write, events))
    }

    async fn session(&self, call: &CallId) -> Result<Option<Session>, StateError> {
        let mut world = self.reach()?;
        let now = world.now();
        Ok(world.sessions.get(call, now).cloned())
    }

    async fn enqueue(&self, events: &[Envelope]) -> Result<Vec<OutboxId>, StateError> {
        let entries = as_json(events)?;
        let mut world = self.grow()?;
        Ok(events.iter().zip(entries).map(|(event, entry)| world.append(&event.key.call, entry).id()).collect())
    }

    async fn outbox(&self, age: Duration, max: usize) -> Result<Vec<(OutboxId, Envelope)>, StateError> {
        Ok(self.reach()?.outbox(age, max))
    }

    async fn forget(&self, ids: &[OutboxId]) -> Result<(), StateError> {
        let mut world = self.reach()?;
        for place in ids.iter().filter_map(Place::read) {
            world.outbox.remove(&place);
        }
        Ok(())
    }

    async fn begin_answer(&self, key: &str, hold: Duration) -> Result<Answer, StateError> {
        Ok(self.grow()?.begin_answer(key, hold))
    }

    async fn give_answer(&self, key: &str, answer: &[u8], ttl: Duration) -> Result<(), StateError> {
        let mut world = self.grow()?;
        let now = world.now();
        world.answers.put(key.to_owned(), Some(Bytes::copy_from_slice(answer)), now, after(now, ttl));
        Ok(())
    }

    async fn spend(&self, token: &str, ttl: Duration) -> Result<Spend, StateError> {
        let mut world = self.grow()?;
        let now = world.now();
        if world.tokens.get(token, now).is_some() {
            return Ok(Spend::Again);
        }
        world.tokens.put(token.to_owned(), (), now, after(now, ttl));
        Ok(Spend::First)
    }
}

impl World {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            started_ms: clock::unix_ms(),
            away: false,
            full: false,
            pool: Expiring::new(),
            admitted: Expiring::new(),
            sessions: Expiring::new(),
            outbox: BTreeMap::new(),
            newest: 0,
            answers: Expiring::new(),
            tokens: Expiring::new(),
        }
    }

    /// The store's milliseconds since 1970: the machine's at the start, then tokio's.
    fn now(&self) -> u64 {
        after(self.started_ms, self.started.elapsed())
    }

    fn holds(&mut self, worker: &WorkerId, boot: &BootId) -> bool {
        let now = self.now();
        self.pool.get(worker, now).is_some_and(|entry| entry.worker.boot == *boot)
    }

    fn register(&mut self, worker: WorkerRecord, ttl: Duration) {
        let now = self.now();
        let last_assigned_ms = self.pool.get(&worker.id, now).map_or(0, |entry| entry.last_assigned_ms);
        self.pool.put(worker.id.clone(), PoolEntry { worker, last_assigned_ms }, now, after(now, ttl));
    }

    fn renew(&mut self, worker: &WorkerId, boot: &BootId, ttl: Duration) -> Lease {
        if !self.holds(worker, boot) {
            return Lease::Forgotten;
        }
        self.pool.keep(worker, after(self.now(), ttl));
        Lease::Held
    }

    fn admit(&mut self, company: &CompanyId, call: &CallId, most: u32, ttl: Duration) -> Admission {
        let now = self.now();
        let key = (company.clone(), call.clone());
        let counted = self.admitted.get(&key, now).is_some();
        let others = self.admitted.keys(now).filter(|(owner, _)| owner == company).count();
        if !counted && others >= most as usize {
            return Admission::Full;
        }
        self.admitted.put(key, (), now, after(now, ttl));
        Admission::Admitted
    }

    fn claim(&mut self, call: &CallId) -> Session {
        let now = self.now();
        let session = match self.sessions.get(call, now).cloned() {
            None => fresh_session(Epoch(now)),
            Some(session) => {
                let epoch = Epoch(now.max(session.epoch.0 + 1));
                let resumes = session.resumes + 1;
                match session.status {
                    SessionStatus::Ended => Session { epoch, resumes, ..session },
                    SessionStatus::Reserved | SessionStatus::Live => {
                        Session { epoch, resumes, status: SessionStatus::Reserved, next: None, ..session }
                    }
                }
            }
        };
        self.put_session(call, session.clone());
        session
    }

    fn write(&mut self, write: &SessionWrite, events: Vec<Vec<u8>>) -> Written {
        let now = self.now();
        let stored = self.sessions.get(&write.call, now).cloned();
        let known = stored.as_ref().map(|session| session.epoch);
        if known.is_some_and(|known| known > write.epoch) {
            return Written { fence: Fence::Fenced, outbox: Vec::new() };
        }
        let mut session = stored.unwrap_or_else(|| fresh_session(write.epoch));
        session.epoch = write.epoch;
        change(&mut session, write);
        self.put_session(&write.call, session);
        let outbox = events.into_iter().map(|event| self.append(&write.call, event).id()).collect();
        Written { fence: if known == Some(write.epoch) { Fence::Held } else { Fence::Recreated }, outbox }
    }

    fn put_session(&mut self, call: &CallId, session: Session) {
        let now = self.now();
        let kept = if session.status == SessionStatus::Ended { ENDED_KEPT } else { SESSION_KEPT };
        self.sessions.put(call.clone(), session, now, after(now, kept));
    }

    fn append(&mut self, call: &CallId, entry: Vec<u8>) -> Place {
        let now = self.now();
        let kept_from = now.saturating_sub(millis(OUTBOX_KEPT));
        while self.outbox.first_key_value().is_some_and(|(place, _)| place.ms < kept_from) {
            self.outbox.pop_first();
        }
        self.newest += 1;
        let place = Place { ms: now, sequence: self.newest, shard: shard_of(call) };
        self.outbox.insert(place, entry);
        place
    }

    fn outbox(&mut self, age: Duration, max: usize) -> Vec<(OutboxId, Envelope)> {
        let last = Place { ms: self.now().saturating_sub(millis(age)), sequence: u64::MAX, shard: u8::MAX };
        let mut ready = Vec::new();
        let mut unreadable = Vec::new();
        for (place, entry) in self.outbox.range(..=last) {
            if ready.len() == max {
                break;
            }
            match serde_json::from_slice(entry) {
                Ok(event) => ready.push((place.id(), event)),
                Err(_) => unreadable.push(*place),
            }
        }
        for place in unreadable {
            self.outbox.remove(&place);
            unreadable_entry(place);
        }
        ready
    }

    fn begin_answer(&mut self, key: &str, hold: Duration) -> Answer {
        let now = self.now();
        match self.answers.get(key, now) {
            Some(Some(answer)) => Answer::Given(answer.clone()),
            Some(None) => Answer::Underway,
            None => {
                self.answers.put(key.to_owned(), None, now, after(now, hold));
                Answer::Yours
            }
        }
    }
}

fn fresh_session(epoch: Epoch) -> Session {
    Session {
        epoch,
        status: SessionStatus::Reserved,
        worker: None,
        next: None,
        resumes: 0,
        dossier: None,
        checkpoint: None,
    }
}

fn change(session: &mut Session, write: &SessionWrite) {
    session.status = write.status.unwrap_or(session.status);
    session.worker = write.worker.clone().or(session.worker.take());
    session.next = write.next.clone().or(session.next.take());
    session.dossier = write.dossier.clone().or(session.dossier.take());
    session.checkpoint = write.checkpoint.clone().or(session.checkpoint.take());
}

fn as_json(events: &[Envelope]) -> Result<Vec<Vec<u8>>, StateError> {
    events.iter().map(|event| serde_json::to_vec(event).map_err(refused)).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// As Redis, nothing is kept for less than a millisecond.
fn after(now_ms: u64, ttl: Duration) -> u64 {
    now_ms.saturating_add(millis(ttl).max(1))
}
