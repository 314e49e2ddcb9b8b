//! Addresses as configured, as a socket wants them.

/// `https://…` → `wss://…`, plain HTTP → plain WebSocket; no slash at the end.
pub(super) fn websocket(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    match base.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => base.to_owned(),
    }
}
