//! The scripted agent: plays prepared speech, needs no network and no key, and says the same thing each time.
//!
//! Before it: the worker's provider link, with no socket. After it: the call core, which cannot tell it from a real
//! provider. The files under it: `script` reads the pack, `ear` finds where the caller speaks, `voice` holds speech
//! ready to send.
//!
//! Time is the caller's audio: nothing happens while none arrives. A turn is answered at once and in full, as a
//! provider does that is much faster than speech; so there is nothing to cancel when the caller interrupts, and
//! throwing away what was not heard is the core's part as always.
//!
//! A turn may ask for tools first; its words are said when their outputs are in and the core wants the agent to go on.
//! What the outputs say changes nothing.

mod ear;
mod script;
mod voice;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::{
    AgentCommand, AgentInput, Conversation, Cue, ItemId, LinkFault, ReplyId, ReplyOutcome, Speaker, Spoken, ToolCallId,
    Usage,
};
use common::company::AgentSnapshot;
use common::ports::AgentEvent;
use common::ports::agent::{AgentCodec, AgentIo, AgentRoute};
use ear::{Ear, Heard};
use script::{Line, Script, Then, ToolCall};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) use script::{ScriptError, Scripts};

/// Said when the turns have run out and the script has no words for it.
const AGAIN: &str = "I am sorry, could you say that again?";

/// Asked for at the end when the agent has no tool that ends the call: whoever runs tools then says so.
const HANG_UP: &str = "hang_up";

/// The scripts of an agent, by language.
pub(super) type ByLanguage = BTreeMap<String, Arc<Script>>;

/// A way to the scripts of this agent, of which there is one for each of its languages.
pub(super) fn route(agent: &AgentSnapshot, scripts: ByLanguage) -> AgentRoute {
    AgentRoute { provider: "scripted", codec: Box::new(ScriptedLink::new(agent, scripts)), dial: None }
}

/// One link's codec.
struct ScriptedLink {
    agent: AgentSnapshot,
    scripts: ByLanguage,
    ear: Ear,
    audio: Vec<u8>,
    /// Turns of the script already answered.
    answered: usize,
    /// The turn whose words wait for the outputs of its tools.
    waiting: Option<usize>,
    /// Keeps the ids of tool calls apart from those of earlier links.
    before: usize,
    /// Tool calls so far.
    asked: u32,
    replies: u32,
    items: u32,
    /// What the caller is saying now.
    caller: Option<ItemId>,
    /// How long the caller has spoken since the last answer.
    spoken: Duration,
    leaving: Leaving,
}

/// Whether the agent has asked for the call to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    Asked,
}

impl ScriptedLink {
    fn new(agent: &AgentSnapshot, scripts: ByLanguage) -> Self {
        Self {
            agent: agent.clone(),
            scripts,
            ear: Ear::new(&agent.voice(0).turn_detection),
            audio: Vec::new(),
            answered: 0,
            waiting: None,
            before: 0,
            asked: 0,
            replies: 0,
            items: 0,
            caller: None,
            spoken: Duration::ZERO,
            leaving: Leaving::No,
        }
    }

    fn script(&self) -> Arc<Script> {
        let script = self.scripts.get(&self.agent.language).or(self.scripts.values().next());
        Arc::clone(script.expect("an agent has a script in each of its languages, and speaks at least one"))
    }

    fn item(&mut self) -> ItemId {
        self.items += 1;
        ItemId(self.items)
    }

    fn caller_started(&mut self, io: &mut AgentIo) {
        let item = self.item();
        self.caller = Some(item);
        input(io, AgentInput::CallerStarted { item });
    }

