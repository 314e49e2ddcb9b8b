//! The table and the sources say the same.

use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A metric as it is emitted: `counter!("name", "label" => …)`.
struct Emitted {
    file: PathBuf,
    kind: &'static str,
    name: String,
    labels: Vec<String>,
}

impl Emitted {
    fn fault(&self) -> Option<String> {
        let Self { file, kind, name, labels } = self;
        let as_emitted = format!("{kind} {name} {labels:?} of {}", file.display());
        let Some(row) = TABLE.iter().find(|metric| metric.name == name) else {
            return Some(format!("{as_emitted} is not in the table"));
        };
        let expected = match row.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram(_) => "histogram",
        };
        let same = *kind == expected && labels.iter().eq(row.labels);
        (!same).then(|| format!("{as_emitted} is a {expected} {:?} in the table", row.labels))
    }
}

#[test]
fn every_metric_that_is_emitted_is_in_the_table() {
    let emitted = emitted();
    assert!(emitted.len() > 3, "the sources were not found");
    let wrong: Vec<_> = emitted.iter().filter_map(Emitted::fault).collect();
    assert!(wrong.is_empty(), "the table of metrics and the sources differ:\n{}", wrong.join("\n"));
}

#[test]
fn every_metric_of_the_table_is_emitted() {
    let names: BTreeSet<_> = emitted().into_iter().map(|emitted| emitted.name).collect();
    let silent: Vec<_> = TABLE.iter().map(|metric| metric.name).filter(|&name| !names.contains(name)).collect();
    assert!(silent.is_empty(), "nothing emits {silent:?}");
}

#[test]
fn names_are_unique_and_end_in_their_unit() {
    let names: BTreeSet<_> = TABLE.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for metric in TABLE {
        assert!(metric.name.starts_with("patchbay_"), "{}", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.kind == MetricKind::Counter, "{}", metric.name);
        if let MetricKind::Histogram(buckets) = metric.kind {
            assert!(
                ["_seconds", "_usd"].iter().any(|unit| metric.name.ends_with(unit)) && buckets.is_sorted(),
                "{}",
                metric.name
            );
        }
    }
}

#[test]
fn a_scrape_shows_help_buckets_and_the_build() {
    let handle = install();
    metrics::histogram!("patchbay_barge_in_seconds").record(0.0003);
    let text = scrape(&install());
    assert!(text.contains("# HELP patchbay_barge_in_seconds From the provider's word"), "{text}");
    assert!(text.contains("patchbay_barge_in_seconds_bucket{le=\"0.0005\"} 1"), "{text}");
    assert!(text.contains("patchbay_build_info{version=\""), "{text}");
    assert!(handle.render().contains("patchbay_log_lines_dropped_total 0"));
}

#[test]
fn the_metrics_page_is_up_to_date() {
    let path = workspace().join("docs/METRICS.md");
    if crate::config::environment().contains_key("UPDATE_DOCS") {
        fs::write(&path, document()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == document(), "docs/METRICS.md is old: UPDATE_DOCS=1 cargo test -p common metrics");
}

fn emitted() -> Vec<Emitted> {
    let crates = ["adapters", "common", "gateway", "outbound", "patchbay", "recorder", "tools", "worker"];
    let mut files = Vec::new();
    crates.iter().for_each(|name| sources(&workspace().join(name).join("src"), &mut files));
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| !file.ends_with("metrics_table/tests.rs")) {
        let text = fs::read_to_string(&file).unwrap();
        for kind in ["counter", "gauge", "histogram"] {
            for (at, opening) in text.match_indices(&format!("{kind}!(")) {
                let inside = &text[at + opening.len()..];
                let described = text[..at].ends_with("describe_");
                if let Some((name, labels)) = read(inside).filter(|_| !described) {
                    found.push(Emitted { file: file.clone(), kind, name, labels });
                }
            }
        }
    }
    found
}

/// The literals of one macro call: the name, then each text before `=>`.
fn read(inside: &str) -> Option<(String, Vec<String>)> {
    let literal = |text: &str| Some(text.trim_start().strip_prefix('"')?.split('"').next()?.to_owned());
    let statement = &inside[..inside.find(';').unwrap_or(inside.len())];
    let call = &statement[..statement.find(").").unwrap_or(statement.len())];
    let labels = call.match_indices("=>").filter_map(|(at, _)| {
        let before = call[..at].trim_end().strip_suffix('"')?;
        Some(before[before.rfind('"')? + 1..].to_owned())
    });
    Some((literal(inside)?, labels.collect()))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
