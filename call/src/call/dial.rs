//! The agent comes, goes and comes back.

use super::{Call, Owes, millis};
use crate::floor::Debt;
use crate::life::Life;
use crate::link::{Came, Next};
use crate::next::Departure;
use crate::timer::Timer;
use crate::{AgentCommand, At, CallEvent, Command, Cue, EndReason, LinkFault, Resumed, Speaker};

impl Call {
    pub(super) fn agent_ready(&mut self, at: At) {
        let Some(came) = self.link.ready(at) else { return self.ignore() };
        self.timers.stop(Timer::Dial);
        let at_ms = millis(at);
        match came {
            Came::First => self.publish(CallEvent::AgentReady { at_ms }),
            Came::Back { gap, attempts } => {
                self.publish(CallEvent::AgentRestored { at_ms, gap_ms: millis(gap), attempts });
            }
        }
        while let Some(digit) = self.keys.pop_front() {
            self.tell_agent(AgentCommand::Pressed(digit));
        }
        if self.first_word.is_none() {
            self.greet();
        } else if self.life == Life::Talking && std::mem::replace(&mut self.owes, Owes::Nothing) == Owes::Answer {
            let ask = self.way_to_go_on();
            self.asks.push_first(ask);
        }
    }

    /// The first words on this line, once it has started and the agent is there.
    pub(super) fn greet(&mut self) {
        if self.life == Life::Talking && self.link.is_up() {
            let cue = match self.resumed {
                Resumed::No => Cue::Greeting,
                Resumed::Yes => Cue::Resumed,
                Resumed::NobodyAnswered => Cue::NobodyAnswered,
                Resumed::DigitsSent => Cue::DigitsSent,
            };
            self.owes = Owes::Nothing;
            self.asks.push_first(AgentCommand::Cue(cue));
        }
    }

    /// A caller whose last words are known and who has heard nothing since is answered; in all other cases the agent
    /// takes the conversation up again.
    fn way_to_go_on(&self) -> AgentCommand {
        let unanswered = !self.playback.is_playing();
        match self.conversation.turns.last() {
            Some(turn) if unanswered && turn.speaker == Speaker::Caller && turn.text.is_some() => AgentCommand::Reply,
            _ => AgentCommand::Cue(Cue::Resumed),
        }
    }

    /// The link is given up by the core: the agent is silent, late or fails.
    pub(super) fn drop_agent(&mut self, at: At, fault: LinkFault) {
        self.push(Command::DropAgent);
        self.agent_lost(at, fault);
    }

    pub(super) fn agent_lost(&mut self, at: At, fault: LinkFault) {
        let was_up = self.link.is_up();
        let Some(next) = self.link.lost(at, fault, &self.limits) else { return self.ignore() };
        self.timers.stop(Timer::Dial);
        self.timers.stop(Timer::AskAgain);
        let owed = self.floor.agent_lost().is_some() || !self.tools.is_idle();
        if owed {
            self.owes = Owes::Answer;
        }
        self.asks.agent_lost();
        self.turns.agent_lost();
        let mark = self.playback.mark();
        self.mark(mark);
        if was_up || self.link.number() == 0 {
            self.publish(CallEvent::AgentLost { at_ms: millis(at), fault });
        }
        self.cancel_tools(at);
        match (self.life, next) {
            (Life::Leaving(_) | Life::Closing(_) | Life::Ended, _) => self.link.give_up(),
            (Life::Dialing | Life::Talking, Next::Dial) => self.dial(at),
            (Life::Dialing | Life::Talking, Next::Wait(until)) => self.timers.set(Timer::Redial, Some(until)),
            (Life::Dialing, Next::GiveUp) => self.hang_up(at, EndReason::AgentUnavailable),
            (Life::Talking, Next::GiveUp) => self.leave(at, Departure::agent_gone()),
        }
    }

    pub(super) fn dial(&mut self, at: At) {
        if let Some(attempt) = self.link.redial() {
            self.push(Command::Dial { attempt, provider: 0 });
            self.timers.set(Timer::Dial, Some(at.saturating_add(self.limits.dial_deadline)));
        }
    }

    /// Asks the agent to speak, when somebody wants it to and it may.
    pub(super) fn ask(&mut self, at: At) {
        if !self.life.is_open() || !self.link.is_up() {
            return;
        }
        while self.floor.is_free() {
            let leaving = matches!(self.life, Life::Leaving(_));
            match self.asks.peek() {
                // A goodbye that was said is not asked for again when the tool that hangs up has answered.
                Some(AgentCommand::Reply) if leaving && self.floor.has_spoken() => self.asks.skip(),
                Some(_) => {
                    if let Some(ask) = self.asks.send_next() {
                        self.floor.owe(at, Debt::Wish);
                        self.tell_agent(ask);
                    }
                }
                None => return,
            }
        }
    }
}
