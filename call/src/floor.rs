//! Who speaks: the caller, the agent, or nobody; and whether an answer is owed.
//!
//! Before it: what the provider hears and says. After it: [`crate::call`], which interrupts, measures and asks by it. It
//! never looks at audio: whether something is still being played is [`crate::playback`]'s matter.

use crate::{At, ItemId, ReplyId};

/// What the agent owes an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Debt {
    /// The caller's words.
    Words,
    /// Something it was asked to say.
    Wish,
    /// Words while a tool runs. They answer nothing, and nobody misses them.
    Aside,
}

/// Whether an answer may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Heard,
    /// Cut: what still comes of it is thrown away.
    Silenced,
}

/// How a reply named by the agent relates to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not seen before.
    New,
    /// It is being generated and may be heard.
    Running,
    /// It was cut, is done, or was overtaken by another.
    Late,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    reply: ReplyId,
    voice: Voice,
    /// What it pays.
    debt: Option<Debt>,
}

/// Who has the floor.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    caller: Option<ItemId>,
    running: Option<Running>,
    newest: Option<ReplyId>,
    debt: Option<Debt>,
    /// The caller stopped and no answer has passed since.
    waiting_since: Option<At>,
    /// Whether the agent has spoken since the caller stopped or it was asked.
    spoken: Option<At>,
    /// The last sign that the agent works on what it owes.
    progress: At,
}

impl Floor {
    /// The caller begins to speak; `false` when that was known. Nothing is owed before the caller has stopped.
    pub(crate) fn caller_started(&mut self, item: ItemId) -> bool {
        let news = self.caller.replace(item) != Some(item);
        if news {
            self.debt = None;
            self.waiting_since = None;
        }
        news
    }

    /// The caller stops; `false` when that utterance was not being spoken.
    pub(crate) fn caller_stopped(&mut self, at: At, item: ItemId) -> bool {
        if self.caller != Some(item) {
            return false;
        }
        self.caller = None;
        self.waiting_since = Some(at);
        self.owe(at, Debt::Words);
        true
    }

    /// The agent begins an answer nobody interrupts: so the caller has stopped, whatever was heard of that.
    pub(crate) fn caller_overtaken(&mut self, at: At) -> Option<ItemId> {
        let item = self.caller.take()?;
        self.waiting_since = Some(at);
        Some(item)
    }

    /// The agent owes an answer from now on.
    pub(crate) fn owe(&mut self, at: At, debt: Debt) {
        self.debt = Some(debt);
        if debt != Debt::Aside {
            self.spoken = None;
        }
        self.progress = at;
    }

    /// Nothing is owed any more.
    pub(crate) fn forgive(&mut self) {
        self.debt = None;
    }

    /// How this reply relates to what is known. Replies are numbered in the order seen, so an older one is late.
    pub(crate) fn standing(&self, reply: ReplyId) -> Standing {
        if self.newest.is_none_or(|newest| reply > newest) {
            return Standing::New;
        }
        match self.running {
            Some(running) if running.reply == reply && running.voice == Voice::Heard => Standing::Running,
            _ => Standing::Late,
        }
    }

    /// A new answer begins.
    pub(crate) fn reply_began(&mut self, at: At, reply: ReplyId) {
        self.newest = Some(reply);
        self.running = Some(Running { reply, voice: Voice::Heard, debt: self.debt.take() });
        self.progress = at;
    }

    /// An answer was cut before it was known; nothing of it will be heard.
    pub(crate) fn reply_passed_by(&mut self, reply: ReplyId) {
        self.newest = Some(reply);
    }

    /// The agent shows that it works.
    pub(crate) fn progressed(&mut self, at: At) {
        self.progress = at;
    }

    /// Audio of the agent passes; gives how long the caller has waited for it, once for each wait.
    pub(crate) fn spoke(&mut self, at: At) -> Option<At> {
        self.progress = at;
        if self.running.is_none_or(|running| running.debt != Some(Debt::Aside)) {
            self.spoken = Some(at);
        }
        self.waiting_since.take().map(|since| at.saturating_sub(since))
    }

    /// What still comes of the running answer is thrown away.
    pub(crate) fn silence_reply(&mut self) {
        if let Some(running) = &mut self.running {
            running.voice = Voice::Silenced;
        }
    }

    /// An answer is complete; how it stood before.
    pub(crate) fn reply_done(&mut self, reply: ReplyId) -> Standing {
        let standing = self.standing(reply);
        if self.running_reply() == Some(reply) {
            self.running = None;
        }
        standing
    }

