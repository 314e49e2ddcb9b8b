//! When the frames of a stream are due.
//!
//! Frame n belongs to n × 20 ms after the first, however late the one before it was: an absolute schedule does not
//! drift. With jitter the frames of a while are held back, never brought forward and never put out of order.

use std::time::Duration;

use tokio::time::Instant;

/// One frame.
const FRAME: Duration = Duration::from_millis(20);
/// With jitter, one in this many frames is held: once a second.
const HOLD_EVERY: u32 = 50;

/// The schedule of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    first: Instant,
    next: u32,
    jitter: Duration,
    seed: u64,
}

impl Schedule {
    pub(crate) fn new(first: Instant, jitter: Duration, seed: u64) -> Self {
        Self { first, next: 0, jitter, seed }
    }

    /// The number of the next frame.
    pub(crate) fn index(&self) -> u32 {
        self.next
    }

    /// When the next frame leaves.
    pub(crate) fn due(&self) -> Instant {
        self.nominal() + self.hold()
    }

    /// Counts the next frame as gone; tells how late it is at `now`.
    pub(crate) fn pass(&mut self, now: Instant) -> Duration {
        let late = now.saturating_duration_since(self.due());
        self.next += 1;
        late
    }

    /// Where a frame belongs, however late it leaves.
    pub(crate) fn nominal_of(&self, index: u32) -> Instant {
        self.first + FRAME * index
    }

    fn nominal(&self) -> Instant {
        self.nominal_of(self.next)
    }

    fn hold(&self) -> Duration {
        if self.jitter.is_zero() || self.next % HOLD_EVERY != HOLD_EVERY - 1 {
            return Duration::ZERO;
        }
        // Any even spread will do, as long as a call of the same number is held alike.
        let mixed = (self.seed ^ u64::from(self.next)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.jitter.mul_f64(mixed as f64 / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_frame_does_not_delay_the_next() {
        let first = Instant::now();
        let mut schedule = Schedule::new(first, Duration::ZERO, 1);
        assert_eq!(schedule.pass(first + Duration::from_millis(55)), Duration::from_millis(55));
        assert_eq!(schedule.due(), first + FRAME);
        schedule.pass(first + FRAME);
        assert_eq!((schedule.due(), schedule.index()), (first + FRAME * 2, 2));
    }

    #[test]
    fn jitter_holds_back_and_catches_up() {
        let first = Instant::now();
        let mut schedule = Schedule::new(first, Duration::from_millis(400), 7);
        let mut longest = Duration::ZERO;
        for n in 0..1_000 {
            let nominal = first + FRAME * n;
            assert!(schedule.due() >= nominal && schedule.due() <= nominal + Duration::from_millis(400));
            longest = longest.max(schedule.due() - nominal);
            schedule.pass(nominal);
        }
        assert!(longest > Duration::from_millis(100), "{longest:?}");
    }
}
