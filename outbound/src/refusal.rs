//! What a refusal of the telephone network is about: the one person who was to be called, or us. Pure.

/// Whom a refusal concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// This number or this call: others may be called.
    Row,
    /// Our account, our number, our address: every other row would be refused too.
    Account,
}

/// Codes about us: <https://www.twilio.com/docs/api/errors> (read 2026-11).
const ACCOUNT: &[u32] = &[
    10_001, // account is not active
    10_002, // trial account does not support the feature
    20_001, // unknown parameters
    20_003, // authentication
    20_005, // account not active
    20_006, // access denied
    20_008, // test credentials
    20_403, // forbidden
    20_404, // no such account
    21_203, // international calling is not enabled
    21_205, // the address for the document is not valid
    21_210, // our number is not verified
    21_212, // our number is not valid
    21_213, // our number is missing
    21_606, // our number cannot do this
    21_609, // the address for callbacks is not valid
    21_626, // callback events are not valid
];

/// By Twilio's code and the HTTP status.
pub fn about(code: Option<u32>, status: u16) -> About {
    match (code, status) {
        (Some(code), _) if ACCOUNT.contains(&code) => About::Account,
        (_, 401..=405) if !code.is_some_and(is_of_a_number) => About::Account,
        _ => About::Row,
    }
}

/// Codes that name the number called, whatever the status: 13223 to 13227 and 21211 to 21219, but for our own number.
fn is_of_a_number(code: u32) -> bool {
    matches!(code, 13_223..=13_227 | 21_201 | 21_211 | 21_214..=21_219)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_refused_stops_nobody_else() {
        for code in [13_223, 13_224, 13_225, 13_226, 13_227, 21_211, 21_214, 21_215, 21_216, 21_217, 21_219] {
            for status in [400, 403] {
                assert_eq!(about(Some(code), status), About::Row, "{code}");
            }
        }
        assert_eq!(about(None, 400), About::Row);
        assert_eq!(about(Some(99_999), 400), About::Row);
    }

    #[test]
    fn what_is_wrong_with_us_is_no_rows_fault() {
        for (code, status) in [
            (Some(20_003), 401),
            (Some(20_005), 403),
            (Some(21_210), 400),
            (Some(21_212), 400),
            (Some(21_205), 400),
            (Some(20_404), 404),
            (None, 401),
            (None, 404),
        ] {
            assert_eq!(about(code, status), About::Account, "{code:?} {status}");
        }
    }
}
