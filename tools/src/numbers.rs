//! Which phone numbers calls may be put through to: valid ones by the numbering plan of their country that cost what a
//! call costs.
//!
//! Before it: the company's list of targets, when it is applied and again when a target is chosen; numbers never come from
//! a model. After it: nothing is dialled that is not [`Class::Allowed`]. The plans are those of libphonenumber (crate
//! `phonenumber`). A number is blocked when *any* country that shares its code calls it costly: a wrong refusal is heard
//! and corrected, a wrong call is billed.

#[cfg(test)]
mod tests;

use crate::errors::ErrorCode;
use common::private::PhoneNumber;
use phonenumber::metadata::{DATABASE, Descriptor, Metadata};

/// What a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may be called; the number in E.164.
    Allowed(PhoneNumber),
    /// It is costly or leads where calls may not go, and what it is: `premium rate`, `satellite`, ...
    Blocked(&'static str),
    /// It is no number.
    Invalid,
}

impl Class {
    /// Why it may not be called; `None` when it may.
    pub fn error(&self) -> Option<ErrorCode> {
        match self {
            Self::Allowed(_) => None,
            Self::Blocked(_) => Some(ErrorCode::PremiumNumber),
            Self::Invalid => Some(ErrorCode::InvalidNumber),
        }
    }
}

/// Digits of E.164, country code included: fewer reach nobody, more are no number.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Country codes that belong to no country, and those to which calls are sold on by artificial traffic and hardly any
/// company has a reason to forward callers. <https://www.itu.int/pub/T-SP-E.164D> (read 2026-11).
const BLOCKED_CODES: &[(u16, &str)] = &[
    (53, "high risk"),  // Cuba
    (246, "high risk"), // Diego Garcia
    (247, "high risk"), // Ascension
    (252, "high risk"), // Somalia
    (290, "high risk"), // Saint Helena
    (674, "high risk"), // Nauru
    (677, "high risk"), // Solomon Islands
    (678, "high risk"), // Vanuatu
    (682, "high risk"), // Cook Islands
    (683, "high risk"), // Niue
    (686, "high risk"), // Kiribati
    (688, "high risk"), // Tuvalu
    (690, "high risk"), // Tokelau
    (850, "high risk"), // North Korea
    (800, "international freephone"),
    (808, "shared cost"),
    (870, "satellite"),
    (878, "personal number"),
    (881, "satellite"),
    (882, "international network"),
    (883, "international network"),
    (888, "international network"),
    (979, "premium rate"),
];

/// Classifies a number as somebody wrote it: E.164, or national where `region` (ISO 3166, for example `US`) is given.
/// Digits, one leading `+`, spaces, dots, dashes and parentheses only: whatever else a number can be written with is how
/// lists are cheated.
pub fn classify(number: &str, region: Option<&str>) -> Class {
    let Some(digits) = digits(number.trim(), region) else { return Class::Invalid };
    if !DIGITS.contains(&digits.len()) {
        return Class::Invalid;
    }
    let Some((code, national, mut plans)) = plans(&digits) else { return blocked_code(&digits) };
    if let Some(why) = blocked(code, national) {
        return Class::Blocked(why);
    }
    // A plan's kinds are parts of its general pattern: of two dozen countries that share a code most are done with here.
    plans.retain(|plan| plan.descriptors().general().is_match(national));
    if let Some(why) = plans.iter().find_map(|plan| costly(plan, national)) {
        return Class::Blocked(why);
    }
    if plans.iter().any(|plan| callable(plan, national)) {
        return Class::Allowed(PhoneNumber::new(&format!("+{digits}")));
    }
    Class::Invalid
}

/// Whether any country's numbering plan stands behind a country code.
pub fn has_plan(code: u16) -> bool {
    DATABASE.by_code(&code).is_some()
}

/// The digits of E.164.
fn digits(number: &str, region: Option<&str>) -> Option<String> {
    let (international, rest) = number.strip_prefix('+').map_or((false, number), |rest| (true, rest));
    if !rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')')) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    if international {
        return Some(digits).filter(|digits| !digits.starts_with('0'));
    }
    let region = region?.to_ascii_uppercase().parse().ok()?;
    let parsed = phonenumber::parse(Some(region), &digits).ok()?;
    Some(format!("{}{}", parsed.code().value(), parsed.national()))
}

/// Country code, the digits behind it, and the numbering plans that share the code. No code begins with another.
fn plans(digits: &str) -> Option<(u16, &str, Vec<&'static Metadata>)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let code = code.parse().ok()?;
        let plans = DATABASE.by_code(&code)?;
        Some((code, national, plans))
    })
}

/// What a number is whose code has no plan.
fn blocked_code(digits: &str) -> Class {
    let code = digits.get(..3).and_then(|code| code.parse().ok());
    code.and_then(|code| blocked(code, "")).map_or(Class::Invalid, Class::Blocked)
}

fn blocked(code: u16, national: &str) -> Option<&'static str> {
    let unplanned = match code {
        // In North America the exchange 976 of every area sells by the minute.
        1 => national.get(3..6) == Some("976"),
        // In Japan 0570 bills the caller for what the company pays elsewhere.
        81 => national.starts_with("570"),
        _ => false,
    };
    let listed = BLOCKED_CODES.iter().find(|(blocked, _)| *blocked == code).map(|(_, why)| *why);
    // The plans do not say so of these.
    listed.or(unplanned.then_some("premium rate"))
}

fn costly(plan: &Metadata, national: &str) -> Option<&'static str> {
    let kinds = plan.descriptors();
    [
        (kinds.premium_rate(), "premium rate"),
        (kinds.shared_cost(), "shared cost"),
        (kinds.personal_number(), "personal number"),
        (kinds.pager(), "pager"),
        (kinds.voicemail(), "voicemail"),
        (kinds.no_international(), "not to be called from abroad"),
    ]
    .into_iter()
    .find_map(|(kind, why)| matches(kind, national).then_some(why))
}

fn callable(plan: &Metadata, national: &str) -> bool {
    let kinds = plan.descriptors();
    let allowed = [kinds.fixed_line(), kinds.mobile(), kinds.toll_free(), kinds.voip(), kinds.uan()];
    allowed.into_iter().any(|kind| matches(kind, national))
}

fn matches(kind: Option<&Descriptor>, national: &str) -> bool {
    kind.is_some_and(|kind| kind.is_match(national))
}
