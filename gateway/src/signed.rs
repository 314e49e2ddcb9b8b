//! Reads a request that must come from Twilio: bounded, signed, of our account; everything else is 403 and leaves no trace
//! but a count.

use crate::GatewayContext;
use crate::moments;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use common::twilio::{Form, address, signature};

/// Largest webhook body: Twilio's are about 1 KiB.
const MOST_BODY: usize = 64 * 1024;

/// A request that Twilio signed.
pub struct Signed {
    /// Its parameters, whether they came as form or in the query.
    pub form: Form,
    /// The same for every repeat of one request.
    pub idempotency: Option<String>,
}

impl Signed {
    /// Reads and checks; the answer for whoever is not Twilio comes back as the error.
    pub async fn read(gateway: &GatewayContext, route: &'static str, request: Request) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let body = read_body(body).await.ok_or_else(|| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let url = address::webhook_url(&gateway.public_url, target);
        let genuine = verify(gateway, &parts.method, &parts.headers, &url, &body);
        let form = genuine.filter(|form| of_our_account(gateway, form)).ok_or_else(|| {
            moments::signature_rejected(route);
            StatusCode::FORBIDDEN.into_response()
        })?;
        let idempotency = text(&parts.headers, "i-twilio-idempotency-token").map(|id| id.chars().take(128).collect());
        Ok(Self { form, idempotency })
    }
}

async fn read_body(body: Body) -> Option<Bytes> {
    to_bytes(body, MOST_BODY).await.ok()
}

fn verify(gateway: &GatewayContext, method: &Method, headers: &HeaderMap, url: &str, body: &[u8]) -> Option<Form> {
    let given = text(headers, "x-twilio-signature")?;
    let tokens = &gateway.twilio_tokens;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if *method == Method::GET {
        signature::verify_form(tokens, url, &Form::default(), given).ok()?;
        return Form::parse(query.as_bytes()).ok();
    }
    if text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with("application/json")) {
        signature::verify_json(tokens, url, body, given).ok()?;
        return json_form(body);
    }
    let form = Form::parse(body).ok()?;
    signature::verify_form(tokens, url, &form, given).ok()?;
    Some(form)
}

/// A flat JSON object as the same parameters a form would hold.
fn json_form(body: &[u8]) -> Option<Form> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    let pairs = object.into_iter().filter_map(|(name, value)| match value {
        serde_json::Value::String(text) => Some((name, text)),
        serde_json::Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    });
    Some(Form::from_pairs(pairs))
}

/// A genuine signature with another account's parameters cannot be; this guards against a shared token.
fn of_our_account(gateway: &GatewayContext, form: &Form) -> bool {
    form.value("AccountSid").is_none_or(|account| account == gateway.account_sid)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A TwiML answer.
pub fn xml(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response()
}
