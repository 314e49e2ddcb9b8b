//! What the agent hears, says and wants.

use super::{Call, millis};
use crate::asks::Ask;
use crate::floor::{Debt, Standing};
use crate::life::Life;
use crate::playback::Utterance;
use crate::timer::Timer;
use crate::{
    AgentCommand, AgentInput, At, CallEvent, Command, Cue, ItemId, LinkFault, Pass, ReplyId, ReplyOutcome, Spoken,
    Usage,
};
use std::time::Duration;

/// Answers that may fail in a row before the link is taken for bad. Lower redials for a hiccup; higher leaves the caller
/// in silence for the sum of the waits between.
const MOST_FAILURES: u32 = 3;

/// Kept of a provider's error code.
const LONGEST_CODE: usize = 64;

impl Call {
    pub(super) fn agent(&mut self, at: At, input: AgentInput) {
        match input {
            AgentInput::Ready => return self.agent_ready(at),
            AgentInput::Lost(fault) => return self.agent_lost(at, fault),
            // A provider may complain of what it is told before it is ready.
            AgentInput::Complained { code } => return self.complained(code),
            _ if !self.link.is_up() => return self.ignore(),
            _ => {}
        }
        match input {
            AgentInput::CallerSaid { item, text } => self.caller_said(at, item, text),
            AgentInput::ReplyText { reply, item, text } => self.reply_text(at, reply, item, &text),
            AgentInput::ReplyDone { reply, outcome, usage } => self.reply_done(at, reply, outcome, usage),
            AgentInput::Transcribed { usage } => self.used(usage),
            // The caller is gone: what the agent hears or wants now is late, not wrong.
            _ if matches!(self.life, Life::Closing(_)) => {}
            AgentInput::CallerStarted { item } => self.caller_started(at, item),
            AgentInput::CallerStopped { item } => self.caller_stopped(at, item),
            AgentInput::ReplyStarted { reply } => match self.floor.standing(reply) {
                Standing::New => self.reply_began(at, reply),
                Standing::Running | Standing::Late => self.ignore(),
            },
            AgentInput::ToolAsked { call, name, arguments } => self.tool_asked(at, call, name, arguments),
            AgentInput::ToolCancelled { call } => self.tool_taken_back(at, &call),
            AgentInput::Ready | AgentInput::Lost(_) | AgentInput::Complained { .. } => {}
        }
    }

    /// Audio of the agent wants to pass.
    pub(super) fn agent_audio(&mut self, at: At, reply: ReplyId, item: ItemId, length: Duration) -> Pass {
        let utterance = self.utterance(reply, item);
        let is_open = self.life.lets_agent_speak();
        if is_open && self.floor.standing(reply) == Standing::New {
            self.reply_began(at, reply);
        }
        if !is_open || self.floor.standing(reply) != Standing::Running || length.is_zero() {
            self.turns.dropped(utterance, length);
            return Pass::Drop;
        }
        if self.playback.queued() + length > self.limits.max_queued {
            self.cut_short(reply);
            self.turns.dropped(utterance, length);
            return Pass::Drop;
        }
        self.turns.passed(utterance, length);
        let mark = self.playback.send(at, utterance, length, self.limits.mark_every);
        self.measure(at);
        self.rearm(at);
        Pass::Pass { mark }
    }

    /// The first word of the call, and how long the caller waited for an answer.
    fn measure(&mut self, at: At) {
        if let (None, Some(started)) = (self.first_word, self.line_started) {
            self.first_word = Some(at);
            self.publish(CallEvent::FirstWord { after_ms: millis(at.saturating_sub(started)) });
        }
        if let Some(gap) = self.floor.spoke(at) {
            self.publish(CallEvent::ReplyGap { gap_ms: millis(gap) });
        }
    }

    /// The core itself gives an answer up. This, and an answer that begins while the caller speaks, is when the provider
    /// has to be told to stop: an answer the caller interrupts it stops by itself.
    fn cut_short(&mut self, reply: ReplyId) {
        self.floor.silence_reply();
        self.ignore();
        self.tell_agent(AgentCommand::Cancel { reply });
    }

    fn caller_started(&mut self, at: At, item: ItemId) {
        if !self.floor.caller_started(item) {
            return self.ignore();
        }
        self.turns.caller_started(at, item, &mut self.conversation);
        self.silence.caller(at);
        self.asks.caller_started();
        self.timers.stop(Timer::AskAgain);
        self.interrupt(at);
        if let Life::Leaving(departure) = self.life
            && departure.yields_to_caller()
        {
            self.stay();
        }
    }

    /// The caller speaks: whatever the agent is saying is cut, at the line and in its own memory.
    fn interrupt(&mut self, at: At) {
        let link = self.link.number();
        let speaking = self.floor.speaking_reply();
        let queued = self.playback.queued();
        if speaking.is_none() && queued.is_zero() {
            return;
        }
        self.push(Command::Clear);
        let cuts = self.turns.cut(speaking.map(|reply| (link, reply)));
        let cleared = self.playback.clear(at);
        self.floor.silence_reply();
        for cut in cuts.iter().filter(|cut| cut.utterance.link == link) {
            let heard_ms = u32::try_from(cut.heard.as_millis()).unwrap_or(u32::MAX);
            self.tell_agent(AgentCommand::Truncate { item: cut.utterance.item, heard_ms });
        }
        if let Some(cut) = cuts.first() {
            let (heard_ms, cleared_ms) = (millis(cut.heard), millis(cleared));
            self.publish(CallEvent::Interrupted { at_ms: millis(at), heard_ms, cleared_ms });
        }
    }

