//! Recordings that the telephone network makes: told at the same moments, and never waited for.

use crate::support::recorded::{RecordedCall, states};
use crate::support::{PUBLIC, Setup, call, eventually};
use async_trait::async_trait;
use bytes::Bytes;
use call::RecordingState::{Paused, Refused, Resumed, Started};
use common::company::{RecordBy, RecordFrom, Recording};
use common::ids::{CallId, RecordingId};
use common::ports::telephone::RecordingOrder;
use common::ports::{Recordings, TelephoneError};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A network that answers when a test lets it.
struct Network {
    told: Mutex<Vec<String>>,
    answers: Semaphore,
}

impl Network {
    fn slow() -> Arc<Self> {
        Arc::new(Self { told: Mutex::default(), answers: Semaphore::new(0) })
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    async fn hear(&self, what: String) {
        self.told.lock().unwrap().push(what);
        self.answers.acquire().await.unwrap().forget();
    }
}

#[async_trait]
impl Recordings for Network {
    async fn start(&self, call: &CallId, status_url: &str) -> Result<RecordingId, TelephoneError> {
        assert!(status_url.starts_with(&format!("{PUBLIC}/twilio/recording/")), "{status_url}");
        self.hear(format!("start {call}")).await;
        Ok(RecordingId::parse("RE1").unwrap())
    }

    async fn order(&self, _call: &CallId, order: RecordingOrder) -> Result<(), TelephoneError> {
        self.hear(format!("{order:?}")).await;
        Ok(())
    }

    async fn fetch(&self, _recording: &RecordingId) -> Result<Option<Bytes>, TelephoneError> {
        Ok(None)
    }

    async fn delete(&self, recording: &RecordingId) -> Result<(), TelephoneError> {
        self.hear(format!("delete {recording}")).await;
        Ok(())
    }
}

#[tokio::test]
async fn the_network_is_told_in_order_however_slow_it_is() {
    let network = Network::slow();
    let policy = Recording { by: RecordBy::Twilio, from: RecordFrom::Announced, ..Recording::default() };
    let setup = Setup::new().recording_at(network.clone());
    let mut live = RecordedCall::at(setup, policy, &[], &[]).await;
    eventually("the recording was started", async || network.told().len() == 1).await;
    // The network has not answered yet, and the call goes on.
    live.agent_does("pause").await;
    live.agent_does("resume").await;
    live.agent_does("refuse").await;
    let events = live.hang_up("ended").await;
    assert_eq!(states(&events), [Started, Paused, Resumed, Refused]);
    assert_eq!(network.told(), [format!("start {}", call(1))]);
    network.answers.add_permits(10);
    let wanted = [format!("start {}", call(1)), "Pause".into(), "Resume".into(), "Stop".into(), "delete RE1".into()];
    eventually("the network was told", async || network.told() == wanted).await;
    assert!(live.files().is_empty());
}
