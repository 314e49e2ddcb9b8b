//! A log that must stay free of errors: `error` means a person should act, so a test that provokes one says so.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Watches the log of this thread, and so of every task of a test on one thread, until it is dropped.
pub fn quiet() -> Quiet {
    let errors = Errors::default();
    let guard = tracing::subscriber::set_default(Registry::default().with(errors.clone()));
    Quiet { errors, _guard: guard }
}

/// Fails the test when it is dropped and an error was logged that nobody [took](Quiet::take_errors).
#[must_use = "the log is watched until this is dropped"]
pub struct Quiet {
    errors: Errors,
    _guard: DefaultGuard,
}

impl Quiet {
    /// The errors logged so far, for a test that expects some.
    pub fn take_errors(&self) -> Vec<String> {
        std::mem::take(&mut *self.errors.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let errors = self.take_errors();
        assert!(errors.is_empty() || std::thread::panicking(), "errors were logged: {errors:#?}");
    }
}

#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "errors were logged")]
    fn an_error_nobody_expected_fails_the_test() {
        let _quiet = quiet();
        tracing::error!("something a person should look at");
    }

    #[test]
    fn warnings_and_expected_errors_do_not() {
        let quiet = quiet();
        tracing::warn!("something to know");
        tracing::error!(seats = 3, "expected");
        assert_eq!(quiet.take_errors().len(), 1);
    }
}
