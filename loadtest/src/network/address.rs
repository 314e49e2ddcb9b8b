//! Public addresses and where they really lead.
//!
//! A server is reached by the network at its public address. When both stand on one machine the public name may not
//! resolve; then a route says what to dial instead. What is signed is always the public address.

/// Dial `actual` for every address that begins with `public`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Scheme, host and port the outside world knows, such as `https://gw.example.com`.
    pub public: String,
    /// Scheme, host and port that answer here, such as `http://127.0.0.1:8080`.
    pub actual: String,
}

/// Where to dial for `url`. A route for `https` holds for `wss` too, and `http` for `ws`.
pub(crate) fn actual(route: Option<&Route>, url: &str) -> String {
    let Some(route) = route else { return url.to_owned() };
    for scheme in [as_http, as_ws] {
        let public = scheme(route.public.trim_end_matches('/'));
        let Some(rest) = url.strip_prefix(public.as_str()) else { continue };
        if rest.is_empty() || rest.starts_with(['/', '?']) {
            return format!("{}{rest}", scheme(route.actual.trim_end_matches('/')));
        }
    }
    url.to_owned()
}

fn as_http(url: &str) -> String {
    url.to_owned()
}

fn as_ws(url: &str) -> String {
    url.strip_prefix("http").map_or_else(|| url.to_owned(), |rest| format!("ws{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_leads_webhooks_and_streams_home() {
        let route = Route { public: "https://gw.example.com/".into(), actual: "http://127.0.0.1:8080".into() };
        let to = |url| actual(Some(&route), url);
        assert_eq!(to("https://gw.example.com/twilio/voice?a=1"), "http://127.0.0.1:8080/twilio/voice?a=1");
        assert_eq!(to("wss://gw.example.com/media/w/t"), "ws://127.0.0.1:8080/media/w/t");
        assert_eq!(to("https://gw.example.com.evil/x"), "https://gw.example.com.evil/x");
        assert_eq!(actual(None, "wss://a/b"), "wss://a/b");
    }
}
