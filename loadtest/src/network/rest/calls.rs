//! The calls of the REST API: created, found, fetched, sent elsewhere, ended.
//!
//! What is asked goes to the register (`network/calls.rs`) as orders; who is called is looked up in the book.
//!
//! The API: <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).

use std::time::Duration;

use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::form::{Fields, Refusal, all, duration, field, is_number, is_url};
use super::page::page;
use super::{Known, count, not_found, problem, rfc_2822};
use crate::network::calls::{Direction, Entry, Method, NoOrder, Order, Source};
use crate::network::detection::{Detection, Told, Until};
use crate::network::{CallStatus, Leg, Network, Ring};

/// The longest TwiML that may be given in place, in characters.
const TWIML_LIMIT: usize = 4000;
/// How long a call rings when its creator does not say, and at most.
const RING_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_RING: Duration = Duration::from_secs(600);
/// How long a machine is listened to when nobody says.
const DETECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// The events a call can tell of.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// What a minute costs, in hundred-thousandths of a dollar: calls placed, calls taken.
const PRICES: [u128; 2] = [1_400, 850];

pub(super) async fn create(known: Known, Path(account): Path<String>, Form(fields): Fields) -> Response {
    let network = &known.0;
    if account != network.account_sid() {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Calls.json"));
    }
    match order(network, &fields) {
        Ok(wanted) => ring(network, wanted),
        Err(refusal) => refusal.into_response(),
    }
}

/// What a request wants, as far as it can be had.
struct Wanted {
    to: String,
    from: String,
    source: Source,
    fallback_url: Option<String>,
    status_callback: Option<String>,
    status_events: Vec<String>,
    timeout: Duration,
    time_limit: Option<Duration>,
    detection: Option<Detection>,
}

fn order(network: &Network, fields: &[(String, String)]) -> Result<Wanted, Refusal> {
    let to = field(fields, "To").ok_or(Refusal::new(21201, "No 'To' number is specified"))?;
    let from = field(fields, "From").ok_or(Refusal::new(21213, "'From' phone number is required"))?;
    let source = source(fields)?.ok_or(Refusal::new(21205, "Url parameter is required"))?;
    if !is_number(to) && !to.starts_with("sip:") && !to.starts_with("client:") {
        return Err(Refusal::new(21211, "The 'To' number is not a valid phone number"));
    }
    if !network.0.numbers.may_send(from) {
        return Err(Refusal::new(21210, "'From' phone number not verified"));
    }
    let status_events = all(fields, "StatusCallbackEvent");
    // A list spelt wrong is taken, noted in the debugger as 21626, and nothing at all is told.
    let spelt_wrong = status_events.iter().any(|event| !EVENTS.contains(&event.as_str()));
    Ok(Wanted {
        to: to.to_owned(),
        from: from.to_owned(),
        source,
        fallback_url: field(fields, "FallbackUrl").map(str::to_owned),
        status_callback: field(fields, "StatusCallback").filter(|_| !spelt_wrong).map(str::to_owned),
        status_events,
        timeout: duration(fields, "Timeout").unwrap_or(RING_TIMEOUT).min(LONGEST_RING),
        time_limit: duration(fields, "TimeLimit"),
        detection: detection(fields),
    })
}

/// Whether anybody wants to know who picks up. Keys that are pressed on picking up leave no ear for it.
fn detection(fields: &[(String, String)]) -> Option<Detection> {
    let until = match field(fields, "MachineDetection")? {
        "Enable" => Until::Start,
        "DetectMessageEnd" => Until::MessageEnd,
        _ => return None,
    };
    if field(fields, "SendDigits").is_some() {
        return None;
    }
    let callback = || {
        let url = field(fields, "AsyncAmdStatusCallback").map(str::to_owned);
        let method = Method::named(field(fields, "AsyncAmdStatusCallbackMethod"));
        url.map_or(Told::Nobody, |url| Told::Callback(url, method))
    };
    let told = if field(fields, "AsyncAmd") == Some("true") { callback() } else { Told::WithDocument };
    let timeout = duration(fields, "MachineDetectionTimeout").unwrap_or(DETECTION_TIMEOUT);
    Some(Detection { until, told, timeout })
}

