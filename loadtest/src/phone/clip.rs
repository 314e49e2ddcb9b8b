//! Recorded speech, cut into frames and encoded once for all the calls that say it.
//!
//! Comes from the files in `voices/caller`, from a WAV file (`wav.rs`) or from a synthesiser (`voice.rs`); the media
//! stream (`stream.rs`) sends its frames. Never changes after it is made, so clones are cheap.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::watermark::{FRAME_BYTES, SILENCE, fingerprint};

/// Letters of base64 that carry one frame.
const FRAME_LETTERS: usize = FRAME_BYTES.div_ceil(3) * 4;

/// Something a caller can say: G.711 mu-law, 8,000 samples a second, cut into frames of 20 ms.
#[derive(Clone, Debug)]
pub struct Clip(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    base64: String,
    fingerprints: Vec<u64>,
}

/// One frame as it goes onto the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) base64: &'a str,
    pub(crate) fingerprint: u64,
}

impl Clip {
    /// Cuts mu-law bytes into frames; the last one is filled up with silence.
    #[must_use]
    pub fn new(name: impl Into<String>, mulaw: &[u8]) -> Self {
        let mut base64 = String::with_capacity(mulaw.len().div_ceil(FRAME_BYTES) * FRAME_LETTERS);
        let mut fingerprints = Vec::with_capacity(mulaw.len().div_ceil(FRAME_BYTES));
        for piece in mulaw.chunks(FRAME_BYTES) {
            let mut frame = [SILENCE; FRAME_BYTES];
            frame[..piece.len()].copy_from_slice(piece);
            let from = base64.len();
            STANDARD.encode_string(frame, &mut base64);
            fingerprints.push(fingerprint(&base64.as_bytes()[from..]));
        }
        Self(Arc::new(Inner { name: name.into(), base64, fingerprints }))
    }

    /// Reads a file of bare mu-law, or a WAV file by its ending.
    ///
    /// # Errors
    /// When the file cannot be read, or is a WAV file of a kind that is not understood.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav")) {
            let mulaw = super::wav::decode(&bytes).with_context(|| format!("read {}", path.display()))?;
            return Ok(Self::new(name, &mulaw));
        }
        Ok(Self::new(name, &bytes))
    }

    /// A steady tone, for tests that need energy and no words.
    #[must_use]
    pub fn tone(name: impl Into<String>, hertz: f32, ms: u32) -> Self {
        let samples = (0..ms * 8).map(|n| {
            let turn = n as f32 * hertz / 8_000.0 * std::f32::consts::TAU;
            super::wav::mulaw((turn.sin() * 12_000.0) as i16)
        });
        Self::new(name, &samples.collect::<Vec<_>>())
    }

    /// Silence.
    #[must_use]
    pub fn pause(ms: u32) -> Self {
        Self::new("pause", &vec![SILENCE; ms as usize * 8])
    }

    /// Clips one after the other, each beginning with a frame of its own.
    #[must_use]
    pub fn joined(name: impl Into<String>, parts: &[Self]) -> Self {
        let base64 = parts.iter().map(|part| part.0.base64.as_str()).collect();
        let fingerprints = parts.iter().flat_map(|part| part.0.fingerprints.iter().copied()).collect();
        Self(Arc::new(Inner { name: name.into(), base64, fingerprints }))
    }

    /// What the clip is called in events and reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.0.fingerprints.len()
    }

    /// How long it takes to say, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.frames() as u64 * 20
    }

    /// The frames as they are played, each with the fingerprint of its text on the wire.
    pub(crate) fn played(&self) -> impl Iterator<Item = (u64, Vec<u8>)> + '_ {
        let sound = |frame: Frame<'_>| STANDARD.decode(frame.base64).expect("a clip's own spelling");
        (0..self.frames()).filter_map(move |index| self.frame(index).map(|frame| (frame.fingerprint, sound(frame))))
    }

    pub(crate) fn frame(&self, index: usize) -> Option<Frame<'_>> {
        let fingerprint = *self.0.fingerprints.get(index)?;
        let base64 = &self.0.base64[index * FRAME_LETTERS..(index + 1) * FRAME_LETTERS];
        Some(Frame { base64, fingerprint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_cut_into_whole_frames() {
        let clip = Clip::new("odd", &[1; FRAME_BYTES + 1]);
        assert_eq!((clip.frames(), clip.ms()), (2, 40));
        let last = STANDARD.decode(clip.frame(1).unwrap().base64).unwrap();
        assert_eq!((last.len(), last[0], last[1]), (FRAME_BYTES, 1, SILENCE));
        assert!(clip.frame(2).is_none());
    }

    #[test]
    fn the_fingerprint_is_that_of_the_text_on_the_wire() {
        let clip = Clip::tone("tone", 440.0, 100);
        let frame = clip.frame(3).unwrap();
        assert_eq!(frame.fingerprint, fingerprint(frame.base64.as_bytes()));
    }
}
