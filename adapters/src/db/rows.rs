//! Rows as both databases give and take them: times as milliseconds, counts as 64-bit integers, maps as JSON text.

use call::{Heard, Speaker, Spoken, Turn, Usage};
use common::cdr::{Cdr, StoredTurn};
use common::event::{Direction, Envelope, Event, EventKey, Source};
use common::ids::{CallId, Epoch};
use common::ports::DbError;
use common::private::PhoneNumber;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A row of `calls`. Serialised, it is an element of the JSON array that rows are written by.
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct CallRow {
    pub(super) call_sid: String,
    pub(super) company: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) agent_version: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) caller: Option<String>,
    pub(super) called: Option<String>,
    pub(super) language: Option<String>,
    pub(super) accepted_ms: Option<i64>,
    pub(super) answered_ms: Option<i64>,
    pub(super) ended_ms: Option<i64>,
    pub(super) duration_ms: Option<i64>,
    pub(super) end_reason: Option<String>,
    pub(super) twilio_status: Option<String>,
    pub(super) workers: String,
    pub(super) turns: i64,
    pub(super) interruptions: i64,
    pub(super) agent_losses: i64,
    pub(super) silence_prompts: i64,
    pub(super) tools: i64,
    pub(super) transfers: i64,
    pub(super) first_word_ms: Option<i64>,
    pub(super) reply_gap_max_ms: Option<i64>,
    pub(super) reply_gap_sum_ms: i64,
    pub(super) reply_gaps: i64,
    pub(super) usage_text_in: i64,
    pub(super) usage_text_cached: i64,
    pub(super) usage_audio_in: i64,
    pub(super) usage_audio_cached: i64,
    pub(super) usage_text_out: i64,
    pub(super) usage_audio_out: i64,
    pub(super) usage_transcription: i64,
    pub(super) usage_billed_ms: i64,
    pub(super) costs: String,
    /// The sum of `costs`, for those who ask the database itself; never read back.
    pub(super) cost_nanos: i64,
    pub(super) attempt: Option<String>,
    pub(super) answered_by: Option<String>,
    pub(super) machine: Option<String>,
    pub(super) messages: i64,
    pub(super) recordings: i64,
    pub(super) tally: String,
    pub(super) evidence: String,
    pub(super) complete: bool,
}

/// A row of `turns`. Serialised, as [`CallRow`].
#[derive(sqlx::FromRow, Serialize)]
pub(super) struct TurnRow {
    pub(super) call_sid: String,
    pub(super) epoch: i64,
    pub(super) sequence: i64,
    pub(super) number: i64,
    pub(super) speaker: String,
    pub(super) spoken: Option<String>,
    pub(super) started_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) heard_ms: Option<i64>,
    pub(super) of_ms: Option<i64>,
    pub(super) seen_ms: i64,
    pub(super) agent_version: Option<String>,
}

/// A row of `call_events` as it is read.
#[derive(sqlx::FromRow)]
pub(super) struct StoredEvent {
    call_sid: String,
    source: String,
    epoch: i64,
    sequence: i64,
    version: i32,
    seen_ms: i64,
    company: Option<String>,
    trace: String,
    body: String,
}

impl TryFrom<&Cdr> for CallRow {
    type Error = DbError;

