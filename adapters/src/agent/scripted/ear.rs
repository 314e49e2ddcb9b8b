//! Where the caller speaks, by loudness, on the audio's own clock.

use crate::wire::mulaw;
use common::company::TurnDetection;
use std::time::Duration;

/// What is judged at once: 20 ms.
const WINDOW_BYTES: usize = 160;
const WINDOW: Duration = Duration::from_millis(20);

/// Loud windows in a row that make a start. Fewer take a click for speech, more are felt as deafness.
const WINDOWS_TO_START: u32 = 4;

/// Loudness (RMS) that a threshold of 1 stands for. At 0.5 telephone speech (1,000 to 6,000) is well above it and line
/// noise (below 200) well under.
const FULL_THRESHOLD: f32 = 1_000.0;

/// What an agent that listens for meaning gets: the defaults of the loudness kind.
const DEFAULT_THRESHOLD: f32 = 0.5;
const DEFAULT_SILENCE: Duration = Duration::from_millis(500);

/// Something heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The caller began to speak.
    Started,
    /// The caller has stopped.
    Stopped {
        /// How long they spoke, the silence after it not counted.
        spoken: Duration,
    },
}

/// Listens to one caller.
pub(super) struct Ear {
    /// Energy of a window from which on it is loud.
    loud: u64,
    silence: Duration,
    window: Window,
    state: State,
}

/// The window being filled.
#[derive(Default)]
struct Window {
    bytes: usize,
    energy: u64,
}

#[derive(Clone, Copy)]
enum State {
    Quiet { loud_windows: u32 },
    Speaking { spoken: Duration, quiet: Duration },
}

impl Ear {
    /// With the agent's settings.
    pub(super) fn new(detection: &TurnDetection) -> Self {
        let (threshold, silence) = match detection {
            TurnDetection::ServerVad { threshold, silence_duration_ms, .. } => {
                (*threshold, Duration::from_millis(u64::from(*silence_duration_ms)))
            }
            TurnDetection::SemanticVad { .. } => (DEFAULT_THRESHOLD, DEFAULT_SILENCE),
        };
        let rms = threshold.clamp(0.0, 1.0) * FULL_THRESHOLD;
        let loud = (f64::from(rms * rms) * WINDOW_BYTES as f64) as u64;
        Self { loud: loud.max(1), silence, window: Window::default(), state: State::Quiet { loud_windows: 0 } }
    }

    /// Takes audio off the front of `audio` until something is heard or none is left.
    pub(super) fn listen(&mut self, audio: &mut &[u8]) -> Option<Heard> {
        while !audio.is_empty() {
            let (now, later) = audio.split_at(audio.len().min(WINDOW_BYTES - self.window.bytes));
            *audio = later;
            self.window.bytes += now.len();
            self.window.energy += mulaw::energy(now);
            if self.window.bytes == WINDOW_BYTES
                && let Some(heard) = self.judge()
            {
                return Some(heard);
            }
        }
        None
    }

    fn judge(&mut self) -> Option<Heard> {
        let is_loud = std::mem::take(&mut self.window).energy >= self.loud;
        match &mut self.state {
            State::Quiet { loud_windows } => {
                *loud_windows = if is_loud { *loud_windows + 1 } else { 0 };
                (*loud_windows == WINDOWS_TO_START).then(|| {
                    self.state = State::Speaking { spoken: WINDOW * WINDOWS_TO_START, quiet: Duration::ZERO };
                    Heard::Started
                })
            }
            State::Speaking { spoken, quiet } if is_loud => {
                *spoken += std::mem::take(quiet) + WINDOW;
                None
            }
            State::Speaking { spoken, quiet } => {
                *quiet += WINDOW;
                let spoken = *spoken;
                (*quiet >= self.silence).then(|| {
                    self.state = State::Quiet { loud_windows: 0 };
                    Heard::Stopped { spoken }
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: u8 = 0x90;

    fn hear(ear: &mut Ear, byte: u8, ms: usize) -> Vec<Heard> {
        let audio = vec![byte; ms * 8];
        let mut all = Vec::new();
        // Frames of an odd length: windows do not follow frames.
        for mut frame in audio.chunks(123) {
            while let Some(heard) = ear.listen(&mut frame) {
                all.push(heard);
            }
        }
        all
    }

    #[test]
    fn speech_starts_after_80_ms_and_stops_after_the_silence() {
        let mut ear = Ear::new(&TurnDetection::default());
        assert_eq!(hear(&mut ear, 0xFF, 1_000), []);
        assert_eq!(hear(&mut ear, LOUD, 60), []);
        assert_eq!(hear(&mut ear, LOUD, 20), [Heard::Started]);
        assert_eq!(hear(&mut ear, 0xFF, 480), []);
        assert_eq!(hear(&mut ear, 0xFF, 20), [Heard::Stopped { spoken: Duration::from_millis(80) }]);
    }

    #[test]
    fn a_click_is_no_speech_and_a_pause_no_end() {
        let mut ear = Ear::new(&TurnDetection::default());
        assert_eq!(hear(&mut ear, LOUD, 40), []);
        assert_eq!(hear(&mut ear, 0xFF, 2_000), []);
        assert_eq!(hear(&mut ear, LOUD, 200), [Heard::Started]);
        assert_eq!(hear(&mut ear, 0xFF, 400), []);
        assert_eq!(hear(&mut ear, LOUD, 200), []);
        assert_eq!(hear(&mut ear, 0xFF, 500), [Heard::Stopped { spoken: Duration::from_millis(800) }]);
    }
}
