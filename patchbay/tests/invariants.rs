//! The shape of the house: which crate may know which, and how long a file may be. Read from the manifests and sources.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who of us may know whom of us.
const KNOWS: [(&str, &[&str]); 12] = [
    ("call", &[]),
    ("common", &["call"]),
    ("adapters", &["call", "common"]),
    ("gateway", &["call", "common"]),
    ("tools", &["call", "common"]),
    ("worker", &["call", "common", "tools"]),
    ("recorder", &["call", "common", "tools"]),
    ("outbound", &["common", "tools"]),
    ("console", &["common", "outbound"]),
    ("loadtest", &["xtask"]),
    ("xtask", &[]),
    (
        "patchbay",
        &["adapters", "call", "common", "console", "gateway", "loadtest", "outbound", "recorder", "tools", "worker"],
    ),
];

/// Drivers of servers: only adapters hold them.
const DRIVERS: [&str; 4] = ["async-nats", "fred", "object_store", "sqlx"];

/// Crates that may use a driver though they are not the adapters: a load run counts what it finds in Postgres itself.
const READS_THE_RECORD: &str = "loadtest";

/// Longest file, tests not counted.
const LINES: usize = 500;

#[test]
fn dependencies_point_inward() {
    let manifests = manifests();
    let ours: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    assert_eq!(ours, KNOWS.iter().map(|(name, _)| *name).collect(), "each crate has its place in the table");
    for (name, may_know) in KNOWS {
        let knows = dependencies(&manifests[name]);
        let unasked: Vec<_> = knows.iter().filter(|known| ours.contains(known.as_str())).collect();
        assert!(unasked.iter().all(|known| may_know.contains(&known.as_str())), "{name} knows {unasked:?}");
    }
}

#[test]
fn the_core_depends_on_bytes_and_serde_only() {
    let knows = dependencies(&manifests()["call"]);
    assert!(knows.iter().all(|known| ["bytes", "serde"].contains(&known.as_str())), "{knows:?}");
}

#[test]
fn only_the_adapters_hold_drivers_of_servers() {
    for (name, manifest) in manifests() {
        let drivers: Vec<_> = dependencies(&manifest).into_iter().filter(|it| DRIVERS.contains(&it.as_str())).collect();
        let expected = match name.as_str() {
            "adapters" => drivers.len() == DRIVERS.len(),
            READS_THE_RECORD => drivers.iter().all(|driver| driver == "sqlx"),
            _ => drivers.is_empty(),
        };
        assert!(expected, "{name} holds {drivers:?}");
    }
}

#[test]
fn every_file_says_what_it_is_and_fits_in_a_head() {
    let sources = sources();
    assert!(sources.len() > 100, "the sources were found");
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
        let lines = text.split("\n#[cfg(test)]").next().unwrap_or_default().lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_folder_hides_its_module_in_a_mod_rs() {
    let hidden: Vec<_> = sources().into_iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The manifest of each crate of ours, by name.
fn manifests() -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), package.clone())).collect()
}

/// What a crate needs to be built; what only its tests need does not count.
fn dependencies(manifest: &Value) -> Vec<String> {
    let all = manifest["dependencies"].as_array().unwrap().iter();
    let built = all.filter(|dependency| dependency["kind"] != "dev");
    built.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
}

/// Every source file of every crate.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = KNOWS.iter().map(|(name, _)| root().join(name).join("src")).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found
}
