//! The signature by which a service knows that a request is ours:
//! `Patchbay-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "{t}.{body}">`.

use common::private::{ExposeSecret as _, SecretString};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt::Write as _;

/// The header's name.
pub(super) const HEADER: &str = "patchbay-signature";

/// The header's value, made now.
pub(crate) fn signature(secret: &SecretString, body: &[u8]) -> String {
    at(secret, common::clock::unix_ms() / 1_000, body)
}

fn at(secret: &SecretString, seconds: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("a key of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let mut value = format!("t={seconds},v1=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(value, "{byte:02x}");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_covers_the_time_and_the_body() {
        // printf '1764000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "t=1764000000,v1=112dc1736ad0328f094ebdad63c8bde5936ce7d0bb7ae467f9f8d481a26df51c";
        assert_eq!(at(&SecretString::from("secret"), 1_764_000_000, br#"{"a":1}"#), expected);
    }
}
