//! Where the server is.

use crate::agent::address;
use std::fmt::Write as _;

/// `https://api.openai.com/v1` → `wss://api.openai.com/v1/realtime?model=…`; plain HTTP becomes plain WebSocket.
pub(super) fn url(base_url: &str, model: &str) -> String {
    let base = address::websocket(base_url);
    format!("{base}/realtime?model={}", escaped(model))
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a text grows");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn the_scheme_becomes_that_of_a_websocket() {
        let wanted = "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1";
        assert_eq!(url("https://api.openai.com/v1", "gpt-realtime-2.1"), wanted);
        assert_eq!(url("https://api.openai.com/v1/", "gpt-realtime-2.1"), wanted);
        assert_eq!(url("http://127.0.0.1:9/v1", "a b&c"), "ws://127.0.0.1:9/v1/realtime?model=a%20b%26c");
        assert_eq!(url("ws://127.0.0.1:9/v1", "m"), "ws://127.0.0.1:9/v1/realtime?model=m");
    }
}
