//! The way out: leave politely, hang up, fall silent, close.

use super::{Call, millis};
use crate::life::{Closing, Life};
use crate::next::{Departure, Way};
use crate::timer::Timer;
use crate::{At, CallEvent, Command, EndReason, NextStep};
use std::time::Duration;

/// How long the line may take to end after it was told to hang up. Twilio stops a stream within a second; after five the
/// stream is closed from this side.
const LINE_TAKES_LEAVE: Duration = Duration::from_secs(5);

/// How long the transcript of the caller's last words is waited for once the line is gone. They come about half a second
/// after the words; lower loses the last sentence of most calls, higher keeps the agent's link open for nothing.
const LAST_WORDS: Duration = Duration::from_millis(1500);

impl Call {
    /// Begins to leave for a step: what is being said is heard first.
    pub(super) fn leave_for(&mut self, at: At, departure: Departure, step: NextStep) {
        if self.life.leave(departure) || self.life == Life::Dialing {
            self.step = Some(step);
            self.leaves(at, departure);
        }
    }

    /// Begins to leave for good: what is being said is heard first.
    pub(super) fn leave(&mut self, at: At, departure: Departure) {
        if self.life.leave(departure) || self.life == Life::Dialing {
            self.leaves(at, departure);
        }
    }

    /// Nothing can be heard before the line has started.
    fn leaves(&mut self, at: At, departure: Departure) {
        if self.life == Life::Dialing {
            return self.take(at, departure);
        }
        self.timers.stop(Timer::Tail);
        self.timers.stop(Timer::Redial);
        // Departures that replace each other must not stretch the longest call.
        let since = at.min(self.limits.max_call);
        self.timers.set(Timer::Farewell, Some(since.saturating_add(self.limits.farewell_deadline)));
    }

    /// The caller wants to go on.
    pub(super) fn stay(&mut self) {
        self.life.stay();
        self.timers.stop(Timer::Farewell);
        self.timers.stop(Timer::Tail);
    }

    /// The last words were heard, or took too long; or a line that was to hear them never started.
    pub(super) fn go(&mut self, at: At) {
        match self.life {
            Life::Leaving(departure) => self.take(at, departure),
            Life::Dialing => self.hang_up(at, EndReason::AgentUnavailable),
            Life::Talking | Life::Closing(_) | Life::Ended => {}
        }
    }

    fn take(&mut self, at: At, departure: Departure) {
        match departure.way {
            Way::HangUp => self.hang_up(at, departure.reason),
            Way::Leave(_) => self.go_to_step(at, departure.reason),
        }
    }

    /// Ends the phone call now.
    pub(super) fn hang_up(&mut self, at: At, reason: EndReason) {
        if !self.life.close(Closing { reason, line_gone: None }) {
            return self.ignore();
        }
        self.timers.stop_all();
        self.timers.set(Timer::Gone, Some(at.saturating_add(LINE_TAKES_LEAVE)));
        self.asks.clear();
        self.cancel_tools(at);
        self.push(Command::HangUp(reason));
    }

    /// Leaves the stream for the next step. All that was said is stored before, for whoever goes on.
    fn go_to_step(&mut self, at: At, reason: EndReason) {
        let Some(step) = self.step.take() else { return self.hang_up(at, reason) };
        if !self.life.close(Closing { reason, line_gone: Some(at) }) {
            return;
        }
        self.cancel_tools(at);
        self.turns.line_gone();
        self.turns.agent_lost();
        self.publish_turns();
        self.left = Some(step.without_keys());
        self.push(Command::Leave(step));
        self.close(at);
    }

    /// The line is gone: nothing is heard any more. The caller's last words may still be on their way.
    pub(super) fn fall_silent(&mut self, at: At) {
        self.timers.stop_all();
        self.timers.set(Timer::Gone, Some(at.saturating_add(LAST_WORDS)));
        self.asks.clear();
        self.cancel_tools(at);
        self.turns.line_gone();
        self.playback.clear(at);
    }

    /// Whether the caller's last words may still come.
    pub(super) fn awaits_words(&self) -> bool {
        self.link.is_up() && self.turns.awaits_words()
    }

    /// Says the last words of this worker's part of the call.
    pub(super) fn close(&mut self, at: At) {
        let Life::Closing(closing) = self.life else { return };
        self.turns.line_gone();
        self.turns.agent_lost();
        self.publish_turns();
        let left = self.left.take();
        let (reason, next, ignored) = (closing.reason, left, self.ignored);
        let at_ms = millis(closing.line_gone.unwrap_or(at));
        self.publish(CallEvent::Ended { reason, at_ms, next, ignored });
        self.over(reason);
    }

    /// Another worker has the call: not a word more, to anybody.
    pub(super) fn fenced(&mut self) {
        self.commands.retain(|command| !matches!(command, Command::Publish(_) | Command::Checkpoint));
        for tool in self.tools.take_all() {
            self.push(Command::CancelTool { call: tool.call });
        }
        self.push(Command::DropAgent);
        self.over(EndReason::Fenced);
    }

    fn over(&mut self, reason: EndReason) {
        if self.life.end() {
            self.timers.stop_all();
            self.push(Command::Close(reason));
        }
    }
}
