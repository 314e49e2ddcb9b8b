//! `docs/METRICS.md`, made from the table of metrics; a test keeps the two the same.

use super::table::{MetricKind, TABLE};
use std::fmt::Write;

const HEAD: &str = "\
# Metrics

What `/metrics` of every process may show, for Prometheus. Labels have few values each; no call, phone number or address
is ever one. Made from `common/src/telemetry/metrics_table/table.rs`: `UPDATE_DOCS=1 cargo test -p common metrics`.

| name | kind | labels | meaning |
|---|---|---|---|
";

/// The whole page.
pub fn document() -> String {
    TABLE.iter().fold(HEAD.to_owned(), |mut page, metric| {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram(_) => "histogram",
        };
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.help);
        page
    })
}
