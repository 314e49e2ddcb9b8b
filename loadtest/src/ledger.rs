//! The telephone's account of a call against the provider's: what got lost, what changed, how late, cut where.
//!
//! Before it come `phone`, which knows what the caller said and heard, and `provider`, which knows what it received and
//! sent; after it `report` adds the calls up. A provider's session belongs to the call whose number the caller's first
//! frame carries. Nothing here decides whether a figure is good.

mod downlink;
mod talk;
mod uplink;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

pub use downlink::Downlink;
pub use talk::{Talk, Truncation};
pub use uplink::Uplink;

use crate::{
    phone::{CallEnd, CallTruth},
    provider::truth::SessionTruth,
};

/// One call, settled.
#[derive(Clone, Debug)]
pub struct Account {
    /// The call's number.
    pub call: u64,
    /// The call's SID.
    pub call_sid: String,
    /// Why the call counts as dropped, if it does.
    pub dropped: Option<Dropped>,
    /// How long it lasted.
    pub lasted: Duration,
    /// How long its webhooks took to answer.
    pub webhooks: Vec<Duration>,
    /// The caller's frames on their way to the provider.
    pub up: Uplink,
    /// The agent's audio on its way to the caller.
    pub down: Downlink,
    /// Who spoke when, and what the interruptions did.
    pub talk: Talk,
    /// Sessions of the provider that served it.
    pub sessions: usize,
    /// Media streams it had.
    pub streams: usize,
    /// What the network complained about: Twilio's error numbers.
    pub notices: Vec<u32>,
    /// Errors the provider sent, by code.
    pub provider_errors: Vec<&'static str>,
}

/// Why a call counts as dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It ended before its caller had finished.
    Ended(CallEnd),
    /// The caller never heard the agent.
    NothingHeard,
    /// No session of the provider can be found for it: its first frame never arrived.
    NoSession,
}

/// The sessions of a provider, by the call they served.
#[derive(Debug)]
pub struct Sessions {
    by_call: HashMap<u64, Vec<SessionTruth>>,
    /// Sessions that were opened and never heard a caller: prepared for nothing.
    pub unused: usize,
    /// Sessions that heard a caller of whom nobody knows who it is.
    pub unknown: usize,
}

impl Sessions {
    /// Sorts sessions by their calls.
    ///
    /// A session that took over in the middle of a call never heard the call's number; it belongs to the telephone that
    /// heard what it said, if the provider numbers its deltas.
    #[must_use]
    pub fn new(sessions: Vec<SessionTruth>, calls: &[CallTruth]) -> Self {
        let listeners = listeners(&sessions, calls);
        let mut sorted = Self { by_call: HashMap::new(), unused: 0, unknown: 0 };
        for session in sessions {
            let heard_by = || session.deltas.iter().find_map(|delta| listeners.get(&delta.fingerprint).copied());
            match session.call.or_else(heard_by) {
                Some(call) => sorted.by_call.entry(call).or_default().push(session),
                None if session.pieces.is_empty() => sorted.unused += 1,
                None => sorted.unknown += 1,
            }
        }
        sorted
    }

    /// The sessions of one call.
    #[must_use]
    pub fn of(&self, call: u64) -> &[SessionTruth] {
        self.by_call.get(&call).map_or(&[], Vec::as_slice)
    }
}

/// Who heard the deltas of sessions that do not know their call.
fn listeners(sessions: &[SessionTruth], calls: &[CallTruth]) -> HashMap<u64, u64> {
    if sessions.iter().all(|session| session.call.is_some() || session.deltas.is_empty()) {
        return HashMap::new();
    }
    let heard = calls.iter().flat_map(|call| {
        let received = call.streams.iter().flat_map(|stream| &stream.received);
        received.map(|media| (media.fingerprint, call.number))
    });
    heard.collect()
}

/// Settles one call.
#[must_use]
pub fn settle(call: &CallTruth, sessions: &Sessions) -> Account {
    let served = sessions.of(call.number);
    Account {
        call: call.number,
        call_sid: call.call_sid.clone(),
        dropped: dropped(call, served),
        lasted: call.lasted(),
        webhooks: call.documents.iter().map(|document| document.took).collect(),
        up: uplink::settle(call, served),
        down: downlink::settle(call, served),
        talk: talk::settle(call, served),
        sessions: served.len(),
        streams: call.streams.len(),
        notices: call.notices.iter().map(|notice| notice.code).collect(),
        provider_errors: served.iter().flat_map(|session| session.errors.iter().copied()).collect(),
    }
}

fn dropped(call: &CallTruth, served: &[SessionTruth]) -> Option<Dropped> {
    if call.end != CallEnd::HungUp {
        Some(Dropped::Ended(call.end.clone()))
    } else if call.heard_ms() == 0 {
        Some(Dropped::NothingHeard)
    } else if served.is_empty() {
        Some(Dropped::NoSession)
    } else {
        None
    }
}

/// The moment of a telephone's time on the clock both sides share.
fn moment(call: &CallTruth, ns: u64) -> Instant {
    call.at(ns).into_std()
}
