//! Short-lived tokens in URLs: who may open the media stream of a call, and which call an action URL belongs to.
//!
//! A token is `{payload}.{mac}`, both base64url: the payload is JSON, the mac HMAC-SHA256 over purpose and payload. It
//! travels in paths because the telephone network drops query strings.

use crate::ids::{AgentId, AttemptId, BootId, CallId, CompanyId, Epoch, WorkerId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long a stream token may be used, milliseconds. Twilio connects within a second or two; longer only helps a thief.
pub const STREAM_TOKEN_MS: u64 = 30_000;

/// Longest token read: longer ones are refused before any work is done.
const MAX_TOKEN: usize = 1024;

/// The secret all gateways and workers of a system share.
#[derive(Clone)]
pub struct Keys {
    secret: [u8; 32],
}

/// Opens one media stream, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamToken {
    /// Of this call.
    #[serde(rename = "c")]
    pub call: CallId,
    /// At this worker.
    #[serde(rename = "w")]
    pub worker: WorkerId,
    /// At this start of it.
    #[serde(rename = "b")]
    pub boot: BootId,
    /// Under this claim.
    #[serde(rename = "e")]
    pub epoch: Epoch,
    /// Until then, milliseconds since 1970.
    #[serde(rename = "x")]
    pub expires_ms: u64,
}

/// Names the call of an action or callback URL. Valid as long as the call may live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallToken {
    /// Which call.
    #[serde(rename = "c")]
    pub call: CallId,
}

/// Names the try of a batch that a call is placed for: in the addresses Twilio asks and tells about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptToken {
    /// Which try.
    #[serde(rename = "a")]
    pub attempt: AttemptId,
    /// Whose.
    #[serde(rename = "o")]
    pub company: CompanyId,
    /// Who speaks.
    #[serde(rename = "g")]
    pub agent: AgentId,
}

/// Why a token is refused. Never told to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not one of ours, or changed.
    #[error("forged token")]
    Forged,
    /// Too old.
    #[error("expired token")]
    Expired,
}

impl Keys {
    /// From the configured secret, whatever its length.
    pub fn new(secret: &str) -> Self {
        use sha2::Digest;
        Self { secret: Sha256::digest(secret.as_bytes()).into() }
    }

    /// Signs a stream token.
    pub fn sign_stream(&self, token: &StreamToken) -> String {
        self.sign("stream", token)
    }

    /// Checks a stream token's signature and age.
    pub fn open_stream(&self, text: &str, now_ms: u64) -> Result<StreamToken, TokenFault> {
        let token: StreamToken = self.open("stream", text)?;
        if token.expires_ms < now_ms { Err(TokenFault::Expired) } else { Ok(token) }
    }

    /// Signs a call token.
    pub fn sign_call(&self, token: &CallToken) -> String {
        self.sign("call", token)
    }

    /// Checks a call token's signature.
    pub fn open_call(&self, text: &str) -> Result<CallToken, TokenFault> {
        self.open("call", text)
    }

    /// Signs an attempt token.
    pub fn sign_attempt(&self, token: &AttemptToken) -> String {
        self.sign("attempt", token)
    }

    /// Checks an attempt token's signature.
    pub fn open_attempt(&self, text: &str) -> Result<AttemptToken, TokenFault> {
        self.open("attempt", text)
    }

    /// The bearer token of requests between gateway and worker.
    pub fn internal(&self) -> String {
        BASE64URL.encode(self.mac("internal", b"gateway-worker"))
    }

    /// Whether a bearer token is ours; constant time.
    pub fn is_internal(&self, bearer: &str) -> bool {
        self.internal().as_bytes().ct_eq(bearer.as_bytes()).into()
    }

    fn sign<T: Serialize>(&self, purpose: &str, token: &T) -> String {
        let payload = BASE64URL.encode(serde_json::to_vec(token).expect("a token is plain JSON"));
        let mac = BASE64URL.encode(self.mac(purpose, payload.as_bytes()));
        format!("{payload}.{mac}")
    }

    fn open<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Result<T, TokenFault> {
        if text.len() > MAX_TOKEN {
            return Err(TokenFault::Forged);
        }
        let (payload, mac) = text.split_once('.').ok_or(TokenFault::Forged)?;
        let given = BASE64URL.decode(mac).map_err(|_| TokenFault::Forged)?;
        if !bool::from(self.mac(purpose, payload.as_bytes()).as_slice().ct_eq(&given)) {
            return Err(TokenFault::Forged);
        }
        let json = BASE64URL.decode(payload).map_err(|_| TokenFault::Forged)?;
        serde_json::from_slice(&json).map_err(|_| TokenFault::Forged)
    }

    fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> StreamToken {
        StreamToken {
            call: CallId::parse("CA00000000000000000000000000000002").unwrap(),
            worker: WorkerId::parse("worker-3").unwrap(),
            boot: BootId::parse("b1").unwrap(),
            epoch: Epoch(1_764_000_000_000),
            expires_ms: 1000,
        }
    }

    #[test]
    fn a_signed_token_opens_until_it_expires() {
        let keys = Keys::new("k");
        let text = keys.sign_stream(&token());
        assert_eq!(keys.open_stream(&text, 1000), Ok(token()));
        assert_eq!(keys.open_stream(&text, 1001), Err(TokenFault::Expired));
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "fits a path: {text}");
    }

    #[test]
    fn no_flipped_bit_and_no_other_purpose_opens_it() {
        let keys = Keys::new("k");
        let text = keys.sign_stream(&token());
        for position in 0..text.len() {
            for bit in 0..7 {
                let mut bytes = text.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(bytes) {
                    // The last character of an unpadded base64 text has unused bits; a decoder refuses those that are set.
                    assert_eq!(keys.open_stream(&changed, 0), Err(TokenFault::Forged), "{position} {bit}");
                }
            }
        }
        assert_eq!(keys.open_call(&text), Err(TokenFault::Forged));
        assert_eq!(Keys::new("other").open_stream(&text, 0), Err(TokenFault::Forged));
        assert!(keys.is_internal(&keys.internal()));
        assert!(!keys.is_internal("x"));
    }
}
