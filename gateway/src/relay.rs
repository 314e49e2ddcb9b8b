//! `/media/{worker}/…` for workers without an address of their own: the gateway copies bytes to the worker in the pool.
//!
//! The way of the laptop, of compose, and of pods above the rendered ingress rules. It understands nothing of what it
//! copies: the worker checks token and signature itself.

use crate::GatewayContext;
use crate::moments;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use common::ids::WorkerId;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::TcpStream;

/// Longest wait for the worker to take the connection and answer.
const CONNECT: Duration = Duration::from_secs(2);

/// Copy buffers, each way: a frame is 350 bytes, a burst of agent audio some KiB.
const BUFFER: usize = 4 * 1024;

/// `GET /media/{worker}/{token}`.
pub async fn media(
    State(gateway): State<Arc<GatewayContext>>,
    Path((worker, _token)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let address = match WorkerId::parse(worker) {
        Ok(worker) => gateway.pool.address_of(&worker).await,
        Err(_) => None,
    };
    let Some(authority) = address.and_then(|url| authority(&url)) else {
        moments::relay_failed("unknown_worker");
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(caller) = request.extensions_mut().remove::<OnUpgrade>() else {
        return StatusCode::UPGRADE_REQUIRED.into_response();
    };
    match tokio::time::timeout(CONNECT, ask(&gateway, &authority, request)).await {
        Ok(Ok(answer)) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => join(&gateway, caller, answer),
        // The worker refuses: its word is passed on.
        Ok(Ok(answer)) => answer.status().into_response(),
        Ok(Err(why)) => {
            moments::relay_failed(why);
            StatusCode::BAD_GATEWAY.into_response()
        }
        Err(_) => {
            moments::relay_failed("too_slow");
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}

fn authority(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let port = uri.port_u16().unwrap_or(80);
    Some(format!("{}:{port}", uri.host()?))
}

async fn ask(
    gateway: &GatewayContext,
    authority: &str,
    request: Request,
) -> Result<http::Response<hyper::body::Incoming>, &'static str> {
    let stream = TcpStream::connect(authority).await.map_err(|_| "unreachable")?;
    let _ = stream.set_nodelay(true);
    let handshake = hyper::client::conn::http1::handshake::<_, Body>(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| "no_http")?;
    gateway.lifecycle.start("relay connection", async move {
        // Its end is seen by whoever copies.
        let _ = connection.with_upgrades().await;
    });
    let (parts, _) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut onward = http::Request::builder().method(parts.method).uri(target);
    for (name, value) in &parts.headers {
        onward = onward.header(name, value);
    }
    let onward = onward.body(Body::empty()).map_err(|_| "bad_request")?;
    sender.send_request(onward).await.map_err(|_| "no_answer")
}

/// Passes the 101 on and copies both ways until one side ends.
fn join(gateway: &GatewayContext, caller: OnUpgrade, answer: http::Response<hyper::body::Incoming>) -> Response {
    let mut response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    for name in [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_ACCEPT] {
        if let Some(value) = answer.headers().get(&name) {
            response = response.header(name, value);
        }
    }
    gateway.lifecycle.start("relay", async move {
        let (Ok(caller), Ok(worker)) = (caller.await, hyper::upgrade::on(answer).await) else { return };
        let (mut caller, mut worker) = (TokioIo::new(caller), TokioIo::new(worker));
        // A broken end is the ordinary end of a call here; the worker and the network each know why.
        let _ = copy_bidirectional_with_sizes(&mut caller, &mut worker, BUFFER, BUFFER).await;
    });
    response.body(Body::empty()).expect("the parts are valid headers")
}
