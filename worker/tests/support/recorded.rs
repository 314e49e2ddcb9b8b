//! A call of an agent that can pause, resume, stop and refuse its recording, over real sockets.

use super::provider::{Greeted, agent_with};
use super::studio::{Wav, files, state};
use super::{Setup, eventually};
use call::RecordingState;
use common::company::{AgentSnapshot, BuiltIn, RecordBy, Recording, Tool, ToolKind};
use common::event::{Envelope, Event, TapEvent};
use serde_json::json;
use std::path::PathBuf;
use tempfile::TempDir;

/// The agent's tool.
pub(crate) fn tool() -> Tool {
    let parameters = json!({"type": "object", "properties": {"do": {"type": "string"}}, "required": ["do"]});
    Tool { parameters, ..common::testing::tool("recording", ToolKind::BuiltIn(BuiltIn::Recording)) }
}

/// The call, and the folder of its recordings.
pub(crate) struct RecordedCall {
    pub(crate) greeted: Greeted,
    folder: TempDir,
    asked: u32,
    frames: u64,
}

impl RecordedCall {
    pub(crate) async fn begin(recording: Recording, tools: &[Tool], hosts: &[String]) -> Self {
        Self::at(Setup::new(), recording, tools, hosts).await
    }

    pub(crate) async fn at(setup: Setup, recording: Recording, tools: &[Tool], hosts: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let under = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let setup = setup.with("recordings.url", &under("kept")).with("recordings.spool_dir", &under("spool"));
        let agent = AgentSnapshot { recording, ..agent_with(&[tools, &[tool()]].concat()) };
        Self { greeted: Greeted::at(setup, agent, hosts).await, folder, asked: 0, frames: 1 }
    }

    /// By this worker, as the rest says.
    pub(crate) fn here(rest: Recording) -> Recording {
        Recording { by: RecordBy::Patchbay, ..rest }
    }

    /// The agent does this with its recording.
    pub(crate) async fn agent_does(&mut self, what: &str) {
        self.asked += 1;
        let id = format!("fc_recording_{}", self.asked);
        self.greeted.session.ask(&id, "recording", json!({"do": what})).await;
        self.greeted.session.output_of(&id).await;
        self.greeted.session.told("response.create").await;
        self.greeted.session.answer("", &[]).await;
    }

    /// The caller says so many frames of this, and the worker has heard them.
    pub(crate) async fn caller_says(&mut self, sample: u8, frames: u64) {
        self.greeted.telephone.speak(&vec![sample; frames as usize * 160]).await;
        self.frames += frames;
        let (bench, frames) = (&self.greeted.bench, self.frames);
        eventually("the worker heard the caller", async || bench.proof().await.frames >= frames).await;
    }

    /// Hangs up; all events until one of this kind.
    pub(crate) async fn hang_up(&mut self, until: &str) -> Vec<Envelope> {
        self.greeted.telephone.stop().await;
        self.greeted.telephone.closed().await;
        self.greeted.bench.events_until("ended").await;
        self.greeted.bench.events_until(until).await
    }

    /// Every file there is.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(self.folder.path())
    }

    /// The recording these events tell of.
    pub(crate) fn recording(&self, events: &[Envelope]) -> Wav {
        let stored = events.iter().find_map(|event| match &event.event {
            Event::Tap(TapEvent::Stored { place, silent_ms, .. }) => Some((place, *silent_ms)),
            _ => None,
        });
        let (place, silent_ms) = stored.expect("a recording was stored");
        Wav::read(&std::fs::read(self.folder.path().join("kept").join(place)).unwrap(), silent_ms)
    }
}

/// What became of the recording while the call lived.
pub(crate) fn states(events: &[Envelope]) -> Vec<RecordingState> {
    events.iter().filter_map(state).collect()
}
