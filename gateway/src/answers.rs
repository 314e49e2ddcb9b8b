//! The same question gets the same answer, byte for byte: a webhook that is repeated, because its answer was lost or was
//! sent twice, must not make a second call out of one.
//!
//! First this process (one cell a key), then the state store for all gateways together.

use bytes::Bytes;
use common::ports::{Answer, State};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long this process remembers; the store remembers longer.
const LOCAL: Duration = Duration::from_secs(120);

/// How long the store remembers: T4 asks for a day, and a token in the answer is long spent by then.
const STORED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long another gateway may be at it before its question is ours.
const HOLD: Duration = Duration::from_secs(3);

/// Between two looks whether another gateway has answered.
const LOOK: Duration = Duration::from_millis(20);

/// Answers given.
pub struct Answers {
    state: Arc<dyn State>,
    cells: Mutex<BTreeMap<String, Asked>>,
}

/// One key's answer, to come or given, and when it was first asked for.
struct Asked {
    answer: Arc<OnceCell<Bytes>>,
    at: Instant,
}

impl Answers {
    /// None yet.
    pub fn new(state: Arc<dyn State>) -> Self {
        Self { state, cells: Mutex::new(BTreeMap::new()) }
    }

    /// The answer given to `key` before, or the one `make` gives now. `make` runs once however many ask; `patience`
    /// bounds the wait for another gateway's answer.
    pub async fn once<F>(&self, key: &str, patience: Duration, make: F) -> Bytes
    where
        F: Future<Output = String>,
    {
        let cell = self.cell(key);
        cell.get_or_init(|| self.across_gateways(key, patience, make)).await.clone()
    }

    fn cell(&self, key: &str) -> Arc<OnceCell<Bytes>> {
        let mut cells = self.cells.lock().expect("no code panics while it holds the answers");
        let now = Instant::now();
        cells.retain(|_, asked| now.duration_since(asked.at) < LOCAL);
        let asked = cells.entry(key.to_owned()).or_insert_with(|| Asked { answer: Arc::default(), at: now });
        asked.answer.clone()
    }

    async fn across_gateways(&self, key: &str, patience: Duration, make: impl Future<Output = String>) -> Bytes {
        let deadline = Instant::now() + patience;
        loop {
            match self.state.begin_answer(key, HOLD).await {
                Ok(Answer::Given(answer)) => return answer,
                Ok(Answer::Underway) if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
                // Ours; or the other gateway is lost; or the store is away, and then this process answers for itself.
                Ok(Answer::Yours | Answer::Underway) | Err(_) => break,
            }
        }
        let answer = Bytes::from(make.await);
        let _ = self.state.give_answer(key, &answer, STORED).await;
        answer
    }
}
