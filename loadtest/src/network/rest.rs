//! The part of Twilio's REST API that a voice application needs: create, fetch and update a call.
//!
//! Requests come from the system under test; what they ask is passed to the calls (`calls.rs`) as orders. Never
//! touches audio.
//!
//! The API: <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).

mod counts;

use std::sync::Weak;
use std::time::Duration;

use axum::extract::{Form, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) use counts::Counters;
pub use counts::RestCounts;
use counts::count;

use super::calls::{Direction, Entry, Method, NoOrder, Order, Source};
use super::{CallStatus, Inner, Leg, Network, Ring};

/// The longest TwiML that may be given in place, in characters.
const TWIML_LIMIT: usize = 4000;
/// How long a call rings when its creator does not say.
const RING_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves until the network is dropped.
pub(super) async fn serve(listener: TcpListener, network: Weak<Inner>) {
    let router = Router::new()
        .route("/2010-04-01/Accounts/{account}/Calls.json", post(create))
        .route("/2010-04-01/Accounts/{account}/Calls/{call}", get(fetch).post(update))
        .fallback(|request: Request| async move { not_found(request.uri().path()) })
        .layer(from_fn_with_state(network.clone(), admit))
        .with_state(network);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the REST API of the simulated network stopped");
    }
}

/// Counts, and lets pass who has the right to.
async fn admit(State(network): State<Weak<Inner>>, request: Request, next: Next) -> Response {
    let Some(inner) = network.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let network = Network(inner);
    let counters = &network.0.counters;
    count(&counters.requests);
    if !is_known(&network, request.headers()) {
        count(&counters.unauthorized);
        return problem(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    if counters.is_refused() {
        count(&counters.busy);
        return problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests");
    }
    let mut request = request;
    request.extensions_mut().insert(network.clone());
    let response = next.run(request).await;
    if !response.status().is_success() {
        count(&counters.refused);
    }
    response
}

/// Basic credentials: the account and its token, or the API key and its secret.
fn is_known(network: &Network, headers: &HeaderMap) -> bool {
    let config = network.config();
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(given) = given.and_then(|value| value.strip_prefix("Basic ")) else { return false };
    let account = Some((config.account_sid.as_str(), config.auth_token.as_str()));
    let key = config.api_key.as_ref().map(|(sid, secret)| (sid.as_str(), secret.as_str()));
    [account, key].into_iter().flatten().any(|(user, password)| STANDARD.encode(format!("{user}:{password}")) == given)
}

type Known = Extension<Network>;
type Fields = Form<Vec<(String, String)>>;

async fn create(Extension(network): Known, Path(account): Path<String>, Form(fields): Fields) -> Response {
    if account != network.account_sid() {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Calls.json"));
    }
    let Some(to) = field(&fields, "To") else {
        return problem(StatusCode::BAD_REQUEST, 21201, "No 'To' number is specified");
    };
    let Some(from) = field(&fields, "From") else {
        return problem(StatusCode::BAD_REQUEST, 21213, "'From' phone number is required");
    };
    let source = match source(&fields) {
        Ok(Some(source)) => source,
        Ok(None) => return problem(StatusCode::BAD_REQUEST, 21205, "Url parameter is required"),
        Err(refusal) => return refusal.into_response(),
    };
    let call_sid = network.sid("CA");
    let orders = network.calls().enter(&call_sid, Direction::Outbound, from, to);
    let ring = Ring {
        call_sid: call_sid.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
        source,
        fallback_url: field(&fields, "FallbackUrl").map(str::to_owned),
        status_callback: field(&fields, "StatusCallback").map(str::to_owned),
        status_events: all(&fields, "StatusCallbackEvent"),
        timeout: duration(&fields, "Timeout").unwrap_or(RING_TIMEOUT),
        time_limit: duration(&fields, "TimeLimit"),
        orders,
    };
    // As it was created: the telephone may be quicker than this answer.
    let body = network.calls().find(&call_sid).map(|entry| resource(&network, &call_sid, &entry));
    network.register().enter(Leg::dialled(&call_sid, None, to, from));
    if network.has_book() {
        crate::phone::call_human(&network, ring);
    } else if network.ring(ring).is_err() {
        network.calls().set(&call_sid, CallStatus::Failed);
        return problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests");
    }
    count(&network.0.counters.created);
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn fetch(Extension(network): Known, Path((account, call)): Path<(String, String)>) -> Response {
    let Some((sid, entry)) = known_call(&network, &account, &call) else {
        return not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}"));
    };
    count(&network.0.counters.fetched);
    Json(resource(&network, sid, &entry)).into_response()
}

async fn update(
    Extension(network): Known,
    Path((account, call)): Path<(String, String)>,
    Form(fields): Fields,
) -> Response {
    let unknown = || not_found(&format!("/2010-04-01/Accounts/{account}/Calls/{call}"));
    let Some((sid, entry)) = known_call(&network, &account, &call) else { return unknown() };
    let (order, counter) = match (field(&fields, "Status"), source(&fields)) {
        (_, Err(refusal)) => return refusal.into_response(),
        (Some("completed"), _) => (Order::Complete, &network.0.counters.completed),
        (Some("canceled"), _) if entry.status == CallStatus::InProgress => {
            return problem(StatusCode::BAD_REQUEST, 21220, "Call is in-progress. Cannot cancel.");
        }
        (Some("canceled"), _) => (Order::Complete, &network.0.counters.completed),
        (Some(_), _) => return problem(StatusCode::BAD_REQUEST, 20001, "Status must be completed or canceled"),
        (None, Ok(Some(source))) => (Order::Redirect(source), &network.0.counters.redirected),
        (None, Ok(None)) => return Json(resource(&network, sid, &entry)).into_response(),
    };
    let completes = order == Order::Complete;
    if !completes && entry.direction != Direction::Inbound && entry.status != CallStatus::InProgress {
        return not_in_progress();
    }
    match network.calls().order(sid, order) {
        Ok(entry) => {
            count(counter);
            Json(resource(&network, sid, &entry)).into_response()
        }
        Err(NoOrder::Unknown) => unknown(),
        // Seen in the field: completing a call that is over answers as if it had never been.
        Err(NoOrder::Over) if completes => unknown(),
        Err(NoOrder::Over) => not_in_progress(),
        Err(NoOrder::Busy) => problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests"),
    }
}

fn not_in_progress() -> Response {
    problem(StatusCode::BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.")
}

fn known_call<'a>(network: &Network, account: &str, call: &'a str) -> Option<(&'a str, Entry)> {
    let sid = call.strip_suffix(".json")?;
    if account != network.account_sid() {
        return None;
    }
    Some((sid, network.calls().find(sid)?))
}

/// Why the fields of a request cannot be carried out.
struct Refusal {
    code: u32,
    message: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem(StatusCode::BAD_REQUEST, self.code, self.message)
    }
}

/// The document that a create or an update names. When both ways are used, `Url` wins.
fn source(fields: &[(String, String)]) -> Result<Option<Source>, Refusal> {
    if let Some(url) = field(fields, "Url") {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Refusal { code: 21205, message: "Url is not a valid URL" });
        }
        return Ok(Some(Source::Url { url: url.to_owned(), method: Method::named(field(fields, "Method")) }));
    }
    match field(fields, "Twiml") {
        Some(twiml) if twiml.chars().count() > TWIML_LIMIT => {
            Err(Refusal { code: 21623, message: "Twiml must be at most 4000 characters" })
        }
        twiml => Ok(twiml.map(|twiml| Source::Twiml(twiml.to_owned()))),
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn duration(fields: &[(String, String)], name: &str) -> Option<Duration> {
    field(fields, name).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs)
}

