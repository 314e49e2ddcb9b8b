//! The ops listener of every role: `/livez`, `/readyz` with its reasons, `/metrics`.

use crate::lifecycle::Lifecycle;
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
    conditions: Arc<RwLock<BTreeMap<&'static str, Option<String>>>>,
}

/// The body of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is waited for.
    pub ready: bool,
    /// Condition → why it does not hold.
    pub waiting: BTreeMap<&'static str, String>,
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
        let before = self.write().insert(condition, None);
        if let Some(Some(_)) = before {
            tracing::info!(condition, "ready");
        }
    }

    /// This condition does not hold, and why. The reason is logged when the condition begins to fail.
    pub fn waiting(&self, condition: &'static str, reason: String) {
        let before = self.write().insert(condition, Some(reason.clone()));
        if let Some(None) = before {
            tracing::warn!(condition, reason, "not ready");
        }
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let conditions = self.conditions.read().expect("no code panics while it holds the conditions");
        let waiting: BTreeMap<_, _> =
            conditions.iter().filter_map(|(name, reason)| Some((*name, reason.clone()?))).collect();
        Report { ready: waiting.is_empty(), waiting }
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<&'static str, Option<String>>> {
        self.conditions.write().expect("no code panics while it holds the conditions")
    }
}

/// Serves until the lifecycle's hard stop: a stopping process still says how it stands.
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
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ready_when_nothing_is_waited_for() {
        let readiness = Readiness::expecting(&["state"]);
        assert!(!readiness.report().ready);
        readiness.ready("state");
        assert!(readiness.report().ready);
        readiness.waiting("bus", "no answer from nats".to_owned());
        assert_eq!(readiness.report().waiting.get("bus").map(String::as_str), Some("no answer from nats"));
    }
}
