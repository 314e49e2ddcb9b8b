//! Voice activity on media time: the audio's own clock, which stands still when nothing arrives.
//!
//! Loudness of each 20 ms against a level derived from the session's `threshold`; speech starts after 60 ms of it and
//! stops after the session's `silence_duration_ms` without. Positions count from the first sample ever written.

use super::clip::{Format, ulaw_decode};

/// Length of the piece whose loudness is judged.
const WINDOW_MS: u32 = 20;
/// Windows of speech in a row that make a start: shorter takes clicks for speech, longer is felt as deafness.
const WINDOWS_TO_START: u32 = 3;
/// Linear loudness that `threshold` 1.0 stands for. At 0.5 a telephone's speech (RMS 1,000 to 6,000) is well above,
/// and line noise (below 200) well under.
const FULL_THRESHOLD_RMS: f64 = 1_000.0;

/// The fields of `turn_detection` that decide about speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// 0 to 1; higher needs louder speech.
    pub threshold: f64,
    /// Audio before the detected start that counts as speech.
    pub prefix_padding_ms: u32,
    /// Silence that ends speech.
    pub silence_duration_ms: u32,
}

/// What one window of audio brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Speech began here, padding included.
    Started {
        /// Position in the written audio.
        audio_start_ms: u32,
    },
    /// Speech ended here, silence included.
    Stopped {
        /// Position in the written audio.
        audio_end_ms: u32,
    },
}

/// The detector of one session.
#[derive(Debug)]
pub struct Vad {
    settings: Settings,
    loud: u32,
    quiet: u32,
    speaking: bool,
    heard_ms: u32,
    /// Bytes of the window being filled, and the squares of its samples.
    filled: usize,
    samples: u32,
    squares: f64,
    odd_byte: Option<u8>,
}

impl Vad {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            loud: 0,
            quiet: 0,
            speaking: false,
            heard_ms: 0,
            filled: 0,
            samples: 0,
            squares: 0.0,
            odd_byte: None,
        }
    }

    /// New settings from the next window on; what has been heard stays heard.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Whether the caller is inside a stretch of speech.
    #[must_use]
    pub fn speaking(&self) -> bool {
        self.speaking
    }

    /// Milliseconds of audio written so far.
    #[must_use]
    pub fn heard_ms(&self) -> u32 {
        self.heard_ms
    }

    /// Forgets the speech under way: its audio was committed or thrown away.
    pub fn reset(&mut self) {
        (self.loud, self.quiet, self.speaking) = (0, 0, false);
    }

    /// Takes audio in and calls `found` for each start and stop inside it.
    pub fn hear(&mut self, audio: &[u8], format: Format, mut found: impl FnMut(Activity)) {
        let window = WINDOW_MS as usize * format.bytes_per_ms();
        for &byte in audio {
            self.take(byte, format);
            self.filled += 1;
            if self.filled == window
                && let Some(activity) = self.judge()
            {
                found(activity);
            }
        }
    }

    fn take(&mut self, byte: u8, format: Format) {
        let sample = match format {
            Format::Ulaw => SQUARES[usize::from(byte)],
            Format::Pcm => match self.odd_byte.take() {
                None => {
                    self.odd_byte = Some(byte);
                    return;
                }
                Some(low) => f64::from(i16::from_le_bytes([low, byte])).powi(2),
            },
        };
        self.samples += 1;
        self.squares += sample;
    }

    fn judge(&mut self) -> Option<Activity> {
        let rms = (self.squares / f64::from(self.samples.max(1))).sqrt();
        (self.filled, self.samples, self.squares) = (0, 0, 0.0);
        self.heard_ms += WINDOW_MS;
        if rms >= self.settings.threshold * FULL_THRESHOLD_RMS { self.loud_window() } else { self.quiet_window() }
    }

    fn loud_window(&mut self) -> Option<Activity> {
        self.quiet = 0;
        self.loud += 1;
        if self.speaking || self.loud < WINDOWS_TO_START {
            return None;
        }
        self.speaking = true;
        let began = self.heard_ms - WINDOWS_TO_START * WINDOW_MS;
        Some(Activity::Started { audio_start_ms: began.saturating_sub(self.settings.prefix_padding_ms) })
    }

    fn quiet_window(&mut self) -> Option<Activity> {
        self.loud = 0;
        self.quiet += 1;
        if !self.speaking || self.quiet * WINDOW_MS < self.settings.silence_duration_ms {
            return None;
        }
        self.speaking = false;
        Some(Activity::Stopped { audio_end_ms: self.heard_ms })
    }
}

/// The square of each mu-law code's sample: the hot path of every session is one look-up and one sum a byte.
static SQUARES: [f64; 256] = {
    let mut table = [0.0; 256];
    let mut code = 0;
    while code < 256 {
        let sample = ulaw_decode(code as u8) as f64;
        table[code] = sample * sample;
        code += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::clip::Clip;

    const SETTINGS: Settings = Settings { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 };

    fn activity(audio: &[u8]) -> Vec<Activity> {
        let mut found = Vec::new();
        Vad::new(SETTINGS).hear(audio, Format::Ulaw, |activity| found.push(activity));
        found
    }

    #[test]
    fn speech_starts_with_its_padding_and_stops_with_its_silence() {
        let mut audio = vec![0xFF; 1_000 * 8];
        audio.extend_from_slice(Clip::tone("", 400, 300.0, 100).ulaw());
        audio.extend(vec![0xFF; 600 * 8]);
        let expected = [Activity::Started { audio_start_ms: 700 }, Activity::Stopped { audio_end_ms: 1_900 }];
        assert_eq!(activity(&audio), expected);
    }

    #[test]
    fn a_click_is_not_speech() {
        let mut audio = Clip::tone("", 40, 300.0, 100).ulaw().to_vec();
        audio.extend(vec![0xFF; 1_000 * 8]);
        assert_eq!(activity(&audio), []);
    }

    #[test]
    fn a_short_pause_does_not_end_a_sentence() {
        let word = Clip::tone("", 200, 300.0, 100);
        let mut audio = word.ulaw().to_vec();
        audio.extend(vec![0xFF; 300 * 8]);
        audio.extend_from_slice(word.ulaw());
        assert_eq!(activity(&audio), [Activity::Started { audio_start_ms: 0 }]);
    }
}
