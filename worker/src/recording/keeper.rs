//! Stores what is finished, tells so, and only then removes it from the spool.
//!
//! Before it: the writer. After it: the store of recordings, and the recorder, which learns from the event where a recording
//! stands. Each step may be repeated: a name is put again whole, an event is known by its key. While the store is away
//! recordings wait in the spool, also over a restart.

use super::spool::{Label, Spool};
use super::wav;
use crate::moments;
use common::clock;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source, TapEvent};
use common::ports::{Bus, Ports, State, Vault, VaultError};
use futures_util::StreamExt;
use futures_util::stream;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Recordings stored at once. More only share one network.
const AT_ONCE: usize = 4;

/// Wait after a failure; doubles up to the minute.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Why a recording still waits.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("neither the state store nor the bus takes the event")]
    Untold,
    #[error("failed to use the spool: {0}")]
    Spool(#[from] io::Error),
}

/// Stores recordings.
#[derive(Clone)]
pub(super) struct Keeper {
    vault: Arc<dyn Vault>,
    state: Arc<dyn State>,
    bus: Arc<dyn Bus>,
    spool: Arc<Spool>,
}

/// Runs until `finished` says that nothing more comes, and then once over what waits.
pub(super) async fn run(keeper: Keeper, mut finished: mpsc::Receiver<()>) {
    let mut wait = RETRY.0;
    loop {
        let kept = keeper.keep_all().await;
        let heard = match kept {
            Kept::All => finished.recv().await,
            Kept::SomeWait => match tokio::time::timeout(wait, finished.recv()).await {
                Ok(heard) => heard,
                Err(_) => Some(()),
            },
        };
        wait = if kept == Kept::All { RETRY.0 } else { (wait * 2).min(RETRY.1) };
        if heard.is_none() {
            keeper.keep_all().await;
            return;
        }
    }
}

/// Whether anything is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    All,
    SomeWait,
}

impl Keeper {
    pub(super) fn new(ports: &Ports, spool: Arc<Spool>) -> Self {
        Self { vault: ports.vault.clone(), state: ports.state.clone(), bus: ports.bus.clone(), spool }
    }

    async fn keep_all(&self) -> Kept {
        let labels = match self.on_disk(|spool| spool.waiting()).await {
            Ok(labels) => labels,
            Err(error) => {
                moments::recordings_wait(&error);
                return Kept::SomeWait;
            }
        };
        let failed = stream::iter(labels)
            .map(|label| async move { self.keep(label).await.inspect_err(tell_why).is_err() })
            .buffer_unordered(AT_ONCE)
            .fold(0, |failed, one| async move { failed + usize::from(one) })
            .await;
        if failed == 0 { Kept::All } else { Kept::SomeWait }
    }

    async fn keep(&self, label: Label) -> Result<(), NotKept> {
        let event = match &label.lost {
            Some(why) => TapEvent::Lost { recording: label.recording.clone(), why: why.clone() },
            None => self.store(&label).await?,
        };
        self.tell(envelope(&label, event)).await?;
        moments::recording_kept(&label.call, label.lost.as_deref());
        Ok(self.on_disk(move |spool| spool.remove(&label)).await?)
    }

    async fn store(&self, label: &Label) -> Result<TapEvent, NotKept> {
        let place = place(label);
        let bytes = self.vault.put_file(&place, &self.spool.sound(label)).await?;
        Ok(TapEvent::Stored {
            recording: label.recording.clone(),
            place,
            began_ms: label.began_ms,
            length_ms: wav::samples(bytes) / 8,
            bytes,
            silent_ms: label.silent_ms,
        })
    }

    /// Into the outbox and to the bus; with the state store away to the bus alone.
    async fn tell(&self, event: Envelope) -> Result<(), NotKept> {
        match self.state.enqueue(std::slice::from_ref(&event)).await {
            Ok(ids) => {
                // What the bus does not take now is sent again from the outbox.
                moments::event_published(self.bus.publish(&event, ids.first()).await.is_ok());
                Ok(())
            }
            Err(_) => self.bus.publish(&event, None).await.map_err(|_| NotKept::Untold),
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Spool) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let spool = self.spool.clone();
        spawn_blocking(move || work(&spool)).await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
    }
}

fn tell_why(error: &NotKept) {
    match error {
        // It does not mend itself.
        NotKept::Vault(VaultError::Refused(_)) => moments::recordings_refused(error),
        NotKept::Vault(VaultError::Away(_)) | NotKept::Untold | NotKept::Spool(_) => moments::recordings_wait(error),
    }
}

/// `{company}/{yyyy}/{mm}/{dd}/{call}-{epoch}.wav`, in small letters.
fn place(label: &Label) -> String {
    let day = jiff::Timestamp::from_millisecond(label.began_ms as i64).unwrap_or_default().strftime("%Y/%m/%d");
    format!("{}/{day}/{}.wav", label.company, label.recording).to_ascii_lowercase()
}

fn envelope(label: &Label, event: TapEvent) -> Envelope {
    Envelope {
        version: ENVELOPE_VERSION,
        key: EventKey { call: label.call.clone(), source: Source::Tap, epoch: label.epoch, sequence: 0 },
        company: Some(label.company.clone()),
        at_ms: clock::unix_ms(),
        trace: label.trace.clone(),
        event: Event::Tap(event),
    }
}
