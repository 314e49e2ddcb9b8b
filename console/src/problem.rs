//! Errors as problem documents: <https://www.rfc-editor.org/rfc/rfc9457> (read 2026-11).

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use common::ports::{DbError, VaultError};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

/// What is wrong with a request, and what to do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    title: &'static str,
    status: u16,
    detail: String,
    /// One for each part that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }
    }

    /// The request cannot be meant so.
    pub(crate) fn wrong(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not possible", detail)
    }

    /// There is no such thing.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", detail)
    }

    /// With a line for each part that is wrong.
    pub(crate) fn with(self, errors: Vec<String>) -> Self {
        Self { errors, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Refused(why) => Self::new(StatusCode::CONFLICT, "refused", why),
            DbError::Away(_) | DbError::Conflict(_) | DbError::Schema { .. } => {
                tracing::warn!(%error, "the API could not use the database");
                let detail = "the database cannot be used at the moment; `patchbay doctor` says more";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "database away", detail)
            }
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        tracing::warn!(%error, "the API could not use the store of recordings");
        let detail = "the store of recordings cannot be used at the moment; `patchbay doctor` says more";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store of recordings away", detail)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "unreadable", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "unreadable", rejection.body_text())
    }
}
