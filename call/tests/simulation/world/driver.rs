//! The driver: hands in what happens and does what the core commands.

use super::{Happening, Sabotage, World};
use crate::line::Utterance;
use crate::plan::FILLER;
use call::{
    AgentCommand, CallEvent, Command, ControlInput, Cue, Frame, From, Input, ItemId, LineInput, MarkId, NextStep, Pass,
    ReplyId,
};
use std::hash::Hash;
use std::time::Duration;

/// The driver.
impl World {
    pub(super) fn input(&mut self, input: Input) {
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

    pub(super) fn notice(&mut self, input: &Input) {
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

    pub(super) fn audio(&mut self, utterance: Utterance, length: u64) {
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

    pub(super) fn send_mark(&mut self, mark: Option<MarkId>) {
        let Some(mark) = mark else { return };
        if self.dice.percent(self.plan.lost_marks) {
            return;
        }
        let back = self.line.mark(self.now, mark);
        self.at(back, Happening::MarkBack(mark));
    }

    pub(super) fn do_commands(&mut self) {
        while let Some(command) = self.call.next_command() {
            if self.aloud {
                println!("{:>7}         → {command:?}", self.now);
            }
            if let Some(trace) = &mut self.trace {
                format!("{} {command:?}", self.now).hash(trace);
            }
            self.act(&command);
            self.tell(&command);
        }
        self.promises.after(self.now, &self.plan);
    }

    pub(super) fn act(&mut self, command: &Command) {
        match command {
            Command::Clear => {
                self.count("cleared");
                let early = self.line.clear(self.now);
                self.marks_back(early);
            }
            Command::Mark(mark) => self.send_mark(Some(*mark)),
            Command::Agent(command) => {
                match command {
                    AgentCommand::Cue(cue) => self.count(name_of(*cue)),
                    AgentCommand::Say(words) if words.reveal() == FILLER => self.count("fillers"),
                    AgentCommand::ToolOutput { .. } => self.count("outputs told"),
                    _ => {}
                }
                self.hears(command);
            }
            Command::Dial { provider, .. } => {
                self.count(if *provider == 0 { "redialled" } else { "fallbacks dialled" });
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
            Command::Leave(NextStep::Apologize) => self.count("apologies"),
            Command::Leave(NextStep::Queue { .. }) => self.count("places reached"),
            Command::Publish(_) | Command::Checkpoint | Command::Leave(_) => {}
        }
    }

    pub(super) fn after_the_end(&mut self) {
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

fn name_of(cue: Cue) -> &'static str {
    match cue {
        Cue::Greeting => "greeted",
        Cue::SilencePrompt => "silence prompted",
        Cue::SilenceFarewell => "silence farewells",
        Cue::TimeLimit => "time limits",
        Cue::Resumed => "resumed",
        Cue::NobodyAnswered => "nobody answered",
        Cue::DigitsSent => "digits sent",
    }
}
