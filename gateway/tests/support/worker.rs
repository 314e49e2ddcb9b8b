//! Workers as a gateway sees them: a record in the pool and an answer to `/reserve`.

use super::World;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use common::ids::{BootId, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{State, WorkerLoad, WorkerRecord};
use common::reservation::{Full, Reserve, Reserved};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than any test.
const LEASE: Duration = Duration::from_secs(3_600);

/// How a worker answers a reservation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Willing,
    Full,
    Silent,
    /// It answers 500.
    Broken,
}

/// A worker on loopback. It ends with the test.
#[derive(Clone)]
pub(crate) struct FakeWorker {
    pub(crate) id: WorkerId,
    pub(crate) boot: BootId,
    pub(crate) address: String,
    manner: Manner,
    bearer: Arc<Mutex<Option<String>>>,
    reservations: Arc<Mutex<Vec<Reserve>>>,
}

impl FakeWorker {
    /// Starts it and puts it into the pool.
    pub(crate) async fn start(world: &World, name: &str, manner: Manner) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let worker = Self {
            id: WorkerId::parse(name).unwrap(),
            boot: BootId::fresh(),
            address: format!("http://{}", listener.local_addr().unwrap()),
            manner,
            bearer: Arc::default(),
            reservations: Arc::default(),
        };
        let router = Router::new().route("/reserve", post(reserve)).with_state(worker.clone());
        Lifecycle::new().start("fake worker", async move { axum::serve(listener, router).await.unwrap() });
        worker.register(world).await;
        worker
    }

    pub(crate) async fn register(&self, world: &World) {
        register(world, self.id.clone(), self.boot.clone(), self.address.clone()).await;
    }

    /// What it was asked, in order.
    pub(crate) fn reservations(&self) -> Vec<Reserve> {
        self.reservations.lock().unwrap().clone()
    }

    /// The bearer token of the last question.
    pub(crate) fn bearer(&self) -> Option<String> {
        self.bearer.lock().unwrap().clone()
    }
}

/// Puts a worker into the pool of which there is only an address.
pub(crate) async fn register_at(world: &World, name: &str, address: SocketAddr) {
    register(world, WorkerId::parse(name).unwrap(), BootId::fresh(), format!("http://{address}")).await;
}

async fn register(world: &World, id: WorkerId, boot: BootId, address: String) {
    let load = WorkerLoad { seats: 100, taken: 0, draining: false, frames: 0 };
    let record = WorkerRecord { id, boot, address, version: "0.0.0".to_owned(), load };
    world.state.register(&record, LEASE).await.unwrap();
}

async fn reserve(Shared(worker): Shared<FakeWorker>, headers: HeaderMap, Json(reserve): Json<Reserve>) -> Response {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    *worker.bearer.lock().unwrap() = bearer.map(str::to_owned);
    worker.reservations.lock().unwrap().push(reserve);
    match worker.manner {
        Manner::Willing => Json(Reserved { worker: worker.id, boot: worker.boot }).into_response(),
        Manner::Full => (StatusCode::CONFLICT, Json(Full { reason: "full".to_owned() })).into_response(),
        Manner::Silent => std::future::pending().await,
        Manner::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
