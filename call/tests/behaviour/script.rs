//! A scripted call: says what happens when, lets time pass as a driver would, and checks the commands line by line.
//!
//! The line of a script plays audio at once and returns marks the moment they are reached, or all of them at a clear;
//! [`Script::silent_line`] returns none.

use call::{
    AgentCommand, AgentInput, Call, CallEvent, Command, ControlInput, Frame, From, Heard, Input, ItemId, Limits,
    LineInput, LinkFault, MarkId, Pass, ReplyId, ReplyOutcome, Spoken, ToolAnswer, ToolCallId, ToolInput, Usage,
};
use std::collections::VecDeque;
use std::time::Duration;

/// A call, its line, and what it has commanded.
pub(crate) struct Script {
    pub(crate) call: Call,
    now: u64,
    played_at: u64,
    marks: VecDeque<(u64, MarkId)>,
    plays: bool,
    log: Vec<String>,
}

/// A call in conversation: answered, greeted, the greeting (a second long) heard by 1,000 ms.
pub(crate) fn talking(limits: Limits) -> Script {
    let mut script = Script::new(limits);
    script.at(0, started());
    script.at(0, ready());
    script.says(0, 1, 1, "Hello.", 1000);
    script.until(1000);
    script.log.clear();
    script
}

impl Script {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::of(Call::answer(limits))
    }

    pub(crate) fn of(call: Call) -> Self {
        Self { call, now: 0, played_at: 0, marks: VecDeque::new(), plays: true, log: Vec::new() }
    }

    /// A line that never returns a mark.
    pub(crate) fn silent_line(mut self) -> Self {
        self.plays = false;
        self
    }

    /// Something happens.
    pub(crate) fn at(&mut self, ms: u64, input: Input) -> &mut Self {
        self.until(ms);
        self.handle(ms, input);
        self
    }

    /// The agent gives a whole answer, generated at once: text, then audio in frames of 20 ms.
    pub(crate) fn says(&mut self, ms: u64, reply: u32, item: u32, text: &str, length: u64) -> &mut Self {
        self.begins(ms, reply, item, text, length);
        self.at(ms, done(reply))
    }

    /// The agent begins an answer; more of it may come.
    pub(crate) fn begins(&mut self, ms: u64, reply: u32, item: u32, text: &str, length: u64) -> &mut Self {
        self.at(ms, begun(reply));
        self.begins_next(ms, reply, item, text, length)
    }

    /// The answer under way goes on with another utterance.
    pub(crate) fn begins_next(&mut self, ms: u64, reply: u32, item: u32, text: &str, length: u64) -> &mut Self {
        self.at(ms, said(reply, item, text));
        assert_eq!(self.audio(ms, reply, item, length), length, "audio that was thrown away");
        self
    }

    /// The answer under way is given to its end.
    pub(crate) fn says_on(&mut self, ms: u64, reply: u32, item: u32, text: &str, length: u64) -> &mut Self {
        self.begins_next(ms, reply, item, text, length);
        self.at(ms, done(reply))
    }

    /// Audio of the agent comes, in frames of 20 ms; gives how much passed.
    pub(crate) fn audio(&mut self, ms: u64, reply: u32, item: u32, length: u64) -> u64 {
        self.until(ms);
        let from = From::Agent { reply: ReplyId(reply), item: ItemId(item) };
        let mut passed = 0;
        for _ in 0..length / 20 {
            if let Pass::Pass { mark } = self.frame(ms, from) {
                passed += 20;
                self.played_at = self.played_at.max(ms) + 20;
                self.marks.extend(mark.map(|mark| (self.played_at, mark)));
            }
        }
        passed
    }

    /// One frame of 20 ms.
    pub(crate) fn frame(&mut self, ms: u64, from: From) -> Pass {
        let pass = self.call.frame(Duration::from_millis(ms), Frame { from, length: Duration::from_millis(20) });
        self.take_commands(ms);
        pass
    }

    /// The caller speaks from one moment to another.
    pub(crate) fn caller(&mut self, from: u64, to: u64, item: u32) -> &mut Self {
        self.at(from, caller_starts(item));
        self.at(to, caller_stops(item))
    }

    /// Time passes: marks return and timeouts come when they are due.
    pub(crate) fn until(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now, "a script goes forward");
        loop {
            let mark = self.marks.front().map(|(at, _)| *at).filter(|_| self.plays);
            let timer = self.call.deadline().map(|at| at.as_micros().div_ceil(1000) as u64);
            let Some(next) = mark.into_iter().chain(timer).min().filter(|next| *next <= ms) else { break };
            let next = next.max(self.now);
            match self.marks.pop_front_if(|(at, _)| self.plays && *at <= next) {
                Some((_, mark)) => self.handle(next, Input::Line(LineInput::Marked(mark))),
                None => self.handle(next, Input::Timeout),
            }
        }
        self.now = ms;
        self
    }

    /// The commands since the last check, one a line, each with its time in milliseconds.
    #[track_caller]
    pub(crate) fn check(&mut self, expected: &str) -> &mut Self {
        let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let found = std::mem::take(&mut self.log);
        assert_eq!(expected, found, "\n\nthe call commanded:\n{}\n", found.join("\n"));
        self
    }

    /// Forgets the commands so far: they are another test's matter.
    pub(crate) fn skip(&mut self) -> &mut Self {
        self.log.clear();
        self
    }

    fn handle(&mut self, ms: u64, input: Input) {
        self.now = ms;
        self.call.handle(Duration::from_millis(ms), input);
        self.take_commands(ms);
    }

    fn take_commands(&mut self, ms: u64) {
        while let Some(command) = self.call.next_command() {
            match &command {
                Command::Clear => {
                    self.played_at = ms;
                    for (_, mark) in std::mem::take(&mut self.marks) {
                        self.marks.push_back((ms, mark));
                    }
                }
                Command::Mark(mark) => self.marks.push_back((self.played_at.max(ms), *mark)),
                _ => {}
            }
            self.log.push(format!("{ms} {}", show(&command)));
        }
    }
}

