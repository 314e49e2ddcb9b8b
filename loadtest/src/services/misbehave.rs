//! Does what a fault says to one request. Comes behind `witness.rs`, in front of the service's own routes.

use std::{io, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::json;

use super::{faults::Fault, flood, memory::Entry, server::Connection};

/// What is said instead of JSON.
const GARBAGE: &str = "<!doctype html><title>502</title>{\"balance\": NaN, \u{fffd}";

/// The longest answer that is cut in half.
const CUT_MAX: usize = 1 << 20;

/// Answers a request whose proper answer is `work`, which has done nothing before it is awaited.
pub(super) async fn answer<W>(fault: Option<Fault>, work: W, connection: &Connection, entry: &mut Entry) -> Response
where
    W: Future<Output = Response> + Send + 'static,
{
    match fault {
        None => work.await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Slow(delay)) => late(delay, work, connection).await,
        Some(Fault::Status(status)) => refuse(status),
        Some(Fault::Redirect(place)) => (StatusCode::FOUND, [(header::LOCATION, place)]).into_response(),
        Some(Fault::CommitThenReset) => {
            drop(work.await);
            entry.withheld();
            connection.reset().await
        }
        Some(Fault::CommitThenHang) => {
            drop(work.await);
            entry.withheld();
            std::future::pending().await
        }
        Some(spoilt @ (Fault::Garbage | Fault::WrongType | Fault::EndlessBody | Fault::GzipBomb | Fault::CutBody)) => {
            spoil(&spoilt, work.await).await
        }
    }
}

/// An answer of the right status whose body is not what it should be.
async fn spoil(fault: &Fault, mut proper: Response) -> Response {
    match fault {
        Fault::WrongType => {
            proper.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            proper
        }
        Fault::EndlessBody => as_json(flood::endless()),
        Fault::GzipBomb => ([(header::CONTENT_ENCODING, "gzip")], as_json(flood::bomb())).into_response(),
        Fault::CutBody => cut(proper).await,
        _ => as_json(Body::from(GARBAGE)),
    }
}

async fn late<W>(delay: Duration, work: W, connection: &Connection) -> Response
where
    W: Future<Output = Response> + Send + 'static,
{
    let late = async move {
        tokio::time::sleep(delay).await;
        work.await
    };
    match connection.detach(late).await {
        Some(response) => response,
        None => refuse(503),
    }
}

fn refuse(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("refused");
    (status, Json(json!({"error": reason}))).into_response()
}

/// The head of the whole answer, half of its body, and the end of the connection.
async fn cut(proper: Response) -> Response {
    let (mut parts, body) = proper.into_parts();
    let whole = axum::body::to_bytes(body, CUT_MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let pieces = stream::unfold(Some(half), |half| async move {
        let Some(half) = half else {
            // The half leaves the buffer when nothing more is ready; an error at once would take it along.
            tokio::task::yield_now().await;
            return Some((Err(io::Error::from(io::ErrorKind::BrokenPipe)), None));
        };
        Some((Ok::<Bytes, io::Error>(half), None))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

fn as_json(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
