//! The built program as a child process: what it says, what it logs, how it ends.

use super::patience::within;
use std::net::TcpListener;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// A running `patchbay`. Killed when dropped.
pub(crate) struct Program {
    child: Child,
    said: watch::Receiver<String>,
    logged: watch::Receiver<String>,
}

/// A `patchbay` that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Standard output.
    pub(crate) said: String,
    /// Standard error.
    pub(crate) logged: String,
}

impl Program {
    /// Starts it in an environment that holds these variables and nothing of the developer's.
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let kept = ["PATH", "HOME", "TMPDIR"].map(|name| (name, std::env::var_os(name).unwrap_or_default()));
        let mut child = Command::new(env!("CARGO_BIN_EXE_patchbay"))
            .args(arguments)
            .env_clear()
            .envs(kept.into_iter().filter(|(_, value)| !value.is_empty()))
            .envs(variables.iter().copied())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (said, logged) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
        Self { child, said, logged }
    }

    /// Waits until it has said this; gives everything said so far.
    pub(crate) async fn says(&mut self, words: &str) -> String {
        let said = within(words, self.said.wait_for(|said| said.contains(words))).await;
        match said {
            Ok(said) => said.clone(),
            Err(_) => panic!("it ended without saying {words:?}: {}", *self.logged.borrow()),
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn ends(mut self) -> Ended {
        let status = within("the program ends", self.child.wait()).await.unwrap();
        // The pipes close with the process.
        while self.said.changed().await.is_ok() {}
        while self.logged.changed().await.is_ok() {}
        let (said, logged) = (self.said.borrow().clone(), self.logged.borrow().clone());
        Ended { status, said, logged }
    }

    /// SIGTERM, as an orchestrator does.
    pub(crate) async fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// SIGKILL; returns when the process is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Runs a command to its end.
pub(crate) async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    Program::start(arguments, variables).ends().await
}

/// Collects what comes out of a pipe.
fn gather(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    tokio::spawn(async move {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut bytes).await {
            sender.send_modify(|text| text.push_str(&String::from_utf8_lossy(&bytes[..read])));
        }
    });
    receiver
}

/// An address nobody listens on at this moment.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
