//! The world around one call: its happenings in order of time, and a driver that does what the core commands.

mod driver;
mod people;
mod sabotage;

pub(crate) use sabotage::Sabotage;

use crate::agent::{Agent, Part, Why};
use crate::dice::Dice;
use crate::line::Line;
use crate::plan::{LONGEST_STALL, Plan};
use crate::promises::{Broken, Promises};
use call::{
    AgentInput, Call, ControlInput, Conversation, Input, Journal, LineInput, MarkId, NextStep, Resumed, Spoken,
    ToolCallId, ToolStage,
};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::time::Duration;

/// No call of this world lasts so long: its longest plan and all deadlines are within.
const LONGEST: u64 = 2 * 60 * 60 * 1000;

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
    Change,
    Stall,
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) simulated_ms: u64,
    pub(crate) inputs: u64,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) broken: Option<Broken>,
    /// A digest of all commands and their times, if wanted.
    pub(crate) trace: Option<u64>,
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
    trace: Option<DefaultHasher>,
    aloud: bool,
    told_fenced: bool,
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Sabotage) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let call = match plan.resumed {
            Resumed::No => Call::answer(plan.limits.clone()),
            why => Call::resume(plan.limits.clone(), before(), why),
        };
        let promises = Promises::of(call.conversation());
        let mut world = Self {
            line: Line::new(plan.latency),
            plan,
            dice,
            now: 0,
            sequence: 0,
            happenings: BTreeMap::new(),
            call,
            agent: Agent::default(),
            promises,
            sabotage,
            inputs: 0,
            counts: BTreeMap::new(),
            trace: None,
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

    /// Keeps a digest of all commands.
    pub(crate) fn traced(mut self) -> Self {
        self.trace = Some(DefaultHasher::new());
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        while let Some((&(at, sequence), _)) = self.happenings.first_key_value() {
            if self.call.is_over() || self.promises.broken.is_some() || at > LONGEST {
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
        Outcome {
            simulated_ms,
            inputs,
            counts,
            broken: self.promises.broken,
            trace: self.trace.map(|trace| trace.finish()),
        }
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
        self.again(self.plan.changes, Happening::Change);
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
            Happening::Change => self.change(),
            Happening::Stall => {
                let length = self.dice.between(50, LONGEST_STALL);
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

/// What another worker left: a tool was running when it was lost.
fn before() -> Conversation {
    let entry = |call: &str, stage| {
        let call = ToolCallId(call.to_owned());
        Journal { call, name: "look_up".to_owned(), arguments: Spoken::new("{}"), after: 11, stage }
    };
    let tools = vec![entry("tool-1", ToolStage::Started), entry("tool-2", ToolStage::Unknown)];
    Conversation { numbered: 12, tools, ..Conversation::default() }
}

fn in_ms(at: Duration) -> u64 {
    at.as_micros().div_ceil(1000) as u64
}
