//! The world around one call: its happenings in order of time, and a driver that does what the core commands.

use crate::agent::{Agent, Part, Why, done};
use crate::dice::Dice;
use crate::line::{Line, Utterance};
use crate::plan::Plan;
use crate::promises::{Broken, Promise, Promises};
use call::{
    AgentCommand, AgentInput, Call, CallEvent, Command, ControlInput, Conversation, Cue, Digit, EndBy, EndReason,
    Frame, From, Input, ItemId, LineInput, LinkFault, MarkId, NextStep, Pass, ReplyId, ReplyOutcome, Spoken,
    ToolCallId, ToolInput,
};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// What will happen.
enum Happening {
    Input(Input),
    /// From the agent's session of this number; nothing when that is over.
    Agent(u32, AgentInput),
    /// Something of an answer, unless it was cut before.
    Part(u32, u32, Part),
    Answer(u32, Why),
    MarkBack(MarkId),
    CallerSpeaks,
    CallerStops(u32, u32),
    Loss,
    Operator,
    Nonsense,
    Stall,
}

/// How the checker is lied to, so that it has something to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    EndTwice,
    SpeakWhenOver,
    NeverEnd,
    LateAudio,
    ForgetTools,
    TalkThoughFenced,
    Flood,
    HearTooMuch,
    HearTooLittle,
    TurnsTwice,
    PromptTooEarly,
    HangUpTooEarly,
    Interject,
    ForgetCheckpoints,
}

impl Sabotage {
    pub(crate) const ALL: [(Sabotage, Promise); 14] = [
        (Sabotage::EndTwice, Promise::EndsOnce),
        (Sabotage::SpeakWhenOver, Promise::SilentWhenOver),
        (Sabotage::NeverEnd, Promise::EndsInTime),
        (Sabotage::LateAudio, Promise::NoLateAudio),
        (Sabotage::ForgetTools, Promise::ToolsAreAnswered),
        (Sabotage::TalkThoughFenced, Promise::FencedIsSilent),
        (Sabotage::Flood, Promise::Bounded),
        (Sabotage::HearTooMuch, Promise::HeardIsTrue),
        (Sabotage::HearTooLittle, Promise::HeardIsClose),
        (Sabotage::TurnsTwice, Promise::TurnsInOrder),
        (Sabotage::PromptTooEarly, Promise::SilenceIsSilence),
        (Sabotage::HangUpTooEarly, Promise::FarewellIsHeard),
        (Sabotage::Interject, Promise::OneAtATime),
        (Sabotage::ForgetCheckpoints, Promise::TurnsAreStored),
    ];
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) simulated_ms: u64,
    pub(crate) inputs: u64,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) broken: Option<Broken>,
    pub(crate) trace: u64,
}

