//! `X-Twilio-Signature`: who may say that a call came in. Pure; constant time; no input panics.
//!
//! Base64 of HMAC-SHA1, keyed with the account's auth token, over the URL followed by every form parameter. Several
//! tokens are accepted, so that a token can be rotated under live traffic.
//!
//! <https://www.twilio.com/docs/usage/security> and <https://www.twilio.com/docs/usage/webhooks/webhooks-security>
//! (read 2026-11).

use super::address::Parts;
use super::form::Form;
use crate::private::{ExposeSecret, SecretString};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The request does not come from Twilio, or was changed on its way. Never says in what it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("forged signature")]
pub struct Forged;

/// Checks a form webhook. `url` is the full URL with its raw query ([`super::address::webhook_url`]). For `GET` the
/// form is empty: its parameters are part of the URL.
pub fn verify_form(tokens: &[SecretString], url: &str, form: &Form, given: &str) -> Result<(), Forged> {
    verify(tokens, &webhook_spellings(url), form, given)
}

/// Checks a webhook with a body that is not a form: Twilio puts the body's hash into the query, as `bodySHA256`, and
/// signs the URL alone.
pub fn verify_json(tokens: &[SecretString], url: &str, body: &[u8], given: &str) -> Result<(), Forged> {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let promised = query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256=")).ok_or(Forged)?;
    let hash = hex(&Sha256::digest(body));
    if !bool::from(promised.to_ascii_lowercase().as_bytes().ct_eq(hash.as_bytes())) {
        return Err(Forged);
    }
    verify(tokens, &webhook_spellings(url), &Form::default(), given)
}

/// Checks the upgrade of a media stream. `url` is its `wss://` URL ([`super::address::signed_stream_url`]).
pub fn verify_upgrade(tokens: &[SecretString], url: &str, given: &str) -> Result<(), Forged> {
    verify(tokens, &upgrade_spellings(url), &Form::default(), given)
}

/// Signs a form webhook as Twilio does: for the simulated telephone and for tests.
pub fn sign_form(token: &SecretString, url: &str, form: &Form) -> String {
    BASE64.encode(mac(token, url, &sorted(form)))
}

/// Signs the upgrade of a media stream as Twilio does; `url` begins with `wss://`.
pub fn sign_upgrade(token: &SecretString, url: &str) -> String {
    sign_form(token, url, &Form::default())
}

fn verify(tokens: &[SecretString], urls: &[String], form: &Form, given: &str) -> Result<(), Forged> {
    let parameters = sorted(form);
    let mut genuine = Choice::from(0);
    for token in tokens.iter().filter(|token| !token.expose_secret().is_empty()) {
        for url in urls {
            genuine |= BASE64.encode(mac(token, url, &parameters)).as_bytes().ct_eq(given.as_bytes());
        }
    }
    if bool::from(genuine) { Ok(()) } else { Err(Forged) }
}

/// Names by their bytes; of a repeated name each distinct value once, sorted.
fn sorted(form: &Form) -> Vec<&(String, String)> {
    let mut parameters: Vec<_> = form.pairs().iter().collect();
    parameters.sort_unstable();
    parameters.dedup();
    parameters
}

fn mac(token: &SecretString, url: &str, parameters: &[&(String, String)]) -> [u8; 20] {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in parameters {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

/// Twilio signs some URLs with the port that was configured and some without; its own validators take both.
fn webhook_spellings(url: &str) -> Vec<String> {
    let Some(parts) = Parts::of(url) else { return Vec::new() };
    let usual = if parts.scheme == "https" { "443" } else { "80" };
    let mut spellings = vec![parts.with_port(None), parts.with_port(Some(parts.port.unwrap_or(usual)))];
    spellings.dedup();
    spellings
}

/// As it is, with a slash at the end, with the port written out. The `https://` spelling is not one of them.
fn upgrade_spellings(url: &str) -> Vec<String> {
    let Some(parts) = Parts::of(url).filter(|parts| parts.scheme == "wss") else { return Vec::new() };
    let port = parts.port.filter(|&port| port != "443");
    let plain = parts.with_port(port);
    let slashed = format!("{plain}/");
    match port {
        Some(_) => vec![plain, slashed],
        None => vec![plain, slashed, parts.with_port(Some("443"))],
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
