//! `cargo xtask test`: the servers, then `cargo test` with its output passed through, then the table of all suites.

use std::io::{BufRead, BufReader, IsTerminal, PipeReader};
use std::process::{Child, Command, ExitCode};

use anyhow::{Context, Result};
use xtask::servers::{self, Servers};

use crate::report::Report;

/// What `cargo run` tells this process about the crate `xtask`. Passed on, it would make build scripts that watch these
/// names (ring's) run again, and everything after them compile again.
const ABOUT_XTASK: [&str; 11] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PKG_LICENSE",
];

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    servers::install()?;
    let servers = Servers::start()?;
    let (mut cargo, output) = start_cargo(arguments, &servers)?;
    let report = pass_through(output)?;
    let status = cargo.wait().context("failed to wait for cargo")?;

    print!("\n{}", report.table());
    let totals = report.totals();
    if !status.success() && totals.failed == 0 {
        println!("\ncargo test failed before or beside the tests: {status}");
    }
    println!("\n{totals}");
    Ok(if status.success() && totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Cargo's own words go to stderr and the tests' to stdout: both into one pipe, so that their order is kept.
fn start_cargo(arguments: &[String], servers: &Servers) -> Result<(Child, PipeReader)> {
    let (output, writer) = std::io::pipe().context("failed to make a pipe")?;
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(crate::root()).args(["test", "--no-fail-fast"]);
    if !names_a_package(arguments) {
        command.arg("--workspace");
    }
    command.args(arguments).envs(servers.test_environment());
    for name in ABOUT_XTASK {
        command.env_remove(name);
    }
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let child = command
        .stdout(writer.try_clone().context("failed to share the pipe")?)
        .stderr(writer)
        .spawn()
        .context("failed to start cargo")?;
    Ok((child, output))
}

fn names_a_package(arguments: &[String]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument.starts_with("--package") || argument.starts_with("-p"))
}

fn pass_through(output: PipeReader) -> Result<Report> {
    let mut report = Report::of(crate::root());
    // Bytes, not text: a test may print anything.
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("failed to read the tests' output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        report.line(&line);
    }
    Ok(report.finished())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_named_package_is_tested_alone() {
        assert!(names_a_package(&arguments("-p adapters")));
        assert!(names_a_package(&arguments("--release --package=adapters")));
    }

    #[test]
    fn a_filter_does_not_name_a_package() {
        assert!(!names_a_package(&arguments("")));
        assert!(!names_a_package(&arguments("--release -- -p")));
    }
}
