//! The provider: hears the caller, answers, asks for tools, breaks.

use crate::dice::Dice;
use crate::plan::Plan;
use call::{AgentInput, ItemId, ReplyId, ReplyOutcome, Spoken, ToolCallId, Usage};

/// What the provider will send, some milliseconds after the answer began.
pub(crate) enum Part {
    Says(AgentInput),
    Audio { item: u32, length: u64 },
}

/// Why an answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The caller stopped.
    Caller,
    /// It was asked to.
    Asked,
}

/// One session, and what is being said in it. Answers and utterances are numbered anew in each.
#[derive(Default)]
pub(crate) struct Agent {
    pub(crate) session: u32,
    /// Dialled, and not lost since.
    pub(crate) up: bool,
    pub(crate) ready: bool,
    pub(crate) hears_caller: Option<u32>,
    /// The answer being generated.
    pub(crate) active: Option<u32>,
    /// Answers that were cut, and when the provider notices.
    pub(crate) cut: Vec<(u32, u64)>,
    items: u32,
    replies: u32,
    tools: u32,
    utterances: u32,
}

impl Agent {
    /// A new session: nothing of the old one is known.
    pub(crate) fn connect(&mut self) {
        let (session, tools, utterances) = (self.session + 1, self.tools, self.utterances);
        *self = Self { session, tools, utterances, up: true, ..Self::default() };
    }

    pub(crate) fn next_item(&mut self) -> u32 {
        self.items += 1;
        self.items
    }

    /// An answer begins; gives its number and all of it, each part with its time after the beginning.
    pub(crate) fn answer(&mut self, plan: &Plan, dice: &mut Dice) -> (u32, Vec<(u64, Part)>) {
        self.replies += 1;
        self.active = Some(self.replies);
        let reply = ReplyId(self.replies);
        let mut parts = vec![(0, Part::Says(AgentInput::ReplyStarted { reply }))];
        if dice.percent(plan.mute_agent) {
            return (self.replies, parts);
        }
        let mut at = dice.between(20, 400);
        if dice.percent(plan.failed_replies) {
            parts.push((at, Part::Says(done(reply, ReplyOutcome::Failed))));
            return (self.replies, parts);
        }
        let with_tool = dice.percent(plan.tools);
        let utterances = if with_tool && dice.percent(50) { 0 } else { dice.between(1, 2) };
        for _ in 0..utterances {
            at = self.utterance(at, reply, &mut parts, plan, dice);
        }
        for _ in 0..if with_tool { dice.between(1, 3) } else { 0 } {
            self.tools += 1;
            let name = dice.one_of(&["hang_up", "transfer", "look_up", "look_up", "look_up", "look_up"]).to_owned();
            let (call, arguments) = (ToolCallId(format!("tool-{}", self.tools)), Spoken::new("{}"));
            for _ in 0..dice.between(1, 2) {
                let (call, name, arguments) = (call.clone(), name.clone(), arguments.clone());
                parts.push((at, Part::Says(AgentInput::ToolAsked { call, name, arguments })));
            }
            if dice.percent(plan.taken_back) {
                parts.push((at + dice.between(1, 2000), Part::Says(AgentInput::ToolCancelled { call })));
            }
        }
        let outcome = if dice.percent(5) { ReplyOutcome::Incomplete } else { ReplyOutcome::Completed };
        parts.push((at + dice.between(0, 30), Part::Says(done(reply, outcome))));
        (self.replies, parts)
    }

    /// Text a little ahead of audio. Its first word names it, so that the transcript can be compared with what was heard.
    fn utterance(
        &mut self,
        from: u64,
        reply: ReplyId,
        parts: &mut Vec<(u64, Part)>,
        plan: &Plan,
        dice: &mut Dice,
    ) -> u64 {
        let item = self.next_item();
        self.utterances += 1;
        let name = format!("u{}-{}-{}", self.session, reply.0, item);
        let length = if dice.percent(plan.endless_replies) { 90_000 } else { dice.between(200, 6000) };
        let chunks = length.div_ceil(plan.chunk);
        let mut at = from;
        for chunk in 0..chunks {
            if chunk % 4 == 0 {
                let text = Spoken::new(if chunk == 0 { name.clone() } else { " and so on".to_owned() });
                parts.push((at, Part::Says(AgentInput::ReplyText { reply, item: ItemId(item), text })));
            }
            parts.push((at, Part::Audio { item, length: plan.chunk }));
            at += plan.chunk * 10 / plan.speed;
        }
        at
    }

    /// Whether something of an answer still leaves the provider.
    pub(crate) fn still_sends(&self, now: u64, reply: u32) -> bool {
        !self.cut.iter().any(|(cut, at)| *cut == reply && now > *at)
    }
}

pub(crate) fn done(reply: ReplyId, outcome: ReplyOutcome) -> AgentInput {
    AgentInput::ReplyDone { reply, outcome, usage: Usage { audio_out: 1, ..Usage::default() } }
}