/// Lets a telephone ring.
fn ring(network: &Network, wanted: Wanted) -> Response {
    let call_sid = network.sid("CA");
    let orders = network.calls().enter(&call_sid, Direction::Outbound, &wanted.from, &wanted.to);
    let ring = Ring {
        call_sid: call_sid.clone(),
        from: wanted.from,
        to: wanted.to,
        source: wanted.source,
        fallback_url: wanted.fallback_url,
        status_callback: wanted.status_callback,
        status_events: wanted.status_events,
        timeout: wanted.timeout,
        time_limit: wanted.time_limit,
        detection: wanted.detection,
        orders,
    };
    // As it was created: the telephone may be quicker than this answer.
    let body = network.calls().find(&call_sid).map(|entry| resource(network, &call_sid, &entry));
    network.register().enter(Leg::dialled(&call_sid, None, &ring.to, &ring.from));
    if network.has_book() {
        crate::phone::call_human(network, ring);
    } else if network.ring(ring).is_err() {
        network.calls().set(&call_sid, CallStatus::Failed);
        return problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests");
    }
    count(&network.0.counters.created);
    (StatusCode::CREATED, Json(body)).into_response()
}

pub(super) async fn list(
    known: Known,
    Path(account): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let network = &known.0;
    let path = format!("/2010-04-01/Accounts/{account}/Calls.json");
    if account != network.account_sid() {
        return not_found(&path);
    }
    let is = |name: &str, value: &str| field(&query, name).is_none_or(|wanted| wanted == value);
    // `StartTime>=…` is a field called `StartTime>`; a call that does not ring yet is found by when it was created.
    let (after, before) = (moment(&query, "StartTime>"), moment(&query, "StartTime<"));
    let known_since = Timestamp::now() - network.config().listing_lag;
    let found = network.calls().list(|entry| {
        let began = entry.dialled.unwrap_or(entry.created);
        let in_time = after.is_none_or(|after| began >= after) && before.is_none_or(|before| began <= before);
        let in_time = in_time && entry.created <= known_since;
        in_time && is("To", &entry.to) && is("From", &entry.from) && is("Status", entry.status.as_str())
    });
    count(&network.0.counters.listed);
    let all = found.iter().map(|(sid, entry)| resource(network, sid, entry)).collect();
    page("calls", &path, &query, all)
}

/// A day, or a moment of one.
fn moment(query: &[(String, String)], name: &str) -> Option<Timestamp> {
    let text = field(query, name)?;
    let day = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    text.parse().ok().or_else(day)
}

pub(super) async fn fetch(known: Known, Path((account, call)): Path<(String, String)>) -> Response {
    let network = &known.0;
    let Some((sid, entry)) = known_call(network, &account, &call) else {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}"));
    };
    count(&network.0.counters.fetched);
    Json(resource(network, sid, &entry)).into_response()
}

pub(super) async fn update(
    known: Known,
    Path((account, call)): Path<(String, String)>,
    Form(fields): Fields,
) -> Response {
    let network = &known.0;
    let unknown = || not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}"));
    let Some((sid, entry)) = known_call(network, &account, &call) else { return unknown() };
    let (order, counter) = match (field(&fields, "Status"), source(&fields)) {
        (_, Err(refusal)) => return refusal.into_response(),
        (Some("completed"), _) => (Order::Complete, &network.0.counters.completed),
        (Some("canceled"), _) if entry.status == CallStatus::InProgress => {
            return problem(StatusCode::BAD_REQUEST, 21220, "Call is in-progress. Cannot cancel.");
        }
        (Some("canceled"), _) => (Order::Complete, &network.0.counters.completed),
        (Some(_), _) => return problem(StatusCode::BAD_REQUEST, 20001, "Status must be completed or canceled"),
        (None, Ok(Some(source))) => (Order::Redirect(source), &network.0.counters.redirected),
        (None, Ok(None)) => return Json(resource(network, sid, &entry)).into_response(),
    };
    let completes = order == Order::Complete;
    if !completes && entry.direction != Direction::Inbound && entry.status != CallStatus::InProgress {
        return not_in_progress();
    }
    match network.calls().order(sid, order) {
        Ok(entry) => {
            count(counter);
            Json(resource(network, sid, &entry)).into_response()
        }
        Err(NoOrder::Unknown) => unknown(),
        // Seen in the field: completing a call that is over answers as if it had never been.
        Err(NoOrder::Over) if completes => unknown(),
        Err(NoOrder::Over) => not_in_progress(),
        Err(NoOrder::Busy) => problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests"),
    }
}

