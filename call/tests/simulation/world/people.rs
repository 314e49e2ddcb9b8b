//! What the caller, the agent and everybody else do of their own.

use super::{Happening, World};
use crate::agent::{Part, Why, done};
use crate::plan::FILLER;
use call::{
    AgentCommand, AgentInput, ControlInput, Digit, EndBy, Input, ItemId, LineInput, LinkFault, MarkId, NextStep,
    ReplyId, ReplyOutcome, Spoken, ToolAnswer, ToolCallId, ToolInput,
};

/// The caller.
impl World {
    pub(super) fn caller_speaks(&mut self) {
        let pause = if self.dice.percent(self.plan.silences) {
            self.dice.between(20_000, 90_000)
        } else {
            self.dice.between(800, 9000)
        };
        if self.line.quiet_from() > self.now && !self.dice.percent(self.plan.interrupts) {
            return self.after(500, Happening::CallerSpeaks);
        }
        self.after(pause, Happening::CallerSpeaks);
        if self.dice.percent(5) {
            self.input(Input::Line(LineInput::Pressed(Digit('7'))));
        }
        if !self.agent.up || !self.agent.ready || self.agent.hears_caller.is_some() {
            return;
        }
        let (session, item) = (self.agent.session, self.agent.next_item());
        self.agent.hears_caller = Some(item);
        self.cut_active();
        self.agent_says(session, AgentInput::CallerStarted { item: ItemId(item) });
        let speaks = self.dice.between(200, 5000);
        self.after(speaks, Happening::CallerStops(session, item));
    }

    /// The provider hears the caller and stops what it generates; something of it may still be on its way.
    pub(super) fn cut_active(&mut self) {
        let Some(reply) = self.agent.active.take() else { return };
        let notices = self.dice.between(0, 60);
        self.agent.cut.push((reply, self.now + notices));
        let session = self.agent.session;
        let input = done(ReplyId(reply), ReplyOutcome::Cancelled);
        self.after(notices, Happening::Agent(session, input));
        if self.dice.percent(self.plan.stragglers) {
            let (session, item) = (self.agent.session, 1);
            self.agent.cut.retain(|(cut, _)| *cut != reply);
            self.agent.cut.push((reply, self.now + notices + 300));
            self.after(notices + 20, Happening::Part(session, reply, Part::Audio { item, length: self.plan.chunk }));
        }
    }

    pub(super) fn caller_stops(&mut self, session: u32, item: u32) {
        if session != self.agent.session || self.agent.hears_caller != Some(item) {
            return;
        }
        self.agent.hears_caller = None;
        self.agent_says(session, AgentInput::CallerStopped { item: ItemId(item) });
        let text = match self.dice.between(0, 9) {
            0 => None,
            1 => Some(Spoken::default()),
            _ => Some(Spoken::new("I would like to know when you open.")),
        };
        let late = self.dice.between(100, 3000);
        self.after(late, Happening::Agent(session, AgentInput::CallerSaid { item: ItemId(item), text }));
        let thinks = self.dice.between(150, 1500);
        self.after(thinks, Happening::Answer(session, Why::Caller));
    }
}

/// The agent.
impl World {
    pub(super) fn dial(&mut self) {
        self.agent.connect();
        let session = self.agent.session;
        if self.dice.percent(self.plan.bad_dials) {
            let fault = self.dice.one_of(&[LinkFault::Broken, LinkFault::Busy, LinkFault::Expired, LinkFault::Refused]);
            if self.dice.percent(50) {
                let wait = self.dice.between(10, 3000);
                return self.after(wait, Happening::Agent(session, AgentInput::Lost(fault)));
            }
            if self.dice.percent(30) {
                return;
            }
        }
        let wait = self.dice.between(50, 1500);
        self.after(wait, Happening::Agent(session, AgentInput::Ready));
    }

    /// The driver hands in what a living session sends.
    pub(super) fn agent_says(&mut self, session: u32, input: AgentInput) {
        if session != self.agent.session || !self.agent.up {
            return;
        }
        if let AgentInput::ReplyDone { reply, .. } = &input
            && self.agent.active == Some(reply.0)
        {
            self.agent.active = None;
        }
        match &input {
            AgentInput::Lost(_) => self.agent.up = false,
            AgentInput::Ready => self.agent.ready = true,
            _ => {}
        }
        self.input(Input::Agent(input));
    }

    pub(super) fn part(&mut self, session: u32, reply: u32, part: Part) {
        if session != self.agent.session || !self.agent.up || !self.agent.still_sends(self.now, reply) {
            return;
        }
        match part {
            Part::Says(AgentInput::ReplyDone { .. }) if self.agent.active != Some(reply) => {}
            Part::Says(input) => self.agent_says(session, input),
            Part::Audio { item, length } => self.audio((session, reply, item), length),
        }
    }

    pub(super) fn answer(&mut self, session: u32, why: Why) {
        if session != self.agent.session || !self.agent.up {
            return;
        }
        let caller = why == Why::Caller && self.agent.hears_caller.is_some();
        if caller {
            return;
        }
        if self.agent.active.is_some() {
            let code = "conversation_already_has_active_response".to_owned();
            return self.agent_says(session, AgentInput::Complained { code });
        }
        let (reply, parts) = self.agent.answer(&self.plan, &mut self.dice);
        for (wait, part) in parts {
            self.after(wait, Happening::Part(session, reply, part));
        }
    }

