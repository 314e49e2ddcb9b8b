//! Who asks: the signature of a caller that shares a secret with the server.
//!
//! `Patchbay-Signature: t=<unix seconds>,v1=<hex>`, where the hex is HMAC-SHA256 of `"{t}.{body}"` under the shared
//! secret. `v1` may stand there more than once, for the days on which a secret changes. Written from this
//! description alone, apart from the code under test, so that each is the other's check.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries the signature.
pub const HEADER: &str = "patchbay-signature";

/// How far the time of a signature may be from the server's, in seconds: longer, and a stolen request can be sent
/// again for longer; shorter, and a caller whose clock is a little off is turned away.
pub const WINDOW_SECONDS: i64 = 300;

/// What is to be thought of a request's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has no secret, so nothing was looked at.
    NotAsked,
    /// Signed by somebody who knows the secret, just now.
    Valid,
    /// There is none.
    Missing,
    /// There is one, and it does not count.
    Invalid(Flaw),
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It cannot be read.
    Malformed,
    /// Its time is more than [`WINDOW_SECONDS`] away.
    Stale,
    /// It is not that of this body, this time and this secret.
    Forged,
}

impl Verdict {
    /// Whether a server may do what is asked.
    #[must_use]
    pub fn lets_pass(self) -> bool {
        matches!(self, Self::NotAsked | Self::Valid)
    }
}

/// The header's value for this body at this time.
#[must_use]
pub fn sign(secret: &str, body: &[u8], unix_seconds: i64) -> String {
    let digest: String =
        mac(secret, body, unix_seconds).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={unix_seconds},v1={digest}")
}

/// Holds a header against body, secret and the time it is now.
#[must_use]
pub fn verify(secret: &str, header: Option<&str>, body: &[u8], now: i64) -> Verdict {
    let Some(header) = header else { return Verdict::Missing };
    match judge(secret, header, body, now) {
        Ok(()) => Verdict::Valid,
        Err(flaw) => Verdict::Invalid(flaw),
    }
}

fn judge(secret: &str, header: &str, body: &[u8], now: i64) -> Result<(), Flaw> {
    let (at, digests) = parse(header).ok_or(Flaw::Malformed)?;
    if at.abs_diff(now) > WINDOW_SECONDS.unsigned_abs() {
        return Err(Flaw::Stale);
    }
    let fits = |digest: &Vec<u8>| mac(secret, body, at).verify_slice(digest).is_ok();
    if digests.iter().any(fits) { Ok(()) } else { Err(Flaw::Forged) }
}

/// The one time and all digests.
fn parse(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let (mut at, mut digests) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", seconds) if at.is_none() => at = Some(seconds.parse().ok()?),
            ("t", _) => return None,
            ("v1", digest) => digests.push(unhex(digest)?),
            _ => {}
        }
    }
    (!digests.is_empty()).then_some((at?, digests))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let nibbles: Vec<u8> =
        digits.chars().map(|digit| digit.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let pairs = nibbles.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn mac(secret: &str, body: &[u8], at: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
