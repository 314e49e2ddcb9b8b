//! Audio as base64 text: how long it plays, and cutting it without decoding. Mu-law, 8 kHz, mono: one byte a sample.

use bytes::Bytes;
use std::time::Duration;

/// The longest piece of agent audio that is passed on at once: just under a second. Longer makes marks coarse and one
/// message too big for the line (Twilio's documentation gives no limit; a second is what its own samples send);
/// shorter costs messages. It is a multiple of 3 bytes, so that a cut needs no padding.
const PIECE_BYTES: usize = 7_998;
const PIECE_CHARS: usize = PIECE_BYTES / 3 * 4;

/// How many bytes a base64 text stands for; `None` unless it is whole groups of the standard alphabet, padded.
pub(crate) fn decoded_len(text: &[u8]) -> Option<usize> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let body = &text[..text.len() - padding];
    // Without an early exit the compiler looks at sixteen characters at a time.
    let plain = body.iter().fold(true, |plain, byte| plain & is_base64(*byte));
    plain.then(|| text.len() / 4 * 3 - padding)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_uppercase() | byte.is_ascii_lowercase() | byte.is_ascii_digit() | (byte == b'+') | (byte == b'/')
}

/// How long so many bytes play.
pub(crate) fn playing_time(bytes: usize) -> Duration {
    Duration::from_micros(bytes as u64 * 125)
}

/// Cuts base64 audio into pieces of at most a second, without copying; `None` when it is not base64. No audio gives
/// no piece.
pub(crate) fn pieces(text: &Bytes) -> Option<impl Iterator<Item = (Bytes, Duration)>> {
    let bytes = decoded_len(text)?;
    let count = text.len().div_ceil(PIECE_CHARS);
    Some((0..count).map(move |index| {
        let from = index * PIECE_CHARS;
        let to = text.len().min(from + PIECE_CHARS);
        let length = (bytes - index * PIECE_BYTES).min(PIECE_BYTES);
        (text.slice(from..to), playing_time(length))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    #[test]
    fn only_whole_padded_base64_has_a_length() {
        assert_eq!(decoded_len(b""), Some(0));
        assert_eq!(decoded_len(b"AAAA"), Some(3));
        assert_eq!(decoded_len(b"AA=="), Some(1));
        for odd in [&b"A"[..], b"AAA", b"A===", b"====", b"AA=A", b"AA-_", b"AA A", b"AA\\/", b"AAA\xC3"] {
            assert_eq!(decoded_len(odd), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_the_decoded_bytes(audio: Vec<u8>) {
            prop_assert_eq!(decoded_len(STANDARD.encode(&audio).as_bytes()), Some(audio.len()));
        }

        #[test]
        fn pieces_are_whole_together_and_short_alone(audio in proptest::collection::vec(any::<u8>(), 0..30_000)) {
            let text = Bytes::from(STANDARD.encode(&audio));
            let mut whole = Vec::new();
            for (piece, length) in pieces(&text).expect("base64") {
                let decoded = STANDARD.decode(&piece).expect("each piece is base64");
                prop_assert_eq!(length, playing_time(decoded.len()));
                prop_assert!(length <= Duration::from_secs(1));
                whole.extend(decoded);
            }
            prop_assert_eq!(whole, audio);
        }
    }
}
