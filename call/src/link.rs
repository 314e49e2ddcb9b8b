//! The agent's link: dialled, up, lost, dialled again, given up.
//!
//! The driver dials a first time by itself, before the line has started; only what comes after a loss is decided here.
//! The first redial is at once, each further one waits twice as long as the one before; a provider that is busy is left
//! alone before the first, too. A link that breaks again soon after it came up goes on counting, so that a provider which
//! accepts and drops every session is given up like one that accepts none. A provider that is given up is followed by the
//! next one of the agent's, at once; after the last there is no agent any more.
//!
//! Before it: the provider's socket. After it: [`crate::call`], which dials, waits and says goodbye by it.

use crate::{At, Limits, LinkFault};
use std::time::Duration;

/// Up for so long, a link counts as good and its next loss begins a new count. Lower lets a flapping provider be dialled
/// for the whole call; higher gives up a provider that failed a few times in a long call.
const STEADY: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Dialing,
    Up { since: At },
    Waiting,
    Gone,
}

/// What to do about a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Dial now.
    Dial,
    /// Dial at this moment.
    Wait(At),
    /// There is no use in dialling any more.
    GiveUp,
}

/// How the link came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// For the first time, without a loss.
    First,
    /// After a loss.
    Back { gap: Duration, attempts: u32 },
}

/// The link to the agent.
#[derive(Debug)]
pub(crate) struct Link {
    state: State,
    /// Grows with every link that came up: ids of an older one mean nothing.
    number: u32,
    /// Which of the agent's providers.
    provider: u32,
    /// Redials of this provider since it was last steady.
    attempts: u32,
    /// Redials of all of them since then.
    dialled: u32,
    lost_at: Option<At>,
}

/// A dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) attempt: u32,
    pub(crate) provider: u32,
}

impl Link {
    /// The driver is dialling.
    pub(crate) fn dialing() -> Self {
        Self { state: State::Dialing, number: 0, provider: 0, attempts: 0, dialled: 0, lost_at: None }
    }

    /// The agent is ready; `None` when nobody had dialled.
    pub(crate) fn ready(&mut self, at: At) -> Option<Came> {
        if self.state != State::Dialing {
            return None;
        }
        self.state = State::Up { since: at };
        self.number = self.number.saturating_add(1);
        Some(match self.lost_at.take() {
            Some(lost) => Came::Back { gap: at.saturating_sub(lost), attempts: self.dialled },
            None => Came::First,
        })
    }

    /// The link is lost, or a dial failed; `None` when there was none.
    pub(crate) fn lost(&mut self, at: At, fault: LinkFault, limits: &Limits) -> Option<Next> {
        match self.state {
            State::Waiting | State::Gone => return None,
            State::Up { since } if at.saturating_sub(since) >= STEADY => (self.attempts, self.dialled) = (0, 0),
            State::Up { .. } | State::Dialing => {}
        }
        self.lost_at.get_or_insert(at);
        self.state = State::Waiting;
        if fault == LinkFault::Refused || self.attempts >= limits.redials {
            return Some(self.next_provider(limits));
        }
        let doublings = match (fault, self.attempts) {
            (LinkFault::Busy, made) => made,
            (_, 0) => return Some(Next::Dial),
            (_, made) => made - 1,
        };
        let wait = limits.redial_wait.saturating_mul(2u32.saturating_pow(doublings));
        Some(Next::Wait(at.saturating_add(wait)))
    }

    fn next_provider(&mut self, limits: &Limits) -> Next {
        if self.provider.saturating_add(1) >= limits.providers {
            self.state = State::Gone;
            return Next::GiveUp;
        }
        self.provider += 1;
        self.attempts = 0;
        Next::Dial
    }

    /// Dials again; `None` when there is nothing to redial.
    pub(crate) fn redial(&mut self) -> Option<Dial> {
        if self.state != State::Waiting {
            return None;
        }
        self.state = State::Dialing;
        self.attempts = self.attempts.saturating_add(1);
        self.dialled = self.dialled.saturating_add(1);
        Some(Dial { attempt: self.attempts, provider: self.provider })
    }