    /// The agent is gone, with all it said and owed; gives what was owed.
    pub(crate) fn agent_lost(&mut self) -> Option<Debt> {
        let running = self.running.filter(|running| running.voice == Voice::Heard);
        let cut = running.filter(|running| running.debt != Some(Debt::Aside)).map(|_| Debt::Wish);
        let speaking = self.caller.map(|_| Debt::Words);
        let owed = self.debt.filter(|debt| *debt != Debt::Aside).or(cut).or(speaking);
        let waiting_since = self.waiting_since;
        *self = Self { waiting_since, progress: self.progress, ..Self::default() };
        owed
    }

    /// The answer being generated that may be heard.
    pub(crate) fn speaking_reply(&self) -> Option<ReplyId> {
        self.running.filter(|running| running.voice == Voice::Heard).map(|running| running.reply)
    }

    /// The answer being generated, heard or not.
    pub(crate) fn running_reply(&self) -> Option<ReplyId> {
        self.running.map(|running| running.reply)
    }

    /// Whether the caller speaks.
    pub(crate) fn caller_speaks(&self) -> bool {
        self.caller.is_some()
    }

    /// What is owed.
    pub(crate) fn debt(&self) -> Option<Debt> {
        self.debt
    }

    /// Whether the agent has said anything since the caller stopped or it was asked.
    pub(crate) fn has_spoken(&self) -> bool {
        self.spoken.is_some()
    }

    /// Whether the agent may be asked to speak: nobody speaks, nothing is owed.
    pub(crate) fn is_free(&self) -> bool {
        self.caller.is_none() && self.running.is_none() && self.debt.is_none()
    }

    /// The last sign of life, while the agent owes one.
    pub(crate) fn waits_since(&self) -> Option<At> {
        (self.running.is_some() || self.debt.is_some()).then_some(self.progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn s(seconds: u64) -> At {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_is_owed_from_the_moment_the_caller_stops() {
        let mut floor = Floor::default();
        assert!(floor.caller_started(ItemId(1)));
        assert!(!floor.caller_started(ItemId(1)));
        assert_eq!(floor.debt(), None);
        assert!(!floor.caller_stopped(s(1), ItemId(7)));
        assert!(floor.caller_stopped(s(2), ItemId(1)));
        assert_eq!(floor.debt(), Some(Debt::Words));
        assert_eq!(floor.waits_since(), Some(s(2)));
        floor.reply_began(s(3), ReplyId(1));
        assert_eq!(floor.debt(), None);
        assert_eq!(floor.waits_since(), Some(s(3)));
    }

    #[test]
    fn the_wait_for_an_answer_is_told_once() {
        let mut floor = Floor::default();
        floor.caller_started(ItemId(1));
        floor.caller_stopped(s(2), ItemId(1));
        floor.reply_began(s(3), ReplyId(1));
        assert_eq!(floor.spoke(s(4)), Some(s(2)));
        assert_eq!(floor.spoke(s(5)), None);
    }

    #[test]
    fn a_silenced_reply_stays_late_until_another_begins() {
        let mut floor = Floor::default();
        floor.reply_began(s(1), ReplyId(4));
        assert_eq!(floor.standing(ReplyId(4)), Standing::Running);
        floor.silence_reply();
        assert_eq!(floor.standing(ReplyId(4)), Standing::Late);
        assert!(!floor.is_free());
        assert_eq!(floor.standing(ReplyId(3)), Standing::Late);
        assert_eq!(floor.standing(ReplyId(5)), Standing::New);
        assert_eq!(floor.reply_done(ReplyId(4)), Standing::Late);
        assert!(floor.is_free());
    }

    #[test]
    fn an_aside_answers_nothing() {
        let mut floor = Floor::default();
        floor.owe(s(1), Debt::Wish);
        floor.reply_began(s(2), ReplyId(1));
        floor.reply_done(ReplyId(1));
        floor.owe(s(3), Debt::Aside);
        floor.reply_began(s(4), ReplyId(2));
        floor.spoke(s(5));
        assert!(!floor.has_spoken());
        assert_eq!(floor.agent_lost(), None);
    }

    #[test]
    fn numbers_begin_anew_after_the_agent_was_lost() {
        let mut floor = Floor::default();
        floor.reply_began(s(1), ReplyId(9));
        assert_eq!(floor.agent_lost(), Some(Debt::Wish));
        assert_eq!(floor.standing(ReplyId(1)), Standing::New);
        assert_eq!(floor.agent_lost(), None);
    }
}
