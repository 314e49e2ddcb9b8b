//! Posts JSON to one of a company's own systems, signed: how it is told what happened around a call.
//!
//! Before it: the recorder, with a letter. After it: the system, through [`crate::guard`] and under the rules of tools:
//! public addresses by https, or hosts the operator named; no redirects, no proxy of the environment. What a status
//! means, and whether a letter is sent again, is for the sender to say. The answer's body is never read.

use crate::guard::{Forbidden, Guard, verdict};
use crate::http::{Address, address, key_header, signature};
use crate::secrets::Secrets;
use crate::{Settings, ToolboxError};
use bytes::Bytes;
use common::company::SecretRef;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time, and HMAC-SHA256 over time and body: `t=<unix seconds>,v1=<hex>`, as requests of tools have it.
const SIGNATURE: &str = "x-patchbay-signature";
/// What happened.
const EVENT: &str = "x-patchbay-event";
/// By which a system knows a letter it has had.
const KEY: &str = "idempotency-key";

/// Something a system is told.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'l> {
    /// Where: an `https` URL, or `{service}/…` with one of `services`.
    pub url: &'l str,
    /// Addresses of the company's services, by name.
    pub services: &'l BTreeMap<String, String>,
    /// The same for every try.
    pub key: &'l str,
    /// What happened: `call.ended`, ...
    pub event: &'l str,
    /// JSON. Personal data.
    pub body: &'l Bytes,
    /// What it is signed with.
    pub secret: Option<&'l SecretRef>,
}

/// Why a system has not answered a letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// No connection, or no answer: the same again later.
    #[error("no answer")]
    Away,
    /// The address is none, or may not be connected to; a person must mend that.
    #[error("address not allowed: {0}")]
    Forbidden(&'static str),
    /// The service it goes to has no address here.
    #[error("the service {0} has no address")]
    NoAddress(String),
    /// The secret it is to be signed with is missing.
    #[error("secret {0} is missing")]
    NoSecret(String),
}

impl From<Forbidden> for Undelivered {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden.0)
    }
}

impl From<reqwest::Error> for Undelivered {
    fn from(error: reqwest::Error) -> Self {
        verdict(&error).map_or(Self::Away, Self::from)
    }
}

/// Takes letters to companies' systems.
#[derive(Clone, Debug)]
pub struct Post {
    guard: Guard,
    secrets: Secrets,
}

impl Post {
    /// A TLS provider must be installed.
    pub fn new(settings: Settings) -> Result<Self, ToolboxError> {
        let Settings { secrets, private_hosts } = settings;
        Ok(Self { guard: Guard::new(&private_hosts)?, secrets })
    }

    /// Posts a letter once and gives the HTTP status it was answered with, whatever it is.
    pub async fn deliver(&self, letter: &Letter<'_>, within: Duration) -> Result<u16, Undelivered> {
        let url = target(letter)?;
        let header = |text: &str| key_header(text).unwrap_or(HeaderValue::from_static(""));
        let mut request = self.guard.client(&url)?.post(url);
        if let Some(secret) = letter.secret {
            let secret = self.secrets.find(secret).map_err(|_| Undelivered::NoSecret(secret.0.clone()))?;
            request = request.header(SIGNATURE, signature(&secret, letter.body));
        }
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header(KEY, header(letter.key))
            .header(EVENT, header(letter.event))
            .body(letter.body.clone())
            .timeout(within);
        Ok(request.send().await?.status().as_u16())
    }
}

/// Where a letter goes. What a service's address begins with cannot be changed by what stands behind it.
fn target(letter: &Letter<'_>) -> Result<Url, Undelivered> {
    let wrong = |_| Undelivered::Forbidden("not a URL");
    let (base, rest) = match address(letter.url, letter.services) {
        Address::At(base, rest) => (base, rest),
        Address::Missing(service) => return Err(Undelivered::NoAddress(service.to_owned())),
    };
    let (home, url) = (Url::parse(base).map_err(wrong)?, Url::parse(&format!("{base}{rest}")).map_err(wrong)?);
    if url.origin() == home.origin() { Ok(url) } else { Err(Undelivered::Forbidden("not a path")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a letter to this URL goes, or why nowhere.
    fn goes(url: &str) -> Result<String, Undelivered> {
        let services = BTreeMap::from([
            ("crm".to_owned(), "https://crm.example.com/api/".to_owned()),
            ("unset".to_owned(), String::new()),
        ]);
        let body = Bytes::new();
        let letter = Letter { url, services: &services, key: "k", event: "call.ended", body: &body, secret: None };
        target(&letter).map(String::from)
    }

    #[test]
    fn a_letter_goes_to_a_url_or_to_a_service() {
        assert_eq!(goes("https://example.com/hook?a=1").unwrap(), "https://example.com/hook?a=1");
        assert_eq!(goes("{crm}/calls").unwrap(), "https://crm.example.com/api/calls");
    }

    #[test]
    fn what_has_no_address_is_told_by_name() {
        assert_eq!(goes("{unset}/calls"), Err(Undelivered::NoAddress("unset".into())));
        assert_eq!(goes("{billing}/calls"), Err(Undelivered::NoAddress("billing".into())));
        assert_eq!(goes("calls"), Err(Undelivered::Forbidden("not a URL")));
    }

    #[test]
    fn the_rest_cannot_change_the_host() {
        let services = BTreeMap::from([("crm".to_owned(), "https://crm.example.com".to_owned())]);
        let body = Bytes::new();
        for url in ["{crm}.evil.example/x", "{crm}@evil.example/x", "{crm}:9000/x"] {
            let letter = Letter { url, services: &services, key: "k", event: "e", body: &body, secret: None };
            assert_eq!(target(&letter), Err(Undelivered::Forbidden("not a path")), "{url}");
        }
    }

    #[tokio::test]
    async fn a_private_address_gets_nothing() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let post = Post::new(Settings::default()).unwrap();
        let (services, body) = (BTreeMap::new(), Bytes::from_static(b"{}"));
        for url in ["http://example.com/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/"] {
            let letter = Letter { url, services: &services, key: "k", event: "e", body: &body, secret: None };
            let answer = post.deliver(&letter, Duration::from_secs(1)).await;
            assert!(matches!(answer, Err(Undelivered::Forbidden(_))), "{url}: {answer:?}");
        }
    }
}
