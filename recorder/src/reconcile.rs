//! Closes what was left open: a call of which nothing has been heard for a while is asked for at the telephone network, and
//! its word is recorded as its callback would have been.
//!
//! Callbacks get lost: a number without a status address, a network that was down, a gateway that was. The network's word
//! has a key made of the status, so two recorders that ask at the same time, and a callback that comes after all, change
//! nothing. A call that goes on is left alone for a while; nothing here touches it.

use crate::fold::Fold;
use crate::moments;
use crate::wait::pause;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source, TwilioEvent};
use common::ids::{CallId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::telephone::CallState;
use common::ports::{CallFilter, Db, DbError, Telephone, TelephoneError};
use common::twilio::derived_sequence;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Open calls read at once.
const PAGE: u32 = 200;
/// Most questions to the network in one round: they share its limits with the control of live calls.
const QUESTIONS: u32 = 30;

/// When calls are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two rounds.
    pub every: Duration,
    /// How long nothing was heard of a call that is asked for. A conversation says something within its silence limits;
    /// a caller in a queue may be quiet longer, and is only asked for.
    pub quiet: Duration,
    /// How long a call that goes on, or that the network does not know, is left alone.
    pub again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: Duration::from_secs(60), quiet: Duration::from_secs(5 * 60), again: Duration::from_secs(15 * 60) }
    }
}

/// Asks for calls that were left open.
pub struct Reconciler {
    db: Arc<dyn Db>,
    telephone: Arc<dyn Telephone>,
    fold: Fold,
    pace: Pace,
    /// Calls that were asked for lately, and when they may be again.
    asked: BTreeMap<CallId, Instant>,
}

impl Reconciler {
    /// On these.
    pub fn new(db: Arc<dyn Db>, telephone: Arc<dyn Telephone>, fold: Fold, pace: Pace) -> Self {
        Self { db, telephone, fold, pace, asked: BTreeMap::new() }
    }

    /// Round after round, until the lifecycle is stopped.
    pub async fn run(mut self, lifecycle: Lifecycle) {
        while pause(self.pace.every, &lifecycle).await.is_ok() {
            if let Err(error) = self.round().await {
                moments::waits_for("db", &error.to_string());
            }
        }
    }

    /// Asks for every open call that has been quiet, newest first; gives how many were closed.
    pub async fn round(&mut self) -> Result<u32, DbError> {
        let now = Instant::now();
        self.asked.retain(|_, again| *again > now);
        let until_ms = Some(unix_ms().saturating_sub(self.pace.quiet.as_millis() as u64));
        let mut filter = CallFilter { end_reason: Some(Cdr::OPEN.into()), until_ms, ..CallFilter::default() };
        let (mut closed, mut left) = (0, QUESTIONS);
        loop {
            let page = self.db.find(&filter, PAGE).await?;
            for cdr in page.iter().filter(|cdr| cdr.is_open()) {
                if left == 0 {
                    return Ok(closed);
                }
                if let Some(last_ms) = self.quiet_since(&cdr.call).await? {
                    left -= 1;
                    closed += u32::from(self.ask(cdr, last_ms).await? == Standing::Closed);
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => filter.after = Some(last.call.clone()),
                _ => return Ok(closed),
            }
        }
    }

    /// When something was heard of a call last; `None` for one that was asked for or heard of lately.
    async fn quiet_since(&self, call: &CallId) -> Result<Option<u64>, DbError> {
        if self.asked.contains_key(call) {
            return Ok(None);
        }
        let last_ms = self.db.events(call).await?.iter().map(|event| event.at_ms).max().unwrap_or_default();
        let quiet_ms = unix_ms().saturating_sub(last_ms);
        Ok((u128::from(quiet_ms) >= self.pace.quiet.as_millis()).then_some(last_ms))
    }

    async fn ask(&mut self, cdr: &Cdr, last_ms: u64) -> Result<Standing, DbError> {
        let standing = match self.telephone.look(&cdr.call).await {
            Ok(Some(state)) if state.is_final() => {
                self.record(told(cdr, &state, last_ms)).await?;
                Standing::Closed
            }
            Ok(Some(_)) => Standing::GoesOn,
            // Not of this account, or older than the network keeps calls: a person may want to look.
            Ok(None) | Err(TelephoneError::Refused { .. } | TelephoneError::AlreadyOver) => Standing::Unknown,
            Err(TelephoneError::Away(_) | TelephoneError::Busy { .. } | TelephoneError::Unknown(_)) => Standing::Away,
        };
        moments::reconciled(&cdr.call, standing.as_str());
        if matches!(standing, Standing::GoesOn | Standing::Unknown) {
            self.asked.insert(cdr.call.clone(), Instant::now() + self.pace.again);
        }
        Ok(standing)
    }

    async fn record(&self, event: Envelope) -> Result<(), DbError> {
        self.db.record(&[event], &|cdr, envelope| self.fold.merge(cdr, envelope)).await.map(drop)
    }
}

/// What the network says of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Closed,
    GoesOn,
    Unknown,
    Away,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::GoesOn => "goes_on",
            Self::Unknown => "unknown",
            Self::Away => "away",
        }
    }
}

/// The network's word, as its callback would have brought it; at the end of the call as far as that is known.
fn told(cdr: &Cdr, state: &CallState, last_ms: u64) -> Envelope {
    let length_ms = state.duration_s.unwrap_or_default().saturating_mul(1_000);
    let over_ms = if state.created_ms == 0 { unix_ms() } else { state.created_ms.saturating_add(length_ms) };
    let sequence = derived_sequence(&["reconciled", &state.status]);
    let event = TwilioEvent::Status {
        status: state.status.clone(),
        duration_s: state.duration_s,
        sip_code: None,
        attempt: None,
    };
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: cdr.call.clone(), source: Source::Twilio, epoch: Epoch::default(), sequence },
        company: cdr.company.clone(),
        at_ms: over_ms.max(last_ms).min(unix_ms()),
        trace: String::new(),
        event: Event::Twilio(event),
    }
}
