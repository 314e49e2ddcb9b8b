//! What is logged during a test, at every level: no error, and nothing a log must not hold.
//!
//! Each test runs on one thread, so a subscriber of this thread sees all of it and nothing of other tests.

use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

/// Keys, words of either side, and the beginning of every token of ours (`{"c":"` in base64url).
const UNSPEAKABLE: [&str; 5] = [super::TOKEN, "sk-test", "breakfast", "Harbour Rooms", "eyJjIjoi"];

/// The log of one test. Looked through when the test is over.
pub(crate) struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    errors_expected: Mutex<&'static [&'static str]>,
    _of_this_thread: tracing::subscriber::DefaultGuard,
}

impl Log {
    /// From now on until it is dropped.
    pub(crate) fn keep() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let writer = text.clone();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || Kept(writer.clone()));
        // Our own crates in full; of libraries what is logged in production.
        let ours = ["adapters", "call", "common", "gateway", "tools", "worker"].map(|name| (name, LevelFilter::TRACE));
        let filter = Targets::new().with_default(LevelFilter::INFO).with_targets(ours);
        let subscriber = tracing_subscriber::registry().with(lines).with(filter);
        let _of_this_thread = tracing::subscriber::set_default(subscriber);
        Self { text, errors_expected: Mutex::new(&[]), _of_this_thread }
    }

    /// Whether anything with these words was logged so far.
    pub(crate) fn says(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.text.lock().unwrap()).contains(words)
    }

    /// Errors with these words are what the test is about.
    pub(crate) fn expect_errors(&self, words: &'static [&'static str]) {
        *self.errors_expected.lock().unwrap() = words;
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
        let expected = self.errors_expected.lock().unwrap();
        let unexpected = |line: &&str| line.contains("ERROR") && !expected.iter().any(|words| line.contains(words));
        assert_eq!(text.lines().find(unexpected), None, "an error was logged");
        for secret in UNSPEAKABLE {
            assert!(!text.contains(secret), "{secret:?} was logged:\n{text}");
        }
    }
}

struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