    /// The call needs no agent any more.
    pub(crate) fn give_up(&mut self) {
        self.state = State::Gone;
    }

    /// Whether the agent can hear and be heard.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Whether it is being dialled.
    pub(crate) fn is_dialing(&self) -> bool {
        self.state == State::Dialing
    }

    /// Whether no agent can be had any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.state == State::Gone
    }

    /// The number of the link that came up last.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> At {
        Duration::from_millis(ms)
    }

    fn up_at(at: At) -> Link {
        let mut link = Link::dialing();
        assert_eq!(link.ready(at), Some(Came::First));
        link
    }

    #[test]
    fn the_first_redial_is_at_once_and_the_waits_double() {
        let limits = Limits::default();
        let mut link = up_at(ms(0));
        let mut waits = Vec::new();
        for attempt in 1..=limits.redials {
            waits.push(link.lost(ms(20_000), LinkFault::Broken, &limits));
            assert_eq!(link.redial(), Some(Dial { attempt, provider: 0 }));
        }
        assert_eq!(waits, [Some(Next::Dial), Some(Next::Wait(ms(20_500))), Some(Next::Wait(ms(21_000)))]);
        assert_eq!(link.lost(ms(22_000), LinkFault::Broken, &limits), Some(Next::GiveUp));
    }

    #[test]
    fn a_busy_provider_is_left_alone_first() {
        let limits = Limits::default();
        let mut link = up_at(ms(0));
        assert_eq!(link.lost(ms(1000), LinkFault::Busy, &limits), Some(Next::Wait(ms(1500))));
        link.redial();
        assert_eq!(link.lost(ms(2000), LinkFault::Busy, &limits), Some(Next::Wait(ms(3000))));
    }

    #[test]
    fn a_refusal_is_final() {
        let mut link = Link::dialing();
        assert_eq!(link.lost(ms(1), LinkFault::Refused, &Limits::default()), Some(Next::GiveUp));
        assert_eq!(link.lost(ms(2), LinkFault::Broken, &Limits::default()), None);
        assert_eq!(link.ready(ms(3)), None);
    }

    #[test]
    fn a_provider_given_up_is_followed_by_the_next_with_attempts_of_its_own() {
        let limits = Limits { providers: 3, redials: 1, ..Limits::default() };
        let mut link = up_at(ms(0));
        assert_eq!(link.lost(ms(1), LinkFault::Refused, &limits), Some(Next::Dial));
        assert_eq!(link.redial(), Some(Dial { attempt: 1, provider: 1 }));
        assert_eq!(link.lost(ms(2), LinkFault::Busy, &limits), Some(Next::Dial));
        assert_eq!(link.redial(), Some(Dial { attempt: 1, provider: 2 }));
        assert_eq!(link.ready(ms(3)), Some(Came::Back { gap: ms(2), attempts: 2 }));
        assert_eq!(link.lost(ms(20_000), LinkFault::Broken, &limits), Some(Next::Dial), "it was steady and stays");
        assert_eq!(link.redial(), Some(Dial { attempt: 1, provider: 2 }));
        assert_eq!(link.lost(ms(20_001), LinkFault::Broken, &limits), Some(Next::GiveUp));
        assert_eq!(link.redial(), None);
    }

    #[test]
    fn a_link_that_breaks_again_at_once_goes_on_counting() {
        let limits = Limits::default();
        let mut link = up_at(ms(0));
        link.lost(ms(60_000), LinkFault::Expired, &limits);
        link.redial();
        assert_eq!(link.ready(ms(60_400)), Some(Came::Back { gap: ms(400), attempts: 1 }));
        assert_eq!(link.lost(ms(60_500), LinkFault::Broken, &limits), Some(Next::Wait(ms(61_000))));
        link.redial();
        link.ready(ms(61_100));
        assert_eq!(link.lost(ms(80_000), LinkFault::Broken, &limits), Some(Next::Dial));
    }
}