    fn try_from(cdr: &Cdr) -> Result<Self, DbError> {
        let usage = cdr.usage;
        Ok(Self {
            call_sid: cdr.call.to_string(),
            company: cdr.company.clone().map(String::from),
            agent: cdr.agent.clone().map(String::from),
            agent_version: cdr.agent_version.clone(),
            direction: cdr.direction.map(word).transpose()?,
            caller: cdr.from.as_ref().map(|number| number.reveal().to_owned()),
            called: cdr.to.as_ref().map(|number| number.reveal().to_owned()),
            language: cdr.language.clone(),
            accepted_ms: maybe_big(cdr.accepted_ms, "accepted")?,
            answered_ms: maybe_big(cdr.answered_ms, "answered")?,
            ended_ms: maybe_big(cdr.ended_ms, "ended")?,
            duration_ms: maybe_big(cdr.duration_ms, "duration")?,
            end_reason: cdr.end_reason.clone(),
            twilio_status: cdr.twilio_status.clone(),
            workers: json(&cdr.workers)?,
            turns: cdr.turns.into(),
            interruptions: cdr.interruptions.into(),
            agent_losses: cdr.agent_losses.into(),
            silence_prompts: cdr.silence_prompts.into(),
            tools: cdr.tools.into(),
            transfers: cdr.transfers.into(),
            first_word_ms: maybe_big(cdr.first_word_ms, "first word")?,
            reply_gap_max_ms: maybe_big(cdr.reply_gap_max_ms, "reply gap")?,
            reply_gap_sum_ms: big(cdr.reply_gap_sum_ms, "sum of reply gaps")?,
            reply_gaps: cdr.reply_gaps.into(),
            usage_text_in: big(usage.text_in, "usage")?,
            usage_text_cached: big(usage.text_cached, "usage")?,
            usage_audio_in: big(usage.audio_in, "usage")?,
            usage_audio_cached: big(usage.audio_cached, "usage")?,
            usage_text_out: big(usage.text_out, "usage")?,
            usage_audio_out: big(usage.audio_out, "usage")?,
            usage_transcription: big(usage.transcription, "usage")?,
            usage_billed_ms: big(usage.billed_ms, "usage")?,
            costs: json(&cdr.costs)?,
            cost_nanos: cdr.costs.total().nanos(),
            attempt: cdr.attempt.as_ref().map(ToString::to_string),
            answered_by: cdr.answered_by.clone(),
            machine: cdr.machine.map(word).transpose()?,
            messages: cdr.messages.into(),
            recordings: cdr.recordings.into(),
            tally: json(&cdr.tally)?,
            evidence: json(&cdr.evidence)?,
            complete: cdr.complete,
        })
    }
}

impl TryFrom<CallRow> for Cdr {
    type Error = DbError;

    fn try_from(row: CallRow) -> Result<Self, DbError> {
        Ok(Self {
            call: id(row.call_sid)?,
            company: row.company.map(id).transpose()?,
            agent: row.agent.map(id).transpose()?,
            agent_version: row.agent_version,
            direction: row.direction.as_deref().map(from_word::<Direction>).transpose()?,
            from: row.caller.as_deref().map(PhoneNumber::new),
            to: row.called.as_deref().map(PhoneNumber::new),
            language: row.language,
            accepted_ms: row.accepted_ms.map(count),
            answered_ms: row.answered_ms.map(count),
            ended_ms: row.ended_ms.map(count),
            duration_ms: row.duration_ms.map(count),
            end_reason: row.end_reason,
            twilio_status: row.twilio_status,
            workers: from_json(&row.workers)?,
            turns: small(row.turns),
            interruptions: small(row.interruptions),
            agent_losses: small(row.agent_losses),
            silence_prompts: small(row.silence_prompts),
            tools: small(row.tools),
            transfers: small(row.transfers),
            first_word_ms: row.first_word_ms.map(count),
            reply_gap_max_ms: row.reply_gap_max_ms.map(count),
            reply_gap_sum_ms: count(row.reply_gap_sum_ms),
            reply_gaps: small(row.reply_gaps),
            usage: Usage {
                text_in: count(row.usage_text_in),
                text_cached: count(row.usage_text_cached),
                audio_in: count(row.usage_audio_in),
                audio_cached: count(row.usage_audio_cached),
                text_out: count(row.usage_text_out),
                audio_out: count(row.usage_audio_out),
                transcription: count(row.usage_transcription),
                billed_ms: count(row.usage_billed_ms),
            },
            costs: from_json(&row.costs)?,
            attempt: row.attempt.map(id).transpose()?,
            answered_by: row.answered_by,
            machine: row.machine.as_deref().map(from_word).transpose()?,
            messages: small(row.messages),
            recordings: small(row.recordings),
            tally: from_json(&row.tally)?,
            evidence: from_json(&row.evidence)?,
            complete: row.complete,
        })
    }
}

