//! Redis as production must run it: what is written survives a restart, nothing is evicted.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::process::Ports;
use super::programs;

pub(super) fn prepare(dir: &Path) -> Result<()> {
    std::fs::create_dir(dir.join("redis")).context("failed to make Redis's folder")
}

pub(super) fn command(dir: &Path, ports: Ports) -> Result<Command> {
    let mut command = Command::new(programs::find("redis-server")?);
    command
        .args(["--bind", "127.0.0.1", "--port", &ports.client.to_string()])
        .args(["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"])
        .arg("--dir")
        .arg(dir.join("redis"));
    Ok(command)
}

/// While Redis reads its file back it answers `-LOADING`.
pub(super) fn answers(ports: Ports) -> bool {
    let mut answer = [0; 5];
    ports.connect().is_some_and(|mut stream| {
        stream.write_all(b"PING\r\n").is_ok() && stream.read_exact(&mut answer).is_ok() && &answer == b"+PONG"
    })
}
