//! Time as the caller's audio tells it, and what it costs.

use super::DeepgramLink;
use call::{AgentInput, Usage};
use common::ports::agent::AgentIo;
use std::time::Duration;

/// How often what depends on time is looked at. Finer costs work in every frame, coarser delays what is noticed.
const TICK: Duration = Duration::from_millis(100);

/// Connected time is billed in such steps. Smaller costs events, larger makes a call's cost coarse.
const BILLED: Duration = Duration::from_secs(10);

/// Time since the link was ready.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Duration,
    next_tick: Duration,
    /// Steps of [`BILLED`] told so far.
    billed: u32,
}

/// Whether to look at what depends on time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Now,
    Later,
}

impl Clock {
    /// How much of the caller has been sent.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// So much audio came.
    pub(super) fn advance(&mut self, length: Duration) -> Tick {
        self.now = self.now.saturating_add(length);
        if self.now < self.next_tick {
            return Tick::Later;
        }
        self.next_tick = self.now.saturating_add(TICK);
        Tick::Now
    }

    /// Steps that have become due. A step is due in its middle: a link may end at any time, unsaid, and so the faults of
    /// many links cancel each other.
    fn take_billed(&mut self) -> u32 {
        let due = (self.now + BILLED / 2).as_millis() / BILLED.as_millis();
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        due - std::mem::replace(&mut self.billed, due)
    }
}

impl DeepgramLink {
    /// Tells connected time. Deepgram bills it, silent or not, and says nothing of usage itself.
    pub(super) fn bill(&mut self, io: &mut AgentIo) {
        let steps = self.clock.take_billed();
        if steps > 0 {
            let billed_ms = u64::from(steps) * BILLED.as_millis() as u64;
            Self::input(io, AgentInput::Transcribed { usage: Usage { billed_ms, ..Usage::default() } });
        }
    }
}
