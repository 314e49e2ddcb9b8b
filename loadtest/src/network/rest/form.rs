//! What requests say: fields of a form, and what is wrong with them.

use std::time::Duration;

use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::problem;

/// The fields of a request, repeated ones too.
pub(super) type Fields = Form<Vec<(String, String)>>;

/// Why the fields of a request cannot be carried out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) code: u32,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) fn new(code: u32, message: &'static str) -> Self {
        Self { code, message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem(StatusCode::BAD_REQUEST, self.code, self.message)
    }
}

/// A field that is there and not empty.
pub(super) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Every value of a field that is repeated.
pub(super) fn all(fields: &[(String, String)], name: &str) -> Vec<String> {
    fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}

/// Whole seconds.
pub(super) fn duration(fields: &[(String, String)], name: &str) -> Option<Duration> {
    field(fields, name).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs)
}

/// Whether a number is spelt as E.164 has it.
pub(super) fn is_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0')
}

/// Whether an address can be asked.
pub(super) fn is_url(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}