/// One call and the world around it.
pub(crate) struct World {
    plan: Plan,
    dice: Dice,
    now: u64,
    sequence: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
    call: Call,
    line: Line,
    agent: Agent,
    promises: Promises,
    sabotage: Sabotage,
    inputs: u64,
    counts: BTreeMap<&'static str, u64>,
    trace: DefaultHasher,
    aloud: bool,
    told_fenced: bool,
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Sabotage) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let call = if plan.resumed {
            Call::resume(plan.limits.clone(), Conversation { numbered: 12, ..Conversation::default() })
        } else {
            Call::answer(plan.limits.clone())
        };
        let mut world = Self {
            line: Line::new(plan.latency),
            plan,
            dice,
            now: 0,
            sequence: 0,
            happenings: BTreeMap::new(),
            call,
            agent: Agent::default(),
            promises: Promises::default(),
            sabotage,
            inputs: 0,
            counts: BTreeMap::new(),
            trace: DefaultHasher::new(),
            aloud: false,
            told_fenced: false,
        };
        world.begin();
        world
    }

    /// Prints all that happens.
    pub(crate) fn aloud(mut self) -> Self {
        println!("{:#?}", self.plan);
        self.aloud = true;
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        while let Some((&(at, sequence), _)) = self.happenings.first_key_value() {
            if self.call.is_over() || self.promises.broken.is_some() {
                break;
            }
            match self.call.deadline().map(in_ms).filter(|due| *due <= at) {
                Some(due) => {
                    self.now = self.now.max(due);
                    self.input(Input::Timeout);
                }
                None => {
                    self.now = at;
                    if let Some(happening) = self.happenings.remove(&(at, sequence)) {
                        self.happen(happening);
                    }
                }
            }
        }
        self.after_the_end();
        let (simulated_ms, inputs, counts) = (self.now, self.inputs, self.counts);
        Outcome { simulated_ms, inputs, counts, broken: self.promises.broken, trace: self.trace.finish() }
    }

    fn begin(&mut self) {
        let starts = self.dice.between(0, 3000);
        if self.dice.percent(98) {
            self.after(starts, Happening::Input(Input::Line(LineInput::Started)));
            let speaks = starts + self.dice.between(500, 6000);
            self.after(speaks, Happening::CallerSpeaks);
        }
        self.dial();
        let rude = self.dice.percent(self.plan.rude_line);
        let ends = if rude { LineInput::Lost } else { LineInput::Stopped };
        self.after(starts + self.plan.patience, Happening::Input(Input::Line(ends)));
        for (at, control) in
            [(self.plan.fence, ControlInput::Fenced), (self.plan.hand_over, ControlInput::Leave(NextStep::Resume))]
        {
            if let Some(at) = at {
                self.after(at, Happening::Input(Input::Control(control)));
            }
        }
        self.again(self.plan.losses, Happening::Loss);
        self.again(self.plan.operator, Happening::Operator);
        self.again(self.plan.nonsense, Happening::Nonsense);
        self.again(if self.plan.stalls > 0 { 4000 } else { 0 }, Happening::Stall);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Input(input) => self.input(input),
            Happening::Agent(session, input) => self.agent_says(session, input),
            Happening::Part(session, reply, part) => self.part(session, reply, part),
            Happening::Answer(session, why) => self.answer(session, why),
            Happening::MarkBack(mark) => {
                if self.line.mark_is_back(self.now, mark) {
                    self.input(Input::Line(LineInput::Marked(mark)));
                }
            }
            Happening::CallerSpeaks => self.caller_speaks(),
            Happening::CallerStops(session, item) => self.caller_stops(session, item),
            Happening::Loss => self.loss(),
            Happening::Operator => self.operator(),
            Happening::Nonsense => self.nonsense(),
            Happening::Stall => {
                let length = self.dice.between(50, 1200);
                let late = self.line.stall(self.now, length);
                self.marks_back(late);
                let wait = self.dice.between(3000, 9000);
                self.after(wait, Happening::Stall);
            }
        }
    }

    fn after(&mut self, wait: u64, happening: Happening) {
        self.at(self.now + wait, happening);
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.sequence += 1;
        self.happenings.insert((at, self.sequence), happening);
    }

    /// Once more, at a random time around `mean`; never when that is zero.
    fn again(&mut self, mean: u64, happening: Happening) {
        if mean > 0 {
            let wait = self.dice.between(1, 2 * mean);
            self.after(wait, happening);
        }
    }

    fn marks_back(&mut self, marks: Vec<(MarkId, u64)>) {
        for (mark, at) in marks {
            self.at(at, Happening::MarkBack(mark));
        }
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }
}

