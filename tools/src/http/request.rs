//! Makes a request of a tool as configured and the arguments of one call. Nothing is sent here.

use super::{Exchange, Repeat};
use crate::errors::{ErrorCode, Problem};
use crate::guard::Guard;
use crate::secrets::Secrets;
use crate::template::Filling;
use bytes::Bytes;
use common::company::{HttpTool, SecretHeader};
use common::private::ExposeSecret as _;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a tool's address begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address<'t> {
    /// A base, and the template of path and query behind it.
    At(&'t str, &'t str),
    /// A service that has no address.
    Missing(&'t str),
}

/// Splits a tool's URL: `{service}/…` with the company's address for it, or `https://host/…`.
pub(crate) fn address<'t>(url: &'t str, services: &'t BTreeMap<String, String>) -> Address<'t> {
    if let Some((service, rest)) = service(url) {
        return match services.get(service).map(|address| address.trim()).filter(|address| !address.is_empty()) {
            Some(base) => Address::At(base.trim_end_matches('/'), rest),
            None => Address::Missing(service),
        };
    }
    let (base, rest) = split(url);
    Address::At(base, rest)
}

/// Scheme and host of a URL, and the template of path and query behind them.
pub(crate) fn split(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |place| place + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |place| host + place);
    url.split_at(end)
}

/// The service a URL begins with, and what stands behind.
pub(crate) fn service(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix('{')?.split_once('}')
}

/// The URL of one call. What the arguments are cannot change where it goes.
pub(crate) fn url(base: &str, rest: &str, filling: Filling<'_>) -> Result<Url, Problem> {
    let wrong = || Problem::from(ErrorCode::Unavailable);
    if !(rest.is_empty() || rest.starts_with(['/', '?'])) || base.contains(['{', '?', '#']) {
        return Err(wrong());
    }
    let home = Url::parse(base).map_err(|_| wrong())?;
    let url = Url::parse(&format!("{base}{}", filling.path_and_query(rest)?)).map_err(|_| wrong())?;
    if url.origin() == home.origin() { Ok(url) } else { Err(wrong()) }
}

/// The request of one call. `key` is the name under which the service may recognise a repeat.
pub(crate) fn exchange(
    tool: &HttpTool,
    url: Url,
    filling: Filling<'_>,
    key: &str,
    repeat: Repeat,
    (guard, secrets): (&Guard, &Secrets),
) -> Result<Exchange, Problem> {
    let method = Method::from_bytes(tool.method.to_ascii_uppercase().as_bytes());
    let method = method.map_err(|_| Problem::from(ErrorCode::Unavailable))?;
    Ok(Exchange {
        guard: guard.clone(),
        secrets: secrets.clone(),
        url,
        headers: headers(tool, key).ok_or(ErrorCode::Unavailable)?,
        body: body(tool, &method, filling)?.map(|body| Bytes::from(body.to_string())),
        method,
        secret: tool.secret.clone(),
        sign: tool.sign.clone(),
        picks: tool.result.clone(),
        repeat,
    })
}

fn body(tool: &HttpTool, method: &Method, filling: Filling<'_>) -> Result<Option<Value>, Problem> {
    match &tool.body {
        Some(template) => filling.body(template).map(Some),
        None if has_body(method) => Ok(Some(Value::Object(filling.arguments.clone()))),
        None => Ok(None),
    }
}

fn has_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

fn headers(tool: &HttpTool, key: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/plain;q=0.5"));
    for (name, value) in &tool.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    headers.insert("idempotency-key", key_header(key)?);
    Some(headers)
}

/// A key as a header: a provider's name of a tool call may hold anything.
pub(crate) fn key_header(key: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&utf8_percent_encode(key, CONTROLS).to_string()).ok()
}

/// A header that carries a secret, marked so that nothing prints it.
pub(crate) fn secret_header(header: &SecretHeader, secrets: &Secrets) -> Result<(HeaderName, HeaderValue), Problem> {
    let secret = secrets.find(&header.secret)?;
    let wrong = |_| Problem::from(ErrorCode::Unavailable);
    let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Problem::from(ErrorCode::Unavailable))?;
    let mut value = HeaderValue::from_str(&format!("{}{}", header.prefix, secret.expose_secret())).map_err(wrong)?;
    value.set_sensitive(true);
    Ok((name, value))
}