impl TurnRow {
    /// The row of a turn told by an event.
    pub(super) fn new(call: &str, epoch: i64, sequence: i64, seen_ms: i64, turn: &Turn) -> Result<Self, DbError> {
        let (heard_ms, of_ms) = match turn.heard {
            Heard::Whole => (None, None),
            Heard::Part { heard_ms, of_ms } => (Some(heard_ms), Some(of_ms)),
        };
        Ok(Self {
            call_sid: call.to_owned(),
            epoch,
            sequence,
            number: turn.number.into(),
            speaker: word(turn.speaker)?,
            spoken: turn.text.as_ref().map(|text| text.reveal().to_owned()),
            started_ms: big(turn.started_ms, "turn's start")?,
            ended_ms: big(turn.ended_ms, "turn's end")?,
            heard_ms: maybe_big(heard_ms, "heard part")?,
            of_ms: maybe_big(of_ms, "whole of a part")?,
            seen_ms,
            agent_version: turn.version.clone(),
        })
    }
}

impl TryFrom<TurnRow> for StoredTurn {
    type Error = DbError;

    fn try_from(row: TurnRow) -> Result<Self, DbError> {
        let heard = match (row.heard_ms, row.of_ms) {
            (Some(heard_ms), Some(of_ms)) => Heard::Part { heard_ms: count(heard_ms), of_ms: count(of_ms) },
            _ => Heard::Whole,
        };
        Ok(Self {
            epoch: count(row.epoch),
            at_ms: count(row.seen_ms),
            turn: Turn {
                number: small(row.number),
                speaker: from_word::<Speaker>(&row.speaker)?,
                text: row.spoken.map(Spoken::new),
                started_ms: count(row.started_ms),
                ended_ms: count(row.ended_ms),
                heard,
                version: row.agent_version,
            },
        })
    }
}

impl TryFrom<StoredEvent> for Envelope {
    type Error = DbError;

    fn try_from(row: StoredEvent) -> Result<Self, DbError> {
        Ok(Self {
            version: u16::try_from(row.version).map_err(|_| unreadable("version"))?,
            key: EventKey {
                call: id::<CallId>(row.call_sid)?,
                source: from_word::<Source>(&row.source)?,
                epoch: Epoch(count(row.epoch)),
                sequence: count(row.sequence),
            },
            company: row.company.map(id).transpose()?,
            at_ms: count(row.seen_ms),
            trace: row.trace,
            event: from_json::<Event>(&row.body)?,
        })
    }
}

/// A count as a column holds it; refused when it has more than 63 bits.
pub(super) fn big(value: u64, what: &str) -> Result<i64, DbError> {
    i64::try_from(value).map_err(|_| DbError::Refused(format!("{what} has more than 63 bits")))
}

/// Rows as one JSON array, the one parameter they are all written by.
pub(super) fn array<T: Serialize>(rows: &[T]) -> Result<String, DbError> {
    json(rows)
}

/// As [`big`], of what may be unknown.
pub(super) fn maybe_big(value: Option<u64>, what: &str) -> Result<Option<i64>, DbError> {
    value.map(|value| big(value, what)).transpose()
}

/// A count as it was before [`big`].
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A count that needs no more than 32 bits.
pub(super) fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Content as JSON text.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Refused(error.to_string()))
}

/// Content from JSON text.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    // The error's own text may quote what was said.
    serde_json::from_str(text).map_err(|_| unreadable(std::any::type_name::<T>()))
}

/// The word an enum is stored as: the one it has in JSON.
pub(super) fn word<T: Serialize>(value: T) -> Result<String, DbError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(unreadable(std::any::type_name::<T>())),
    }
}

/// What [`word`] made a word of.
pub(super) fn from_word<'a, T: Deserialize<'a>>(word: &'a str) -> Result<T, DbError> {
    let word = serde::de::value::BorrowedStrDeserializer::<serde::de::value::Error>::new(word);
    T::deserialize(word).map_err(|_| unreadable(std::any::type_name::<T>()))
}

/// A stored id.
pub(super) fn id<T: TryFrom<String>>(text: String) -> Result<T, DbError> {
    T::try_from(text).map_err(|_| unreadable(std::any::type_name::<T>()))
}

fn unreadable(what: &str) -> DbError {
    DbError::Refused(format!("a stored {what} cannot be read"))
}
