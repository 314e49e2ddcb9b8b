//! Faults that mean the same at every provider.

use call::LinkFault;

/// What a refused upgrade means.
pub(super) fn refused(status: u16) -> LinkFault {
    match status {
        429 | 503 => LinkFault::Busy,
        408 => LinkFault::Broken,
        400..=499 => LinkFault::Refused,
        _ => LinkFault::Broken,
    }
}

/// A code or type fit for a record: the server's own word if it looks like one, since a message may quote the caller.
pub(super) fn word(code: Option<&str>, kind: Option<&str>) -> String {
    let plain = |text: &&str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    code.filter(plain).or(kind.filter(plain)).unwrap_or("unnamed_error").to_owned()
}