    fn caller_stopped(&mut self, at: At, item: ItemId) {
        if !self.floor.caller_stopped(at, item) {
            return self.ignore();
        }
        self.turns.caller_stopped(at, item, &mut self.conversation);
        self.silence.caller(at);
        self.asks.caller_stopped();
    }

    fn caller_said(&mut self, at: At, item: ItemId, text: Option<Spoken>) {
        if !self.turns.caller_said(at, item, text) {
            self.ignore();
        }
    }

    /// An answer begins. One that was asked for and meets a caller who has begun to speak meanwhile is cut: the provider's
    /// own detection stops only what ran when the speech began.
    pub(super) fn reply_began(&mut self, at: At, reply: ReplyId) {
        let link = self.link.number();
        let unowed = self.has_said_goodbye();
        self.floor.reply_began(at, reply);
        self.turns.reply_began(link, reply);
        self.timers.stop(Timer::AskAgain);
        let asked = self.asks.answer_began();
        if asked != Some(Ask::Filler) {
            self.tools.reply_began();
        }
        if asked == Some(Ask::Wish(AgentCommand::Cue(Cue::SilencePrompt))) {
            self.silence.prompt_is(link, reply);
        }
        if !self.floor.caller_speaks() {
            if unowed && asked.is_none() {
                self.floor.silence_reply();
                self.tell_agent(AgentCommand::Cancel { reply });
            }
            return;
        }
        match asked {
            Some(ask) => {
                self.floor.silence_reply();
                self.tell_agent(AgentCommand::Cancel { reply });
                if let Ask::Wish(sentence @ AgentCommand::Say(_)) = ask {
                    self.asks.push_first(sentence);
                }
            }
            None => {
                if let Some(item) = self.floor.caller_overtaken(at) {
                    self.turns.caller_stopped(at, item, &mut self.conversation);
                }
            }
        }
    }

    /// The call leaves and the last words were said. Some providers go on by themselves when the tool that leaves has
    /// answered; what they say then would be a second goodbye.
    fn has_said_goodbye(&self) -> bool {
        matches!(self.life, Life::Leaving(_)) && self.floor.has_spoken() && self.floor.debt().is_none()
    }

    fn reply_text(&mut self, at: At, reply: ReplyId, item: ItemId, text: &Spoken) {
        let utterance = self.utterance(reply, item);
        if self.floor.standing(reply) == Standing::New && self.life.is_open() {
            self.reply_began(at, reply);
        }
        if self.floor.standing(reply) == Standing::Running {
            self.floor.progressed(at);
            self.turns.text(utterance, text);
        } else if !self.turns.late_text(utterance, text) {
            self.ignore();
        }
    }

    fn reply_done(&mut self, at: At, reply: ReplyId, outcome: ReplyOutcome, usage: Usage) {
        self.used(usage);
        if self.floor.standing(reply) == Standing::New && self.life.is_open() {
            // The end of an answer that was cut may come without its beginning; it answers nothing.
            match outcome {
                ReplyOutcome::Cancelled => self.floor.reply_passed_by(reply),
                _ => self.reply_began(at, reply),
            }
        }
        let was_running = self.floor.running_reply() == Some(reply);
        let standing = self.floor.reply_done(reply);
        self.turns.reply_done(self.link.number(), reply);
        self.tools.reply_done(reply);
        let mark = self.playback.mark();
        self.mark(mark);
        let asked = if was_running { self.asks.answer_done() } else { None };
        match outcome {
            ReplyOutcome::Failed => self.reply_failed(at, standing, asked),
            ReplyOutcome::Completed | ReplyOutcome::Cancelled | ReplyOutcome::Incomplete => self.failures = 0,
        }
    }

    /// Nothing will be heard of an answer: it is asked for again after a while, and after several the link counts as bad.
    fn reply_failed(&mut self, at: At, standing: Standing, asked: Option<Ask>) {
        self.publish(CallEvent::ReplyFailed { at_ms: millis(at) });
        let missed = match asked {
            Some(Ask::Filler) => return,
            Some(Ask::Wish(ask)) => ask,
            None => AgentCommand::Reply,
        };
        if standing == Standing::Late || self.life != Life::Talking || self.floor.caller_speaks() {
            return;
        }
        self.floor.owe(at, Debt::Wish);
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MOST_FAILURES {
            self.failures = 0;
            return self.drop_agent(at, LinkFault::Busy);
        }
        self.asks.push_first(missed);
        let wait = self.limits.redial_wait.saturating_mul(self.failures);
        self.timers.set(Timer::AskAgain, Some(at.saturating_add(wait)));
    }

    fn used(&mut self, usage: Usage) {
        if usage != Usage::default() {
            self.publish(CallEvent::Used { usage, by: None });
        }
    }

    fn complained(&mut self, code: String) {
        let code = code.chars().take(LONGEST_CODE).collect();
        self.publish(CallEvent::AgentComplained { code });
    }

    fn utterance(&self, reply: ReplyId, item: ItemId) -> Utterance {
        Utterance { link: self.link.number(), reply, item }
    }
}
