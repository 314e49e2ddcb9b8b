//! Installs the servers' programs where they are missing, by the machine's own package manager.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::programs;

/// A program and what it is called by Debian and by Homebrew.
struct Package {
    program: &'static str,
    debian: &'static str,
    homebrew: &'static str,
}

const PACKAGES: [Package; 3] = [
    Package { program: "redis-server", debian: "redis-server", homebrew: "redis" },
    Package { program: "nats-server", debian: "nats-server", homebrew: "nats-server" },
    Package { program: "initdb", debian: "postgresql", homebrew: "postgresql@17" },
];

impl Package {
    fn is_installed(&self) -> bool {
        self.path().is_ok_and(|path| path.is_file())
    }

    fn path(&self) -> Result<PathBuf> {
        if self.program == "initdb" { programs::postgres(self.program) } else { programs::find(self.program) }
    }
}

/// The programs that are not there. Tests that need servers leave themselves out while there are any.
pub fn missing() -> Vec<&'static str> {
    PACKAGES.iter().filter(|package| !package.is_installed()).map(|package| package.program).collect()
}

/// Installs what is missing: by apt on Debian and Ubuntu (with sudo when not root), by brew on macOS. Elsewhere the error
/// says what to install.
pub fn install() -> Result<()> {
    let wanted: Vec<&Package> = PACKAGES.iter().filter(|package| !package.is_installed()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if programs::find("apt-get").is_ok() {
        let packages: Vec<&str> = wanted.iter().map(|package| package.debian).collect();
        apt(&["update", "-q"])?;
        apt(&[&["install", "-q", "-y", "--no-install-recommends"], packages.as_slice()].concat())?;
    } else if let Ok(brew) = programs::find("brew") {
        announced(Command::new(brew).arg("install").args(wanted.iter().map(|package| package.homebrew)))?;
    } else {
        bail!(
            "{} missing, and there is neither apt-get nor brew here: install Redis, nats-server and PostgreSQL, and put \
             redis-server, nats-server, initdb and postgres on PATH",
            missing().join(", ")
        );
    }
    let still = missing();
    ensure!(still.is_empty(), "{} still missing after the installation", still.join(", "));
    Ok(())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = if am_root()? {
        Command::new("apt-get")
    } else {
        let sudo = programs::find("sudo")
            .context("the servers are missing, and installing them needs root: apt-get install redis-server nats-server postgresql")?;
        let mut command = Command::new(sudo);
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    };
    announced(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}

fn am_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("failed to run `id`")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

/// Runs the command in sight of the user, who sees what is done to the machine.
fn announced(command: &mut Command) -> Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let line = words.join(" ".as_ref()).to_string_lossy().into_owned();
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("failed to start `{line}`"))?;
    ensure!(status.success(), "`{line}` failed with {status}");
    Ok(())
}
