//! How a call is recognised at the far end, and how audio is compared without keeping it.
//!
//! The telephone writes its call number into the first frame of every stream; the provider look-alike reads it back
//! from the audio it is sent, so that both sides' books can be laid side by side. Both sides also keep a 64-bit
//! fingerprint of each payload instead of the payload. Nothing here knows about sockets.

use std::hash::Hasher;

/// Bytes in one 20 ms frame of G.711 at 8,000 samples a second.
pub const FRAME_BYTES: usize = 160;

/// The byte of mu-law that means silence.
pub const SILENCE: u8 = 0xFF;

const WORD: &[u8; 6] = b"PBCALL";

/// The frame that carries the number of a call: a word, the number in eight big-endian bytes, silence.
#[must_use]
pub fn frame(call: u64) -> [u8; FRAME_BYTES] {
    let mut bytes = [SILENCE; FRAME_BYTES];
    bytes[..WORD.len()].copy_from_slice(WORD);
    bytes[WORD.len()..WORD.len() + 8].copy_from_slice(&call.to_be_bytes());
    bytes
}

/// The number of the call in a piece of audio that begins with a marked frame.
#[must_use]
pub fn read(audio: &[u8]) -> Option<u64> {
    let number = audio.strip_prefix(WORD)?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*number))
}

/// A fingerprint of one payload, the same in every process of one build.
///
/// Of the base64 text, not of the audio: what is passed through must not change by a letter.
#[must_use]
pub fn fingerprint(payload: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_frame_tells_its_call() {
        assert_eq!(read(&frame(0)), Some(0));
        assert_eq!(read(&frame(u64::MAX)), Some(u64::MAX));
        assert_eq!(read(&frame(4711)[..14]), Some(4711));
    }

    #[test]
    fn other_audio_tells_nothing() {
        assert_eq!(read(&[SILENCE; FRAME_BYTES]), None);
        assert_eq!(read(&frame(1)[..13]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_fingerprint_sees_one_letter() {
        assert_eq!(fingerprint(b"abc"), fingerprint(b"abc"));
        assert_ne!(fingerprint(b"abc"), fingerprint(b"abC"));
    }
}
