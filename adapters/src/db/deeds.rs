//! What was done in calls, as rows beside `calls` and `turns`: tools that ran, tickets, places calls were sent to, text
//! messages, recordings, and what is to be audited. Made from events that were new, so each is stored once.
//!
//! A transfer is told by two: a worker says where the call left for, a gateway how that ended, in any order. So are
//! messages and recordings. Their words are merged here, for both databases alike.

mod messages;
mod recordings;

pub(super) use messages::MessageRow;
pub(super) use recordings::RecordingRow;

use super::batch::EventRow;
use super::rows::{big, count, id, maybe_big, word};
use call::{CallEvent, Fact, Kept, NextStep};
use common::event::{Event, GatewayEvent, RecorderEvent, TwilioEvent};
use common::ids::MessageId;
use common::ports::{Audited, DbError, Ticket, ToolRun, Transfer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Who is named in the audit for what agents do.
const AGENT: &str = "agent";
/// Who is named for what the recorder does.
const RECORDER: &str = "recorder";

/// Rows of one transaction.
#[derive(Default)]
pub(super) struct Deeds {
    pub(super) tool_runs: Vec<ToolRunRow>,
    pub(super) tickets: Vec<TicketRow>,
    pub(super) audit: Vec<AuditRow>,
    /// By call and epoch.
    pub(super) transfers: BTreeMap<(String, i64), TransferRow>,
    /// By message.
    pub(super) messages: BTreeMap<String, MessageRow>,
    /// By recording.
    pub(super) recordings: BTreeMap<String, RecordingRow>,
}

/// A row of `tool_runs`. Serialised, as all rows here, it is an element of the array they are written by.
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct ToolRunRow {
    call_sid: String,
    epoch: i64,
    sequence: i64,
    company: Option<String>,
    tool_call: String,
    name: String,
    took_ms: i64,
    outcome: String,
    error: Option<String>,
    arguments: Option<String>,
    output: Option<String>,
    ended_ms: i64,
}

/// A row of `tickets`.
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct TicketRow {
    call_sid: String,
    epoch: i64,
    sequence: i64,
    number: String,
    company: Option<String>,
    priority: String,
    category: String,
    subject: String,
    details: String,
    opened_ms: i64,
}

/// A row of `audit`.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub(super) struct AuditRow {
    pub(super) at_ms: i64,
    pub(super) company: Option<String>,
    pub(super) call_sid: Option<String>,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) detail: String,
}

/// A row of `transfers`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub(super) struct TransferRow {
    call_sid: String,
    epoch: i64,
    company: Option<String>,
    kind: String,
    target: String,
    asked_ms: Option<i64>,
    returned_ms: Option<i64>,
    outcome: Option<String>,
    talked_s: Option<i64>,
}

