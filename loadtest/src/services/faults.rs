//! What goes wrong, where, and how often. `witness.rs` asks for every request, `misbehave.rs` does it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::memory::Request;

/// The cloud's own address for the secrets of a machine: where a redirect must never lead.
pub const METADATA: &str = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";

/// One way to treat a caller badly.
///
/// Those that begin with `Commit`, and those that spoil the answer, do the request's work first; the others do not
/// do it at all, except `Slow`, which does it late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Takes the request and never answers.
    Hang,
    /// Waits, then works and answers. It works also when the caller has gone.
    Slow(Duration),
    /// Answers with this status and a reason in JSON.
    Status(u16),
    /// Answers 302 to this place: a canary on this machine, [`METADATA`], ...
    Redirect(String),
    /// Answers text that is no JSON and says it is.
    Garbage,
    /// Answers what it should and says that it is a web page.
    WrongType,
    /// Answers a JSON text of 10 GiB without announcing its length, as fast as it is taken.
    EndlessBody,
    /// Answers 10 MiB that unpack to 10 GiB, whether the caller asked for compression or not.
    GzipBomb,
    /// Announces the length of the answer, sends half of it and closes.
    CutBody,
    /// Works, then resets the connection instead of answering.
    CommitThenReset,
    /// Works and never answers.
    CommitThenHang,
}

/// A fault, the requests it befalls, and which of them.
#[derive(Clone, Debug)]
pub struct Rule {
    route: String,
    fault: Fault,
    spared: u32,
    left: Option<u32>,
}

impl Rule {
    /// Every request for `route` (see [`Request::is_for`]).
    #[must_use]
    pub fn always(route: impl Into<String>, fault: Fault) -> Self {
        Self { route: route.into(), fault, spared: 0, left: None }
    }

    /// The next `count` requests for `route`.
    #[must_use]
    pub fn next(count: u32, route: impl Into<String>, fault: Fault) -> Self {
        Self { left: Some(count), ..Self::always(route, fault) }
    }

    /// Only after so many requests have gone well.
    #[must_use]
    pub fn after(self, spared: u32) -> Self {
        Self { spared, ..self }
    }

    /// Takes its share of a request it means: nothing once it is used up or as long as it spares.
    fn apply(&mut self) -> Option<Fault> {
        if self.spared > 0 {
            self.spared -= 1;
            return None;
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        Some(self.fault.clone())
    }
}

/// The rules of one server. The first that has a fault for a request wins; those behind it do not see the request.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    pub(super) fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn befall(&self, request: &Request) -> Option<Fault> {
        self.lock().iter_mut().filter(|rule| request.is_for(&rule.route)).find_map(Rule::apply)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
