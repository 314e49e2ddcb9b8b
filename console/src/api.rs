//! The routes below `/api/v1`, by what they are about.

pub(crate) mod batches;
pub(crate) mod calls;
pub(crate) mod opt_outs;
mod wish;

use crate::problem::Problem;
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::Uri;
use http::request::Parts;
use serde::de::DeserializeOwned;

/// A body as JSON; what is wrong with it is told as a problem document.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// The query; what is wrong with it is told as a problem document.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Query(query) = axum::extract::Query::<T>::from_request_parts(parts, state).await?;
        Ok(Self(query))
    }
}

/// Nothing is here.
pub(crate) async fn unknown(uri: Uri) -> Problem {
    Problem::missing(format!("nothing is at {}; there are /calls, /batches and /opt-outs", uri.path()))
}