/// The caller.
impl World {
    fn caller_speaks(&mut self) {
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
    fn cut_active(&mut self) {
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

    fn caller_stops(&mut self, session: u32, item: u32) {
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
    fn dial(&mut self) {
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
    fn agent_says(&mut self, session: u32, input: AgentInput) {
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

    fn part(&mut self, session: u32, reply: u32, part: Part) {
        if session != self.agent.session || !self.agent.up || !self.agent.still_sends(self.now, reply) {
            return;
        }
        match part {
            Part::Says(AgentInput::ReplyDone { .. }) if self.agent.active != Some(reply) => {}
            Part::Says(input) => self.agent_says(session, input),
            Part::Audio { item, length } => self.audio((session, reply, item), length),
        }
    }

    fn answer(&mut self, session: u32, why: Why) {
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

    fn loss(&mut self) {
        let session = self.agent.session;
        let fault = self.dice.one_of(&[LinkFault::Broken, LinkFault::Broken, LinkFault::Expired, LinkFault::Busy]);
        self.agent_says(session, AgentInput::Lost(fault));
        self.again(self.plan.losses, Happening::Loss);
    }

    fn hears(&mut self, command: &AgentCommand) {
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
    fn operator(&mut self) {
        let control = match self.dice.between(0, 19) {
            0 => ControlInput::HangUp,
            1 => ControlInput::Finish(EndBy::Operator),
            2 => ControlInput::Finish(EndBy::Agent),
            3 => ControlInput::Leave(NextStep::Resume),
            4 => ControlInput::Drain,
            _ => ControlInput::Say(Spoken::new("Your taxi is here.")),
        };
        self.input(Input::Control(control));
        self.again(self.plan.operator, Happening::Operator);
    }

    fn run_tool(&mut self, call: &ToolCallId, name: &str) {
        let slow = self.dice.percent(self.plan.slow_tools);
        let takes = if slow { self.dice.between(3000, 30_000) } else { self.dice.between(5, 2000) };
        if name == "hang_up" {
            self.after(takes / 2, Happening::Input(Input::Control(ControlInput::Finish(EndBy::Agent))));
        }
        for wait in [takes, takes + 50] {
            let (call, output) = (call.clone(), Spoken::new("{}"));
            self.after(wait, Happening::Input(Input::Tool(ToolInput::Answered { call, output })));
        }
    }

    /// What cannot be, or comes at the wrong time. Only inputs that do not claim that somebody speaks or a link is gone.
    fn nonsense(&mut self) {
        let item = ItemId(self.dice.between(900, 999) as u32);
        let reply = ReplyId(0);
        let input = match self.dice.between(0, 7) {
            0 => Input::Line(LineInput::Started),
            1 => {
                let (generation, number) = (self.dice.between(0, 3) as u32, self.dice.between(1000, 9000) as u32);
                Input::Line(LineInput::Marked(MarkId { generation, number }))
            }
            2 => Input::Agent(AgentInput::CallerStopped { item }),
            3 => Input::Agent(AgentInput::CallerSaid { item, text: None }),
            4 => Input::Agent(done(reply, ReplyOutcome::Cancelled)),
            5 => Input::Agent(AgentInput::ReplyStarted { reply }),
            6 => Input::Tool(ToolInput::Answered { call: ToolCallId("nobody".to_owned()), output: Spoken::default() }),
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

/// The driver.
impl World {
    fn input(&mut self, input: Input) {
        self.inputs += 1;
        if self.aloud {
            println!("{:>7} ← {input:?}", self.now);
        }
        self.notice(&input);
        self.promises.before(self.now, &input, self.agent.session);
        let lie = self.lie_after(&input);
        self.call.handle(Duration::from_millis(self.now), input);
        self.do_commands();
        if let Some(command) = lie {
            self.promises.command(self.now, &command, &self.line, &self.plan);
        }
    }

    fn notice(&mut self, input: &Input) {
        match input {
            Input::Line(LineInput::Stopped | LineInput::Lost) => self.line.die(self.now),
            Input::Line(LineInput::Started) => self.count("line started"),
            _ => {}
        }
        if self.inputs.is_multiple_of(256) {
            let shown = format!("{:?}", self.call).len();
            self.promises.size(self.now, self.call.conversation(), shown);
        }
    }

    fn audio(&mut self, utterance: Utterance, length: u64) {
        self.inputs += 1;
        let (_, reply, item) = utterance;
        let from = From::Agent { reply: ReplyId(reply), item: ItemId(item) };
        let frame = Frame { from, length: Duration::from_millis(length) };
        let pass = self.call.frame(Duration::from_millis(self.now), frame);
        if self.aloud {
            println!("{:>7} ← audio of {utterance:?}, {length} ms: {pass:?}", self.now);
        }
        let told =
            if self.sabotage == Sabotage::LateAudio && !self.call.is_over() { Pass::Pass { mark: None } } else { pass };
        self.promises.audio(self.now, utterance, length, told, &self.line, &self.plan);
        if let Pass::Pass { mark } = pass {
            self.count("agent audio passed");
            self.line.play(self.now, utterance, length);
            self.send_mark(mark);
            if self.sabotage == Sabotage::PromptTooEarly {
                let prompted = Command::Publish(CallEvent::SilencePrompted { at_ms: self.now });
                self.promises.command(self.now, &prompted, &self.line, &self.plan);
            }
        } else {
            self.count("agent audio dropped");
        }
        self.do_commands();
    }

    fn send_mark(&mut self, mark: Option<MarkId>) {
        let Some(mark) = mark else { return };
        if self.dice.percent(self.plan.lost_marks) {
            return;
        }
        let back = self.line.mark(self.now, mark);
        self.at(back, Happening::MarkBack(mark));
    }

    fn do_commands(&mut self) {
        while let Some(command) = self.call.next_command() {
            if self.aloud {
                println!("{:>7}         → {command:?}", self.now);
            }
            format!("{} {command:?}", self.now).hash(&mut self.trace);
            self.act(&command);
            self.tell(&command);
        }
        self.promises.after(self.now, &self.plan);
    }

    fn act(&mut self, command: &Command) {
        match command {
            Command::Clear => {
                self.count("cleared");
                let early = self.line.clear(self.now);
                self.marks_back(early);
            }
            Command::Mark(mark) => self.send_mark(Some(*mark)),
            Command::Agent(command) => {
                if let AgentCommand::Cue(cue) = command {
                    self.count(name_of(*cue));
                }
                self.hears(command);
            }
            Command::Dial { .. } => {
                self.count("redialled");
                self.dial();
            }
            Command::DropAgent => {
                self.count("agent dropped");
                self.agent.up = false;
            }
            Command::RunTool { call, name, .. } => {
                self.count("tools run");
                self.run_tool(call, name);
            }
            Command::CancelTool { .. } => self.count("tools cancelled"),
            Command::HangUp(_) => {
                if !self.dice.percent(self.plan.rude_line) {
                    let wait = self.dice.between(50, 1500);
                    self.after(wait, Happening::Input(Input::Line(LineInput::Stopped)));
                }
            }
            Command::Close(reason) => self.count(reason.as_str()),
            Command::Publish(CallEvent::Interrupted { .. }) => self.count("interrupted"),
            Command::Publish(CallEvent::Turn(_)) => self.count("turns"),
            Command::Publish(_) | Command::Checkpoint | Command::Leave(_) => {}
        }
    }

    fn after_the_end(&mut self) {
        if self.promises.broken.is_some() {
            return;
        }
        if !self.call.is_over() || self.sabotage == Sabotage::NeverEnd {
            return self.promises.after(u64::MAX / 2, &self.plan);
        }
        for input in [Input::Timeout, Input::Line(LineInput::Stopped), Input::Control(ControlInput::HangUp)] {
            self.input(input);
        }
        self.audio((self.agent.session, 99, 99), 20);
        if self.sabotage == Sabotage::SpeakWhenOver {
            self.promises.command(self.now, &Command::Clear, &self.line, &self.plan);
        }
    }
}

/// Lies to the checker.
impl World {
    fn tell(&mut self, command: &Command) {
        let mut told = vec![command.clone()];
        match (self.sabotage, command) {
            (Sabotage::EndTwice, Command::Publish(CallEvent::Ended { .. }))
            | (Sabotage::TurnsTwice, Command::Publish(CallEvent::Turn(_))) => told.push(command.clone()),
            (Sabotage::NeverEnd, Command::Close(_))
            | (Sabotage::ForgetCheckpoints, Command::Checkpoint)
            | (Sabotage::ForgetTools, Command::Agent(AgentCommand::ToolOutput { .. }) | Command::CancelTool { .. }) => {
                told.clear();
            }
            (Sabotage::Flood, Command::Mark(_)) => told = vec![command.clone(); 400],
            (Sabotage::HearTooMuch, Command::Agent(AgentCommand::Truncate { item, heard_ms })) => {
                told = vec![Command::Agent(AgentCommand::Truncate { item: *item, heard_ms: heard_ms + 500 })];
            }
            (Sabotage::HearTooLittle, Command::Agent(AgentCommand::Truncate { item, .. })) => {
                told = vec![Command::Agent(AgentCommand::Truncate { item: *item, heard_ms: 0 })];
            }
            (Sabotage::TalkThoughFenced, Command::DropAgent) if self.told_fenced => told.push(Command::Checkpoint),
            _ => {}
        }
        for command in &told {
            self.promises.command(self.now, command, &self.line, &self.plan);
        }
    }

    /// A command nobody gave, to be told after an input.
    fn lie_after(&mut self, input: &Input) -> Option<Command> {
        self.told_fenced |= *input == Input::Control(ControlInput::Fenced);
        match (self.sabotage, input) {
            (Sabotage::HangUpTooEarly, Input::Control(ControlInput::Finish(_)))
                if self.line.quiet_from() > self.now =>
            {
                Some(Command::HangUp(EndReason::AgentHungUp))
            }
            (Sabotage::Interject, Input::Agent(AgentInput::CallerStarted { .. })) => {
                Some(Command::Agent(AgentCommand::Reply))
            }
            _ => None,
        }
    }
}

fn in_ms(at: Duration) -> u64 {
    at.as_micros().div_ceil(1000) as u64
}

fn name_of(cue: Cue) -> &'static str {
    match cue {
        Cue::Greeting => "greeted",
        Cue::SilencePrompt => "silence prompted",
        Cue::SilenceFarewell => "silence farewells",
        Cue::TimeLimit => "time limits",
        Cue::Resumed => "resumed",
    }
}
