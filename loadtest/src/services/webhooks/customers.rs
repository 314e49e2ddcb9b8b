//! The customers of the example packs, and what happened with them lately.

use serde::Serialize;

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// Telephone in E.164.
    pub phone: String,
    /// Full name.
    pub name: String,
    /// Language they like to speak.
    pub language: String,
    /// How often they were looked up, this time included.
    pub lookups: u32,
    /// Newest first.
    pub recent_activity: Vec<Activity>,
}

/// Something that happened with a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// The day, `2026-11-18`.
    pub date: String,
    /// `order`, `call`, ...
    pub kind: String,
    /// In a sentence.
    pub summary: String,
}

pub(super) fn samples() -> [Customer; 2] {
    [
        Customer {
            phone: "+15005550010".to_owned(),
            name: "Maria Lopez".to_owned(),
            language: "es".to_owned(),
            lookups: 0,
            recent_activity: vec![
                activity("2026-11-17", "order", "Order ABC123 was delivered."),
                activity("2026-11-12", "call", "Asked when order ABC123 would arrive."),
            ],
        },
        Customer {
            phone: "+15005550011".to_owned(),
            name: "Arjun Mehta".to_owned(),
            language: "hi".to_owned(),
            lookups: 0,
            recent_activity: vec![activity("2026-11-18", "order", "Order XYZ789 was shipped.")],
        },
    ]
}

fn activity(date: &str, kind: &str, summary: &str) -> Activity {
    Activity { date: date.to_owned(), kind: kind.to_owned(), summary: summary.to_owned() }
}
