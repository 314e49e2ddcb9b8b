//! Where in a stream something happens, in samples since the first caller audio.
//!
//! Before it: the tap. The telephone's media clock rules: caller audio stands where its timestamp says, and the present is
//! where caller audio would stand that arrived without delay. So a mark that returns tells exactly when the telephone
//! had played what was before it, however long both ways are. Pure: it is told the time.

use super::{Position, samples};
use std::time::Duration;
use tokio::time::Instant;

/// Timestamps that differ from the count of samples by less than a frame are rounding: the sound goes on without a seam.
const FRAME: Position = 160;

/// The longest hole in the caller's audio that keeps its time. Above the time after which a line without audio counts as
/// dead; a timestamp that leaps further is a clock that began anew, and one leap must not write an hour of silence.
const LONGEST_GAP: Position = 10 * 8_000;

/// How much later than measured the beginning of the stream may be after one frame more: so a telephone's clock that
/// runs slower than ours, by up to 100 millionths, is followed.
const DRIFT_NS: i64 = 2_000;

/// The media clock of one stream.
#[derive(Debug, Default)]
pub(super) struct StreamClock {
    /// When the first caller audio came.
    began: Option<Instant>,
    /// When position 0 ended, after `began`, by the frame that came with the least delay.
    zero_ns: i64,
    /// Where the caller's audio so far ends.
    heard: Position,
    /// The timestamp that stands for position 0.
    offset: i64,
}

impl StreamClock {
    /// Where caller audio that came now begins.
    pub(super) fn caller(&mut self, timestamp: Option<Duration>, length: Duration, now: Instant) -> Position {
        let length = samples(length);
        let stamp = timestamp.map(|timestamp| samples(timestamp) as i64);
        let Some(began) = self.began else {
            self.began = Some(now);
            self.offset = stamp.unwrap_or(0);
            self.heard = length;
            self.zero_ns = -nanos(length);
            return 0;
        };
        let at = stamp.map_or(self.heard, |stamp| self.place(stamp, length, now));
        self.heard = at + length;
        let zero = since(began, now) - nanos(self.heard);
        self.zero_ns = zero.min(self.zero_ns.saturating_add(DRIFT_NS));
        at
    }

    /// Where the stream stands now; never before the caller's audio so far.
    pub(super) fn now(&self, now: Instant) -> Position {
        let Some(began) = self.began else { return 0 };
        let passed = (since(began, now) - self.zero_ns) / nanos(1);
        u64::try_from(passed).unwrap_or(0).max(self.heard)
    }

    fn place(&mut self, stamp: i64, length: Position, now: Instant) -> Position {
        let expected = self.heard;
        let gap = (stamp - self.offset).saturating_sub_unsigned(expected);
        match gap {
            _ if gap.unsigned_abs() < FRAME => expected,
            0.. if gap.unsigned_abs() <= LONGEST_GAP => expected + gap.unsigned_abs(),
            _ => {
                let at = self.now(now).saturating_sub(length).max(expected);
                self.offset = stamp.saturating_sub_unsigned(at);
                at
            }
        }
    }
}

fn since(began: Instant, now: Instant) -> i64 {
    i64::try_from(now.saturating_duration_since(began).as_nanos()).unwrap_or(i64::MAX)
}

/// How long so many samples play.
fn nanos(samples: Position) -> i64 {
    i64::try_from(samples.saturating_mul(125_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: u64 = 20;

    struct Bench {
        clock: StreamClock,
        zero: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { clock: StreamClock::default(), zero: Instant::now() }
        }

        /// A frame with this timestamp comes at this time; where it stands, in milliseconds.
        fn frame(&mut self, stamp_ms: u64, at_ms: u64) -> u64 {
            let now = self.zero + Duration::from_millis(at_ms);
            let stamp = Some(Duration::from_millis(stamp_ms));
            self.clock.caller(stamp, Duration::from_millis(FRAME_MS), now) / 8
        }

        fn now(&self, at_ms: u64) -> u64 {
            self.clock.now(self.zero + Duration::from_millis(at_ms)) / 8
        }
    }

    #[test]
    fn the_first_audio_is_the_beginning() {
        let mut bench = Bench::new();
        assert_eq!(bench.now(5), 0);
        assert_eq!((bench.frame(65, 100), bench.frame(85, 120), bench.frame(105, 140)), (0, 20, 40));
        assert_eq!(bench.now(140), 60);
    }

    #[test]
    fn lost_frames_keep_their_time() {
        let mut bench = Bench::new();
        bench.frame(0, 0);
        assert_eq!(bench.frame(200, 200), 200);
        assert_eq!(bench.frame(220, 220), 220);
    }

    #[test]
    fn rounding_makes_no_seam() {
        let mut bench = Bench::new();
        let places = [0, 21, 40, 59, 81, 100].map(|stamp| bench.frame(stamp, stamp));
        assert_eq!(places, [0, 20, 40, 60, 80, 100]);
    }

    #[test]
    fn frames_that_come_late_and_together_stand_where_they_belong() {
        let mut bench = Bench::new();
        bench.frame(0, 0);
        assert_eq!(bench.now(500), 520);
        assert_eq!((bench.frame(20, 500), bench.frame(40, 500)), (20, 40));
        assert!((519..=520).contains(&bench.now(500)), "it follows a slow clock by some millionths");
    }

    #[test]
    fn a_clock_that_begins_anew_goes_on_here() {
        let mut bench = Bench::new();
        bench.frame(1_000, 0);
        bench.frame(1_020, 20);
        assert_eq!(bench.frame(0, 40), 40);
        assert_eq!(bench.frame(20, 60), 60);
        assert_eq!(bench.frame(90_000_000, 80), 80);
        assert_eq!(bench.frame(90_000_020, 100), 100);
    }

    #[test]
    fn a_telephone_whose_clock_runs_slow_is_followed() {
        let mut bench = Bench::new();
        // 50 millionths: 20.001 ms a frame.
        for frame in 0..180_000u64 {
            let now = bench.zero + Duration::from_micros(frame * 20_001);
            let stamp = Some(Duration::from_millis(frame * 20));
            bench.clock.caller(stamp, Duration::from_millis(FRAME_MS), now);
        }
        let now = bench.zero + Duration::from_micros(179_999 * 20_001);
        let ahead = bench.clock.now(now) - 180_000 * 160;
        assert!(ahead < 8, "{ahead} samples ahead after an hour");
    }
}
