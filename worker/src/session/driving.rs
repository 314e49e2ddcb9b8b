//! What the loop of a session remembers between two happenings, and how it ends.
//!
//! Before it: [`crate::session`], which owns one. It never touches a socket.

use super::{DEAD_LINE, Ending, PING};
use crate::moments;
use bytes::BytesMut;
use call::{At, EndReason, Input, NextStep};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Frames a line may send beyond 100 a second, twice what a telephone does, before it counts as a flood. 1,000 lets a
/// network that stalled deliver all it kept.
const FLOOD_CREDIT: u32 = 1_000;
const FLOOD_REFILL_PER_S: u32 = 100;

/// Frames counted before the metrics hear of them.
const FRAMES_UNTOLD: u64 = 256;

pub(super) struct Driving {
    pub(super) answered: Instant,
    pub(super) last_frame: Instant,
    pub(super) ping_at: Instant,
    /// What is written to the line is written here first.
    pub(super) scratch: BytesMut,
    /// Inputs that came up while commands were carried out: the core hears them next, in this order.
    pub(super) deferred: VecDeque<Input>,
    pub(super) hands: Hands,
    /// Why the line is closed, where it is its own fault.
    pub(super) fault: Option<(u16, &'static str)>,
    /// Where the call goes.
    pub(super) next: Option<NextStep>,
    pub(super) ending: Option<Ending>,
    /// When the caller was heard to interrupt, until the line was cleared.
    pub(super) interrupted: Option<Instant>,
    credit: u32,
    credited: Instant,
    up: u64,
    down: u64,
}

/// Whether commands are being carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hands {
    Free,
    Full,
}

/// Which way a frame goes.
pub(super) enum Direction {
    Up,
    Down,
}

impl Driving {
    pub(super) fn new(answered: Instant) -> Self {
        Self {
            answered,
            last_frame: answered,
            ping_at: answered + PING,
            scratch: BytesMut::with_capacity(1024),
            deferred: VecDeque::new(),
            hands: Hands::Free,
            fault: None,
            next: None,
            ending: None,
            interrupted: None,
            credit: FLOOD_CREDIT,
            credited: answered,
            up: 0,
            down: 0,
        }
    }

    pub(super) fn at(&self) -> At {
        self.answered.elapsed()
    }

    /// When something has to be looked at, given when the core wants to be.
    pub(super) fn due(&self, core: Option<At>) -> Instant {
        let dead = self.last_frame + DEAD_LINE;
        core.map_or(dead, |at| (self.answered + at).min(dead)).min(self.ping_at)
    }

    /// Takes one frame from the credit; refilled by time.
    pub(super) fn admits_frame(&mut self) -> bool {
        let now = Instant::now();
        let since = now.duration_since(self.credited);
        if since >= Duration::from_secs(1) {
            let refill = (since.as_millis() as u64 * u64::from(FLOOD_REFILL_PER_S) / 1000) as u32;
            self.credit = self.credit.saturating_add(refill).min(FLOOD_CREDIT);
            self.credited = now;
        }
        self.credit = self.credit.saturating_sub(1);
        self.credit > 0
    }

    /// Counts here and tells the metrics now and then: a lookup for each frame would cost more than the frame.
    pub(super) fn count_frame(&mut self, direction: Direction) {
        match direction {
            Direction::Up => self.up += 1,
            Direction::Down => self.down += 1,
        }
        if self.up + self.down >= FRAMES_UNTOLD {
            self.tell_frames();
        }
    }

    pub(super) fn tell_frames(&mut self) {
        moments::frames_passed(std::mem::take(&mut self.up), std::mem::take(&mut self.down));
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        let (code, word) = self.fault.unwrap_or(match reason {
            EndReason::Moved | EndReason::WorkerStopped => (1001, "going away"),
            EndReason::Fenced => (1001, "moved"),
            _ => (1000, "bye"),
        });
        let next = match reason {
            // The line broke, not the call: whoever is asked next may resume it.
            EndReason::LineLost | EndReason::Fenced => None,
            EndReason::Moved | EndReason::AgentUnavailable => self.next.take(),
            EndReason::WorkerStopped => Some(NextStep::Resume),
            _ => Some(NextStep::HangUp),
        };
        self.ending = Some(Ending { reason, code, word, next });
    }
}
