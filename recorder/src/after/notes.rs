//! What the recorder itself did after a call, as events of its record. They go straight into the database: whoever did
//! something knows that it is recorded, or does not say it is done.

use super::Care;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, RecorderEvent, Source};
use common::ids::{CallId, Epoch};
use common::ports::DbError;
use common::ports::aftercare::Job;
use common::twilio::derived_sequence;

/// How often a conflict with another transaction is tried again at once.
const CONFLICTS: u32 = 5;

impl Care {
    /// Records that this was done. What it was done to, or when, is its `name`: the same twice is recorded once. Gives
    /// the time.
    pub(super) async fn note(&self, job: &Job, name: &[&str], event: RecorderEvent) -> Result<u64, DbError> {
        let (at_ms, sequence) = (unix_ms(), derived_sequence(name));
        let key = EventKey { call: job.call.clone(), source: Source::Recorder, epoch: Epoch::default(), sequence };
        let company = Some(job.company.clone());
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            key,
            company,
            at_ms,
            trace: String::new(),
            event: Event::Recorder(event),
        };
        self.record(&[envelope]).await?;
        Ok(at_ms)
    }

    /// What the recorder has done about a call so far.
    pub(super) async fn noted(&self, call: &CallId) -> Result<Vec<RecorderEvent>, DbError> {
        let events = self.means.db.events(call).await?;
        let ours = |envelope: Envelope| match envelope.event {
            Event::Recorder(event) => Some(event),
            _ => None,
        };
        Ok(events.into_iter().filter_map(ours).collect())
    }

    async fn record(&self, events: &[Envelope]) -> Result<(), DbError> {
        let mut conflicts = 0;
        let fold = |cdr: &mut Cdr, event: &Envelope| self.fold.merge(cdr, event);
        loop {
            match self.means.db.record(events, &fold).await {
                Err(DbError::Conflict(_)) if conflicts < CONFLICTS => conflicts += 1,
                answer => return answer.map(drop),
            }
        }
    }
}
