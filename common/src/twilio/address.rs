//! The spellings of our own address: for links in TwiML, and as Twilio signs it.
//!
//! Always built from the configured public URL and the raw request target, never from `Host` or `X-Forwarded-*`, which
//! whoever sends the request may choose.

/// The absolute URL of a path, `https://calls.example.com/twilio/voice?x=1`: what Twilio signs for a webhook, and what
/// stands in TwiML. `target` is the raw path and query, still encoded, beginning with a slash.
pub fn webhook_url(public_url: &str, target: &str) -> String {
    format!("{}{target}", public_url.trim_end_matches('/'))
}

/// The URL of a media stream for `<Stream url>`: `wss://…`, or `ws://…` where the public URL is plain `http://`, which
/// only the simulated telephone network takes.
pub fn stream_url(public_url: &str, path: &str) -> String {
    let url = webhook_url(public_url, path);
    match url.split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some(("http", rest)) => format!("ws://{rest}"),
        _ => url,
    }
}

/// The URL Twilio signs for the upgrade of a media stream: always `wss://…`, whatever carries it.
pub fn signed_stream_url(public_url: &str, path: &str) -> String {
    let url = webhook_url(public_url, path);
    match url.split_once("://") {
        Some((_, rest)) => format!("wss://{rest}"),
        None => url,
    }
}

/// A URL in the parts a signature is about. Nothing is normalised: paths and queries stay as they came.
pub(super) struct Parts<'a> {
    /// `https`, `http`, `wss`.
    pub(super) scheme: &'a str,
    /// Host without user and port.
    pub(super) host: &'a str,
    /// Port, if one is written.
    pub(super) port: Option<&'a str>,
    /// Path and query, without fragment.
    pub(super) target: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a URL; `None` for a text without scheme.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let url = url.split('#').next().unwrap_or(url);
        let (scheme, rest) = url.split_once("://")?;
        let (authority, target) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        };
        Some(Self { scheme, host, port, target })
    }

    /// The URL with this port, or none.
    pub(super) fn with_port(&self, port: Option<&str>) -> String {
        let Self { scheme, host, target, .. } = self;
        match port {
            Some(port) => format!("{scheme}://{host}:{port}{target}"),
            None => format!("{scheme}://{host}{target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_target_is_kept_and_the_scheme_follows_the_purpose() {
        assert_eq!(webhook_url("https://a.example/", "/x%20y?b=%2B1"), "https://a.example/x%20y?b=%2B1");
        assert_eq!(stream_url("https://a.example", "/media/w/t"), "wss://a.example/media/w/t");
        assert_eq!(stream_url("http://127.0.0.1:8080", "/media/w/t"), "ws://127.0.0.1:8080/media/w/t");
        assert_eq!(signed_stream_url("http://127.0.0.1:8080", "/media/w/t"), "wss://127.0.0.1:8080/media/w/t");
    }

    #[test]
    fn user_port_and_fragment_are_found() {
        let parts = Parts::of("https://me:pw@a.example:8443/x?y=@1:2#rc=2").unwrap();
        assert_eq!((parts.host, parts.port, parts.target), ("a.example", Some("8443"), "/x?y=@1:2"));
        let parts = Parts::of("wss://[::1]/m").unwrap();
        assert_eq!((parts.host, parts.port), ("[::1]", None));
        assert!(Parts::of("a.example/x").is_none());
    }
}
