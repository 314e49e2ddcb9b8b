//! From the first ring to the end: the only place that ends a call.
//!
//! ```text
//! Dialing ──line started──▶ Talking ──somebody wants to leave──▶ Leaving ──heard──▶ Closing ──line gone──▶ Ended
//!    │                        │  ▲────── the caller interrupts ─────┘                  ▲
//!    └────────────────────────┴────────── the line stops, hang up now ─────────────────┘
//! ```
//!
//! Before it: everything that can end a call. After it: [`crate::call`], which acts by it. It never decides what is said on
//! the way out; [`crate::next`] knows what has to be waited for.

use crate::next::{Departure, Stage};
use crate::{At, EndReason};

/// What is left to do once nothing is said any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) reason: EndReason,
    /// When the line ended; `None` while it has been told to and has not.
    pub(crate) line_gone: Option<At>,
}

/// Where the call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The line has not started.
    Dialing,
    /// The conversation.
    Talking,
    /// The last words are being said.
    Leaving(Departure),
    /// Nothing passes any more; the line's end or the caller's last words are awaited.
    Closing(Closing),
    /// The call says nothing more.
    Ended,
}

impl Life {
    /// The line has started; `false` when it had.
    pub(crate) fn start(&mut self) -> bool {
        let waiting = *self == Life::Dialing;
        if waiting {
            *self = Life::Talking;
        }
        waiting
    }

    /// Somebody wants to leave; `false` when the call already leaves in a way that may not be replaced.
    pub(crate) fn leave(&mut self, departure: Departure) -> bool {
        let may = match self {
            Life::Talking => true,
            Life::Leaving(now) => now.gives_way_to(&departure),
            Life::Dialing | Life::Closing(_) | Life::Ended => false,
        };
        if may {
            *self = Life::Leaving(departure);
        }
        may
    }

    /// The call goes on after all.
    pub(crate) fn stay(&mut self) {
        if let Life::Leaving(_) = self {
            *self = Life::Talking;
        }
    }

    /// Nothing is said any more; `false` when that was so.
    pub(crate) fn close(&mut self, closing: Closing) -> bool {
        let open = !matches!(self, Life::Closing(_) | Life::Ended);
        if open {
            *self = Life::Closing(closing);
        }
        open
    }

    /// The line is gone; `false` when it was. Whoever hung up before keeps the blame.
    pub(crate) fn line_gone(&mut self, at: At, reason: EndReason) -> bool {
        let closing = match *self {
            Life::Ended | Life::Closing(Closing { line_gone: Some(_), .. }) => return false,
            Life::Closing(hung_up) => Closing { line_gone: Some(at), ..hung_up },
            Life::Dialing | Life::Talking | Life::Leaving(_) => Closing { reason, line_gone: Some(at) },
        };
        *self = Life::Closing(closing);
        true
    }

    /// The call is over; `false` when it was.
    pub(crate) fn end(&mut self) -> bool {
        !matches!(std::mem::replace(self, Life::Ended), Life::Ended)
    }

    /// Whether the agent is heard. Once the farewell was, nothing new begins.
    pub(crate) fn lets_agent_speak(&self) -> bool {
        match self {
            Life::Talking => true,
            Life::Leaving(departure) => departure.stage == Stage::Saying,
            Life::Dialing | Life::Closing(_) | Life::Ended => false,
        }
    }

    /// Whether the caller is heard.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Life::Talking | Life::Leaving(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNG_UP: Closing = Closing { reason: EndReason::CallerHungUp, line_gone: None };

    #[test]
    fn a_call_ends_once() {
        let mut life = Life::Dialing;
        assert!(life.start());
        assert!(!life.start());
        assert!(life.close(HUNG_UP));
        assert!(!life.close(HUNG_UP));
        assert!(life.line_gone(At::ZERO, EndReason::LineLost));
        assert_eq!(life, Life::Closing(Closing { line_gone: Some(At::ZERO), ..HUNG_UP }));
        assert!(!life.line_gone(At::ZERO, EndReason::LineLost));
        assert!(life.end());
        assert!(!life.end());
        assert!(!life.close(HUNG_UP));
        assert!(!life.leave(Departure::time_limit()));
        life.stay();
        assert_eq!(life, Life::Ended);
    }

    #[test]
    fn only_a_call_that_leaves_can_stay() {
        let mut life = Life::Talking;
        assert!(life.leave(Departure::silence()));
        assert!(life.is_open());
        life.stay();
        assert_eq!(life, Life::Talking);
    }
}
