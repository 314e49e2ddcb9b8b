//! When an answer may be asked for: only one may run in a conversation, and the server begins answers by itself.
//!
//! A request that comes while an answer runs waits until it is done. One place, so that the rule cannot be forgotten.

/// What the agent is asked to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// These words, at this occasion.
    Words {
        /// The words.
        words: String,
        /// Why, as metadata.
        purpose: &'static str,
    },
    /// Whatever it finds right.
    Anything,
}

/// Whether an answer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Floor {
    #[default]
    Free,
    /// We asked; the server has not begun yet.
    Asked,
    /// An answer runs.
    Taken,
}

/// Whether the caller speaks, as the server hears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Caller {
    #[default]
    Quiet,
    Speaking,
}

/// The gate of one link.
#[derive(Debug, Default)]
pub(super) struct Gate {
    floor: Floor,
    caller: Caller,
    /// The one that waits. Words are never replaced by `Anything`; newer words replace older ones.
    waiting: Option<Request>,
    /// The one sent last, until its answer is over: the server may still refuse it.
    sent: Option<(String, Request)>,
}

impl Gate {
    /// Wants an answer; it is sent when [`Gate::next`] gives it.
    pub(super) fn ask(&mut self, request: Request) {
        let keeps = matches!((&self.waiting, &request), (Some(Request::Words { .. }), Request::Anything));
        if !keeps {
            self.waiting = Some(request);
        }
    }

    /// The request to send now under this id, if any.
    pub(super) fn next(&mut self, event_id: impl FnOnce() -> String) -> Option<(String, Request)> {
        // While the caller speaks only fixed words go out; the server answers by itself when the caller stops.
        let held = self.caller == Caller::Speaking && self.waiting == Some(Request::Anything);
        if self.floor != Floor::Free || held {
            return None;
        }
        let request = self.waiting.take()?;
        let sent = (event_id(), request);
        self.floor = Floor::Asked;
        self.sent = Some(sent.clone());
        Some(sent)
    }

    /// The server began an answer. One it began by itself knows all there is to know, so that nothing needs to be
    /// asked for any more, fixed words excepted.
    pub(super) fn begun(&mut self) {
        if self.floor == Floor::Free && self.waiting == Some(Request::Anything) {
            self.waiting = None;
        }
        self.floor = Floor::Taken;
    }

    /// The answer is over.
    pub(super) fn over(&mut self) {
        self.floor = Floor::Free;
        self.sent = None;
    }

    /// The server refused this message of ours because an answer runs: it waits again. `false` for other messages.
    pub(super) fn refused_while_taken(&mut self, event_id: Option<&str>) -> Mine {
        let Some(request) = self.take_sent(event_id) else { return Mine::No };
        self.floor = Floor::Taken;
        self.waiting.get_or_insert(request);
        Mine::Yes
    }

    /// The server refused this message of ours for good.
    pub(super) fn refused(&mut self, event_id: Option<&str>) -> Mine {
        if event_id.is_none() || self.take_sent(event_id).is_none() {
            return Mine::No;
        }
        if self.floor == Floor::Asked {
            self.floor = Floor::Free;
        }
        Mine::Yes
    }

    /// The server hears the caller.
    pub(super) fn caller_started(&mut self) {
        self.caller = Caller::Speaking;
    }

    /// The server does not hear the caller any more.
    pub(super) fn caller_stopped(&mut self) {
        self.caller = Caller::Quiet;
    }

    fn take_sent(&mut self, event_id: Option<&str>) -> Option<Request> {
        let (sent_id, _) = self.sent.as_ref()?;
        if event_id.is_some_and(|id| id != sent_id) {
            return None;
        }
        self.sent.take().map(|(_, request)| request)
    }
}

/// Whether an error answers a request of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mine {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &str) -> Request {
        Request::Words { words: words.into(), purpose: "say" }
    }

    fn next(gate: &mut Gate) -> Option<Request> {
        gate.next(|| "resp-1".into()).map(|(_, request)| request)
    }

    #[test]
    fn a_second_request_waits_for_the_first_answer() {
        let mut gate = Gate::default();
        gate.ask(words("hello"));
        assert_eq!(next(&mut gate), Some(words("hello")));
        gate.ask(Request::Anything);
        assert_eq!(next(&mut gate), None);
        gate.begun();
        assert_eq!(next(&mut gate), None);
        gate.over();
        assert_eq!(next(&mut gate), Some(Request::Anything));
    }

    #[test]
    fn words_are_not_replaced_by_a_bare_request() {
        let mut gate = Gate::default();
        gate.begun();
        gate.ask(words("old"));
        gate.ask(words("new"));
        gate.ask(Request::Anything);
        gate.over();
        assert_eq!(next(&mut gate), Some(words("new")));
    }

    #[test]
    fn a_request_refused_while_an_answer_runs_is_asked_again() {
        let mut gate = Gate::default();
        gate.ask(Request::Anything);
        assert!(next(&mut gate).is_some());
        gate.begun();
        assert_eq!(gate.refused_while_taken(Some("other")), Mine::No);
        assert_eq!(gate.refused_while_taken(Some("resp-1")), Mine::Yes);
        assert_eq!(next(&mut gate), None);
        gate.over();
        assert_eq!(next(&mut gate), Some(Request::Anything));
    }

    #[test]
    fn the_servers_own_answer_satisfies_a_bare_request() {
        let mut gate = Gate::default();
        gate.caller_started();
        gate.ask(Request::Anything);
        assert_eq!(next(&mut gate), None);
        gate.caller_stopped();
        gate.begun();
        gate.over();
        assert_eq!(next(&mut gate), None);
    }
}
