//! A telephone network: takes calls, refuses them, is away, loses its answers. It remembers every call it has placed.

use super::keys;
use super::trap::Trap;
use async_trait::async_trait;
use common::event::Direction;
use common::ids::{AttemptId, CallId};
use common::ports::telephone::{CallState, Placement};
use common::ports::{Health, Telephone, TelephoneError};
use common::private::PhoneNumber;
use common::testing::call_id;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

/// How long a call lasts from being placed.
const LENGTH_MS: u64 = 4_000;

/// What the network does when it is asked to call somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Calls; the call ends so.
    Call(&'static str),
    /// Calls, and answers 500; the call ends so.
    CallAndLie(&'static str),
    /// Does not call, and answers 500.
    Lie,
    /// Refuses with this code.
    Refuse(u32, u16),
    /// Answers 429.
    Busy,
    /// Does not answer.
    Away,
}

/// Whether its callbacks arrive and its questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// They do.
    Open,
    /// Callbacks are lost; it answers questions.
    NoCallbacks,
    /// Nothing arrives, nothing is answered; calls are still taken.
    Mute,
}

/// A call it has placed.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) call: CallId,
    pub(crate) attempt: AttemptId,
    pub(crate) to: PhoneNumber,
    pub(crate) from: PhoneNumber,
    pub(crate) at_ms: u64,
    pub(crate) ends: &'static str,
}

pub(crate) struct Network {
    trap: Arc<Trap>,
    inner: Mutex<Inner>,
}

struct Inner {
    now_ms: u64,
    wire: Wire,
    calls: Vec<Placed>,
    deeds: BTreeMap<PhoneNumber, VecDeque<Deed>>,
    asked: u32,
    lists: u32,
}

impl Network {
    pub(crate) fn new(trap: Arc<Trap>) -> Self {
        let inner =
            Inner { now_ms: 0, wire: Wire::Open, calls: Vec::new(), deeds: BTreeMap::new(), asked: 0, lists: 0 };
        Self { trap, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(crate) fn set_now(&self, now_ms: u64) {
        self.inner().now_ms = now_ms;
    }

    pub(crate) fn set_wire(&self, wire: Wire) {
        self.inner().wire = wire;
    }

    /// What it does when asked to call this person, time after time; after that it calls, and they answer.
    pub(crate) fn when_called(&self, person: PhoneNumber, deeds: &[Deed]) {
        self.inner().deeds.insert(person, deeds.iter().copied().collect());
    }

    /// Every call it has placed.
    pub(crate) fn calls(&self) -> Vec<Placed> {
        self.inner().calls.clone()
    }

    /// How often it was asked to call.
    pub(crate) fn asked(&self) -> u32 {
        self.inner().asked
    }

    /// How often it was asked for a list.
    pub(crate) fn lists(&self) -> u32 {
        self.inner().lists
    }

    /// What its callbacks say by now.
    pub(crate) fn callbacks(&self, now_ms: u64) -> Vec<(CallId, AttemptId, String)> {
        let inner = self.inner();
        let over = inner.calls.iter().filter(|call| now_ms >= call.at_ms + LENGTH_MS && inner.wire == Wire::Open);
        over.map(|call| (call.call.clone(), call.attempt.clone(), call.ends.to_owned())).collect()
    }

    fn take(&self, placement: &Placement, ends: &'static str) -> CallId {
        let token = placement.status_url.rsplit('/').next().unwrap();
        let attempt = keys().open_attempt(token).unwrap().attempt;
        let mut inner = self.inner();
        let call = call_id(inner.calls.len() as u64 + 1);
        let placed = Placed {
            call: call.clone(),
            attempt,
            to: placement.to.clone(),
            from: placement.from.clone(),
            at_ms: inner.now_ms,
            ends,
        };
        inner.calls.push(placed);
        call
    }

    fn state(&self, placed: &Placed) -> CallState {
        let is_over = self.inner().now_ms >= placed.at_ms + LENGTH_MS;
        CallState {
            call: placed.call.clone(),
            status: if is_over { placed.ends } else { "in-progress" }.to_owned(),
            direction: Direction::Outbound,
            to: placed.to.clone(),
            from: placed.from.clone(),
            created_ms: placed.at_ms,
            duration_s: None,
            answered_by: None,
        }
    }

    fn mute(&self) -> Result<(), TelephoneError> {
        if self.inner().wire == Wire::Mute { Err(TelephoneError::Away("mute".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Telephone for Network {
    async fn place(&self, placement: &Placement) -> Result<CallId, TelephoneError> {
        self.trap.step("place").await;
        let deed = {
            let mut inner = self.inner();
            inner.asked += 1;
            let next = inner.deeds.get_mut(&placement.to).and_then(VecDeque::pop_front);
            next.unwrap_or(Deed::Call("completed"))
        };
        let lost = || TelephoneError::Unknown("status 500".into());
        let answer = match deed {
            Deed::Call(ends) => Ok(self.take(placement, ends)),
            Deed::CallAndLie(ends) => {
                self.take(placement, ends);
                Err(lost())
            }
            Deed::Lie => Err(lost()),
            Deed::Refuse(code, status) => {
                Err(TelephoneError::Refused { code: Some(code), status, advice: "mend it".into() })
            }
            Deed::Busy => Err(TelephoneError::Busy { code: Some(20_429) }),
            Deed::Away => Err(TelephoneError::Away("no connection".into())),
        };
        self.trap.step("placed").await;
        answer
    }

    async fn look(&self, call: &CallId) -> Result<Option<CallState>, TelephoneError> {
        self.trap.step("look").await;
        self.mute()?;
        Ok(self.calls().iter().find(|placed| placed.call == *call).map(|placed| self.state(placed)))
    }

    async fn calls_between(
        &self,
        from: &PhoneNumber,
        to: &PhoneNumber,
        since_ms: u64,
    ) -> Result<Vec<CallState>, TelephoneError> {
        self.trap.step("list").await;
        self.inner().lists += 1;
        self.mute()?;
        let calls = self.calls();
        let fits = |call: &&Placed| call.from == *from && call.to == *to && call.at_ms >= since_ms;
        Ok(calls.iter().rev().filter(fits).map(|placed| self.state(placed)).collect())
    }

    async fn hang_up(&self, _: &CallId) -> Result<(), TelephoneError> {
        unreachable!("the dialer ends no calls")
    }

    async fn redirect(&self, _: &CallId, _: &str) -> Result<(), TelephoneError> {
        unreachable!("the dialer redirects no calls")
    }

    async fn call(&self, _: &PhoneNumber, _: &PhoneNumber, _: &str, _: u32) -> Result<CallId, TelephoneError> {
        unreachable!("the dialer places calls that say what becomes of them")
    }

    async fn check(&self) -> Result<Health, TelephoneError> {
        unreachable!("the dialer does not check credentials")
    }
}
