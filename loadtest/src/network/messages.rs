//! The text messages of an account: what was sent to whom, and what becomes of it.
//!
//! `rest/messages.rs` enters them; each is then delivered, or not, by a task of its own, which tells the application of
//! every state. Who cannot be reached stands in the book of inboxes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Method, Network};

/// From one state of a message to the next. Seconds in the field; nobody learns anything from waiting here.
const STEP: Duration = Duration::from_millis(20);

/// How a number takes text messages. One that stands nowhere takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inbox {
    /// They arrive.
    #[default]
    Delivers,
    /// The handset cannot be reached: undelivered, 30003.
    Unreachable,
    /// The carrier filters them: undelivered, 30007.
    Filtered,
    /// It is no mobile number: refused, 21614.
    Landline,
    /// Its owner has answered STOP: refused, 21610.
    OptedOut,
}

/// A text message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its SID, `SM…`.
    pub sid: String,
    /// Who gets it.
    pub to: String,
    /// Who sends it.
    pub from: String,
    /// What it says.
    pub body: String,
    /// Parts it is cut into.
    pub segments: usize,
    /// `queued`, `sent`, `delivered`, `undelivered`.
    pub status: &'static str,
    /// Why it was not delivered.
    pub error_code: Option<u32>,
    /// When it was taken.
    pub at: Timestamp,
}

/// All messages, and how numbers take them.
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: Mutex<Vec<Message>>,
    inboxes: Mutex<BTreeMap<String, Inbox>>,
    changed: watch::Sender<()>,
}

impl Messages {
    pub(super) fn set_inbox(&self, number: String, inbox: Inbox) {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(number, inbox);
    }

    pub(super) fn inbox(&self, number: &str) -> Inbox {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).get(number).copied().unwrap_or_default()
    }

    pub(super) fn enter(&self, message: Message) {
        self.lock().push(message);
        self.changed.send_replace(());
    }

    pub(super) fn all(&self) -> Vec<Message> {
        self.lock().clone()
    }

    pub(super) fn find(&self, sid: &str) -> Option<Message> {
        self.lock().iter().find(|message| message.sid == sid).cloned()
    }

    pub(super) async fn when(&self, wanted: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            let all = self.all();
            if wanted(&all) {
                return all;
            }
            // The sender lives as long as this list.
            let _ = changes.changed().await;
        }
    }

    fn set(&self, sid: &str, status: &'static str, error_code: Option<u32>) {
        if let Some(message) = self.lock().iter_mut().find(|message| message.sid == sid) {
            (message.status, message.error_code) = (status, error_code);
        }
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries a message through its states, and tells of each.
pub(super) async fn carry(network: Network, message: Message, callback: Option<String>) {
    let end = match network.0.messages.inbox(&message.to) {
        Inbox::Unreachable => ("undelivered", Some(30003)),
        Inbox::Filtered => ("undelivered", Some(30007)),
        Inbox::Delivers | Inbox::Landline | Inbox::OptedOut => ("delivered", None),
    };
    for (status, error) in [("queued", None), ("sent", None), end] {
        network.0.messages.set(&message.sid, status, error);
        if let Some(url) = &callback {
            network.tell_soon(url.clone(), Method::Post, told(&network, &message, status, error));
        }
        sleep(STEP).await;
    }
}

fn told(network: &Network, message: &Message, status: &str, error: Option<u32>) -> Vec<(String, String)> {
    let mut params: Vec<(String, String)> = [
        ("AccountSid", network.account_sid()),
        ("ApiVersion", "2010-04-01"),
        ("MessageSid", &message.sid),
        ("MessageStatus", status),
        ("SmsSid", &message.sid),
        ("SmsStatus", status),
        ("To", &message.to),
        ("From", &message.from),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    params.extend(error.map(|code| ("ErrorCode".to_owned(), code.to_string())));
    params
}

/// GSM 03.38's letters beyond ASCII letters, digits and the marks both share.
const GSM_BEYOND: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤ÄÖÑÜ§¿äöñüà¡";
/// Those that take two places.
const GSM_DOUBLE: &str = "^{}\\[~]|€\u{c}";

/// Parts a text is cut into: 160 letters of GSM-7 or 70 units of UCS-2 alone, 153 or 67 in more than one.
pub(super) fn segments(body: &str) -> usize {
    let places = |letter: char| match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' => Some(1),
        ' ' | '!' | '"' | '#' | '%' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | '-' | '.' | '/' => Some(1),
        ':' | ';' | '<' | '=' | '>' | '?' => Some(1),
        letter if GSM_BEYOND.contains(letter) => Some(1),
        letter if GSM_DOUBLE.contains(letter) => Some(2),
        _ => None,
    };
    let (length, alone, each) = match body.chars().map(places).sum::<Option<usize>>() {
        Some(places) => (places, 160, 153),
        None => (body.encode_utf16().count(), 70, 67),
    };
    if length <= alone { 1 } else { length.div_ceil(each) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_as_its_letters_demand() {
        for (text, parts) in [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("ж".repeat(70), 1),
            ("ж".repeat(71), 2),
            (format!("{}😀", "a".repeat(69)), 2),
        ] {
            assert_eq!(segments(&text), parts, "{} letters", text.chars().count());
        }
    }
}
