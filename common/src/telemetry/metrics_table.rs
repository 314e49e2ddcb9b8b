//! The one table of metrics: name, kind, labels, buckets and meaning of everything `/metrics` may show.
//!
//! From it come the descriptions and buckets of the exporter and `docs/METRICS.md`; a test reads the sources and fails
//! on a metric that is emitted and not here. Labels have few values each: never a call, a number or an address.

mod document;
mod table;

pub use document::document;
pub use table::{Metric, MetricKind, TABLE};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts counting for this process; further calls return the same handle.
///
/// # Panics
///
/// When another recorder was installed before: two would count past each other.
pub fn install() -> PrometheusHandle {
    INSTALLED.get_or_init(start).clone()
}

/// What `/metrics` answers now.
pub fn scrape(handle: &PrometheusHandle) -> String {
    counter!("patchbay_log_lines_dropped_total").absolute(super::log::dropped_lines());
    handle.run_upkeep();
    handle.render()
}

fn start() -> PrometheusHandle {
    let mut builder = PrometheusBuilder::new();
    for metric in TABLE {
        if let MetricKind::Histogram(buckets) = metric.kind {
            let name = Matcher::Full(metric.name.into());
            builder = builder.set_buckets_for_metric(name, buckets).expect("every histogram of the table has buckets");
        }
    }
    let handle = builder.install_recorder().expect("nobody else installs a recorder");
    for metric in TABLE {
        let unit = if metric.name.contains("_seconds") { Unit::Seconds } else { Unit::Count };
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, unit, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, unit, metric.help),
            MetricKind::Histogram(_) => describe_histogram!(metric.name, unit, metric.help),
        }
    }
    gauge!("patchbay_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    handle
}

#[cfg(test)]
mod tests;
