//! The worker's HTTP face: media streams for the telephone network, reservations and proofs for gateways.

use crate::moments;
use crate::seats::{Granted, Refusal};
use crate::{WorkerContext, prepare, stream};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use common::reservation::{Full, MediaProof, Reserve, Reserved};
use std::sync::Arc;

/// Largest reservation: an agent's instructions and a long conversation to go on with.
const MOST_BODY: usize = 4 * 1024 * 1024;

/// Every route of the worker's listener.
pub fn router(worker: Arc<WorkerContext>) -> Router {
    let internal = Router::new()
        .route("/reserve", post(reserve))
        .route("/media-proof", get(media_proof))
        .route("/drain", post(drain).get(drain))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(middleware::from_fn_with_state(worker.clone(), internal_only));
    Router::new().route("/media/{worker}/{token}", get(stream::open)).merge(internal).with_state(worker)
}

async fn internal_only(State(worker): State<Arc<WorkerContext>>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) if worker.keys.is_internal(token) => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn reserve(State(worker): State<Arc<WorkerContext>>, Json(reserve): Json<Reserve>) -> Response {
    let reason = match worker.seats.reserve(&reserve.call, reserve.epoch) {
        Ok(granted) => {
            if let Granted::New(adopt) = granted {
                moments::seat_reserved(&reserve.call);
                prepare::start(reserve, adopt, &worker.seats, &worker.agents, &worker.lifecycle);
            }
            return Json(Reserved { worker: worker.id.clone(), boot: worker.boot.clone() }).into_response();
        }
        Err(Refusal::Full) => "full",
        Err(Refusal::Draining) => "draining",
        Err(Refusal::Stale) => "stale",
    };
    (StatusCode::CONFLICT, Json(Full { reason: reason.to_owned() })).into_response()
}

async fn media_proof(State(worker): State<Arc<WorkerContext>>) -> Json<MediaProof> {
    let load = worker.seats.load();
    Json(MediaProof {
        worker: worker.id.clone(),
        boot: worker.boot.clone(),
        live: worker.seats.live(),
        frames: load.frames,
    })
}

async fn drain(State(worker): State<Arc<WorkerContext>>) -> &'static str {
    worker.seats.drain();
    "draining: no new calls, live calls go on\n"
}
