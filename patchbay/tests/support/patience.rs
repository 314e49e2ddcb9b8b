//! Waiting for what happens elsewhere: asked often, given up with words.

use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes on a busy machine: the demo's whole call, a store that comes back. Only a failing test
/// waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Between two questions.
const AGAIN: Duration = Duration::from_millis(20);

/// Asks until the answer is a good one; a failing test says what the last one was.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(last) => assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}; the last was: {last}"),
        }
        sleep(AGAIN).await;
    }
}

/// Waits for something that comes by itself.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> T {
    timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}
