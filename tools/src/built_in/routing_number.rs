//! Checks the routing number of a bank in the United States: nine digits, a known range, the checksum.
//! <https://www.aba.com/about-us/routing-number> and its policy document (read 2026-11).

use serde_json::{Value, json};

/// First two digits in use: government, Federal Reserve districts, thrifts, electronic, traveller's cheques.
const RANGES: [std::ops::RangeInclusive<u32>; 4] = [0..=12, 21..=32, 61..=72, 80..=80];
const WEIGHTS: [u32; 9] = [3, 7, 1, 3, 7, 1, 3, 7, 1];

/// What is wrong with a number, if anything, for the model.
pub(super) fn check(spoken: &str) -> Value {
    match fault(spoken) {
        None => json!({"valid": true}),
        Some(reason) => json!({"valid": false, "reason": reason}),
    }
}

fn fault(spoken: &str) -> Option<&'static str> {
    let Some(digits) = digits(spoken) else { return Some("it holds something that is no digit") };
    if digits.len() != WEIGHTS.len() {
        return Some("it does not have nine digits");
    }
    if digits.iter().all(|digit| *digit == 0) {
        return Some("it is all zeros");
    }
    if !RANGES.iter().any(|range| range.contains(&(digits[0] * 10 + digits[1]))) {
        return Some("no bank's number begins like this");
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    (!sum.is_multiple_of(10)).then_some("the checksum is wrong: a digit is wrong or two are swapped")
}

/// Digits as a model writes down what was spoken: with spaces and dashes, or as English words.
fn digits(spoken: &str) -> Option<Vec<u32>> {
    let mut digits = Vec::new();
    for word in spoken.split([' ', '-', '.', ',']).filter(|word| !word.is_empty()) {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.extend(word.chars().filter_map(|c| c.to_digit(10)));
        } else {
            digits.push(named(&word.to_ascii_lowercase())?);
        }
    }
    Some(digits)
}

fn named(word: &str) -> Option<u32> {
    const NAMES: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let digit = NAMES.iter().position(|name| *name == word).map(|digit| digit as u32);
    digit.or(matches!(word, "oh" | "o").then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_real_banks_are_valid_however_they_are_said() {
        for number in [
            "021000021",
            "011401533",
            "091000019",
            "121000358",
            "322271627",
            "061000104",
            "0210-0002-1",
            "0 2 1 0 0 0 0 2 1",
            "zero two one zero zero zero zero two one",
            "oh two one 0000 21",
        ] {
            assert_eq!(fault(number), None, "{number}");
        }
    }

    #[test]
    fn others_are_not() {
        for number in [
            "",
            "000000000",
            "021000022",
            "201000021",
            "02100002",
            "0210000211",
            "131000021",
            "500000005",
            "990000009",
            "02100002x",
            "twenty one",
            "٠٢١٠٠٠٠٢١",
        ] {
            assert!(fault(number).is_some(), "{number}");
        }
    }

    #[test]
    fn a_number_is_valid_only_in_a_range_that_is_in_use() {
        let used = (0..100).filter(|first| {
            let digits = [first / 10, first % 10, 1, 2, 3, 4, 5, 6];
            let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
            let number: String = digits.iter().chain([&((10 - sum % 10) % 10)]).map(u32::to_string).collect();
            fault(&number).is_none()
        });
        let expected = (0..=12).chain(21..=32).chain(61..=72).chain([80]);
        assert_eq!(used.collect::<Vec<u32>>(), expected.collect::<Vec<u32>>());
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_found(place in 0usize..9, other in 0u32..10) {
            let mut digits: Vec<u32> = "021000021".chars().filter_map(|c| c.to_digit(10)).collect();
            prop_assume!(digits[place] != other);
            digits[place] = other;
            let number: String = digits.iter().map(u32::to_string).collect();
            prop_assert!(fault(&number).is_some());
        }
    }
}
