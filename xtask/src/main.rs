//! The project's tasks: `cargo xtask help`.

mod report;
mod test;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use xtask::servers::{self, Servers};

const HELP: &str = "\
The project's tasks. usage: cargo xtask TASK

  test [ARGS] [-- TEST ARGS]  runs all tests against private Redis, NATS and PostgreSQL, installing what is missing;
                              arguments are those of `cargo test`
                                cargo xtask test
                                cargo xtask test -- barge_in
                                cargo xtask test -p adapters
  servers                     starts the three servers, prints their addresses, keeps them until Ctrl-C
  install                     installs the three servers where they are missing (apt or brew)
  voices                      makes the speech files from loadtest/voices/sentences.tsv (needs flite, espeak-ng, sox)
  help                        prints this";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let done = match task.as_deref() {
        Some("test") => test::run(&arguments.collect::<Vec<_>>()),
        Some("servers") => serve(),
        Some("install") => servers::install().map(|()| ExitCode::SUCCESS),
        Some("voices") => voices(),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(anyhow::anyhow!("there is no task `{unknown}`\n\n{HELP}")),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs until it is killed: Ctrl-C ends this process and the servers' watchdog stops them.
fn serve() -> Result<ExitCode> {
    servers::install()?;
    let servers = Servers::start()?;
    for (name, url) in servers.environment() {
        println!("export {name}={url}");
    }
    println!("# NATS monitoring: {}", servers.nats_monitor_url);
    println!("# Ctrl-C stops the servers and removes their files");
    loop {
        std::thread::park();
    }
}

fn voices() -> Result<ExitCode> {
    let status = Command::new(root().join("loadtest/voices/make.sh")).status().context("failed to run make.sh")?;
    ensure!(status.success(), "make.sh failed with {status}");
    Ok(ExitCode::SUCCESS)
}

/// The workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}