fn all(fields: &[(String, String)], name: &str) -> Vec<String> {
    fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}

fn resource(network: &Network, sid: &str, entry: &Entry) -> Value {
    let account = network.account_sid();
    let lasted = entry.answered.zip(entry.ended).map(|(from, to)| seconds(from, to).to_string());
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
        "start_time": day(entry.answered),
        "end_time": day(entry.ended),
        "duration": lasted,
        "price": null, "price_unit": "USD", "queue_time": "0",
        "answered_by": null, "parent_call_sid": entry.parent, "phone_number_sid": null, "group_sid": null,
        "trunk_sid": null, "caller_name": null, "forwarded_from": null,
        "uri": format!("/2010-04-01/Accounts/{account}/Calls/{sid}.json"),
        "subresource_uris": {},
    })
}

/// A call's length as it is billed: every second begun counts.
fn seconds(from: Timestamp, to: Timestamp) -> u128 {
    to.duration_since(from).unsigned_abs().as_millis().div_ceil(1000)
}

/// A time as forms and JSON of this API spell it.
pub(crate) fn rfc_2822(time: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).expect("the present fits")
}

fn not_found(path: &str) -> Response {
    problem(StatusCode::NOT_FOUND, 20404, &format!("The requested resource {path} was not found"))
}

fn problem(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}
