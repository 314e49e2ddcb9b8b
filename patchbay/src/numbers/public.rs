//! Whether Twilio can reach this installation by its public address.

use reqwest::Url;
use std::net::IpAddr;

/// Why Twilio cannot use the address; `None` where nothing speaks against it.
pub(crate) fn unreachable(public_url: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(public_url) else { return Some("it is no address") };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    if is_local(&host) {
        return Some("Twilio cannot reach a local address");
    }
    if url.scheme() != "https" {
        return Some("Twilio opens media streams to https addresses only");
    }
    // <https://www.twilio.com/docs/api/errors/21609> (read 2026-11).
    host.contains('_').then_some("Twilio takes no host with an underscore")
}

fn is_local(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified()
        }
        Err(_) => {
            let ends = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
            !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unreachable;

    #[test]
    fn addresses_that_twilio_cannot_reach_are_known() {
        for (url, wanted) in [
            ("https://calls.example.com", None),
            ("https://calls.example.com:8443", None),
            ("https://203.0.113.7", None),
            ("http://127.0.0.1:8080", Some("local")),
            ("https://127.0.0.1", Some("local")),
            ("https://localhost", Some("local")),
            ("https://10.1.2.3", Some("local")),
            ("https://192.168.1.2:8080", Some("local")),
            ("https://[::1]:8080", Some("local")),
            ("https://[fd00::1]", Some("local")),
            ("https://gateway", Some("local")),
            ("https://gateway.default.svc.cluster.local", Some("local")),
            ("http://calls.example.com", Some("https")),
            ("https://my_calls.example.com", Some("underscore")),
            ("calls.example.com", Some("no address")),
        ] {
            let why = unreachable(url);
            assert_eq!(why.is_some(), wanted.is_some(), "{url}: {why:?}");
            assert!(why.unwrap_or_default().contains(wanted.unwrap_or_default()), "{url}: {why:?}");
        }
    }
}
