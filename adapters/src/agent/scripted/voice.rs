//! Speech ready to send: base64 pieces of 100 ms, made once and shared by all calls.

use crate::wire::audio::playing_time;
use crate::wire::mulaw;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::time::Duration;

/// 100 ms: about what providers send.
const PIECE_BYTES: usize = 800;

/// The tone that stands for words without a recording: audible on a telephone, clearly no speech.
const TONE_HZ: f64 = 440.0;
const TONE_AMPLITUDE: f64 = 3_000.0;
/// How long a letter of such words lasts: about the pace of speech.
const TONE_PER_LETTER: Duration = Duration::from_millis(65);
/// The longest tone. What it stands for may be an operator's long text, and nobody wants to hear more of it.
const LONGEST_TONE: Duration = Duration::from_secs(10);

/// A piece of speech.
#[derive(Debug)]
pub(super) struct Voice {
    pieces: Vec<(Bytes, Duration)>,
}

impl Voice {
    /// From raw mu-law.
    pub(super) fn recorded(audio: &[u8]) -> Self {
        let piece = |piece: &[u8]| (Bytes::from(STANDARD.encode(piece)), playing_time(piece.len()));
        Self { pieces: audio.chunks(PIECE_BYTES).map(piece).collect() }
    }

    /// A tone about as long as these words.
    pub(super) fn tone(words: &str) -> Self {
        let length = (TONE_PER_LETTER * words.chars().count().min(1_000) as u32).min(LONGEST_TONE);
        let sample = |index: u128| {
            let angle = index as f64 * TONE_HZ * std::f64::consts::TAU / 8_000.0;
            mulaw::encode((angle.sin() * TONE_AMPLITUDE) as i16)
        };
        Self::recorded(&(0..length.as_millis() * 8).map(sample).collect::<Vec<u8>>())
    }

    /// The pieces in order, each with how long it plays.
    pub(super) fn pieces(&self) -> &[(Bytes, Duration)] {
        &self.pieces
    }

    /// How long it plays.
    pub(super) fn length(&self) -> Duration {
        self.pieces.iter().map(|(_, length)| *length).sum()
    }
}
