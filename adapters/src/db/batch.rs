//! What [`common::ports::Db::record`] does the same way on every database: check a batch before it is sent, and fold
//! what turned out to be new.
//!
//! What one database would refuse and another would take is refused here for both: NUL characters, times beyond the
//! year 9999, counts beyond 63 bits.

use super::deeds::Deeds;
use super::rows::{CallRow, TurnRow, big};
use call::{CallEvent, Fact};
use common::cdr::Cdr;
use common::event::{Direction, Envelope, Event, EventKey, Source};
use common::ids::CallId;
use common::ports::{DbError, Fold};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The last millisecond of the year 9999. Later times are no times, and databases differ on them.
pub(super) const LAST_MS: u64 = 253_402_300_799_999;

/// Events of one transaction: each key once, in the order of keys, so that two recorders lock rows in the same order.
pub(super) struct Batch<'a> {
    /// The events.
    pub(super) events: Vec<EventRow<'a>>,
}

/// An event as a row of `call_events`.
pub(super) struct EventRow<'a> {
    /// Where it came from.
    pub(super) envelope: &'a Envelope,
    /// Its claim.
    pub(super) epoch: i64,
    /// Its number.
    pub(super) sequence: i64,
    /// When it was seen.
    pub(super) seen_ms: i64,
    /// What happened, as JSON.
    pub(super) body: String,
}

/// What is to be written once the new events are folded.
pub(super) struct Folded {
    /// Rows of `calls` as they are now.
    pub(super) calls: Vec<CallRow>,
    /// New rows of `turns`.
    pub(super) turns: Vec<TurnRow>,
    /// New rows of what was done in the calls.
    pub(super) deeds: Deeds,
    /// Calls of which it is to be looked up whether the person does not want to be called again.
    pub(super) people: Vec<PersonRow>,
}

/// Who is on the telephone, and whose call it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct PersonRow {
    call_sid: String,
    company: String,
    number: String,
}

impl<'a> Batch<'a> {
    /// Checks every event; refuses the batch for one that cannot be stored.
    pub(super) fn check(events: &'a [Envelope]) -> Result<Self, DbError> {
        let mut unique: BTreeMap<&EventKey, &Envelope> = BTreeMap::new();
        for envelope in events {
            unique.entry(&envelope.key).or_insert(envelope);
        }
        let events = unique.into_values().map(EventRow::check).collect::<Result<_, _>>()?;
        Ok(Self { events })
    }

    /// Folds the events whose keys are in `fresh` into the records found.
    pub(super) fn fold(
        &self,
        fresh: &BTreeSet<(&str, &str, i64, i64)>,
        found: Vec<CallRow>,
        fold: Fold,
    ) -> Result<Folded, DbError> {
        let mut cdrs: BTreeMap<CallId, Cdr> = BTreeMap::new();
        // A person may ask not to be called before the record knows who they are, for events come in any order: it is
        // looked up again whenever that becomes known.
        let mut settled: BTreeSet<PersonRow> = BTreeSet::new();
        for row in found {
            let cdr = Cdr::try_from(row)?;
            settled.extend(PersonRow::of(&cdr));
            cdrs.insert(cdr.call.clone(), cdr);
        }
        let (mut turns, mut deeds) = (Vec::new(), Deeds::default());
        for row in self.events.iter().filter(|row| fresh.contains(&row.key())) {
            let call = &row.envelope.key.call;
            fold(cdrs.entry(call.clone()).or_insert_with(|| Cdr::new(call.clone())), row.envelope);
            turns.extend(TurnRow::of(row)?);
            deeds.add(row)?;
            if matches!(&row.envelope.event, Event::Worker(CallEvent::Fact(Fact::OptedOut))) {
                settled.retain(|person| person.call_sid != row.call());
            }
        }
        let calls = cdrs.values().map(CallRow::try_from).collect::<Result<_, _>>()?;
        let people = cdrs.values().filter_map(PersonRow::of).filter(|person| !settled.contains(person)).collect();
        Ok(Folded { calls, turns, deeds, people })
    }
}

impl<'a> EventRow<'a> {
    fn check(envelope: &'a Envelope) -> Result<Self, DbError> {
        if envelope.at_ms > LAST_MS {
            return Err(DbError::Refused(format!("event {} is later than the year 9999", envelope.key)));
        }
        let body = serde_json::to_string(&envelope.event)
            .map_err(|error| DbError::Refused(format!("event {} is no JSON: {error}", envelope.key)))?;
        if holds_nul(&body) || envelope.trace.contains('\0') {
            return Err(DbError::Refused(format!("event {} holds a NUL character", envelope.key)));
        }
        Ok(Self {
            envelope,
            epoch: big(envelope.key.epoch.0, "epoch")?,
            sequence: big(envelope.key.sequence, "sequence")?,
            seen_ms: big(envelope.at_ms, "time")?,
            body,
        })
    }

    /// The primary key.
    pub(super) fn key(&self) -> (&'a str, &'static str, i64, i64) {
        (self.call(), self.source().as_str(), self.epoch, self.sequence)
    }

    /// Of which call.
    pub(super) fn call(&self) -> &'a str {
        self.envelope.key.call.as_str()
    }

    /// Who saw it.
    pub(super) fn source(&self) -> Source {
        self.envelope.key.source
    }

    /// Whose.
    pub(super) fn company(&self) -> Option<&'a str> {
        self.envelope.company.as_ref().map(|company| company.as_str())
    }
}

impl PersonRow {
    /// As far as the record knows.
    fn of(cdr: &Cdr) -> Option<Self> {
        let number = match cdr.direction? {
            Direction::Inbound => cdr.from.as_ref()?,
            Direction::Outbound => cdr.to.as_ref()?,
        };
        let (call_sid, company) = (cdr.call.to_string(), cdr.company.as_ref()?.to_string());
        Some(Self { call_sid, company, number: number.reveal().to_owned() })
    }
}

impl TurnRow {
    /// The row of an event that is a turn.
    fn of(row: &EventRow<'_>) -> Result<Option<Self>, DbError> {
        let Event::Worker(CallEvent::Turn(turn)) = &row.envelope.event else { return Ok(None) };
        Self::new(row.call(), row.epoch, row.sequence, row.seen_ms, turn).map(Some)
    }
}

/// Whether a JSON text holds the character U+0000: an escape `\u0000` whose backslash is not itself escaped.
pub(super) fn holds_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        before % 2 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::holds_nul;

    #[test]
    fn a_nul_is_told_from_a_backslash_and_four_noughts() {
        for text in ["\0", "a\0b", "\\\0", "\\\\\0"] {
            assert!(holds_nul(&serde_json::to_string(text).unwrap()), "{text:?}");
        }
        for text in ["", "\\u0000", "\\\\u0000", "u0000"] {
            assert!(!holds_nul(&serde_json::to_string(text).unwrap()), "{text:?}");
        }
    }
}
