//! The part of Twilio's REST API that a voice application needs: calls, text messages, recordings, numbers.
//!
//! Requests come from the system under test; what they ask is passed to the registers of the network as orders. What
//! goes wrong on purpose (`faults.rs`) goes wrong here, around the work itself. Never touches audio.
//!
//! The API: <https://www.twilio.com/docs/usage/requests-to-twilio> (read 2026-11).

mod calls;
mod counts;
mod form;
mod messages;
mod numbers;
mod page;
mod recordings;

use std::future::pending;
use std::sync::Weak;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

pub(super) use counts::Counters;
pub use counts::RestCounts;
use counts::count;

use super::faults::{Deed, RestFault};
use super::{Inner, Network};

/// What the API answers when it has lost its mind.
const NONSENSE: &str = "<html><head><title>200 OK</title></head>{\"sid\": \"CA";

type Known = Extension<Network>;

/// Serves until the network is dropped.
pub(super) async fn serve(listener: TcpListener, network: Weak<Inner>) {
    let of_account = Router::new()
        .route("/Calls.json", get(calls::list).post(calls::create))
        .route("/Calls/{call}", get(calls::fetch).post(calls::update))
        .route("/Calls/{call}/Recordings.json", get(recordings::list_of_call).post(recordings::start))
        .route("/Calls/{call}/Recordings/{recording}", post(recordings::update))
        .route("/Recordings.json", get(recordings::list))
        .route("/Recordings/{recording}", get(recordings::fetch).delete(recordings::delete))
        .route("/Messages.json", get(messages::list).post(messages::create))
        .route("/Messages/{message}", get(messages::fetch))
        .route("/IncomingPhoneNumbers.json", get(numbers::list))
        .route("/IncomingPhoneNumbers/{number}", get(numbers::fetch).post(numbers::update));
    let router = Router::new()
        .route("/2010-04-01/Accounts/{account}", get(numbers::account))
        .nest("/2010-04-01/Accounts/{account}", of_account)
        .fallback(|request: Request| async move { not_found(request.uri().path()) })
        .layer(from_fn_with_state(network.clone(), admit))
        .with_state(network);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the REST API of the simulated network stopped");
    }
}

/// Counts, lets pass who has the right to, and lets go wrong what shall.
async fn admit(State(network): State<Weak<Inner>>, request: Request, next: Next) -> Response {
    let Some(inner) = network.upgrade() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let network = Network(inner);
    let counters = &network.0.counters;
    count(&counters.requests);
    if !is_known(&network, request.headers()) {
        count(&counters.unauthorized);
        return problem(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    let fault = network.0.troubles.of_request(deed(&request));
    let mut request = request;
    request.extensions_mut().insert(network.clone());
    let path = request.uri().path().to_owned();
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => spoil(fault, &path, next.run(request)).await,
    };
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => count(&counters.busy),
        status if !status.is_success() => count(&counters.refused),
        _ => {}
    }
    response
}

/// What a request is for, by its address.
fn deed(request: &Request) -> Deed {
    let path = request.uri().path();
    let creates = ["/Calls.json", "/Messages.json", "/Recordings.json"];
    match *request.method() {
        Method::GET => Deed::Read,
        Method::POST if creates.iter().any(|end| path.ends_with(end)) => Deed::Create,
        _ => Deed::Change,
    }
}

/// Answers wrongly; the work is done where the fault says so.
async fn spoil(fault: RestFault, path: &str, work: impl Future<Output = Response>) -> Response {
    let of = |status: u16| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match fault {
        RestFault::Busy { retry_after_s } => {
            let mut answer = problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests");
            if let Some(seconds) = retry_after_s {
                answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            answer
        }
        RestFault::Error(status) => problem(of(status), 20500, "Internal Server Error"),
        RestFault::CreatedThenError(status) => {
            drop(work.await);
            problem(of(status), 20500, "Internal Server Error")
        }
        RestFault::CreatedThenSilence => {
            drop(work.await);
            pending().await
        }
        RestFault::CreatedThenNonsense => {
            drop(work.await);
            (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], NONSENSE).into_response()
        }
        RestFault::NotInProgress => calls::not_in_progress(),
        RestFault::NotFound => not_found(path),
    }
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
