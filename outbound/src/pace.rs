//! Calls a minute: a bucket that fills by itself. Pure; the time comes in as an argument.

/// Milliseconds of a minute: what one call costs of a bucket's credit.
const MINUTE_MS: u64 = 60_000;

/// Gives leave for so many calls a minute, evenly: at most a second's worth, and at least one call, at once.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_minute: u64,
    credit: u64,
    filled_ms: u64,
}

impl Bucket {
    /// A bucket of whoever begins to dial now. What was claimed lately, by whoever dialled before, counts: starting
    /// again and again must not make it faster.
    pub fn new(per_minute: u32, now_ms: u64, last_claim_ms: Option<u64>) -> Self {
        let filled_ms = last_claim_ms.unwrap_or_default().min(now_ms);
        let mut bucket = Self { per_minute: per_minute.into(), credit: 0, filled_ms };
        bucket.fill(now_ms);
        bucket.credit = bucket.credit.min(MINUTE_MS);
        bucket
    }

    /// Calls that may begin now.
    pub fn available(&mut self, now_ms: u64) -> u32 {
        self.fill(now_ms);
        u32::try_from(self.credit / MINUTE_MS).unwrap_or(u32::MAX)
    }

    /// So many begin.
    pub fn take(&mut self, calls: u32) {
        self.credit = self.credit.saturating_sub(u64::from(calls) * MINUTE_MS);
    }

    /// A clock that is set back fills nothing, one that is set forward no more than the bucket holds.
    fn fill(&mut self, now_ms: u64) {
        let holds = MINUTE_MS.max(self.per_minute * 1_000);
        let gained = now_ms.saturating_sub(self.filled_ms).saturating_mul(self.per_minute);
        self.credit = self.credit.saturating_add(gained).min(holds);
        self.filled_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: u64 = 1_764_000_000_000;

    #[test]
    fn a_call_begins_at_once_and_the_next_when_its_time_has_come() {
        let mut bucket = Bucket::new(6, NOON, None);
        assert_eq!(bucket.available(NOON), 1);
        bucket.take(1);
        assert_eq!(bucket.available(NOON + 9_999), 0);
        assert_eq!(bucket.available(NOON + 10_000), 1);
        assert_eq!(bucket.available(NOON + 3_600_000), 1, "what was not used is lost");
    }

    #[test]
    fn whoever_takes_over_knows_what_was_just_begun() {
        assert_eq!(Bucket::new(6, NOON, Some(NOON - 1_000)).available(NOON), 0);
        assert_eq!(Bucket::new(6, NOON, Some(NOON - 10_000)).available(NOON), 1);
        assert_eq!(Bucket::new(6, NOON, Some(NOON + 50_000)).available(NOON), 0, "a claim of a clock that runs ahead");
    }

    proptest! {
        #[test]
        fn no_hour_has_more_calls_than_were_asked_for(per_minute in 1..3_000u32, steps in prop::collection::vec(1..5_000u64, 1..400)) {
            let mut bucket = Bucket::new(per_minute, NOON, None);
            let (mut now, mut begun) = (NOON, 0u64);
            for step in steps {
                now += step;
                let calls = bucket.available(now);
                bucket.take(calls);
                begun += u64::from(calls);
            }
            let most = (now - NOON) * u64::from(per_minute) / MINUTE_MS + 2;
            prop_assert!(begun <= most, "{begun} calls in {} ms", now - NOON);
        }
    }
}
