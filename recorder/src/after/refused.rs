//! A caller who does not want to be recorded: whatever was kept of the call is deleted, whenever it turns up.

use super::hooks::job;
use super::{Care, key};
use call::{CallEvent, Fact, RecordingState};
use common::company::Company;
use common::event::Event;
use common::ids::{CallId, RecordingId};
use common::ports::DbError;
use common::ports::aftercare::{Job, JobWork};

/// Why it is deleted, in jobs and events.
pub(super) const WHY: &str = "refused";
/// What [`common::ports::aftercare::StoredRecording::status`] says of one that is gone.
pub(super) const DELETED: &str = "deleted";

/// The caller refuses to be recorded.
pub(super) fn is_refusal(event: &Event) -> bool {
    matches!(event, Event::Worker(CallEvent::Fact(Fact::Recording { state: RecordingState::Refused })))
}

/// A recording is to be deleted: once, for whatever reason.
pub(super) fn deletion(company: &Company, call: &CallId, recording: &RecordingId, why: &str) -> Job {
    let work = JobWork::DeleteRecording { recording: recording.clone(), why: why.to_owned() };
    job(company, call, key(call, &format!("delete:{recording}")), work)
}

impl Care {
    /// Whether the caller has refused, as far as is recorded.
    pub(super) async fn has_refused(&self, call: &CallId) -> Result<bool, DbError> {
        Ok(self.means.db.events(call).await?.iter().any(|envelope| is_refusal(&envelope.event)))
    }

    /// Jobs that delete every recording of a call that is known.
    pub(super) async fn deletions(&self, company: &Company, call: &CallId) -> Result<Vec<Job>, DbError> {
        let recordings = self.means.aftercare.recordings(call).await?;
        let left = recordings.iter().filter(|recording| recording.status != DELETED);
        Ok(left.map(|recording| deletion(company, call, &recording.recording, WHY)).collect())
    }
}