    /// The caller's turn is over: its words are the script's, whatever they were.
    fn caller_stopped(&mut self, spoken: Duration, io: &mut AgentIo) {
        let Some(item) = self.caller.take() else { return };
        self.spoken += spoken;
        let script = self.script();
        let number = self.answered;
        let turn = script.turns.get(number);
        self.answered += 1;
        self.waiting = None;
        input(io, AgentInput::CallerStopped { item });
        input(io, AgentInput::CallerSaid { item, text: turn.map(|turn| Spoken::new(&*turn.caller)) });
        let usage = Usage { transcription: tokens(spoken, Duration::from_millis(100)), ..Usage::default() };
        input(io, AgentInput::Transcribed { usage });
        match turn {
            Some(turn) if !turn.tools.is_empty() => {
                self.waiting = Some(number);
                self.ask_for(&turn.tools, io);
            }
            Some(turn) => self.say(&turn.line, turn.then, io),
            None => self.say_again(io),
        }
    }

    /// The outputs are in, or the caller was not answered on an earlier link: the words that wait are said.
    fn go_on(&mut self, io: &mut AgentIo) {
        let script = self.script();
        match self.waiting.take().and_then(|waiting| script.turns.get(waiting)) {
            Some(turn) => self.say(&turn.line, turn.then, io),
            None if self.leaving == Leaving::No => self.say_again(io),
            None => {}
        }
    }

    /// The turns have run out: asks to say it again, else repeats the last one.
    fn say_again(&mut self, io: &mut AgentIo) {
        let script = self.script();
        let last = || script.turns.last().map(|turn| &turn.line);
        match script.cues.get("again").or_else(last) {
            Some(line) => self.say(line, None, io),
            None => self.say(&Line::toned(AGAIN), None, io),
        }
    }

    fn cue(&mut self, cue: Cue, io: &mut AgentIo) {
        let script = self.script();
        match script.cues.get(phrase(cue)) {
            Some(line) => self.say(line, None, io),
            None => self.say(&Line::toned(self.agent.phrases().at(cue)), None, io),
        }
    }

    /// Words of somebody else, for example a filler; they may be recorded.
    fn say_words(&mut self, words: &str, io: &mut AgentIo) {
        let script = self.script();
        match script.recorded(words) {
            Some(line) => self.say(line, None, io),
            None => self.say(&Line::toned(words), None, io),
        }
    }

    /// An answer that is nothing but a request for tools.
    fn ask_for(&mut self, tools: &[ToolCall], io: &mut AgentIo) {
        self.replies += 1;
        let reply = ReplyId(self.replies);
        input(io, AgentInput::ReplyStarted { reply });
        for tool in tools {
            self.ask_for_one(&tool.name, &tool.arguments, io);
        }
        let text_out = tools.iter().map(|tool| tool.arguments.len() as u64 / 4).sum();
        let usage = Usage { text_out, ..self.heard() };
        input(io, AgentInput::ReplyDone { reply, outcome: ReplyOutcome::Completed, usage });
    }

    fn ask_for_one(&mut self, name: &str, arguments: &str, io: &mut AgentIo) {
        self.asked += 1;
        let call = ToolCallId(format!("script-{}-{}", self.before, self.asked));
        input(io, AgentInput::ToolAsked { call, name: name.to_owned(), arguments: Spoken::new(arguments) });
    }

    /// Says it all at once; a tool is asked for before the answer is done, as a provider does.
    fn say(&mut self, line: &Line, then: Option<Then>, io: &mut AgentIo) {
        self.replies += 1;
        let (reply, item) = (ReplyId(self.replies), self.item());
        input(io, AgentInput::ReplyStarted { reply });
        input(io, AgentInput::ReplyText { reply, item, text: Spoken::new(&*line.text) });
        let audio = |(payload, length): &(Bytes, Duration)| AgentEvent::Audio {
            reply,
            item,
            payload: payload.clone(),
            length: *length,
        };
        io.events.extend(line.voice.pieces().iter().map(audio));
        if then == Some(Then::HangUp) {
            self.hang_up(io);
        }
        let usage = self.usage(line);
        input(io, AgentInput::ReplyDone { reply, outcome: ReplyOutcome::Completed, usage });
    }

