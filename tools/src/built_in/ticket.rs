//! Opens a ticket. Its number is made of the call and the tool call, so that a repeat gives the same one.

use super::{Done, Outcome, given, text, wrong};
use crate::Asked;
use crate::answer::{Source, wrapped};
use crate::errors::Problem;
use call::{Fact, Spoken, ToolCallId};
use common::ids::CallId;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Letters and digits that are told apart when they are spoken or written by hand: no 0 and O, 1, I and L, 5 and S, 8 and
/// B, U and V. 25 of them: seven make six thousand million numbers.
const ALPHABET: &[u8; 25] = b"234679ACDEFGHJKMNPQRTVWXY";
const LENGTH: usize = 7;
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

pub(super) fn open(asked: &Asked<'_>, arguments: &Map<String, Value>) -> Result<Done, Problem> {
    let subject = text(arguments, "subject")?;
    let details = given(arguments, "details").unwrap_or_default();
    let priority = given(arguments, "priority").unwrap_or_else(|| "normal".to_owned());
    if !PRIORITIES.contains(&priority.as_str()) {
        return Err(wrong("priority", "low, normal, high or urgent"));
    }
    let category = given(arguments, "category").unwrap_or_else(|| "general".to_owned());
    let number = number(asked.call, asked.id);
    let say = "Tell the caller the number of the ticket, letter by letter.";
    let output = wrapped(json!({"status": "opened", "ticket": number, "priority": priority, "say": say}), Source::Own);
    let (subject, details) = (Spoken::new(subject), Spoken::new(details));
    let fact = Fact::Ticket { number, priority, category, subject, details };
    Ok(Done::Now(Outcome { output, wants: None, facts: vec![fact] }))
}

/// For example `T-7KQ2M9X`.
fn number(call: &CallId, id: &ToolCallId) -> String {
    let hash = Sha256::digest(format!("{call}:{}", id.0));
    let mut rest = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut number = String::from("T-");
    for _ in 0..LENGTH {
        number.push(char::from(ALPHABET[(rest % ALPHABET.len() as u64) as usize]));
        rest /= ALPHABET.len() as u64;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::call_id;

    #[test]
    fn the_same_tool_call_gives_the_same_number_and_another_another() {
        let ask = |call, id: &str| number(&call_id(call), &ToolCallId(id.into()));
        assert_eq!(ask(1, "a"), ask(1, "a"));
        let all: std::collections::BTreeSet<_> =
            (0..2_000).map(|n| ask(n / 2, if n % 2 == 0 { "a" } else { "b" })).collect();
        assert_eq!(all.len(), 2_000);
    }

    #[test]
    fn no_two_signs_are_mistaken_for_each_other() {
        for confused in ["0O", "1IL", "5S", "8B", "UV", "2Z"] {
            assert!(confused.bytes().filter(|sign| ALPHABET.contains(sign)).count() <= 1, "{confused}");
        }
    }
}
