//! Voices made on the spot: text read by a synthesiser, or a microphone.
//!
//! For `ring --say` and `ring --mic`. Both run a program of the machine; when it is not there the error says which
//! ones would do. Nothing here is used by load runs.

use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::clip::Clip;
use super::wav;
use crate::watermark::FRAME_BYTES;

/// Frames a microphone may be ahead of the telephone: a second. More would be heard as delay.
const MICROPHONE_FRAMES: usize = 50;

/// Reads a text aloud with the first synthesiser found: `flite`, else `espeak-ng`.
///
/// # Errors
/// When neither is installed, or the one found fails.
pub async fn say(text: &str) -> anyhow::Result<Clip> {
    ensure!(!text.trim().is_empty(), "there is nothing to say");
    let folder = Scratch::new()?;
    let file = folder.file("speech.wav");
    let attempts: [(&str, Vec<&std::ffi::OsStr>); 2] = [
        (
            "flite",
            vec!["-voice".as_ref(), "rms".as_ref(), "-t".as_ref(), text.as_ref(), "-o".as_ref(), file.as_os_str()],
        ),
        ("espeak-ng", vec!["-w".as_ref(), file.as_os_str(), "--".as_ref(), text.as_ref()]),
    ];
    for (program, arguments) in attempts {
        match Command::new(program).args(arguments).stdin(Stdio::null()).output().await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("run {program}")),
            Ok(done) if !done.status.success() => bail!("{program} failed with {}", done.status),
            Ok(_) => {
                let mulaw = wav::decode(&std::fs::read(&file)?).with_context(|| format!("read what {program} said"))?;
                return Ok(Clip::new(text, &mulaw));
            }
        }
    }
    bail!("no speech synthesiser found: install flite (apt install flite) or espeak-ng (apt install espeak-ng)")
}

/// A running microphone; dropping it stops the capture.
#[derive(Debug)]
pub struct Microphone {
    /// Frames of mu-law, 20 ms each, for [`super::CallPlan::microphone`].
    pub frames: mpsc::Receiver<Bytes>,
    /// Keeps the capture alive.
    pub capture: Capture,
}

/// The program that captures; it is killed when this is dropped.
#[derive(Debug)]
pub struct Capture(#[allow(dead_code, reason = "held for its drop")] Child);

/// Starts capturing with the first program found: `rec` or `sox`, else `arecord`.
///
/// # Errors
/// When none is installed, or the one found cannot be started.
pub fn microphone() -> anyhow::Result<Microphone> {
    const SOX: &str = "-q -t raw -r 8000 -c 1 -e mu-law -b 8 -";
    let attempts = [
        ("rec", SOX.to_owned()),
        ("sox", format!("-q -d {}", SOX.trim_start_matches("-q "))),
        ("arecord", "-q -t raw -r 8000 -c 1 -f MU_LAW".to_owned()),
    ];
    for (program, arguments) in attempts {
        let mut command = Command::new(program);
        command.args(arguments.split(' ')).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        match command.kill_on_drop(true).spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("start {program}")),
            Ok(child) => return listen(child),
        }
    }
    bail!("no program to record with found: install sox (apt install sox) or arecord (apt install alsa-utils)")
}

fn listen(mut child: Child) -> anyhow::Result<Microphone> {
    let mut output = child.stdout.take().context("read from the recording program")?;
    let (sender, frames) = mpsc::channel(MICROPHONE_FRAMES);
    tokio::spawn(async move {
        let mut frame = [0_u8; FRAME_BYTES];
        while output.read_exact(&mut frame).await.is_ok() {
            // A full channel means nobody is on the line: the frame is old news and is dropped.
            if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(Bytes::copy_from_slice(&frame)) {
                return;
            }
        }
        tracing::warn!("the recording program stopped; the microphone is silent from here");
    });
    Ok(Microphone { frames, capture: Capture(child) })
}

/// A folder of its own in the temporary directory, removed when dropped.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        use std::hash::BuildHasher as _;
        let unique = std::hash::RandomState::new().hash_one(std::process::id());
        let folder = std::env::temp_dir().join(format!("patchbay-voice-{unique:016x}"));
        std::fs::create_dir(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
