//! A piece of recorded speech, cut and encoded once for every session that will say it.
//!
//! Thousands of sessions say the same few sentences, so the base64 of each delta is made once and shared. A delta may
//! carry a number in its first nine bytes (a millisecond of faint noise): it is spliced into the shared text when the
//! message is written, and lets the telephone's end prove which delta it heard.

use std::sync::{Arc, OnceLock};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;

/// mu-law samples a millisecond: 8,000 a second, one byte each.
pub const ULAW_BYTES_PER_MS: usize = 8;
/// PCM bytes a millisecond: 24,000 samples a second, two bytes each.
pub const PCM_BYTES_PER_MS: usize = 48;
/// Bytes of audio a delta's number takes: a multiple of three, so that base64 is replaced by whole characters.
pub const NUMBER_BYTES: usize = 9;
/// Characters of base64 a delta's number takes.
pub const NUMBER_CHARS: usize = NUMBER_BYTES / 3 * 4;

/// What the session sends and receives audio as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// G.711 mu-law, 8 kHz, as telephones speak it.
    Ulaw,
    /// Signed 16-bit little-endian PCM, 24 kHz.
    Pcm,
}

impl Format {
    /// Bytes of audio in a millisecond.
    #[must_use]
    pub const fn bytes_per_ms(self) -> usize {
        match self {
            Self::Ulaw => ULAW_BYTES_PER_MS,
            Self::Pcm => PCM_BYTES_PER_MS,
        }
    }

    /// The `type` of the protocol's format object.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ulaw => "audio/pcmu",
            Self::Pcm => "audio/pcm",
        }
    }
}

/// One prepared delta.
#[derive(Debug)]
pub struct Chunk {
    /// The audio as the protocol carries it.
    pub base64: String,
    /// The audio itself.
    pub audio: Box<[u8]>,
}

/// Recorded speech and its words.
#[derive(Debug)]
pub struct Clip {
    /// What is said.
    pub text: String,
    ulaw: Bytes,
    pcm: OnceLock<Bytes>,
    delta_ms: usize,
    ulaw_chunks: OnceLock<Vec<Arc<Chunk>>>,
    pcm_chunks: OnceLock<Vec<Arc<Chunk>>>,
}

impl Clip {
    /// A clip of mu-law audio to be sent in deltas of `delta_ms`.
    #[must_use]
    pub fn new(text: &str, ulaw: &[u8], delta_ms: usize) -> Self {
        Self {
            text: text.to_owned(),
            ulaw: Bytes::copy_from_slice(ulaw),
            pcm: OnceLock::new(),
            delta_ms: delta_ms.max(1),
            ulaw_chunks: OnceLock::new(),
            pcm_chunks: OnceLock::new(),
        }
    }

    /// A clip of a steady tone, for tests that must not depend on recordings.
    #[must_use]
    pub fn tone(text: &str, length_ms: usize, hertz: f32, delta_ms: usize) -> Self {
        let sample = |n: usize| {
            let turn = n as f32 * hertz / 8_000.0 * std::f32::consts::TAU;
            ulaw_encode((turn.sin() * 8_000.0) as i16)
        };
        let samples: Vec<u8> = (0..length_ms * ULAW_BYTES_PER_MS).map(sample).collect();
        Self::new(text, &samples, delta_ms)
    }

    /// The same words in deltas of another length.
    #[must_use]
    pub fn with_delta_ms(&self, delta_ms: usize) -> Self {
        Self::new(&self.text, &self.ulaw, delta_ms)
    }

    /// The audio as recorded, mu-law.
    #[must_use]
    pub fn ulaw(&self) -> &[u8] {
        &self.ulaw
    }

    /// All of the audio, shared: every session that says this clip points at the same bytes.
    #[must_use]
    pub fn sound(&self, format: Format) -> Bytes {
        match format {
            Format::Ulaw => self.ulaw.clone(),
            Format::Pcm => self.pcm.get_or_init(|| Bytes::from(upsample(&self.ulaw))).clone(),
        }
    }

    /// How long it takes to say.
    #[must_use]
    pub fn length_ms(&self) -> usize {
        self.ulaw.len() / ULAW_BYTES_PER_MS
    }