pub(super) fn not_in_progress() -> Response {
    problem(StatusCode::BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.")
}

fn known_call<'a>(network: &Network, account: &str, call: &'a str) -> Option<(&'a str, Entry)> {
    let sid = call.strip_suffix(".json")?;
    if account != network.account_sid() {
        return None;
    }
    Some((sid, network.calls().find(sid)?))
}

/// The document that a create or an update names. When both ways are used, `Url` wins.
fn source(fields: &[(String, String)]) -> Result<Option<Source>, Refusal> {
    if let Some(url) = field(fields, "Url") {
        if !is_url(url) {
            return Err(Refusal::new(21205, "Url is not a valid URL"));
        }
        return Ok(Some(Source::Url { url: url.to_owned(), method: Method::named(field(fields, "Method")) }));
    }
    match field(fields, "Twiml") {
        Some(twiml) if twiml.chars().count() > TWIML_LIMIT => {
            Err(Refusal::new(21623, "Twiml must be at most 4000 characters"))
        }
        twiml => Ok(twiml.map(|twiml| Source::Twiml(twiml.to_owned()))),
    }
}

fn resource(network: &Network, sid: &str, entry: &Entry) -> Value {
    let account = network.account_sid();
    let lasted = entry.ended.map(|to| entry.answered.map_or(0, |from| seconds(from, to)));
    let day = |time: Option<Timestamp>| time.map(rfc_2822);
    json!({
        "sid": sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "status": entry.status.as_str(),
        "direction": entry.direction.as_str(),
        "from": entry.from, "from_formatted": entry.from,
        "to": entry.to, "to_formatted": entry.to,
        "date_created": rfc_2822(entry.created),
        "date_updated": rfc_2822(entry.ended.or(entry.answered).unwrap_or(entry.created)),
        "start_time": day(entry.dialled.or(entry.answered)),
        "end_time": day(entry.ended),
        "duration": lasted.map(|seconds| seconds.to_string()),
        "price": lasted.filter(|seconds| *seconds > 0).map(|seconds| price(entry.direction, seconds)),
        "price_unit": "USD", "queue_time": "0",
        "answered_by": entry.answered_by, "parent_call_sid": entry.parent, "phone_number_sid": null,
        "group_sid": null, "trunk_sid": null, "caller_name": null, "forwarded_from": null,
        "uri": format!("/2010-04-01/Accounts/{account}/Calls/{sid}.json"),
        "subresource_uris": {"recordings": format!("/2010-04-01/Accounts/{account}/Calls/{sid}/Recordings.json")},
    })
}

/// What a call cost: every minute begun, spelt as what is taken from the account.
fn price(direction: Direction, seconds: u128) -> String {
    let [placed, taken] = PRICES;
    let minute = if direction == Direction::Inbound { taken } else { placed };
    let all = seconds.div_ceil(60) * minute;
    format!("-{}.{:05}", all / 100_000, all % 100_000)
}

/// A call's length as it is billed: every second begun counts.
fn seconds(from: Timestamp, to: Timestamp) -> u128 {
    to.duration_since(from).unsigned_abs().as_millis().div_ceil(1000)
}
