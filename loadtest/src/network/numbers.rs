//! The numbers an account owns, and how each is set.
//!
//! A test or a run gives them to the network, `rest/numbers.rs` lists and sets them, and a call to one that has a voice
//! URL is announced there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What can be set at a number, as the API's forms spell it.
pub(super) const SETTINGS: [&str; 10] = [
    "FriendlyName",
    "VoiceUrl",
    "VoiceMethod",
    "VoiceFallbackUrl",
    "VoiceFallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "VoiceCallerIdLookup",
    "VoiceApplicationSid",
    "TrunkSid",
];

/// A number of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedNumber {
    /// Its SID, `PN…`.
    pub sid: String,
    /// E.164.
    pub number: String,
    /// How it is set, by the names of the API's forms (`VoiceUrl`, ...); what is unset is not there.
    pub settings: BTreeMap<String, String>,
}

impl OwnedNumber {
    /// One setting; empty where it is unset.
    #[must_use]
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }
}

/// All numbers of an account.
#[derive(Debug, Default)]
pub(super) struct Numbers(Mutex<Vec<OwnedNumber>>);

impl Numbers {
    pub(super) fn add(&self, number: OwnedNumber) {
        self.lock().push(number);
    }

    pub(super) fn all(&self) -> Vec<OwnedNumber> {
        self.lock().clone()
    }

    pub(super) fn find(&self, number: &str) -> Option<OwnedNumber> {
        self.lock().iter().find(|one| one.number == number).cloned()
    }

    /// Whether calls and messages may come from this number: of an account that owns none any may.
    pub(super) fn may_send(&self, number: &str) -> bool {
        let numbers = self.lock();
        numbers.is_empty() || numbers.iter().any(|one| one.number == number)
    }

    /// Sets what is given; an empty text unsets.
    pub(super) fn set(&self, sid: &str, settings: Vec<(String, String)>) -> Option<OwnedNumber> {
        let mut numbers = self.lock();
        let number = numbers.iter_mut().find(|one| one.sid == sid)?;
        for (name, value) in settings {
            if value.is_empty() {
                number.settings.remove(&name);
            } else {
                number.settings.insert(name, value);
            }
        }
        Some(number.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<OwnedNumber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
