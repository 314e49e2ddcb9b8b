//! What the client wants changed or said while the session runs: updates and their acknowledgements, injections and
//! their refusals.

use std::time::Instant;

use serde_json::Value;

use super::{Alarm, Session};
use crate::deepgram::{
    Refusing, ThinkLive,
    codes::{ErrorCode, WarningCode},
    message::{Behavior, Refusal, Said},
    settings::{Config, check_speak},
    truth::WishIn,
    wire,
};

/// What a model says that was told to say something.
const FILLER: &str = "Bear with me.";

impl Session {
    /// Takes an update or an injection.
    pub(super) fn wish(&mut self, at: Instant, wish: Said, object: Value) -> Result<(), Refusal> {
        if let Some(kind) = kind(&wish) {
            self.note().wishes.push(WishIn { at, kind, message: object });
        }
        match wish {
            Said::UpdateListen { listen } => {
                self.change(|config| config.update_listen(&listen))?;
                self.acknowledge(at, "ListenUpdated");
            }
            Said::UpdateThink { think } => {
                self.change(|config| config.think(&think))?;
                self.warn_of_settings();
                self.acknowledge(at, "ThinkUpdated");
            }
            Said::UpdateThinkLive { .. } => {
                self.wants_think_live("UpdateThink_Live")?;
                self.acknowledge(at, "ThinkLiveUpdated");
            }
            Said::UpdateSpeak { speak } => {
                check_speak(&speak)?;
                self.acknowledge(at, "SpeakUpdated");
            }
            Said::UpdatePrompt { prompt } => {
                let prompting = self.setup.options.habits.prompting;
                self.change(|config| {
                    config.change_prompt(&prompt, prompting);
                    Ok(())
                })?;
                self.acknowledge(at, "PromptUpdated");
            }
            Said::InjectUserMessage { content } => {
                self.topic.turn(Some(content.as_str().into()));
                self.user_said(at, content, "manual");
            }
            Said::InjectAgentMessage { message, behavior, is_dynamic } => {
                let sentence = self.sentence(message, is_dynamic)?;
                self.inject(at, sentence, behavior);
            }
            Said::ForceEndTurn {} if self.config().flux => self.force_end(at),
            Said::ForceEndTurn {} => self.warn(WarningCode::ForceEndTurnUnsupported),
            // Each has been taken where it belongs.
            Said::Settings(_) | Said::FunctionCallResponse { .. } | Said::KeepAlive {} => {}
        }
        Ok(())
    }

    fn change(&mut self, change: impl FnOnce(&mut Config) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let config = self.config.as_mut().expect("a session that runs has its settings");
        change(config)?;
        let prompt = config.prompt.clone();
        self.note().prompt = prompt;
        Ok(())
    }

    /// Acknowledgements carry no id: two of a kind under way cannot be told apart.
    fn acknowledge(&mut self, at: Instant, ack: &'static str) {
        if self.updating.contains(&ack) {
            self.violation(format!("a second update before {ack}"));
        }
        self.updating.push(ack);
        self.agenda.set(at + self.setup.options.pace.update, Alarm::Updated(ack));
    }

    pub(super) fn updated(&mut self, ack: &'static str) {
        if let Some(index) = self.updating.iter().position(|waiting| *waiting == ack) {
            self.updating.swap_remove(index);
        }
        self.send(wire::plain(ack));
    }

    fn wants_think_live(&self, what: &str) -> Result<(), Refusal> {
        match self.config().think_live {
            ThinkLive::Enrolled => Ok(()),
            ThinkLive::NotEnrolled => Err(Refusal::settings(format!("{what} needs agent.think_live."))),
        }
    }

    fn sentence(&self, message: Option<String>, is_dynamic: Option<bool>) -> Result<String, Refusal> {
        match (message, is_dynamic.unwrap_or(false)) {
            (Some(message), false) => Ok(message),
            (None, true) => self.wants_think_live("is_dynamic").map(|()| FILLER.to_owned()),
            _ => Err(Refusal::new(ErrorCode::UnparsableClientMessage, "wants message or is_dynamic")),
        }
    }

    fn inject(&mut self, at: Instant, sentence: String, behavior: Behavior) {
        let speaking = self.answer.as_ref().is_some_and(|answer| !answer.interrupted);
        let in_turn = speaking || self.owed || self.calls.waiting() || !self.queue.is_empty();
        match behavior {
            Behavior::Default if self.ear.in_turn() => self.refuse_injection("the user is speaking"),
            Behavior::Default if in_turn => self.refuse_injection("the agent is speaking"),
            Behavior::Default | Behavior::Queue => {
                self.queue.push_back(sentence);
                self.go_on(at);
            }
            Behavior::Interrupt => {
                self.replace(at);
                self.say(at, sentence);
            }
        }
    }

    /// What is being said ends here: nothing of it is on its way any more.
    fn replace(&mut self, at: Instant) {
        if let Some(noted) = self.answer.take().and_then(|answer| answer.noted) {
            self.note().answers[noted].interrupted_at.get_or_insert(at);
        }
        self.queue.clear();
    }

    fn refuse_injection(&mut self, why: &str) {
        self.note().injections_refused += 1;
        match self.setup.options.habits.refusing {
            Refusing::Message => self.send(wire::refused(&format!("Refused: {why}."))),
            Refusing::Warning if self.ear.in_turn() => self.warn(WarningCode::InjectAgentMessageDuringUserSpeech),
            Refusing::Warning => self.warn(WarningCode::InjectAgentMessageDuringAgentSpeech),
        }
    }
}

fn kind(wish: &Said) -> Option<&'static str> {
    match wish {
        Said::UpdateListen { .. } => Some("UpdateListen"),
        Said::UpdateThink { .. } => Some("UpdateThink"),
        Said::UpdateThinkLive { .. } => Some("UpdateThink_Live"),
        Said::UpdateSpeak { .. } => Some("UpdateSpeak"),
        Said::UpdatePrompt { .. } => Some("UpdatePrompt"),
        Said::InjectUserMessage { .. } => Some("InjectUserMessage"),
        Said::InjectAgentMessage { .. } => Some("InjectAgentMessage"),
        Said::ForceEndTurn {} => Some("ForceEndTurn"),
        Said::Settings(_) | Said::FunctionCallResponse { .. } | Said::KeepAlive {} => None,
    }
}
