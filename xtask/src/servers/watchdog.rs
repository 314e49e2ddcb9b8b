//! A small shell that outlives its owner by a moment: it waits until the owner's end of a pipe closes, which the system
//! does however the owner ends, then kills the servers that are left and removes their folder.
//!
//! The alternative, asking Linux to signal the servers when their parent dies, follows the *thread* that started them,
//! and does not exist on macOS.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// PostgreSQL frees its shared memory and its other processes only when asked to stop, so that comes first.
const SCRIPT: &str = r#"
cat >/dev/null
each() { for file in "$1"/*.pid; do if [ -f "$file" ]; then kill -s "$2" -- "-$(cat "$file")"; fi; done; }
each "$1" INT
sleep 1
each "$1" KILL
rm -rf -- "$1"
"#;

#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    pub(super) fn start(dir: &Path) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(dir)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start the servers' watchdog")?;
        Ok(Self { shell })
    }
}

/// The owner is still there and has stopped the servers itself.
impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
