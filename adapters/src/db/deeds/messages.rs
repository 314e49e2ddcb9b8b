//! Text messages. A worker or the recorder says that one was sent, Twilio what becomes of it, in any order: whoever sent
//! it names template, country and parts, the furthest of Twilio's words is its status.

use crate::db::batch::EventRow;
use crate::db::rows::{count, id, small};
use common::ids::MessageId;
use common::ports::DbError;
use common::ports::aftercare::StoredMessage;
use serde::Serialize;

/// A row of `messages`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub(in crate::db) struct MessageRow {
    pub(in crate::db) message: String,
    call_sid: String,
    company: Option<String>,
    template: Option<String>,
    country: Option<String>,
    segments: i64,
    sent_ms: Option<i64>,
    status: Option<String>,
    error_code: Option<i64>,
}

impl MessageRow {
    /// It was sent.
    pub(super) fn sent(row: &EventRow<'_>, message: &str, template: &str, country: &str, segments: u32) -> Self {
        Self {
            template: Some(template.to_owned()),
            country: Some(country.to_owned()),
            segments: segments.into(),
            sent_ms: Some(row.seen_ms),
            ..Self::new(row, message)
        }
    }

    /// Twilio says how far it is.
    pub(super) fn came_to(row: &EventRow<'_>, message: &MessageId, status: &str, error_code: Option<u32>) -> Self {
        let (status, error_code) = (Some(status.to_owned()), error_code.map(i64::from));
        Self { status, error_code, ..Self::new(row, message.as_str()) }
    }

    fn new(row: &EventRow<'_>, message: &str) -> Self {
        Self {
            message: message.to_owned(),
            call_sid: row.call().to_owned(),
            company: row.company().map(str::to_owned),
            template: None,
            country: None,
            segments: 0,
            sent_ms: None,
            status: None,
            error_code: None,
        }
    }

    /// The first word on its sending and the furthest on its way count. Free of order.
    pub(super) fn merge(&mut self, told: Self) {
        let sending = |row: &Self| Some((row.sent_ms?, row.template.clone(), row.country.clone(), row.segments));
        let way = |row: &Self| row.status.clone().map(|status| (stage(&status), status, row.error_code));
        let sent = sending(self).into_iter().chain(sending(&told)).min();
        if let Some((sent_ms, template, country, segments)) = sent {
            (self.sent_ms, self.template, self.country, self.segments) = (Some(sent_ms), template, country, segments);
        }
        if let Some((_, status, error_code)) = way(self).max(way(&told)) {
            (self.status, self.error_code) = (Some(status), error_code);
        }
        self.company = self.company.take().max(told.company);
    }
}

/// How far a message is, by Twilio's status; of two that end it, that it was delivered counts
/// (<https://www.twilio.com/docs/messaging/api/message-resource#message-status-values>, read November 2026).
fn stage(status: &str) -> u8 {
    match status {
        "accepted" | "scheduled" | "queued" => 1,
        "sending" => 2,
        "sent" => 3,
        "failed" | "undelivered" | "canceled" => 4,
        "delivered" => 5,
        _ => 0,
    }
}

impl TryFrom<MessageRow> for StoredMessage {
    type Error = DbError;

    fn try_from(row: MessageRow) -> Result<Self, DbError> {
        Ok(Self {
            message: id(row.message)?,
            call: id(row.call_sid)?,
            template: row.template,
            status: row.status,
            error_code: row.error_code.map(small),
            segments: small(row.segments),
            sent_ms: row.sent_ms.map(count),
        })
    }
}
