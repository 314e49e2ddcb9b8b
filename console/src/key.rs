//! Who may ask: whoever shows the key, `Authorization: Bearer …`.

use crate::ConsoleContext;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use common::private::ExposeSecret;
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Lets a request with the key pass. Hashes are compared, in constant time, so that neither content nor length leaks.
pub(crate) async fn check(State(context): State<Arc<ConsoleContext>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default().trim();
    let (given, key) = (Sha256::digest(given), Sha256::digest(context.api_key.expose_secret()));
    if bool::from(given.ct_eq(&key)) {
        return next.run(request).await;
    }
    let detail = "show the key of PATCHBAY_CONSOLE__API_KEY as `Authorization: Bearer …`";
    let mut refused = Problem::new(StatusCode::UNAUTHORIZED, "no valid key", detail).into_response();
    refused.headers_mut().insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refused
}
