//! What Twilio's error codes mean and what to do: <https://www.twilio.com/docs/api/errors> (read 2026-11).
//!
//! Twilio's own messages are not passed on: they repeat the numbers they are about.

/// What a code means and what to do, a fragment that ends a sentence. Where there is no code, the HTTP status speaks.
pub fn advice(code: Option<u32>, status: u16) -> String {
    let Some(code) = code else { return of_status(status).to_owned() };
    match of_code(code) {
        Some(advice) => advice.to_owned(),
        None => format!("see https://www.twilio.com/docs/api/errors/{code}"),
    }
}

fn of_code(code: u32) -> Option<&'static str> {
    account(code).or_else(|| call(code)).or_else(|| message(code)).or_else(|| delivery(code))
}

/// The account, its credentials and its limits.
fn account(code: u32) -> Option<&'static str> {
    Some(match code {
        10_001 | 20_005 | 30_002 => {
            "the account is suspended or closed; look at its balance and notices in Twilio's console"
        }
        10_002 => "trial accounts cannot do this; upgrade the account",
        10_003 => {
            "the account is not active, calls to its numbers are turned away; look at its balance in Twilio's console"
        }
        10_004 => {
            "the account has as many calls at once as it may; lower PATCHBAY_OUTBOUND__CONCURRENCY or have the account's limit raised"
        }
        10_005 => "voice calls are switched off for this account; ask Twilio's support why",
        20_003 => {
            "the credentials are wrong or lack this right; compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) with Twilio's console"
        }
        20_008 => "test credentials cannot do this; use the account's own",
        20_404 => "it does not exist in this account, or not any more; compare TWILIO_ACCOUNT_SID and the region",
        20_429 => "asked too often; try again later or slower",
        _ => return None,
    })
}

/// Calls that we place or change.
fn call(code: u32) -> Option<&'static str> {
    Some(match code {
        13_224 => "the number to be dialled is not valid; write it as +, country and number",
        13_225 => {
            "the number to be dialled is on Twilio's list of forbidden ones, such as premium and emergency numbers"
        }
        13_226 => "the country code of the number to be dialled does not exist; write it as +, country and number",
        13_227 | 21_215 => {
            "the account may not call this country; allow it in Twilio's console under Voice, Settings, Geo permissions"
        }
        21_205 => {
            "an address that Twilio is to ask is not valid; check PUBLIC_URL: https, a public host, no underscore in its name"
        }
        21_210 => {
            "our number is neither of this account nor verified; call from a number that `patchbay numbers list` shows, or verify it"
        }
        21_211 => "the number to be called or written to is not valid; write it as +, country and number",
        21_212 => "our number is not valid; use one that `patchbay numbers list` shows",
        21_214 => "the number to be called cannot be reached; check it",
        21_216 => "Twilio does not let this account call this number; ask Twilio's support",
        21_217 => "the number to be called does not look like one; write it as +, country and number",
        21_219 => "a trial account calls verified numbers only; verify it in Twilio's console or upgrade the account",
        21_220 => "the call is not in progress any more",
        21_626 => "the list of events to be told of is not valid; each is a field of its own",
        32_000..=32_999 => {
            "the SIP trunk or SIP address failed; look at the trunk and the call in Twilio's console, and at https://www.twilio.com/docs/api/errors"
        }
        _ => return None,
    })
}

/// Messages that are not taken.
fn message(code: u32) -> Option<&'static str> {
    Some(match code {
        21_408 => {
            "the account may not write to this country; allow it in Twilio's console under Messaging, Settings, Geo permissions"
        }
        21_606 => "our number cannot send messages; use one that can, or give this one the ability in Twilio's console",
        21_608 => {
            "a trial account writes to verified numbers only; verify it in Twilio's console or upgrade the account"
        }
        21_610 => "the person has opted out with STOP; do not write to them until they send START",
        21_611 => "too many messages of this number wait to be sent; send slower or from more numbers",
        21_612 => "Twilio cannot carry messages between these two numbers; send from a number of the person's country",
        21_614 => "the number is not a mobile number; it cannot get messages",
        21_617 => "the message is longer than 1,600 characters; shorten its template",
        _ => return None,
    })
}

/// Messages that were taken and did not arrive.
fn delivery(code: u32) -> Option<&'static str> {
    Some(match code {
        30_001 => "too many messages waited to be sent; send slower or from more numbers",
        30_003 => "the telephone is off or out of reach; try again later",
        30_004 => "the message was blocked, by the person or the network; do not repeat it",
        30_005 => "the number does not exist any more, or not on this network; check it",
        30_006 => "the number is a landline, or its network takes no messages; call instead",
        30_007 => "the network filtered the message as unwanted; register the sender and look at the template's words",
        30_008 => "the network says not why it did not deliver; try again later, and a shorter text",
        30_034 => {
            "our number is not registered for A2P 10DLC, which the United States ask for; register brand and campaign in Twilio's console"
        }
        _ => return None,
    })
}

/// Without a code: what stands between us and Twilio may have answered.
fn of_status(status: u16) -> &'static str {
    match status {
        300..=399 => "it sends us elsewhere; check TWILIO_API_BASE_URL, usually https://api.twilio.com",
        401 | 403 => {
            "the credentials are wrong or lack this right; compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) with Twilio's console"
        }
        404 => "it does not exist; if nothing is found, check TWILIO_API_BASE_URL and TWILIO_ACCOUNT_SID",
        _ => "it gives no reason; look at Twilio's console under Monitor, Logs, Errors",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that a person may meet in a call or a message of ours.
    const KNOWN: [u32; 36] = [
        10_001, 10_002, 10_003, 10_004, 10_005, 13_224, 13_225, 13_226, 13_227, 20_003, 20_404, 20_429, 21_205, 21_210,
        21_211, 21_212, 21_214, 21_215, 21_216, 21_217, 21_219, 21_220, 21_408, 21_610, 21_611, 21_612, 21_614, 21_626,
        30_003, 30_004, 30_005, 30_006, 30_007, 30_008, 30_034, 32_011,
    ];

    #[test]
    fn what_is_known_is_said_in_words() {
        for code in KNOWN {
            let advice = advice(Some(code), 400);
            assert!(!advice.starts_with("see https"), "{code}");
            assert!(!advice.ends_with('.') && advice.len() > 20, "{code}: {advice}");
        }
    }

    #[test]
    fn what_is_not_known_is_looked_up() {
        assert_eq!(advice(Some(63_038), 400), "see https://www.twilio.com/docs/api/errors/63038");
    }

    #[test]
    fn without_a_code_the_status_speaks() {
        assert!(advice(None, 401).contains("TWILIO_AUTH_TOKEN"));
        assert!(advice(None, 302).contains("TWILIO_API_BASE_URL"));
        assert!(advice(None, 418).contains("Errors"));
    }
}
