//! The agent comes, goes and comes back.

use super::{Call, millis};
use crate::floor::Debt;
use crate::life::Life;
use crate::link::{Came, Dial, Next};
use crate::next::Departure;
use crate::timer::Timer;
use crate::{AgentCommand, At, CallEvent, Command, Cue, LinkFault, NextStep, Resumed, Speaker, ToolStage};

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
        for output in std::mem::take(&mut self.untold) {
            self.tell_agent(output);
        }
        while let Some(digit) = self.keys.pop_front() {
            self.tell_agent(AgentCommand::Pressed(digit));
        }
        if self.first_word.is_none() {
            self.greet();
        } else if self.life == Life::Talking {
            self.go_on();
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
            self.owes = None;
            self.asks.push_first(AgentCommand::Cue(cue));
        }
    }

    /// The agent is back. Results that are in are to be spoken of; while some are still to come they are waited for, unless
    /// the caller waits for something else.
    fn go_on(&mut self) {
        let owed = self.owes.take();
        let ask = match owed {
            _ if self.tools.take_complete() => AgentCommand::Reply,
            Some(Debt::Words) => self.way_to_go_on(),
            Some(Debt::Wish | Debt::Aside) if !self.tools.is_running() => self.way_to_go_on(),
            _ => return,
        };
        self.asks.push_first(ask);
    }

    /// A caller whose last words are known and who has heard nothing since is answered, and so is one who waits for a
    /// tool's result; in all other cases the agent takes the conversation up again.
    fn way_to_go_on(&self) -> AgentCommand {
        let unanswered = !self.playback.is_playing();
        let last = self.conversation.turns.last();
        let words = last.is_some_and(|turn| turn.speaker == Speaker::Caller && turn.text.is_some());
        if unanswered && (words || self.ends_with_a_result()) {
            return AgentCommand::Reply;
        }
        AgentCommand::Cue(Cue::Resumed)
    }

    /// Whether nothing was said since a tool was asked for that has answered.
    fn ends_with_a_result(&self) -> bool {
        let done = |stage: &ToolStage| matches!(stage, ToolStage::Done { .. });
        let tool = self.conversation.tools.last().filter(|tool| done(&tool.stage));
        tool.is_some_and(|tool| tool.after >= self.conversation.numbered)
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
        let owed = self.floor.agent_lost();
        if owed == Some(Debt::Words) || self.owes.is_none() {
            self.owes = owed.or(self.owes);
        }
        self.untold.clear();
        self.tools.agent_lost();
        self.asks.agent_lost();
        self.turns.agent_lost();
        let mark = self.playback.mark();
        self.mark(mark);
        if was_up || self.link.number() == 0 {
            self.publish(CallEvent::AgentLost { at_ms: millis(at), fault });
        }
        match (self.life, next) {
            (Life::Leaving(_) | Life::Closing(_) | Life::Ended, _) => self.link.give_up(),
            (Life::Dialing | Life::Talking, Next::Dial) => self.dial(at),
            (Life::Dialing | Life::Talking, Next::Wait(until)) => self.timers.set(Timer::Redial, Some(until)),
            // There is nobody to apologise to before the line starts; one that never does ends like a farewell nobody hears.
            (Life::Dialing, Next::GiveUp) => {
                self.timers.set(Timer::Farewell, Some(at.saturating_add(self.limits.farewell_deadline)));
            }
            (Life::Talking, Next::GiveUp) => self.leave_for(at, Departure::agent_gone(), NextStep::Apologize),
        }
    }

    pub(super) fn dial(&mut self, at: At) {
        if let Some(Dial { attempt, provider }) = self.link.redial() {
            self.push(Command::Dial { attempt, provider });
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
