//! Many durations as a few: an HDR histogram, three significant digits from a microsecond to a minute.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest duration told apart, in nanoseconds; longer ones count as this.
const LONGEST_NS: u64 = 60_000_000_000;

/// The distribution of a duration, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many there were.
    pub count: u64,
    /// Half were at most this.
    pub p50: f64,
    /// 95 of 100 were at most this.
    pub p95: f64,
    /// 99 of 100 were at most this.
    pub p99: f64,
    /// 999 of 1,000 were at most this.
    #[serde(rename = "p99.9")]
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Percentiles {
    /// The distribution of these durations.
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut histogram = Histogram::<u64>::new_with_bounds(1_000, LONGEST_NS, 3).expect("the bounds are valid");
        for duration in durations {
            histogram.saturating_record(u64::try_from(duration.as_nanos()).unwrap_or(LONGEST_NS).min(LONGEST_NS));
        }
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e6;
        Self {
            count: histogram.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let found = Percentiles::of((1..=1_000).map(Duration::from_millis));
        let near = |value: f64, wanted: f64| (value - wanted).abs() / wanted < 0.002;
        assert_eq!(found.count, 1_000);
        assert!(near(found.p50, 500.0) && near(found.p99, 990.0) && near(found.p999, 999.0), "{found:?}");
    }

    #[test]
    fn nothing_measured_is_nothing_and_not_an_error() {
        assert_eq!(Percentiles::of([]).count, 0);
    }
}
