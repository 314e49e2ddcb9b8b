//! What time brings: everything that has become possible after an input, and timers.

use super::{Call, millis};
use crate::floor::Debt;
use crate::life::{Closing, Life};
use crate::next::{Departure, Patience, Stage};
use crate::silence::Strike;
use crate::timer::Timer;
use crate::{AgentCommand, At, CallEvent, Command, Cue, LinkFault};

/// Timers fired for one input at most. Each moves itself or stops, so this is never reached; it makes an endless loop
/// impossible instead of unlikely.
const MOST_AT_ONCE: usize = 256;

impl Call {
    /// Lets each machine do what has become possible.
    pub(super) fn settle(&mut self, at: At) {
        if self.is_over() {
            return;
        }
        self.publish_turns();
        if self.link.is_up() && self.tools.take_complete() && !self.asks.push(AgentCommand::Reply) {
            self.ignore();
        }
        self.ask(at);
        self.depart(at);
        if let Life::Closing(Closing { line_gone: Some(_), .. }) = self.life
            && !self.awaits_words()
        {
            return self.close(at);
        }
        self.rearm(at);
    }

    pub(super) fn publish_turns(&mut self) {
        let mut some = None;
        while let Some(turn) = self.turns.take_final() {
            self.conversation.add(turn.clone());
            self.publish(CallEvent::Turn(turn));
            some = Some(Command::Checkpoint);
        }
        self.commands.extend(some);
    }

    /// Sets the timers that follow from the state of the machines.
    pub(super) fn rearm(&mut self, at: At) {
        let open = self.life.is_open();
        let answer = self.floor.waits_since().filter(|_| open && self.link.is_up() && self.is_watched());
        self.timers.set(Timer::Answer, answer.map(|since| since.saturating_add(self.limits.reply_deadline)));
        self.timers.set(Timer::Tool, self.tools.deadline());
        self.timers.set(Timer::Played, self.playback.wake(at));
        let silence = self.is_silent().then(|| self.silence.next(&self.limits).0);
        self.timers.set(Timer::Silence, silence);
    }

    pub(super) fn fire_due(&mut self, at: At) {
        for _ in 0..MOST_AT_ONCE {
            let Some(timer) = self.timers.take_due(at) else { return };
            self.fire(at, timer);
            self.settle(at);
        }
    }

    fn fire(&mut self, at: At, timer: Timer) {
        match timer {
            Timer::Dial | Timer::Answer => self.drop_agent(at, LinkFault::Broken),
            Timer::Redial => self.dial(at),
            Timer::AskAgain => self.forgive(),
            Timer::Tool => self.tool_overdue(at),
            // What was played is noted before every input; there is nothing more to it.
            Timer::Played => {}
            Timer::Silence => self.silence_strikes(at),
            Timer::MaxCall => self.time_is_up(at, Departure::time_limit()),
            Timer::Farewell | Timer::Tail => self.go(at),
            Timer::Gone => self.close(at),
        }
    }

    /// Nobody speaks, nothing is on its way, and the conversation could go on.
    fn is_silent(&self) -> bool {
        self.life == Life::Talking
            && self.link.is_up()
            && self.floor.is_free()
            && self.asks.is_empty()
            && self.tools.is_idle()
            && !self.playback.is_playing()
    }

    /// While a failed answer waits to be asked for again, or a filler to begin, the agent is not the one who is late.
    fn is_watched(&self) -> bool {
        !self.timers.is_set(Timer::AskAgain)
    }

    /// What is owed is not waited for any more: time to ask for what waits.
    fn forgive(&mut self) {
        self.floor.forgive();
        self.asks.give_up();
    }

    fn silence_strikes(&mut self, at: At) {
        match self.silence.next(&self.limits).1 {
            Strike::Prompt => {
                self.silence.prompted(at);
                self.publish(CallEvent::SilencePrompted { at_ms: millis(at) });
                self.asks.push(AgentCommand::Cue(Cue::SilencePrompt));
            }
            Strike::End => {
                self.asks.push(AgentCommand::Cue(Cue::SilenceFarewell));
                self.leave(at, Departure::silence());
            }
        }
    }

    /// The call is as long, or has cost as much, as it may: the agent says so once.
    pub(super) fn time_is_up(&mut self, at: At, departure: Departure) {
        let said = matches!(self.life, Life::Leaving(now) if now.is_out_of_time());
        if !said && self.life.is_open() {
            self.asks.clear();
            self.asks.push(AgentCommand::Cue(Cue::TimeLimit));
        }
        self.leave(at, departure);
    }

    /// Goes on with the way out when the last words have been heard.
    fn depart(&mut self, at: At) {
        let Life::Leaving(departure) = self.life else { return };
        if departure.stage == Stage::Saying && self.has_said_all(departure.patience) {
            self.life = Life::Leaving(Departure { stage: Stage::Tail, ..departure });
            let tail = self.playback.quiet_since().saturating_add(self.limits.farewell_tail);
            self.timers.set(Timer::Tail, Some(tail.max(at)));
        }
    }

    fn has_said_all(&self, patience: Patience) -> bool {
        let asked = self.link.is_up() && (!self.asks.is_empty() || self.floor.debt() == Some(Debt::Wish));
        let words = !asked && self.floor.speaking_reply().is_none() && !self.playback.is_playing();
        let results = if self.link.is_up() { self.tools.is_idle() } else { !self.tools.is_running() };
        let answers = results && self.floor.debt().is_none() && !self.floor.caller_speaks();
        match patience {
            Patience::Words => words,
            Patience::Answers => words && answers,
            Patience::Pause => words && answers && !self.turns.awaits_words(),
        }
    }
}
