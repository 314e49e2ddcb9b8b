//! What the server is told on the call's behalf.

use super::DeepgramLink;
use super::speech::Owed;
use call::AgentCommand;
use common::ports::agent::AgentIo;

/// Written when the caller made a noise that stopped the agent, and said nothing.
pub(super) const NOISE: &str = "(There was only a noise on the line. Go on with what you were saying.)";

/// Written when the agent is to go on and nothing else makes it.
const GO_ON: &str = "(Please go on.)";

impl DeepgramLink {
    /// Carries out a command.
    pub(super) fn tell(&mut self, command: AgentCommand, io: &mut AgentIo) {
        match command {
            AgentCommand::Cue(cue) => self.say(self.agent.phrases().at(cue).to_owned(), io),
            AgentCommand::Say(text) => self.say(text.reveal().to_owned(), io),
            AgentCommand::Reply => self.go_on(io),
            AgentCommand::ToolOutput { call, output } => self.tool_output(&call, &output, io),
            AgentCommand::Pressed(digit) => self.pressed(digit),
            AgentCommand::Cancel { reply } => self.give_up(reply),
            // The server cannot be told what was heard. It matters only if it was noise that cut the words.
            AgentCommand::Truncate { .. } => self.caller.cut_words(),
        }
    }

    fn say(&mut self, words: String, io: &mut AgentIo) {
        if words.trim().is_empty() {
            return self.go_on(io);
        }
        self.history_is_late(io);
        self.wish(words, io);
    }

    /// Asks for an answer the server owes but does not give.
    pub(super) fn ask_for_what_is_missed(&mut self, io: &mut AgentIo) {
        if self.speech.is_missed(self.clock.now()) && !self.caller.speaks() {
            self.write(GO_ON.to_owned(), io);
        }
    }

    /// Makes the agent speak. After results and words of the caller the server answers by itself; else it needs a line
    /// to answer: the caller's last words, keys, or a bare request.
    fn go_on(&mut self, io: &mut AgentIo) {
        if self.speech.owed() == Owed::Answer {
            return self.speech.want(self.clock.now());
        }
        if let Some(words) = self.history.take_held() {
            return self.write(words, io);
        }
        if !self.write_keys(io) {
            self.write(GO_ON.to_owned(), io);
        }
    }
}
