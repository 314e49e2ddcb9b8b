//! Recordings. Who made one says when it began and where it is kept, the recorder what it did with it later, in any
//! order: the furthest word is its status, and a recording that was deleted stays so.

use crate::db::batch::EventRow;
use crate::db::rows::{big, count, id};
use common::event::{RecorderEvent, TapEvent, TwilioEvent};
use common::ids::RecordingId;
use common::ports::DbError;
use common::ports::aftercare::StoredRecording;
use serde::Serialize;

/// Who makes recordings.
const TWILIO: &str = "twilio";
const PATCHBAY: &str = "patchbay";
/// Why Twilio's copy of a recording is deleted that stays in the store.
const FETCHED: &str = "fetched";
/// What a deleted recording is.
const DELETED: &str = "deleted";

/// A row of `recordings`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub(in crate::db) struct RecordingRow {
    pub(in crate::db) recording: String,
    call_sid: String,
    company: Option<String>,
    source: Option<String>,
    place: Option<String>,
    began_ms: Option<i64>,
    length_ms: Option<i64>,
    bytes: Option<i64>,
    silent_ms: i64,
    status: String,
    why: Option<String>,
}

impl RecordingRow {
    /// What a worker's recording came to.
    pub(super) fn of_tap(row: &EventRow<'_>, event: &TapEvent) -> Result<Self, DbError> {
        Ok(match event {
            TapEvent::Stored { recording, place, began_ms, length_ms, bytes, silent_ms } => Self {
                source: Some(PATCHBAY.to_owned()),
                place: Some(place.clone()),
                began_ms: Some(big(*began_ms, "recording's beginning")?),
                length_ms: Some(big(*length_ms, "recording's length")?),
                bytes: Some(big(*bytes, "recording's size")?),
                silent_ms: big(*silent_ms, "recording's silence")?,
                ..Self::new(row, recording, "stored")
            },
            TapEvent::Lost { recording, why } => {
                Self { source: Some(PATCHBAY.to_owned()), why: Some(why.clone()), ..Self::new(row, recording, "lost") }
            }
        })
    }

    /// What Twilio says of a recording of its own, if it is of one
    /// (<https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback>, read November 2026).
    pub(super) fn of_twilio(row: &EventRow<'_>, event: &TwilioEvent) -> Option<Self> {
        let TwilioEvent::Recording { recording, status, duration_s, .. } = event else { return None };
        let told = match status.as_str() {
            "completed" => {
                let length_ms = duration_s.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
                let length_ms = length_ms.map(|seconds| seconds.saturating_mul(1000));
                Self { began_ms: Some(row.seen_ms), length_ms, ..Self::new(row, recording, "complete") }
            }
            "absent" | "failed" => Self { why: Some(status.clone()), ..Self::new(row, recording, "lost") },
            _ => Self::new(row, recording, "in_progress"),
        };
        Some(Self { source: Some(TWILIO.to_owned()), ..told })
    }

    /// What the recorder did with a recording, if that changes where it stands.
    pub(super) fn of_recorder(row: &EventRow<'_>, event: &RecorderEvent) -> Result<Option<Self>, DbError> {
        Ok(match event {
            RecorderEvent::Fetched { recording, place, bytes } => Some(Self {
                source: Some(TWILIO.to_owned()),
                place: Some(place.clone()),
                bytes: Some(big(*bytes, "recording's size")?),
                ..Self::new(row, recording, "stored")
            }),
            RecorderEvent::Deleted { recording, why } if why != FETCHED => {
                Some(Self { why: Some(why.clone()), ..Self::new(row, recording, DELETED) })
            }
            RecorderEvent::Deleted { .. } | RecorderEvent::Summarized { .. } | RecorderEvent::Messaged { .. } => None,
        })
    }

    fn new(row: &EventRow<'_>, recording: &RecordingId, status: &str) -> Self {
        Self {
            recording: recording.to_string(),
            call_sid: row.call().to_owned(),
            company: row.company().map(str::to_owned),
            source: None,
            place: None,
            began_ms: None,
            length_ms: None,
            bytes: None,
            silent_ms: 0,
            status: status.to_owned(),
            why: None,
        }
    }

    /// Everything that was told of it, the earliest beginning and the furthest status. Free of order.
    pub(super) fn merge(&mut self, told: Self) {
        let way = |row: &Self| (stage(&row.status), row.status.clone(), row.why.clone());
        (_, self.status, self.why) = way(self).max(way(&told));
        self.company = self.company.take().max(told.company);
        self.source = self.source.take().max(told.source);
        self.place = self.place.take().max(told.place).filter(|_| self.status != DELETED);
        self.began_ms = self.began_ms.into_iter().chain(told.began_ms).min();
        self.length_ms = self.length_ms.max(told.length_ms);
        self.bytes = self.bytes.max(told.bytes);
        self.silent_ms = self.silent_ms.max(told.silent_ms);
    }
}

/// How far a recording is. One that somebody thought lost and somebody else stored is stored.
fn stage(status: &str) -> u8 {
    match status {
        "complete" => 1,
        "lost" => 2,
        "stored" => 3,
        DELETED => 4,
        _ => 0,
    }
}

impl TryFrom<RecordingRow> for StoredRecording {
    type Error = DbError;

    fn try_from(row: RecordingRow) -> Result<Self, DbError> {
        Ok(Self {
            recording: id(row.recording)?,
            call: id(row.call_sid)?,
            company: row.company.map(id).transpose()?,
            source: row.source.unwrap_or_default(),
            place: row.place,
            began_ms: row.began_ms.map(count),
            length_ms: row.length_ms.map(count),
            bytes: row.bytes.map(count),
            silent_ms: count(row.silent_ms),
            status: row.status,
            why: row.why,
        })
    }
}
