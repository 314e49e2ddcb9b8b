//! nats-server with JetStream on disk and its monitoring page.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::process::Ports;
use super::programs;

/// JetStream refuses what does not fit, so a runaway test cannot fill the disk.
const JETSTREAM: &str = "jetstream { store_dir: \"nats\", max_mem: 64MB, max_file: 2GB }\n";

pub(super) fn prepare(dir: &Path) -> Result<()> {
    std::fs::write(dir.join("nats.conf"), JETSTREAM).context("failed to write the configuration of NATS")
}

pub(super) fn command(_dir: &Path, ports: Ports) -> Result<Command> {
    let mut command = Command::new(programs::find("nats-server")?);
    command
        .args(["--config", "nats.conf", "--addr", "127.0.0.1"])
        .args(["--port", &ports.client.to_string()])
        .args(["--http_port", &ports.monitor.to_string()]);
    Ok(command)
}

/// The server speaks first: a line of information about itself.
pub(super) fn answers(ports: Ports) -> bool {
    let mut line = String::new();
    ports.connect().is_some_and(|stream| {
        BufReader::new(stream).read_line(&mut line).is_ok()
            && line.starts_with("INFO ")
            && line.contains("\"jetstream\":true")
    })
}
