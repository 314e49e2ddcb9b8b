//! Recordings: fetched from Twilio into the store of recordings, and deleted where they are.
//!
//! Each step may be repeated, and what was done is recorded before the next: a recording is deleted at Twilio only when
//! the record knows where ours is.

use super::{Care, Trouble};
use crate::after::refused::{DELETED, WHY};
use crate::after::{body, hooks};
use common::event::RecorderEvent;
use common::ids::RecordingId;
use common::ports::aftercare::{Job, StoredRecording};
use common::ports::{Recordings, TelephoneError};
use std::sync::Arc;

/// Why Twilio's copy is deleted once ours is stored.
const FETCHED: &str = "fetched";
/// What [`StoredRecording::source`] says of Twilio's.
const TWILIO: &str = "twilio";

impl From<TelephoneError> for Trouble {
    fn from(error: TelephoneError) -> Self {
        match error {
            TelephoneError::AlreadyOver | TelephoneError::Refused { .. } => Self::Never(error.to_string()),
            TelephoneError::Busy { .. } | TelephoneError::Away(_) | TelephoneError::Unknown(_) => {
                Self::Again(error.to_string())
            }
        }
    }
}

impl Care {
    /// Fetches a recording, and deletes it at Twilio; one of a caller who had refused is deleted and not fetched.
    pub(super) async fn fetch(&self, job: &Job, recording: &RecordingId) -> Result<(), Trouble> {
        if self.has_refused(&job.call).await? {
            return self.delete(job, recording, WHY).await;
        }
        let known = self.recording(job, recording).await?;
        if known.as_ref().is_some_and(|known| known.status == DELETED) {
            return Ok(());
        }
        let twilio = self.twilio()?;
        if known.as_ref().is_none_or(|known| known.place.is_none()) {
            self.keep_copy(job, recording, known.as_ref(), twilio).await?;
        }
        twilio.delete(recording).await?;
        let event = RecorderEvent::Deleted { recording: recording.clone(), why: FETCHED.into() };
        self.note(job, &["deleted", recording.as_str(), FETCHED], event).await?;
        Ok(())
    }

    async fn keep_copy(
        &self,
        job: &Job,
        recording: &RecordingId,
        known: Option<&StoredRecording>,
        twilio: &Arc<dyn Recordings>,
    ) -> Result<(), Trouble> {
        let missing = || Trouble::Again("Twilio does not have the recording".into());
        let sound = twilio.fetch(recording).await?.ok_or_else(missing)?;
        let (place, bytes) = (place(job, recording), sound.len() as u64);
        self.means.vault.put(&place, sound).await?;
        let event = RecorderEvent::Fetched { recording: recording.clone(), place: place.clone(), bytes };
        let at_ms = self.note(job, &["fetched", recording.as_str()], event).await?;
        if let Some(company) = self.known.company(&job.company).await? {
            let news = body::fetched(at_ms, recording, &place, bytes, known);
            let key = format!("{}:stored:{recording}", job.call);
            self.means.aftercare.add_jobs(&hooks::letters(&company, &job.call, &key, &news)).await?;
        }
        Ok(())
    }

    /// Deletes a recording here and at Twilio.
    pub(super) async fn delete(&self, job: &Job, recording: &RecordingId, why: &str) -> Result<(), Trouble> {
        let known = self.recording(job, recording).await?;
        if let Some(place) = known.as_ref().and_then(|known| known.place.as_ref()) {
            self.means.vault.delete(place).await?;
        }
        if known.is_none_or(|known| known.source == TWILIO) {
            self.twilio()?.delete(recording).await?;
        }
        let event = RecorderEvent::Deleted { recording: recording.clone(), why: why.to_owned() };
        self.note(job, &["deleted", recording.as_str(), why], event).await?;
        Ok(())
    }

    async fn recording(&self, job: &Job, recording: &RecordingId) -> Result<Option<StoredRecording>, Trouble> {
        let recordings = self.means.aftercare.recordings(&job.call).await?;
        Ok(recordings.into_iter().find(|known| known.recording == *recording))
    }

    fn twilio(&self) -> Result<&Arc<dyn Recordings>, Trouble> {
        let missing = || Trouble::Again("no Twilio credentials are set".into());
        self.means.recordings.as_ref().ok_or_else(missing)
    }
}

/// Its name in the store of recordings, which knows no capital letters.
fn place(job: &Job, recording: &RecordingId) -> String {
    format!("{}/twilio/{}.wav", job.company, recording.as_str().to_ascii_lowercase())
}
