//! The limits a run is held to. Each one given on the command line that does not hold makes the exit code non-zero.

use std::time::Duration;

use clap::Args;

use super::Figures;

/// What must hold; everything not given is only reported.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits (the exit code is 1 when one is broken)")]
pub struct Limits {
    /// Most calls dropped.
    #[arg(long, value_name = "N")]
    pub max_drops: Option<usize>,
    /// Most frames lost or changed, both ways together.
    #[arg(long, value_name = "N")]
    pub max_lost: Option<usize>,
    /// Longest delay of 99 of 100 frames from telephone to provider, e.g. 2ms.
    #[arg(long, value_name = "TIME", value_parser = crate::run::duration)]
    pub max_frame_p99: Option<Duration>,
    /// Most worker CPU for a call-minute, as a multiple of the bare relay's.
    #[arg(long, value_name = "RATIO")]
    pub limit_ratio: Option<f64>,
    /// Longest time of 99 of 100 interruptions from the provider's notice to `clear`, e.g. 2ms.
    #[arg(long, value_name = "TIME", value_parser = crate::run::duration)]
    pub max_clear_p99: Option<Duration>,
    /// Farthest a reply may be cut from where the caller heard it end, e.g. 40ms.
    #[arg(long, value_name = "TIME", value_parser = crate::run::duration)]
    pub max_truncation: Option<Duration>,
    /// Longest time of 99 of 100 webhooks, e.g. 50ms.
    #[arg(long, value_name = "TIME", value_parser = crate::run::duration)]
    pub max_webhook_p99: Option<Duration>,
    /// Most worker memory for a call, KiB.
    #[arg(long, value_name = "KIB")]
    pub max_call_kib: Option<f64>,
    /// Every call, every heard turn and every event must be in the database, once.
    #[arg(long)]
    pub whole_record: bool,
}

impl Limits {
    /// The limits that do not hold, in words.
    #[must_use]
    pub fn broken(&self, figures: &Figures) -> Vec<String> {
        let mut broken = Vec::new();
        let mut hold = |name: &str, is: Option<f64>, most: Option<f64>| match (is, most) {
            (Some(is), Some(most)) if is <= most => {}
            (_, None) => {}
            (Some(is), Some(most)) => broken.push(format!("{name} is {is:.2}, limit {most:.2}")),
            (None, Some(most)) => broken.push(format!("{name} was not measured, limit {most:.2}")),
        };
        let ms = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64() * 1_000.0);
        let (frames, audio) = (&figures.frames, &figures.audio);
        let changed = frames.lost + frames.different + audio.lost + audio.foreign;
        hold("calls dropped", Some(figures.calls.dropped as f64), self.max_drops.map(|n| n as f64));
        hold("frames lost or changed", Some(changed as f64), self.max_lost.map(|n| n as f64));
        hold("frame delay p99 (ms)", Some(frames.delay_ms.p99), ms(self.max_frame_p99));
        hold("worker CPU over the bare relay's", figures.cost.worker_to_limit, self.limit_ratio);
        hold("speech noticed to clear p99 (ms)", Some(figures.talk.clear_ms.p99), ms(self.max_clear_p99));
        hold("truncation error max (ms)", Some(figures.talk.truncation_error_ms.max), ms(self.max_truncation));
        hold("webhook p99 (ms)", Some(figures.webhook_ms.p99), ms(self.max_webhook_p99));
        hold("worker memory a call (KiB)", Some(figures.cost.worker_kib_per_call), self.max_call_kib);
        if self.whole_record {
            broken.extend(incomplete(figures));
        }
        broken
    }
}

fn incomplete(figures: &Figures) -> Option<String> {
    let Some(record) = &figures.record else { return Some("the record was not looked at".to_owned()) };
    let short = figures.calls.placed - record.complete.min(figures.calls.placed);
    let wrong = short + record.missing + record.turns_missing + record.gaps + record.quarantined;
    (wrong > 0).then(|| {
        format!(
            "the record is not whole: {} calls missing, {short} not complete, {} turns missing, {} events missing, {} in quarantine",
            record.missing, record.turns_missing, record.gaps, record.quarantined
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Percentiles, Record};

    #[test]
    fn a_limit_that_is_not_given_never_breaks() {
        let mut figures = Figures::default();
        figures.calls.dropped = 7;
        assert_eq!(Limits::default().broken(&figures), Vec::<String>::new());
    }

    #[test]
    fn each_broken_limit_is_named_with_its_figure() {
        let mut figures = Figures::default();
        figures.calls.dropped = 1;
        figures.frames.delay_ms = Percentiles { p99: 2.5, ..Percentiles::default() };
        let limits = Limits {
            max_drops: Some(0),
            max_frame_p99: Some(Duration::from_millis(2)),
            limit_ratio: Some(2.0),
            ..Limits::default()
        };
        let expected = [
            "calls dropped is 1.00, limit 0.00",
            "frame delay p99 (ms) is 2.50, limit 2.00",
            "worker CPU over the bare relay's was not measured, limit 2.00",
        ];
        assert_eq!(limits.broken(&figures), expected);
    }

    #[test]
    fn a_record_with_a_gap_is_not_whole() {
        let limits = Limits { whole_record: true, ..Limits::default() };
        let mut figures = Figures { record: Some(Record::default()), ..Figures::default() };
        assert!(limits.broken(&figures).is_empty());
        figures.record = Some(Record { gaps: 1, ..Record::default() });
        assert_eq!(limits.broken(&figures).len(), 1);
    }
}
