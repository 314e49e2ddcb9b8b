//! The ops listener of every role: `/livez`, `/readyz` with its reasons, `/metrics`.

use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics_table;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use tokio::net::TcpListener;

/// What a process waits for, in words. Conditions are named by what they are about: `state`, `bus`, `db`, `pool`.
#[derive(Clone, Default)]
pub struct Readiness {
    conditions: Arc<RwLock<BTreeMap<&'static str, Standing>>>,
}

/// How a condition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    Holds,
    Waiting(String),
    Degraded(String),
}

/// The body of `/readyz`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is waited for.
    pub ready: bool,
    /// Condition → why it does not hold.
    pub waiting: BTreeMap<&'static str, String>,
    /// Condition → what is not as it should be, though work goes on.
    pub degraded: BTreeMap<&'static str, String>,
}

impl Readiness {
    /// A process that must fulfil these conditions before it is ready.
    pub fn expecting(conditions: &[&'static str]) -> Self {
        let readiness = Self::default();
        for condition in conditions {
            readiness.waiting(condition, "not looked at yet".to_owned());
        }
        readiness
    }

    /// This condition holds.
    pub fn ready(&self, condition: &'static str) {
        if !matches!(self.set(condition, Standing::Holds), None | Some(Standing::Holds)) {
            tracing::info!(condition, "ready");
        }
    }

    /// This condition does not hold, and why. The reason is logged when the condition begins to fail.
    pub fn waiting(&self, condition: &'static str, reason: String) {
        let before = self.set(condition, Standing::Waiting(reason.clone()));
        if !matches!(before, None | Some(Standing::Waiting(_))) {
            tracing::warn!(condition, reason, "not ready");
        }
    }

    /// This condition holds, but something about it wants a person's attention. The process stays ready.
    pub fn degraded(&self, condition: &'static str, reason: String) {
        let before = self.set(condition, Standing::Degraded(reason.clone()));
        if before != Some(Standing::Degraded(reason.clone())) {
            tracing::warn!(condition, reason, "degraded");
        }
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        for (&condition, standing) in
            self.conditions.read().expect("no code panics while it holds the conditions").iter()
        {
            match standing {
                Standing::Holds => None,
                Standing::Waiting(reason) => report.waiting.insert(condition, reason.clone()),
                Standing::Degraded(reason) => report.degraded.insert(condition, reason.clone()),
            };
        }
        report.ready = report.waiting.is_empty();
        report
    }

    fn set(&self, condition: &'static str, standing: Standing) -> Option<Standing> {
        let holds = if matches!(standing, Standing::Waiting(_)) { 0.0 } else { 1.0 };
        metrics::gauge!("patchbay_ready", "condition" => condition).set(holds);
        let mut conditions = self.conditions.write().expect("no code panics while it holds the conditions");
        conditions.insert(condition, standing)
    }
}

/// Serves until the lifecycle's hard stop: a stopping process still says how it stands. So give it a lifecycle of its own,
/// killed after everything else was joined.
pub fn serve(listener: TcpListener, readiness: Readiness, metrics: PrometheusHandle, lifecycle: &Lifecycle) {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics));
    lifecycle.start("ops listener", async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "ops listener failed");
        }
    });
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn render(State(metrics): State<PrometheusHandle>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics_table::scrape(&metrics)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[test]
    fn a_process_is_ready_when_nothing_is_waited_for() {
        let readiness = Readiness::expecting(&["state"]);
        assert!(!readiness.report().ready);
        readiness.ready("state");
        assert!(readiness.report().ready);
        readiness.waiting("bus", "no answer from nats".to_owned());
        assert_eq!(readiness.report().waiting.get("bus").map(String::as_str), Some("no answer from nats"));
    }

    #[test]
    fn a_degraded_process_stays_ready_and_says_so() {
        let readiness = Readiness::default();
        readiness.degraded("state", "redis evicts keys".to_owned());
        let report = readiness.report();
        assert!(report.ready && report.waiting.is_empty());
        assert_eq!(report.degraded["state"], "redis evicts keys");
    }

    async fn get(address: std::net::SocketAddr, path: &str) -> String {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_listener_tells_life_readiness_with_reasons_and_metrics() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (readiness, lifecycle) = (Readiness::expecting(&["bus"]), Lifecycle::new());
        serve(listener, readiness.clone(), metrics_table::install(), &lifecycle);
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
        let waiting = get(address, "/readyz").await;
        assert!(waiting.starts_with("HTTP/1.1 503"), "{waiting}");
        assert!(
            waiting.ends_with(r#"{"ready":false,"waiting":{"bus":"not looked at yet"},"degraded":{}}"#),
            "{waiting}"
        );
        readiness.ready("bus");
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        lifecycle.stop();
        assert!(get(address, "/metrics").await.contains("patchbay_build_info"), "a stopping process still answers");
        lifecycle.kill();
        assert_eq!(lifecycle.join(std::time::Duration::from_secs(5)).await, 0);
    }
}
