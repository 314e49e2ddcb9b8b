//! How fast the core decides: nanoseconds an input, and how many times faster than real time one core is.
//!
//! `cargo run --release -p call --example speed`
//!
//! The call is a plain one: every ten seconds the caller asks for three seconds and the agent answers for five; audio comes
//! in frames of 20 ms both ways, marks come back, as on a telephone.

use call::{
    AgentInput, Call, Command, Frame, From, Input, ItemId, Limits, LineInput, MarkId, Pass, ReplyId, ReplyOutcome,
    Spoken, Usage,
};
use std::collections::VecDeque;
use std::time::Duration;

const FRAME: u64 = 20;
const ROUND: u64 = 10_000;
const MINUTES: u64 = 10;
const CALLS: u64 = 200;

#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a measurement needs the real clock")]
fn main() {
    let began = std::time::Instant::now();
    let mut inputs = 0;
    for _ in 0..CALLS {
        let mut driver = Driver::new();
        driver.talk();
        inputs += driver.inputs;
    }
    let seconds = began.elapsed().as_secs_f64();
    let simulated = (CALLS * MINUTES * 60) as f64;
    println!("calls={CALLS} minutes={MINUTES} inputs={inputs} inputs_per_call_second={:.0}", inputs as f64 / simulated);
    println!(
        "ns_per_input={:.0} speed={:.0}x real time on one core",
        seconds * 1e9 / inputs as f64,
        simulated / seconds
    );
}

/// Does what the core commands, as a driver would.
struct Driver {
    call: Call,
    marks: VecDeque<(u64, MarkId)>,
    played_at: u64,
    inputs: u64,
}

impl Driver {
    fn new() -> Self {
        Self { call: Call::answer(Limits::default()), marks: VecDeque::new(), played_at: 0, inputs: 0 }
    }

    fn talk(&mut self) {
        self.input(0, Input::Agent(AgentInput::Ready));
        self.input(0, Input::Line(LineInput::Started));
        for ms in (0..MINUTES * 60_000).step_by(FRAME as usize) {
            let round = (ms / ROUND) as u32 + 1;
            self.due(ms);
            self.audio(ms, From::Caller);
            match ms % ROUND {
                1000 => self.agent(ms, AgentInput::CallerStarted { item: ItemId(2 * round) }),
                4000 => self.agent(ms, AgentInput::CallerStopped { item: ItemId(2 * round) }),
                4400 => self.agent(ms, AgentInput::ReplyStarted { reply: ReplyId(round) }),
                4500..9500 => self.answer(ms, ReplyId(round), ItemId(2 * round + 1)),
                9500 => self.end_of_answer(ms, round),
                _ => {}
            }
        }
        self.input(MINUTES * 60_000, Input::Line(LineInput::Stopped));
        assert!(self.call.is_over(), "a call that was hung up is over");
    }

    fn answer(&mut self, ms: u64, reply: ReplyId, item: ItemId) {
        if ms.is_multiple_of(200) {
            self.agent(ms, AgentInput::ReplyText { reply, item, text: Spoken::new("and so on, ") });
        }
        self.audio(ms, From::Agent { reply, item });
    }

    fn end_of_answer(&mut self, ms: u64, round: u32) {
        let (reply, usage) = (ReplyId(round), Usage::default());
        self.agent(ms, AgentInput::ReplyDone { reply, outcome: ReplyOutcome::Completed, usage });
        let text = Some(Spoken::new("When do you open tomorrow?"));
        self.agent(ms, AgentInput::CallerSaid { item: ItemId(2 * round), text });
    }

    fn audio(&mut self, ms: u64, from: From) {
        self.inputs += 1;
        let frame = Frame { from, length: Duration::from_millis(FRAME) };
        if let Pass::Pass { mark: Some(mark) } = self.call.frame(Duration::from_millis(ms), frame) {
            self.played_at = self.played_at.max(ms) + FRAME;
            self.marks.push_back((self.played_at, mark));
        }
        self.take_commands(ms);
    }

    /// Marks that are back and a timeout that is due.
    fn due(&mut self, ms: u64) {
        while let Some((_, mark)) = self.marks.pop_front_if(|(at, _)| *at <= ms) {
            self.input(ms, Input::Line(LineInput::Marked(mark)));
        }
        if self.call.deadline().is_some_and(|at| at <= Duration::from_millis(ms)) {
            self.input(ms, Input::Timeout);
        }
    }

    fn agent(&mut self, ms: u64, input: AgentInput) {
        self.input(ms, Input::Agent(input));
    }

    fn input(&mut self, ms: u64, input: Input) {
        self.inputs += 1;
        self.call.handle(Duration::from_millis(ms), input);
        self.take_commands(ms);
    }

    fn take_commands(&mut self, ms: u64) {
        while let Some(command) = self.call.next_command() {
            if let Command::Mark(mark) = command {
                self.marks.push_back((self.played_at.max(ms), mark));
            }
        }
    }
}
