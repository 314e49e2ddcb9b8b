//! The folder where recordings wait until they are stored. It is the queue: what stands in it outlives the process.
//!
//! ```text
//! {recording}.part   sound that is still being written
//! {recording}.wav    sound that is complete
//! {recording}.json   its label: whose it is and what became of it; written first, removed last
//! ```
//!
//! Before it: the reels, which write. After it: the keeper, which stores and removes. It is bounded: beyond that nothing
//! more is taken, and what was begun is given up.

use super::{Claim, Position, wav};
use crate::moments;
use common::ids::{CallId, CompanyId, Epoch, RecordingId};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whose a recording is, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) recording: RecordingId,
    pub(super) call: CallId,
    pub(super) epoch: Epoch,
    pub(super) company: CompanyId,
    #[serde(default)]
    pub(super) trace: String,
    /// When its first sample was heard.
    pub(super) began_ms: u64,
    /// How much of it was not kept, as far as it was written.
    #[serde(default)]
    pub(super) silent_ms: u64,
    /// Why there is no sound.
    #[serde(default)]
    pub(super) lost: Option<String>,
}

impl Label {
    pub(super) fn new(claim: &Claim, began_ms: u64) -> Self {
        Self {
            recording: claim.recording.clone(),
            call: claim.call.clone(),
            epoch: claim.epoch,
            company: claim.company.clone(),
            trace: claim.trace.clone(),
            began_ms,
            silent_ms: 0,
            lost: None,
        }
    }
}

/// Why a recording cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoRoom {
    #[error("the spool of recordings is full")]
    Full,
    #[error("the spool of recordings cannot be written: {0}")]
    Unwritable(#[from] io::Error),
}

/// The folder.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    most: u64,
    used: AtomicU64,
}

impl Spool {
    /// A folder that is made when it is first needed.
    pub(super) fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most, used: AtomicU64::new(0) }
    }

    /// Looks at what an earlier start has left: its unfinished recordings are completed, and all of them count.
    pub(super) fn recover(&self) -> io::Result<()> {
        for label in self.labels()? {
            if let Err(error) = self.recover_one(&label) {
                moments::recording_unwritable(&label.call, &error);
            }
        }
        self.tell();
        Ok(())
    }

    fn recover_one(&self, label: &Label) -> io::Result<()> {
        let (part, whole) = (self.path(label, "part"), self.path(label, "wav"));
        if label.lost.is_none() && part.exists() {
            let length = wav::complete(&mut OpenOptions::new().write(true).open(&part)?)?;
            fs::rename(&part, &whole)?;
            moments::recording_recovered(&label.call, length / 8);
        }
        match fs::metadata(&whole) {
            Ok(about) => drop(self.used.fetch_add(about.len(), Ordering::Relaxed)),
            // It was lost between its label and its first sound.
            Err(_) if label.lost.is_none() => self.remove(label)?,
            Err(_) => {}
        }
        Ok(())
    }

    /// Begins a recording.
    pub(super) fn begin(&self, label: &Label) -> Result<File, NoRoom> {
        if !self.take(wav::HEADER as u64) {
            return Err(NoRoom::Full);
        }
        fs::create_dir_all(&self.folder)?;
        self.note(label)?;
        let mut file = File::create(self.path(label, "part"))?;
        file.write_all(&wav::header(0))?;
        Ok(file)
    }

    /// Appends sound.
    pub(super) fn append(&self, file: &mut File, sound: &[u8]) -> Result<(), NoRoom> {
        if !self.take(sound.len() as u64) {
            return Err(NoRoom::Full);
        }
        Ok(file.write_all(sound)?)
    }

    /// The recording is complete: the keeper may have it.
    pub(super) fn finish(&self, label: &Label, mut file: File) -> io::Result<Position> {
        let length = wav::complete(&mut file)?;
        self.note(label)?;
        fs::rename(self.path(label, "part"), self.path(label, "wav"))?;
        Ok(length)
    }

    /// Its sound is given up; the keeper tells so.
    pub(super) fn lose(&self, label: &Label) -> io::Result<()> {
        self.remove_sound(label)?;
        fs::create_dir_all(&self.folder)?;
        self.note(label)
    }

    /// Nothing of it stays.
    pub(super) fn remove(&self, label: &Label) -> io::Result<()> {
        self.remove_sound(label)?;
        gone(fs::remove_file(self.path(label, "json")))
    }

    /// Writes the label anew: whole or not at all.
    pub(super) fn note(&self, label: &Label) -> io::Result<()> {
        let (fresh, path) = (self.path(label, "json.new"), self.path(label, "json"));
        fs::write(&fresh, serde_json::to_vec(label)?)?;
        fs::rename(fresh, path)
    }

    /// What waits to be stored or told of, the oldest first.
    pub(super) fn waiting(&self) -> io::Result<Vec<Label>> {
        let mut labels = self.labels()?;
        labels.retain(|label| label.lost.is_some() || self.path(label, "wav").exists());
        labels.sort_by_key(|label| label.began_ms);
        Ok(labels)
    }

    /// Where its sound stands when it is complete.
    pub(super) fn sound(&self, label: &Label) -> PathBuf {
        self.path(label, "wav")
    }

    fn labels(&self) -> io::Result<Vec<Label>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut labels = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                // One that was removed meanwhile, or is not ours, is nobody's recording.
                labels.extend(fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Label>(&text).ok()));
            }
        }
        Ok(labels)
    }

    fn remove_sound(&self, label: &Label) -> io::Result<()> {
        for extension in ["part", "wav"] {
            let path = self.path(label, extension);
            let bytes = fs::metadata(&path).map_or(0, |about| about.len());
            gone(fs::remove_file(path))?;
            self.give_back(bytes);
        }
        Ok(())
    }

    fn path(&self, label: &Label, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", label.recording))
    }

    fn take(&self, bytes: u64) -> bool {
        // Only the writer takes.
        let fits = self.used.load(Ordering::Relaxed) + bytes <= self.most;
        if fits {
            self.used.fetch_add(bytes, Ordering::Relaxed);
            self.tell();
        }
        fits
    }

    fn give_back(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        // The closure always gives a value.
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.tell();
    }

    fn tell(&self) {
        moments::recordings_spooled(self.used.load(Ordering::Relaxed));
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