/// A command in one readable line.
fn show(command: &Command) -> String {
    match command {
        Command::Mark(mark) => format!("mark {mark}"),
        Command::Agent(command) => show_agent(command),
        Command::RunTool { call, name, .. } => format!("run tool {name} {}", call.0),
        Command::CancelTool { call } => format!("cancel tool {}", call.0),
        Command::Dial { attempt, provider: 0 } => format!("dial {attempt}"),
        Command::Dial { attempt, provider } => format!("dial {attempt} of provider {provider}"),
        Command::DropAgent => "drop agent".to_owned(),
        Command::HangUp(reason) => format!("hang up {}", reason.as_str()),
        Command::Leave(step) => format!("leave for {step:?}"),
        Command::Close(reason) => format!("close {}", reason.as_str()),
        Command::Publish(event) => show_event(event),
        Command::Clear | Command::Checkpoint => format!("{command:?}").to_lowercase(),
    }
}

fn show_agent(command: &AgentCommand) -> String {
    match command {
        AgentCommand::Cue(cue) => format!("agent: cue {cue:?}"),
        AgentCommand::Say(words) => format!("agent: say {:?}", words.reveal()),
        AgentCommand::Cancel { reply } => format!("agent: cancel {}", reply.0),
        AgentCommand::Truncate { item, heard_ms } => format!("agent: truncate {} at {heard_ms}", item.0),
        AgentCommand::ToolOutput { call, output } => format!("agent: output {} {}", call.0, output.reveal()),
        AgentCommand::Reply => "agent: reply".to_owned(),
        AgentCommand::Pressed(digit) => format!("agent: pressed {}", digit.0),
    }
}

