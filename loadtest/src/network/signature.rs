//! How the telephone network signs what it sends.
//!
//! Written from the description of the scheme alone, apart from the code under test, so that each is the other's
//! check. Knows nothing of HTTP clients; `webhook.rs` and the stream's handshake call it.
//!
//! The scheme: <https://www.twilio.com/docs/usage/security#validating-requests> (read 2026-11).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The signature of a request to `url` with these decoded form parameters.
///
/// Names are sorted by their bytes; a name that is repeated contributes each of its distinct values once, sorted.
#[must_use]
pub fn sign(token: &str, url: &str, params: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The spelling of a callback's address that is signed: without fragment and user, over TLS without port.
#[must_use]
pub fn signed_form(url: &str) -> String {
    let url = url.split('#').next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = split_authority(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if scheme == "https" { without_port(host) } else { host };
    format!("{scheme}://{host}{path}")
}

/// The spelling of a stream's address that is signed: always `wss`, whatever carries it.
#[must_use]
pub fn signed_stream_form(url: &str) -> String {
    match url.strip_prefix("ws://") {
        Some(rest) => format!("wss://{rest}"),
        None => url.to_owned(),
    }
}

fn split_authority(rest: &str) -> (&str, &str) {
    rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
