//! What a company's system is told of an event: `docs/WEBHOOKS.md` shows each. Fields are only ever added.
//!
//! Numbers and words are in full: it is the company's own call. Secrets are in none.

use common::cdr::Cdr;
use common::costs::Costs;
use common::event::{GatewayEvent, PlaceOutcome, TapEvent};
use common::ids::{CallId, CompanyId, MessageId, RecordingId};
use common::ports::aftercare::StoredRecording;
use common::private::PhoneNumber;
use common::summary::Summary;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Something a company's system may want to know.
pub(super) struct News {
    /// Its kind, one of `common::company::HOOK_EVENTS`.
    pub(super) event: &'static str,
    /// When it happened, milliseconds since 1970.
    pub(super) at_ms: u64,
    /// What there is to tell.
    pub(super) data: Value,
}

impl News {
    fn new(event: &'static str, at_ms: u64, data: Value) -> Self {
        Self { event, at_ms, data }
    }

    /// The body of the letter.
    pub(super) fn body(&self, id: &str, company: &CompanyId, call: &CallId) -> Value {
        json!({
            "id": id, "event": self.event, "at": rfc3339(self.at_ms), "company": company, "call": call,
            "data": self.data,
        })
    }
}

/// A call has begun. `None` for what is no beginning.
pub(super) fn started(at_ms: u64, event: &GatewayEvent) -> Option<News> {
    let GatewayEvent::Accepted { direction, from, to, agent, agent_version, language, attempt } = event else {
        return None;
    };
    let data = json!({
        "direction": direction, "from": from, "to": to, "agent": agent, "agent_version": agent_version,
        "language": language, "attempt": attempt,
    });
    Some(News::new("call.started", at_ms, data))
}

/// A call is over, and its record settled.
pub(super) fn ended(cdr: &Cdr) -> News {
    let at_ms = cdr.ended_ms.or(cdr.answered_ms).or(cdr.accepted_ms).unwrap_or_default();
    let data = json!({
        "direction": cdr.direction, "from": cdr.from, "to": cdr.to,
        "agent": cdr.agent, "agent_version": cdr.agent_version, "language": cdr.language,
        "attempt": cdr.attempt, "answered_by": cdr.answered_by,
        "started_at": cdr.accepted_ms.map(rfc3339), "answered_at": cdr.answered_ms.map(rfc3339),
        "ended_at": cdr.ended_ms.map(rfc3339),
        "duration_ms": cdr.duration_ms, "end_reason": cdr.end_reason, "status": cdr.twilio_status,
        "turns": cdr.turns, "interruptions": cdr.interruptions, "tools": cdr.tools, "transfers": cdr.transfers,
        "messages": cdr.messages, "recordings": cdr.recordings, "complete": cdr.complete,
        "cost": cost(&cdr.costs),
    });
    News::new("call.ended", at_ms, data)
}

fn cost(costs: &Costs) -> Value {
    json!({"usd": costs.total(), "parts": costs})
}

/// A model has read the call.
pub(super) fn summarized(summary: &Summary) -> News {
    let data = json!({
        "agent": summary.agent, "summary": summary.text, "outcome": summary.outcome,
        "sentiment": summary.sentiment, "fields": summary.fields, "model": summary.model,
    });
    News::new("call.summarized", summary.made_ms, data)
}

/// A ticket was opened.
pub(super) fn ticket(at_ms: u64, fact: &call::Fact) -> Option<News> {
    let call::Fact::Ticket { number, priority, category, subject, details } = fact else { return None };
    let data = json!({
        "number": number, "priority": priority, "category": category, "subject": subject, "details": details,
    });
    Some(News::new("ticket.opened", at_ms, data))
}

/// A place the call was sent to has been left.
pub(super) fn transfer(at_ms: u64, way: &str, place: &str, outcome: PlaceOutcome, talked_s: Option<u64>) -> News {
    let data = json!({"way": way, "place": place, "outcome": outcome, "talked_s": talked_s});
    News::new("transfer.ended", at_ms, data)
}

/// The state of a text message has changed.
pub(super) fn message(at_ms: u64, message: &MessageId, status: &str, error_code: Option<u32>) -> News {
    News::new("message.updated", at_ms, json!({"message": message, "status": status, "error_code": error_code}))
}

/// The person on the telephone does not want to be called again.
pub(super) fn opted_out(at_ms: u64, number: Option<&PhoneNumber>) -> News {
    News::new("opted_out", at_ms, json!({"number": number}))
}

/// A recording of ours stands in the store. `None` for one that was lost.
pub(super) fn stored(at_ms: u64, event: &TapEvent) -> Option<News> {
    let TapEvent::Stored { recording, place, began_ms, length_ms, bytes, silent_ms } = event else { return None };
    let mut data = recording_data(recording, "patchbay", place, *bytes);
    data.insert("began_at".into(), rfc3339(*began_ms).into());
    data.insert("length_ms".into(), (*length_ms).into());
    data.insert("silent_ms".into(), (*silent_ms).into());
    Some(News::new("recording.stored", at_ms, Value::Object(data)))
}

/// A recording of Twilio's stands in the store; `known` is what its callback said of it.
pub(super) fn fetched(
    at_ms: u64,
    recording: &RecordingId,
    place: &str,
    bytes: u64,
    known: Option<&StoredRecording>,
) -> News {
    let mut data = recording_data(recording, "twilio", place, bytes);
    data.insert("length_ms".into(), known.and_then(|known| known.length_ms).into());
    News::new("recording.stored", at_ms, Value::Object(data))
}

fn recording_data(recording: &RecordingId, source: &str, place: &str, bytes: u64) -> Map<String, Value> {
    let fields =
        [("recording", json!(recording)), ("source", source.into()), ("place", place.into()), ("bytes", bytes.into())];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// As RFC 3339 has it, in UTC with milliseconds.
fn rfc3339(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::company::HOOK_EVENTS;
    use common::testing::{call_id, company_id};

    #[test]
    fn a_body_says_what_happened_when_and_in_which_call() {
        let news = message(1_764_000_000_250, &MessageId::parse("SM1").unwrap(), "delivered", None);
        let body = news.body("the-key", &company_id(), &call_id(7));
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"at":"2025-11-24T16:00:00.250Z","call":"CA00000000000000000000000000000007","company":"harbour","data":{"error_code":null,"message":"SM1","status":"delivered"},"event":"message.updated","id":"the-key"}"#
        );
    }

    #[test]
    fn every_kind_of_news_can_be_wanted() {
        let cdr = Cdr::new(call_id(1));
        for news in [ended(&cdr), opted_out(0, None), transfer(0, "transfer", "desk", PlaceOutcome::Busy, None)] {
            assert!(HOOK_EVENTS.contains(&news.event), "{}", news.event);
        }
    }
}
