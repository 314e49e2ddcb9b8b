//! Phone numbers and secrets: types that do not print.

use serde::{Deserialize, Serialize};
use std::fmt;

pub use call::Spoken;
pub use secrecy::{ExposeSecret, SecretString};

/// A phone number, SIP address or client name as the telephone network gave it. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Wraps what the network sent, cut to 128 characters.
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(128).collect())
    }

    /// The number itself: only for the network, the record and authorised people.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last two digits behind stars, for people who need to tell calls apart: `*********06`.
    pub fn masked(&self) -> String {
        let count = self.0.chars().count();
        let shown = if count > 6 { 2 } else { 0 };
        self.0.chars().enumerate().map(|(i, c)| if i + shown >= count { c } else { '*' }).collect()
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_does_not_print() {
        let number = PhoneNumber::new("+15005550006");
        assert_eq!(format!("{number:?}"), "PhoneNumber(_)");
        assert_eq!(number.masked(), "**********06");
        assert_eq!(PhoneNumber::new("12345").masked(), "*****");
    }
}
