//! Lies to the checker, one for each promise: what it is told of the core is not what the core did.

use super::World;
use crate::promises::Promise;
use call::{AgentCommand, AgentInput, CallEvent, Command, ControlInput, EndReason, Input, NextStep, ToolInput, Turn};

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
    RunTwice,
    ForgetJournal,
    PromptInstead,
    RepeatFillers,
    SkipProviders,
    HangUpSilently,
    GoElsewhere,
    MistakeVersions,
}

impl Sabotage {
    pub(crate) const ALL: [(Sabotage, Promise); 22] = [
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
        (Sabotage::RunTwice, Promise::ToolsRunOnce),
        (Sabotage::ForgetJournal, Promise::ToolsAreWrittenDown),
        (Sabotage::PromptInstead, Promise::ResultsAreUsed),
        (Sabotage::RepeatFillers, Promise::FillersAreAsides),
        (Sabotage::SkipProviders, Promise::FallbacksInOrder),
        (Sabotage::HangUpSilently, Promise::NobodyIsLeftInSilence),
        (Sabotage::GoElsewhere, Promise::PlacesAreReached),
        (Sabotage::MistakeVersions, Promise::VersionsAreTrue),
    ];
}

impl World {
    pub(super) fn tell(&mut self, command: &Command) {
        let mut told = vec![command.clone()];
        match (self.sabotage, command) {
            (Sabotage::EndTwice, Command::Publish(CallEvent::Ended { .. }))
            | (Sabotage::TurnsTwice, Command::Publish(CallEvent::Turn(_)))
            | (Sabotage::RunTwice, Command::RunTool { .. }) => told.push(command.clone()),
            (Sabotage::PromptInstead, Command::Agent(AgentCommand::Reply)) if self.promises.has_results() => {
                told = vec![Command::Publish(CallEvent::SilencePrompted { at_ms: self.now })];
            }
            (Sabotage::SkipProviders, Command::Dial { attempt, provider }) => {
                told = vec![Command::Dial { attempt: *attempt, provider: provider + 2 }];
            }
            (Sabotage::HangUpSilently, Command::Leave(NextStep::Apologize)) => {
                told = vec![Command::HangUp(EndReason::AgentUnavailable)];
            }
            (Sabotage::GoElsewhere, Command::Leave(NextStep::Queue { .. })) => {
                told = vec![Command::Leave(NextStep::Resume)];
            }
            (Sabotage::MistakeVersions, Command::Publish(CallEvent::Turn(turn))) => {
                let version = Some("0".to_owned());
                told = vec![Command::Publish(CallEvent::Turn(Turn { version, ..turn.clone() }))];
            }
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
        if *command == Command::Checkpoint && self.sabotage != Sabotage::ForgetJournal {
            self.promises.stored(self.call.conversation());
        }
        for command in &told {
            self.promises.command(self.now, command, &self.line, &self.plan);
        }
        if let Command::Dial { .. } = command {
            self.promises.dialled(self.now, self.call.conversation(), self.agent.session);
        }
    }

    /// A command nobody gave, to be told after an input.
    pub(super) fn lie_after(&mut self, input: &Input) -> Option<Command> {
        self.told_fenced |= *input == Input::Control(ControlInput::Fenced);
        match (self.sabotage, input) {
            (Sabotage::HangUpTooEarly, Input::Control(ControlInput::Finish(_)))
                if self.line.quiet_from() > self.now =>
            {
                Some(Command::HangUp(EndReason::AgentHungUp))
            }
            (Sabotage::RepeatFillers, Input::Tool(ToolInput::Slow { filler, .. })) => {
                Some(Command::Agent(AgentCommand::Say(filler.clone())))
            }
            (Sabotage::Interject, Input::Agent(AgentInput::CallerStarted { .. })) => {
                Some(Command::Agent(AgentCommand::Reply))
            }
            _ => None,
        }
    }
}
