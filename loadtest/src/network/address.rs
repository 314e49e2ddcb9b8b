//! Public addresses and where they really lead.
//!
//! A server is reached by the network at its public address. When both stand on one machine the public name may not
//! resolve; then a route says what to dial instead. A route may begin with a path too, as an ingress leads one path to
//! one worker, and several may begin at the same place: they take turns, and where one does not answer the next is tried,
//! as a load balancer does. What is signed is always the public address.

/// Dial `actual` for every address that begins with `public`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Scheme, host and port the outside world knows, such as `https://gw.example.com`, and the path if only that leads
    /// there.
    pub public: String,
    /// What answers here in its place, such as `http://127.0.0.1:8080`.
    pub actual: String,
}

/// Where to dial for `url`: what the first fitting route says.
pub(crate) fn actual(routes: &[Route], url: &str) -> String {
    ways(routes, url, 0).swap_remove(0)
}

/// Everywhere that answers for `url`, to be tried in this order, never empty: what the first fitting route says, and all
/// others from the same place. Whose turn it is first goes round, as behind a load balancer.
pub(crate) fn ways(routes: &[Route], url: &str, turn: usize) -> Vec<String> {
    let mut fitting = routes.iter().filter_map(|route| Some((&route.public, along(route, url)?))).peekable();
    let Some(first) = fitting.peek().map(|(public, _)| (*public).clone()) else { return vec![url.to_owned()] };
    let mut ways: Vec<String> = fitting.filter(|(public, _)| **public == first).map(|(_, way)| way).collect();
    let turn = turn % ways.len();
    ways.rotate_left(turn);
    ways
}

/// A route for `https` holds for `wss` too, and `http` for `ws`.
fn along(route: &Route, url: &str) -> Option<String> {
    for scheme in [as_http, as_ws] {
        let public = scheme(route.public.trim_end_matches('/'));
        let Some(rest) = url.strip_prefix(public.as_str()) else { continue };
        if rest.is_empty() || rest.starts_with(['/', '?']) {
            return Some(format!("{}{rest}", scheme(route.actual.trim_end_matches('/'))));
        }
    }
    None
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
        let routes = [route];
        let to = |url| actual(&routes, url);
        assert_eq!(to("https://gw.example.com/twilio/voice?a=1"), "http://127.0.0.1:8080/twilio/voice?a=1");
        assert_eq!(to("wss://gw.example.com/media/w/t"), "ws://127.0.0.1:8080/media/w/t");
        assert_eq!(to("https://gw.example.com.evil/x"), "https://gw.example.com.evil/x");
        assert_eq!(actual(&[], "wss://a/b"), "wss://a/b");
    }

    #[test]
    fn routes_from_the_same_place_take_turns() {
        let route = |port: u16| Route { public: "http://gw".into(), actual: format!("http://127.0.0.1:{port}") };
        let routes =
            [route(1), route(2), Route { public: "http://gw/x".into(), actual: "http://127.0.0.1:3/x".into() }];
        assert_eq!(ways(&routes, "http://gw/a", 0), ["http://127.0.0.1:1/a", "http://127.0.0.1:2/a"]);
        assert_eq!(ways(&routes, "http://gw/a", 3), ["http://127.0.0.1:2/a", "http://127.0.0.1:1/a"]);
        assert_eq!(ways(&routes, "http://elsewhere/a", 3), ["http://elsewhere/a"]);
    }

    #[test]
    fn a_path_may_lead_elsewhere_than_its_host() {
        let route = |path: &str, port: u16| Route {
            public: format!("https://gw.example.com{path}"),
            actual: format!("http://127.0.0.1:{port}{path}"),
        };
        let routes = [route("/media/worker-1", 8091), route("", 8080)];
        assert_eq!(actual(&routes, "wss://gw.example.com/media/worker-1/t"), "ws://127.0.0.1:8091/media/worker-1/t");
        assert_eq!(actual(&routes, "wss://gw.example.com/media/worker-10/t"), "ws://127.0.0.1:8080/media/worker-10/t");
    }
}