impl Deeds {
    /// Adds what an event tells, if it tells of a deed.
    pub(super) fn add(&mut self, row: &EventRow<'_>) -> Result<(), DbError> {
        match &row.envelope.event {
            Event::Worker(CallEvent::ToolRun { call, name, took_ms, outcome, error, kept }) => {
                let texts = |part: fn(&Kept) -> &call::Spoken| kept.as_ref().map(|kept| part(kept).reveal().to_owned());
                self.tool_runs.push(ToolRunRow {
                    call_sid: row.call().to_owned(),
                    epoch: row.epoch,
                    sequence: row.sequence,
                    company: row.company().map(str::to_owned),
                    tool_call: call.clone(),
                    name: name.clone(),
                    took_ms: big(*took_ms, "tool's time")?,
                    outcome: word(outcome)?,
                    error: error.clone(),
                    arguments: texts(|kept| &kept.arguments),
                    output: texts(|kept| &kept.output),
                    ended_ms: row.seen_ms,
                });
            }
            Event::Worker(CallEvent::Fact(fact)) => self.add_fact(row, fact)?,
            Event::Worker(CallEvent::Ended { next: Some(next), .. }) => {
                if let Some((kind, target)) = place(next) {
                    let asked_ms = Some(row.seen_ms);
                    self.add_transfer(TransferRow { asked_ms, ..TransferRow::new(row, row.epoch, kind, target) });
                }
            }
            Event::Gateway(GatewayEvent::Returned { left, way, place, outcome, talked_s }) => {
                self.add_transfer(TransferRow {
                    returned_ms: Some(row.seen_ms),
                    outcome: Some(outcome.as_str().to_owned()),
                    talked_s: maybe_big(*talked_s, "connected time")?,
                    ..TransferRow::new(row, big(left.0, "epoch")?, way, place)
                });
            }
            Event::Twilio(TwilioEvent::Message { message, status, error_code }) => {
                self.add_message(MessageRow::came_to(row, message, status, *error_code));
            }
            Event::Twilio(event) => {
                RecordingRow::of_twilio(row, event).into_iter().for_each(|told| self.add_recording(told));
            }
            Event::Tap(event) => self.add_recording(RecordingRow::of_tap(row, event)?),
            Event::Recorder(event) => self.add_recorders(row, event)?,
            Event::Worker(_) | Event::Gateway(_) => {}
        }
        Ok(())
    }

    fn add_recorders(&mut self, row: &EventRow<'_>, event: &RecorderEvent) -> Result<(), DbError> {
        RecordingRow::of_recorder(row, event)?.into_iter().for_each(|told| self.add_recording(told));
        match event {
            RecorderEvent::Messaged { message, template, country, segments } => {
                self.add_message(MessageRow::sent(row, message.as_str(), template, country, *segments));
            }
            RecorderEvent::Deleted { recording, why } => {
                self.audit.push(audited(row, RECORDER, "deleted recording".into(), format!("{recording}: {why}")));
            }
            RecorderEvent::Summarized { .. } | RecorderEvent::Fetched { .. } => {}
        }
        Ok(())
    }

    fn add_fact(&mut self, row: &EventRow<'_>, fact: &Fact) -> Result<(), DbError> {
        match fact {
            Fact::Ticket { number, priority, category, subject, details } => self.tickets.push(TicketRow {
                call_sid: row.call().to_owned(),
                epoch: row.epoch,
                sequence: row.sequence,
                number: number.clone(),
                company: row.company().map(str::to_owned),
                priority: priority.clone(),
                category: category.clone(),
                subject: subject.reveal().to_owned(),
                details: details.reveal().to_owned(),
                opened_ms: row.seen_ms,
            }),
            Fact::Refused { what, why } => {
                self.audit.push(audited(row, AGENT, format!("refused {what}"), why.clone()));
            }
            Fact::Recording { state } => {
                self.audit.push(audited(row, AGENT, format!("recording {}", word(state)?), String::new()));
            }
            Fact::Message { message, template, country, segments } => {
                // What is no id was never Twilio's; the event itself is kept.
                if MessageId::parse(message.as_str()).is_ok() {
                    self.add_message(MessageRow::sent(row, message, template, country, *segments));
                }
            }
            Fact::OptedOut => {}
        }
        Ok(())
    }