    /// What OpenAI would count: 10 tokens for a second of the caller, 20 for one of the agent, a token for 4 letters.
    fn usage(&mut self, line: &Line) -> Usage {
        let text_out = line.text.len() as u64 / 4;
        let audio_out = tokens(line.voice.length(), Duration::from_millis(50));
        Usage { text_out, audio_out, ..self.heard() }
    }

    /// The same of what the agent was told and has heard since it was asked last.
    fn heard(&mut self) -> Usage {
        Usage {
            text_in: self.agent.instructions().len() as u64 / 4,
            audio_in: tokens(std::mem::take(&mut self.spoken), Duration::from_millis(100)),
            ..Usage::default()
        }
    }

    fn hang_up(&mut self, io: &mut AgentIo) {
        self.leaving = Leaving::Asked;
        let name = self.agent.hang_up_tool().unwrap_or(HANG_UP).to_owned();
        self.ask_for_one(&name, "{}", io);
    }
}

impl AgentCodec for ScriptedLink {
    fn opened(&mut self, conversation: &Conversation, io: &mut AgentIo) {
        let of_caller = conversation.turns.iter().filter(|turn| turn.speaker == Speaker::Caller);
        self.answered = of_caller.count();
        let unanswered = conversation.turns.last().is_some_and(|turn| turn.speaker == Speaker::Caller);
        self.waiting = self.answered.checked_sub(1).filter(|_| unanswered);
        self.before = conversation.numbered as usize + conversation.tools.len();
        input(io, AgentInput::Ready);
    }

    fn caller_audio(&mut self, payload: &Bytes, _length: Duration, io: &mut AgentIo) {
        let mut audio = std::mem::take(&mut self.audio);
        audio.clear();
        if STANDARD.decode_vec(payload, &mut audio).is_err() {
            audio.clear();
        }
        let mut rest = &audio[..];
        while let Some(heard) = self.ear.listen(&mut rest) {
            match heard {
                Heard::Started => self.caller_started(io),
                Heard::Stopped { spoken } => self.caller_stopped(spoken, io),
            }
        }
        self.audio = audio;
    }

    fn configure(&mut self, agent: &AgentSnapshot, _io: &mut AgentIo) {
        self.agent = agent.clone();
    }

    fn command(&mut self, command: AgentCommand, io: &mut AgentIo) {
        match command {
            AgentCommand::Cue(cue) => self.cue(cue, io),
            AgentCommand::Say(text) => self.say_words(text.reveal(), io),
            AgentCommand::Reply => self.go_on(io),
            AgentCommand::Cancel { .. }
            | AgentCommand::Truncate { .. }
            | AgentCommand::ToolOutput { .. }
            | AgentCommand::Pressed(_) => {}
        }
    }

    fn text(&mut self, _frame: Bytes, io: &mut AgentIo) {
        io.events.push_back(AgentEvent::Unknown);
    }

    fn binary(&mut self, _frame: Bytes, io: &mut AgentIo) {
        io.events.push_back(AgentEvent::Unknown);
    }

    fn closed(&self, _code: Option<u16>, _reason: &str) -> LinkFault {
        LinkFault::Broken
    }

    fn refused(&self, _status: u16) -> LinkFault {
        LinkFault::Refused
    }
}

fn input(io: &mut AgentIo, input: AgentInput) {
    io.events.push_back(AgentEvent::Input(input));
}

fn tokens(audio: Duration, each: Duration) -> u64 {
    (audio.as_millis() / each.as_millis()) as u64
}

/// The name of a cue in a script: that of its phrase.
fn phrase(cue: Cue) -> &'static str {
    match cue {
        Cue::Greeting => "greeting",
        Cue::SilencePrompt => "silence_prompt",
        Cue::SilenceFarewell => "silence_farewell",
        Cue::TimeLimit => "time_limit",
        Cue::Resumed => "bridge",
        Cue::NobodyAnswered => "nobody_answered",
        Cue::DigitsSent => "digits_sent",
    }
}
