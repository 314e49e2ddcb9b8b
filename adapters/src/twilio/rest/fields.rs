//! Twilio's way to write numbers and times in JSON.

use jiff::fmt::rfc2822::DateTimeParser;
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

/// A whole number, which Twilio mostly sends as text; `None` for null and for anything else.
pub(super) fn digits<'de, D: Deserializer<'de>>(field: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(field)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    })
}

/// A text; null and absent are empty.
pub(super) fn text<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(field)?.unwrap_or_default())
}

/// `Fri, 18 Oct 2019 17:03:00 +0000` as milliseconds since 1970; 0 for what is no time.
pub(super) fn since_1970_ms(date: &str) -> u64 {
    let at = DateTimeParser::new().parse_timestamp(date.trim());
    at.ok().and_then(|at| u64::try_from(at.as_millisecond()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::since_1970_ms;

    #[test]
    fn dates_are_read_in_any_zone_and_nonsense_is_none() {
        assert_eq!(since_1970_ms("Fri, 18 Oct 2019 17:03:00 +0000"), 1_571_418_180_000);
        assert_eq!(since_1970_ms("Fri, 18 Oct 2019 19:03:00 +0200"), 1_571_418_180_000);
        assert_eq!(since_1970_ms("2019-10-18T17:03:00Z"), 0);
        assert_eq!(since_1970_ms(""), 0);
    }
}
