//! The time a message was sent, written into the message, so that its receiver in the same process knows its delay.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// What stands before the stamp in every message.
const BEFORE: &str = "\"timestamp\":\"";

/// The moment all stamps count from.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// A stamp for a message that leaves now.
pub(super) fn now() -> u128 {
    start().elapsed().as_nanos()
}

/// How long a message took, by the stamp in it.
pub(super) fn age(message: &str) -> Option<Duration> {
    let from = message.find(BEFORE)? + BEFORE.len();
    let digits = message[from..].split('"').next()?;
    let sent: u64 = digits.parse().ok()?;
    Some(start().elapsed().saturating_sub(Duration::from_nanos(sent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_back() {
        let message = format!("{{\"event\":\"media\",{BEFORE}{}\"}}", now());
        assert!(age(&message).unwrap() < Duration::from_secs(60));
        assert_eq!(age("{}"), None);
    }
}
