//! What a session will do by itself, and when. Things set for the same moment happen in the order they were set.

use std::{collections::BTreeMap, time::Instant};

/// The alarms of one session.
#[derive(Debug)]
pub(crate) struct Agenda<A> {
    alarms: BTreeMap<(Instant, u64), A>,
    count: u64,
}

impl<A> Default for Agenda<A> {
    fn default() -> Self {
        Self { alarms: BTreeMap::new(), count: 0 }
    }
}

impl<A> Agenda<A> {
    /// Sets an alarm.
    pub(crate) fn set(&mut self, at: Instant, alarm: A) {
        self.count += 1;
        self.alarms.insert((at, self.count), alarm);
    }

    /// When the next alarm rings.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.alarms.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next alarm that should have rung by now.
    pub(crate) fn due(&mut self, at: Instant) -> Option<A> {
        let first = self.alarms.first_entry()?;
        (first.key().0 <= at).then(|| first.remove())
    }

    /// Forgets every alarm.
    pub(crate) fn clear(&mut self) {
        self.alarms.clear();
    }
}
