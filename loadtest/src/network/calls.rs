//! The network's register of calls: which exist, in which state, and how to reach the one who carries each out.
//!
//! `phone` enters and leaves calls, `rest.rs` looks them up and sends orders to them. No HTTP here.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::sync::mpsc;

/// Orders a call takes before it has carried out the first of them; more are refused as busy.
const ORDERS: usize = 8;

/// The state of a call, as REST spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// Created by REST, not yet dialled.
    Queued,
    /// Ringing.
    Ringing,
    /// Answered.
    InProgress,
    /// Over, after it was answered.
    Completed,
    /// Over: the line was engaged.
    Busy,
    /// Over: it could not be put through.
    Failed,
    /// Over: nobody answered.
    NoAnswer,
    /// Over: called off before it was answered.
    Canceled,
}

impl CallStatus {
    /// The word for it in forms and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the call is over.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }
}

/// Which way a call goes, as forms spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    /// Created by REST.
    Outbound,
    /// The other end of a `<Dial>`.
    Dialled,
}

impl Direction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound-api",
            Self::Dialled => "outbound-dial",
        }
    }
}

/// Where the next TwiML document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Url { url: String, method: Method },
    Twiml(String),
}

/// How a document is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Method {
    #[default]
    Post,
    Get,
}

impl Method {
    /// As attributes and forms spell it; everything but GET is POST.
    pub(crate) fn named(name: Option<&str>) -> Self {
        if name.is_some_and(|name| name.eq_ignore_ascii_case("GET")) { Self::Get } else { Self::Post }
    }
}

/// What is told to a live call from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Abandon the document and run this one.
    Redirect(Source),
    /// End the call.
    Complete,
    /// The caller's own wish: hang up.
    HangUp,
}

/// One call in the register.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) status: CallStatus,
    pub(crate) direction: Direction,
    pub(crate) parent: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) created: Timestamp,
    /// When it began to ring.
    pub(crate) dialled: Option<Timestamp>,
    pub(crate) answered: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    /// The verdict about who has picked up, once it is there.
    pub(crate) answered_by: Option<&'static str>,
    orders: mpsc::Sender<Order>,
}

/// Why an order could not be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoOrder {
    Unknown,
    Over,
    Busy,
}

/// All the calls of a network.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<HashMap<String, Entry>>);

impl Calls {
    /// Enters a call; its orders come out of the receiver.
    pub(crate) fn enter(
        &self,
        sid: &str,
        direction: Direction,
        from: &str,
        to: &str,
    ) -> (mpsc::Sender<Order>, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let status = if direction == Direction::Inbound { CallStatus::Ringing } else { CallStatus::Queued };
        let entry = Entry {
            status,
            direction,
            parent: None,
            from: from.to_owned(),
            to: to.to_owned(),
            created: Timestamp::now(),
            dialled: None,
            answered: None,
            ended: None,
            answered_by: None,
            orders: orders.clone(),
        };
        self.lock().insert(sid.to_owned(), entry);
        (orders, receiver)
    }

    /// Makes a call the other end of another's `<Dial>`.
    pub(crate) fn adopt(&self, sid: &str, parent: &str) {
        if let Some(entry) = self.lock().get_mut(sid) {
            entry.parent = Some(parent.to_owned());
        }
    }

    /// Moves a call on; a final state stays.
    pub(crate) fn set(&self, sid: &str, status: CallStatus) {
        let mut calls = self.lock();
        let Some(entry) = calls.get_mut(sid) else { return };
        if entry.status.is_final() {
            return;
        }
        entry.status = status;
        if status == CallStatus::Ringing {
            entry.dialled = Some(Timestamp::now());
        }
        if status == CallStatus::InProgress && entry.answered.is_none() {
            entry.answered = Some(Timestamp::now());
        }
        if status.is_final() {
            entry.ended = Some(Timestamp::now());
        }
    }

    /// Who has picked up.
    pub(crate) fn set_answered_by(&self, sid: &str, verdict: &'static str) {
        if let Some(entry) = self.lock().get_mut(sid) {
            entry.answered_by = Some(verdict);
        }
    }

    /// The calls that fit, newest first.
    pub(crate) fn list(&self, fits: impl Fn(&Entry) -> bool) -> Vec<(String, Entry)> {
        let calls = self.lock();
        let mut found: Vec<_> =
            calls.iter().filter(|(_, entry)| fits(entry)).map(|(sid, entry)| (sid.clone(), entry.clone())).collect();
        // Identifiers of one network grow, which settles what the clock does not.
        found.sort_unstable_by(|one, other| (other.1.created, &other.0).cmp(&(one.1.created, &one.0)));
        found
    }

    pub(crate) fn find(&self, sid: &str) -> Option<Entry> {
        self.lock().get(sid).cloned()
    }

    /// Calls that are not over.
    pub(crate) fn live(&self) -> usize {
        self.lock().values().filter(|entry| !entry.status.is_final()).count()
    }

    pub(crate) fn order(&self, sid: &str, order: Order) -> Result<Entry, NoOrder> {
        let calls = self.lock();
        let entry = calls.get(sid).ok_or(NoOrder::Unknown)?;
        if entry.status.is_final() {
            return Err(NoOrder::Over);
        }
        match entry.orders.try_send(order) {
            Ok(()) => Ok(entry.clone()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(NoOrder::Over),
            Err(mpsc::error::TrySendError::Full(_)) => Err(NoOrder::Busy),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().expect("nobody panics while holding the register")
    }
}