    /// The deltas of this clip, made at the first call and shared from then on.
    #[must_use]
    pub fn chunks(&self, format: Format) -> &[Arc<Chunk>] {
        let size = self.delta_ms * format.bytes_per_ms();
        match format {
            Format::Ulaw => self.ulaw_chunks.get_or_init(|| cut(&self.ulaw, size)),
            Format::Pcm => self.pcm_chunks.get_or_init(|| cut(&self.sound(format), size)),
        }
    }
}

/// Cuts audio into chunks of `size` bytes, the last one shorter, and encodes each.
#[must_use]
pub fn cut(audio: &[u8], size: usize) -> Vec<Arc<Chunk>> {
    audio.chunks(size).map(|part| Arc::new(Chunk { base64: BASE64.encode(part), audio: part.into() })).collect()
}

/// A delta's number as the audio that replaces its first nine bytes: session, then count, then silence.
#[must_use]
pub fn number(session: u32, delta: u32) -> [u8; NUMBER_BYTES] {
    let mut bytes = [0xFF_u8; NUMBER_BYTES];
    bytes[..4].copy_from_slice(&session.to_be_bytes());
    bytes[4..8].copy_from_slice(&delta.to_be_bytes());
    bytes
}

/// The same number as the protocol carries it: whole characters, no padding.
#[must_use]
pub fn number_text(number: &[u8; NUMBER_BYTES]) -> String {
    BASE64.encode(number)
}

/// 8 kHz mu-law to 24 kHz PCM by straight lines between samples: telephone speech, not music.
fn upsample(ulaw: &[u8]) -> Vec<u8> {
    let mut pcm = Vec::with_capacity(ulaw.len() * 6);
    let mut before = 0_i32;
    for &byte in ulaw {
        let now = i32::from(ulaw_decode(byte));
        for step in 1..=3 {
            let sample = before + (now - before) * step / 3;
            pcm.extend_from_slice(&(sample as i16).to_le_bytes());
        }
        before = now;
    }
    pcm
}

/// One mu-law byte as a linear sample (ITU-T G.711, table 2a).
#[must_use]
pub const fn ulaw_decode(byte: u8) -> i16 {
    let code = !byte;
    let exponent = ((code >> 4) & 0x07) as i32;
    let mantissa = (code & 0x0F) as i32;
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if code & 0x80 != 0 { -magnitude as i16 } else { magnitude as i16 }
}

/// One linear sample as a mu-law byte (ITU-T G.711, table 2a).
#[must_use]
pub const fn ulaw_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80_u8 } else { 0 };
    let wide = sample as i32;
    let mut magnitude = if wide < 0 { -wide } else { wide } + 0x84;
    if magnitude > 0x7FFF {
        magnitude = 0x7FFF;
    }
    let mut exponent = 7_u8;
    while exponent > 0 && magnitude & (0x80 << exponent) == 0 {
        exponent -= 1;
    }
    let mantissa = ((magnitude >> (exponent + 3)) & 0x0F) as u8;
    !(sign | (exponent << 4) | mantissa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mu_law_code_survives_decoding_and_encoding() {
        for byte in 0..=255_u8 {
            let again = ulaw_encode(ulaw_decode(byte));
            // The two codes of zero are the only pair that falls together.
            assert!(again == byte || (byte == 0x7F && again == 0xFF), "{byte:#x} became {again:#x}");
        }
    }

    #[test]
    fn chunks_hold_the_whole_clip_in_both_formats() {
        let clip = Clip::tone("", 250, 440.0, 100);
        let total = |format| clip.chunks(format).iter().map(|chunk| chunk.audio.len()).sum::<usize>();
        assert_eq!(total(Format::Ulaw), 250 * ULAW_BYTES_PER_MS);
        assert_eq!(total(Format::Pcm), 250 * PCM_BYTES_PER_MS);
        assert_eq!(clip.chunks(Format::Ulaw).len(), 3);
    }

    #[test]
    fn a_number_takes_the_place_of_whole_characters() {
        let text = number_text(&number(1, u32::MAX));
        assert_eq!(text.len(), NUMBER_CHARS);
        assert!(!text.contains('='));
    }
}