    pub(super) fn loss(&mut self) {
        let session = self.agent.session;
        let fault = self.dice.one_of(&[LinkFault::Broken, LinkFault::Broken, LinkFault::Expired, LinkFault::Busy]);
        self.agent_says(session, AgentInput::Lost(fault));
        self.again(self.plan.losses, Happening::Loss);
    }

    pub(super) fn hears(&mut self, command: &AgentCommand) {
        let session = self.agent.session;
        match command {
            AgentCommand::Cue(_) | AgentCommand::Say(_) | AgentCommand::Reply => {
                let thinks = self.dice.between(100, 900);
                self.after(thinks, Happening::Answer(session, Why::Asked));
            }
            AgentCommand::Cancel { reply } if self.agent.active == Some(reply.0) => self.cut_active(),
            AgentCommand::Cancel { .. }
            | AgentCommand::Truncate { .. }
            | AgentCommand::ToolOutput { .. }
            | AgentCommand::Pressed(_) => {}
        }
    }
}

/// Everybody else.
impl World {
    pub(super) fn operator(&mut self) {
        let control = match self.dice.between(0, 21) {
            0 => ControlInput::HangUp,
            1 => ControlInput::Finish(EndBy::Operator),
            2 => ControlInput::Finish(EndBy::Agent),
            3 => ControlInput::Leave(NextStep::Resume),
            4 => ControlInput::Drain,
            5 => ControlInput::Leave(NextStep::Queue { queue: "support".to_owned() }),
            6 => ControlInput::Leave(NextStep::Queue { queue: "sales".to_owned() }),
            _ => ControlInput::Say(Spoken::new("Your taxi is here.")),
        };
        self.input(Input::Control(control));
        self.again(self.plan.operator, Happening::Operator);
    }

    pub(super) fn run_tool(&mut self, call: &ToolCallId, name: &str) {
        let slow = self.dice.percent(self.plan.slow_tools);
        let takes = if slow { self.dice.between(3000, 30_000) } else { self.dice.between(5, 2000) };
        let queue = || NextStep::Queue { queue: "a colleague".to_owned() };
        match name {
            "hang_up" => self.soon(takes / 2, Input::Control(ControlInput::Finish(EndBy::Agent))),
            "transfer" => self.soon(takes / 2, Input::Control(ControlInput::Leave(queue()))),
            _ => {}
        }
        for wait in [1500, 1600, 6000].into_iter().filter(|wait| *wait < takes) {
            let (call, filler) = (call.clone(), Spoken::new(FILLER));
            self.soon(wait, Input::Tool(ToolInput::Slow { call, filler }));
        }
        for wait in [takes, takes + 50] {
            let answer = ToolAnswer::new(call.clone(), Spoken::new("{}"));
            self.soon(wait, Input::Tool(ToolInput::Answered(answer)));
        }
    }

    fn soon(&mut self, wait: u64, input: Input) {
        self.after(wait, Happening::Input(input));
    }

    /// Somebody changed the agent; the driver has told the session.
    pub(super) fn change(&mut self) {
        let version = self.dice.between(1, 3).to_string();
        let language = self.dice.one_of(&["en", "es"]).to_owned();
        self.input(Input::Control(ControlInput::Configured { version, language }));
        self.again(self.plan.changes, Happening::Change);
    }

    /// What cannot be, or comes at the wrong time. Only inputs that do not claim that somebody speaks or a link is gone.
    pub(super) fn nonsense(&mut self) {
        let item = ItemId(self.dice.between(900, 999) as u32);
        let reply = ReplyId(0);
        let input = match self.dice.between(0, 9) {
            0 => Input::Line(LineInput::Started),
            1 => {
                let (generation, number) = (self.dice.between(0, 3) as u32, self.dice.between(1000, 9000) as u32);
                Input::Line(LineInput::Marked(MarkId { generation, number }))
            }
            2 => Input::Agent(AgentInput::CallerStopped { item }),
            3 => Input::Agent(AgentInput::CallerSaid { item, text: None }),
            4 => Input::Agent(done(reply, ReplyOutcome::Cancelled)),
            5 => Input::Agent(AgentInput::ReplyStarted { reply }),
            6 => Input::Tool(ToolInput::Answered(ToolAnswer::new(ToolCallId("nobody".to_owned()), Spoken::default()))),
            7 => Input::Agent(AgentInput::ToolCancelled { call: ToolCallId("nobody".to_owned()) }),
            8 => Input::Tool(ToolInput::Slow { call: ToolCallId("nobody".to_owned()), filler: Spoken::new(FILLER) }),
            _ => Input::Timeout,
        };
        let impossible_start =
            matches!(input, Input::Line(LineInput::Started)) && !self.counts.contains_key("line started");
        if !impossible_start {
            self.input(input);
        }
        self.again(self.plan.nonsense, Happening::Nonsense);
    }
}