    /// Adds a word on a transfer to what is known of it; also what the database knew before.
    pub(super) fn add_transfer(&mut self, told: TransferRow) {
        match self.transfers.entry((told.call_sid.clone(), told.epoch)) {
            Entry::Vacant(free) => {
                free.insert(told);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(told),
        }
    }

    /// As [`Deeds::add_transfer`], of a text message.
    pub(super) fn add_message(&mut self, told: MessageRow) {
        match self.messages.entry(told.message.clone()) {
            Entry::Vacant(free) => {
                free.insert(told);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(told),
        }
    }

    /// As [`Deeds::add_transfer`], of a recording.
    pub(super) fn add_recording(&mut self, told: RecordingRow) {
        match self.recordings.entry(told.recording.clone()) {
            Entry::Vacant(free) => {
                free.insert(told);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(told),
        }
    }
}

/// A row of the audit about what an event tells.
fn audited(row: &EventRow<'_>, actor: &str, action: String, detail: String) -> AuditRow {
    AuditRow {
        at_ms: row.seen_ms,
        company: row.company().map(str::to_owned),
        call_sid: Some(row.call().to_owned()),
        actor: actor.to_owned(),
        action,
        detail,
    }
}

/// What a step is called in records and the place it names, if it is a place. Keys are not named: they may be a secret.
fn place(step: &NextStep) -> Option<(&'static str, &str)> {
    match step {
        NextStep::Transfer { to, .. } => Some(("transfer", to)),
        NextStep::Conference { room } => Some(("conference", room)),
        NextStep::Queue { queue } => Some(("queue", queue)),
        NextStep::Digits { .. } => Some(("digits", "")),
        NextStep::HangUp | NextStep::Resume | NextStep::Apologize => None,
    }
}

impl TransferRow {
    fn new(row: &EventRow<'_>, epoch: i64, kind: &str, target: &str) -> Self {
        Self {
            call_sid: row.call().to_owned(),
            epoch,
            company: row.company().map(str::to_owned),
            kind: kind.to_owned(),
            target: target.to_owned(),
            asked_ms: None,
            returned_ms: None,
            outcome: None,
            talked_s: None,
        }
    }

    /// The first asking and the last ending count; the asking names the place. Free of order.
    fn merge(&mut self, told: Self) {
        let place = |row: &Self| (row.kind.clone(), row.target.clone());
        let asked = |row: &Self| row.asked_ms.map(|at| (at, place(row)));
        let ended = |row: &Self| row.returned_ms.map(|at| (at, row.outcome.clone(), row.talked_s));
        let first = asked(self).into_iter().chain(asked(&told)).min();
        let last = (ended(self), place(self)).max((ended(&told), place(&told)));
        let (asked_ms, (kind, target)) = match first {
            Some((at, place)) => (Some(at), place),
            None => (None, last.1),
        };
        let (returned_ms, outcome, talked_s) =
            last.0.map_or((None, None, None), |(at, outcome, talked_s)| (Some(at), outcome, talked_s));
        let company = self.company.take().max(told.company);
        *self = Self { company, kind, target, asked_ms, returned_ms, outcome, talked_s, ..told };
    }
}

impl From<ToolRunRow> for ToolRun {
    fn from(row: ToolRunRow) -> Self {
        Self {
            id: row.tool_call,
            name: row.name,
            took_ms: count(row.took_ms),
            outcome: row.outcome,
            error: row.error,
            arguments: row.arguments,
            output: row.output,
            at_ms: count(row.ended_ms),
        }
    }
}

impl TryFrom<TicketRow> for Ticket {
    type Error = DbError;

    fn try_from(row: TicketRow) -> Result<Self, DbError> {
        Ok(Self {
            number: row.number,
            call: id(row.call_sid)?,
            company: row.company.map(id).transpose()?,
            priority: row.priority,
            category: row.category,
            subject: row.subject,
            details: row.details,
            opened_ms: count(row.opened_ms),
        })
    }
}

impl TryFrom<TransferRow> for Transfer {
    type Error = DbError;

    fn try_from(row: TransferRow) -> Result<Self, DbError> {
        Ok(Self {
            call: id(row.call_sid)?,
            epoch: count(row.epoch),
            kind: row.kind,
            target: row.target,
            asked_ms: row.asked_ms.map(count),
            outcome: row.outcome,
            talked_s: row.talked_s.map(count),
        })
    }
}

impl TryFrom<AuditRow> for Audited {
    type Error = DbError;

    fn try_from(row: AuditRow) -> Result<Self, DbError> {
        Ok(Self {
            at_ms: count(row.at_ms),
            company: row.company.map(id).transpose()?,
            call: row.call_sid.map(id).transpose()?,
            actor: row.actor,
            action: row.action,
            detail: row.detail,
        })
    }
}