fn show_event(event: &CallEvent) -> String {
    match event {
        CallEvent::Turn(turn) => {
            let text = turn.text.as_ref().map_or("?", Spoken::reveal);
            let part = match turn.heard {
                Heard::Whole => String::new(),
                Heard::Part { heard_ms, of_ms } => format!(", {heard_ms} of {of_ms} ms"),
            };
            format!("turn {} {:?} {text:?} {}-{}{part}", turn.number, turn.speaker, turn.started_ms, turn.ended_ms)
        }
        CallEvent::Ended { reason, at_ms, next, .. } => format!("ended {} at {at_ms}, next {next:?}", reason.as_str()),
        CallEvent::Interrupted { heard_ms, cleared_ms, .. } => {
            format!("interrupted at {heard_ms}, cleared {cleared_ms}")
        }
        CallEvent::ToolRun { name, took_ms, outcome, error, kept, .. } => {
            let error = error.as_ref().map_or(String::new(), |error| format!(", {error}"));
            format!("tool {name} {outcome:?} in {took_ms}{error}{}", if kept.is_some() { ", kept" } else { "" })
        }
        CallEvent::FirstWord { after_ms } => format!("first word after {after_ms}"),
        CallEvent::ReplyGap { gap_ms } => format!("reply gap {gap_ms}"),
        CallEvent::AgentLost { fault, .. } => format!("agent lost {fault:?}"),
        CallEvent::AgentRestored { gap_ms, attempts, .. } => {
            format!("agent restored after {gap_ms}, attempt {attempts}")
        }
        CallEvent::AgentReady { .. } => "agent ready".to_owned(),
        CallEvent::Answered { resumed } => format!("answered, resumed {resumed:?}"),
        CallEvent::SilencePrompted { .. } => "silence prompted".to_owned(),
        CallEvent::ReplyFailed { .. } => "reply failed".to_owned(),
        CallEvent::AgentComplained { code } => format!("agent complained {code}"),
        CallEvent::Fact(fact) => format!("fact {fact:?}"),
        CallEvent::Configured { version, language, .. } => format!("configured {version} {language}"),
        CallEvent::Used { usage, .. } => format!("used {} tokens of audio", usage.audio_out),
    }
}

pub(crate) fn started() -> Input {
    Input::Line(LineInput::Started)
}

pub(crate) fn stopped() -> Input {
    Input::Line(LineInput::Stopped)
}

pub(crate) fn ready() -> Input {
    Input::Agent(AgentInput::Ready)
}

pub(crate) fn lost(fault: LinkFault) -> Input {
    Input::Agent(AgentInput::Lost(fault))
}

pub(crate) fn caller_starts(item: u32) -> Input {
    Input::Agent(AgentInput::CallerStarted { item: ItemId(item) })
}

pub(crate) fn caller_stops(item: u32) -> Input {
    Input::Agent(AgentInput::CallerStopped { item: ItemId(item) })
}

pub(crate) fn caller_said(item: u32, text: &str) -> Input {
    Input::Agent(AgentInput::CallerSaid { item: ItemId(item), text: Some(Spoken::new(text)) })
}

pub(crate) fn caller_unclear(item: u32) -> Input {
    Input::Agent(AgentInput::CallerSaid { item: ItemId(item), text: None })
}

pub(crate) fn begun(reply: u32) -> Input {
    Input::Agent(AgentInput::ReplyStarted { reply: ReplyId(reply) })
}

pub(crate) fn said(reply: u32, item: u32, text: &str) -> Input {
    Input::Agent(AgentInput::ReplyText { reply: ReplyId(reply), item: ItemId(item), text: Spoken::new(text) })
}

pub(crate) fn done(reply: u32) -> Input {
    ended(reply, ReplyOutcome::Completed)
}

pub(crate) fn ended(reply: u32, outcome: ReplyOutcome) -> Input {
    Input::Agent(AgentInput::ReplyDone { reply: ReplyId(reply), outcome, usage: Usage::default() })
}

pub(crate) fn asks_for(tool: &str, call: &str) -> Input {
    let (call, arguments) = (ToolCallId(call.to_owned()), Spoken::new("{}"));
    Input::Agent(AgentInput::ToolAsked { call, name: tool.to_owned(), arguments })
}

pub(crate) fn answers(call: &str) -> Input {
    answered(ToolAnswer::new(ToolCallId(call.to_owned()), Spoken::new("{\"ok\":true}")))
}

pub(crate) fn answered(answer: ToolAnswer) -> Input {
    Input::Tool(ToolInput::Answered(answer))
}

pub(crate) fn is_slow(call: &str) -> Input {
    Input::Tool(ToolInput::Slow { call: ToolCallId(call.to_owned()), filler: Spoken::new("One moment.") })
}

pub(crate) fn taken_back(call: &str) -> Input {
    Input::Agent(AgentInput::ToolCancelled { call: ToolCallId(call.to_owned()) })
}

pub(crate) fn complains(code: &str) -> Input {
    Input::Agent(AgentInput::Complained { code: code.to_owned() })
}

pub(crate) fn wants(control: ControlInput) -> Input {
    Input::Control(control)
}
