//! The list of everybody the network was ever told to call.
//!
//! `phone/leg.rs` enters a leg before the first ring, also when nobody has the number, and notes what becomes of it; a
//! test reads the list to see that these were called and nobody else.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::CallStatus;
use crate::phone::CallTruth;

/// One call to somebody, by `<Dial>` or by REST.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The leg's own SID.
    pub call_sid: String,
    /// The call whose `<Dial>` it is; none for a call created by REST.
    pub parent: Option<String>,
    /// The number dialled.
    pub to: String,
    /// The number shown to whoever is called.
    pub caller_id: String,
    /// When it was dialled.
    pub dialled_at: Instant,
    /// Where it stands.
    pub status: CallStatus,
    /// The words of `<Say>` this side has heard, in order.
    pub heard: Vec<String>,
    /// The keys pressed on this side.
    pub pressed: String,
    /// The digits played to this side: `sendDigits` and `<Play digits>`.
    pub digits_played: String,
    /// The calls it was connected with, in order.
    pub connected_with: Vec<String>,
    /// How long it was connected, by the call's own clock.
    pub talked: Duration,
    /// The whole truth, once it is over.
    pub truth: Option<Box<CallTruth>>,
}

impl Leg {
    /// Nobody has picked up yet.
    pub(crate) fn dialled(call_sid: &str, parent: Option<&str>, to: &str, caller_id: &str) -> Self {
        Self {
            call_sid: call_sid.to_owned(),
            parent: parent.map(str::to_owned),
            to: to.to_owned(),
            caller_id: caller_id.to_owned(),
            dialled_at: Instant::now(),
            status: CallStatus::Queued,
            heard: Vec::new(),
            pressed: String::new(),
            digits_played: String::new(),
            connected_with: Vec::new(),
            talked: Duration::ZERO,
            truth: None,
        }
    }

    /// Whether it was ever connected with somebody.
    #[must_use]
    pub fn was_connected(&self) -> bool {
        !self.connected_with.is_empty()
    }
}

/// All legs of a network, in the order they were dialled.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    all: Mutex<Vec<Leg>>,
    changed: watch::Sender<()>,
}

impl Legs {
    pub(crate) fn enter(&self, leg: Leg) {
        self.all.lock().expect("nobody panics while holding the legs").push(leg);
        self.changed.send_replace(());
    }

    /// Notes something about a leg; other calls are none of this list's business.
    pub(crate) fn note(&self, call_sid: &str, what: impl FnOnce(&mut Leg)) {
        let mut all = self.all.lock().expect("nobody panics while holding the legs");
        let Some(leg) = all.iter_mut().rev().find(|leg| leg.call_sid == call_sid) else { return };
        what(leg);
        drop(all);
        self.changed.send_replace(());
    }

    pub(crate) fn all(&self) -> Vec<Leg> {
        self.all.lock().expect("nobody panics while holding the legs").clone()
    }

    /// Waits until the list is as wanted.
    pub(crate) async fn when(&self, wanted: impl Fn(&[Leg]) -> bool) -> Vec<Leg> {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            let all = self.all();
            if wanted(&all) {
                return all;
            }
            // The sender lives as long as this list.
            let _ = changes.changed().await;
        }
    }
}
