//! The call: joins the small machines, and nothing else.
//!
//! An input goes to the machine it concerns; then [`Call::settle`] lets each machine do what has become possible, and
//! timers that are due fire. Inputs of the line and of people are in `call/line.rs`, the agent's in `call/agent.rs`, the
//! agent's link in `call/dial.rs`, tools in `call/tool.rs`, what time brings in `call/clock.rs`, and the way out in `call/end.rs`.

mod agent;
mod clock;
mod dial;
mod end;
mod line;
mod tool;

use crate::asks::Asks;
use crate::floor::{Debt, Floor};
use crate::life::Life;
use crate::link::Link;
use crate::playback::Playback;
use crate::silence::Silence;
use crate::timer::{Timer, Timers};
use crate::tools::Tools;
use crate::turns::Turns;
use crate::{
    AgentCommand, At, CallEvent, Command, Conversation, Digit, Frame, From, Input, Limits, MarkId, NextStep, Pass,
    RecordingState, Resumed,
};
use std::collections::VecDeque;
use std::time::Duration;

/// One phone call.
///
/// The driver tells it what happened with [`Call::handle`] and asks [`Call::frame`] about every piece of audio; after each
/// of the two it takes all commands with [`Call::next_command`], in order, and looks at [`Call::deadline`].
#[derive(Debug)]
pub struct Call {
    limits: Limits,
    now: At,
    life: Life,
    resumed: Resumed,
    /// When the line started.
    line_started: Option<At>,
    /// When the agent was first heard on this line.
    first_word: Option<At>,
    link: Link,
    /// What the agent owes that it lost with its link.
    owes: Option<Debt>,
    /// Outputs of tools for the link being dialled, whose history asks for them.
    untold: Vec<AgentCommand>,
    /// How many answers in a row failed at the provider.
    failures: u32,
    /// Keys pressed while there was no agent to tell.
    keys: VecDeque<Digit>,
    floor: Floor,
    asks: Asks,
    playback: Playback,
    turns: Turns,
    tools: Tools,
    silence: Silence,
    timers: Timers,
    conversation: Conversation,
    /// Version and language of the agent's configuration, as last told.
    configured: Option<(String, String)>,
    /// Where the call goes when it leaves the stream.
    step: Option<NextStep>,
    /// Where it went.
    left: Option<NextStep>,
    commands: VecDeque<Command>,
    ignored: u32,
}

impl Call {
    /// A new call: the agent greets as soon as it is ready and the line has started.
    ///
    /// The driver is dialling the agent already; the call asks for a dial only when that fails.
    pub fn answer(limits: Limits) -> Self {
        Self::new(limits, Resumed::No, Conversation::default())
    }

    /// A call that had a stream before, with what was heard there: instead of greeting, the agent goes on
    /// ([`crate::Cue::Resumed`] and its siblings, by `why`). Tools that ran there are [`crate::ToolStage::Unknown`] now
    /// ([`Conversation::taken_over`]); none of them runs again.
    ///
    /// Times count from this stream's beginning, so the turns of `conversation` carry an older clock.
    pub fn resume(limits: Limits, conversation: Conversation, why: Resumed) -> Self {
        Self::new(limits, why, conversation.taken_over())
    }

    fn new(limits: Limits, resumed: Resumed, conversation: Conversation) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Dial, Some(limits.dial_deadline));
        timers.set(Timer::MaxCall, Some(limits.max_call));
        Self {
            limits,
            now: At::ZERO,
            life: Life::Dialing,
            resumed,
            line_started: None,
            first_word: None,
            link: Link::dialing(),
            owes: None,
            untold: Vec::new(),
            failures: 0,
            keys: VecDeque::new(),
            floor: Floor::default(),
            asks: Asks::default(),
            playback: Playback::default(),
            turns: Turns::default(),
            tools: Tools::knowing(conversation.tools.iter().map(|tool| &tool.call)),
            silence: Silence::default(),
            timers,
            conversation,
            configured: None,
            step: None,
            left: None,
            commands: VecDeque::new(),
            ignored: 0,
        }
    }

    /// Tells what happened, and when. A time before one already seen counts as that one. Once over, nothing matters.
    pub fn handle(&mut self, at: At, input: Input) {
        if self.is_over() {
            return;
        }
        let at = self.advance(at);
        match input {
            Input::Line(input) => self.line(at, input),
            Input::Agent(input) => self.agent(at, input),
            Input::Tool(input) => self.tool(at, input),
            Input::Control(input) => self.control(at, input),
            Input::Timeout => {}
        }
        self.settle(at);
        self.fire_due(at);
    }

    /// Asks whether a piece of audio may pass. Take commands afterwards, as after [`Call::handle`].
    pub fn frame(&mut self, at: At, frame: Frame) -> Pass {
        if self.is_over() {
            return Pass::Drop;
        }
        let at = self.advance(at);
        match frame.from {
            // Also while the agent is being dialled: the driver keeps the last moments for it.
            From::Caller if self.life.is_open() => Pass::Pass { mark: None },
            From::Caller => Pass::Drop,
            From::Agent { .. } if !self.link.is_up() => Pass::Drop,
            From::Agent { reply, item } => self.agent_audio(at, reply, item, frame.length),
        }
    }

    /// The next thing to do, in order.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Input::Timeout`] is due; it may change with every input and frame.
    pub fn deadline(&self) -> Option<At> {
        self.timers.next()
    }

    /// The turns that are final, for a checkpoint or a new link of the agent.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Notes what was wanted of the recording, for whoever goes on with the call; a checkpoint is due.
    pub fn note_recording(&mut self, state: RecordingState) {
        self.conversation.recording = Some(state);
    }

    /// Whether `Close` was the last command: nothing said or asked any more changes anything.
    pub fn is_over(&self) -> bool {
        self.life == Life::Ended
    }

    /// Inputs so far that made no sense and were ignored.
    pub fn ignored(&self) -> u32 {
        self.ignored
    }

    /// Brings what is heard up to date.
    fn advance(&mut self, at: At) -> At {
        self.now = self.now.max(at);
        while let Some(piece) = self.playback.step(self.now) {
            self.silence.agent(piece.ended, piece.utterance.link, piece.utterance.reply);
            self.turns.heard(piece, &mut self.conversation);
        }
        self.now
    }

    fn push(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn tell_agent(&mut self, command: AgentCommand) {
        self.push(Command::Agent(command));
    }

    fn publish(&mut self, event: CallEvent) {
        self.push(Command::Publish(event));
    }

    fn mark(&mut self, mark: Option<MarkId>) {
        if let Some(mark) = mark {
            self.push(Command::Mark(mark));
        }
    }

    /// An input that made no sense.
    fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
