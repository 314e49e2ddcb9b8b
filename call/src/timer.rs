//! The one table of everything the call waits for.
//!
//! Whoever sets a timer says in [`crate::call`] what happens when it fires; there is no other place where time passes.
//! It never fires by itself: the driver sends [`crate::Input::Timeout`] at [`crate::Call::deadline`].

use crate::At;

/// What the call can wait for, in the order in which timers that are due together fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The agent is dialled and not ready.
    Dial,
    /// Time to dial again.
    Redial,
    /// The agent owes an answer or stopped in the middle of one.
    Answer,
    /// Time to ask again for an answer that failed.
    AskAgain,
    /// The tool call that has to answer first.
    Tool,
    /// Something sent to the line has been played, or its mark is overdue.
    Played,
    /// Nobody speaks.
    Silence,
    /// The longest call.
    MaxCall,
    /// The longest wait for last words to be heard.
    Farewell,
    /// The last word has been played; the far phone may still hold it.
    Tail,
    /// The line was told to hang up, or is gone and the caller's last words are awaited.
    Gone,
}

impl Timer {
    const ALL: [Timer; 11] = [
        Timer::Dial,
        Timer::Redial,
        Timer::Answer,
        Timer::AskAgain,
        Timer::Tool,
        Timer::Played,
        Timer::Silence,
        Timer::MaxCall,
        Timer::Farewell,
        Timer::Tail,
        Timer::Gone,
    ];
}

/// When each timer is due.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: [Option<At>; Timer::ALL.len()],
}

impl Timers {
    /// Sets a timer, or stops it with `None`. A timer set twice is due at the later call's time.
    pub(crate) fn set(&mut self, timer: Timer, at: Option<At>) {
        if let Some(slot) = self.due.get_mut(timer as usize) {
            *slot = at;
        }
    }

    /// Stops a timer.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.set(timer, None);
    }

    /// Stops all.
    pub(crate) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// Whether a timer runs.
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.due.get(timer as usize).is_some_and(Option::is_some)
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<At> {
        self.due.iter().flatten().min().copied()
    }

    /// Takes the timer that has been due longest.
    pub(crate) fn take_due(&mut self, now: At) -> Option<Timer> {
        let (due, timer) = Timer::ALL
            .into_iter()
            .zip(self.due)
            .filter_map(|(timer, due)| Some((due?, timer)))
            .min_by_key(|(due, _)| *due)?;
        if due > now {
            return None;
        }
        self.stop(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn s(seconds: u64) -> At {
        Duration::from_secs(seconds)
    }

    #[test]
    fn every_timer_has_its_own_place() {
        for (place, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, place);
        }
    }

    #[test]
    fn timers_fire_in_the_order_they_are_due_and_once() {
        let mut timers = Timers::default();
        timers.set(Timer::Silence, Some(s(3)));
        timers.set(Timer::MaxCall, Some(s(2)));
        timers.set(Timer::Tail, Some(s(9)));
        assert_eq!(timers.next(), Some(s(2)));
        assert_eq!(timers.take_due(s(1)), None);
        assert_eq!(timers.take_due(s(5)), Some(Timer::MaxCall));
        assert_eq!(timers.take_due(s(5)), Some(Timer::Silence));
        assert_eq!(timers.take_due(s(5)), None);
        timers.stop(Timer::Tail);
        assert_eq!(timers.next(), None);
    }
}
