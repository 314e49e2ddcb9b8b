//! The watch over silence: ask whether the caller is still there, later end the call.
//!
//! Two clocks. The *pause* runs from the last moment anybody was heard and leads to the prompt, once for each silence. The
//! *silence* runs from the last moment the caller spoke or the agent said something to them; the prompt itself is not an
//! answer to anybody, so it does not stop that clock, and the sixty seconds of the defaults include the prompt.
//!
//! Before it: who was heard and when. After it: [`crate::call`], which lets neither clock strike while somebody speaks, an
//! answer is owed, a tool runs or audio is being played.

use crate::{At, Limits, ReplyId};

/// What is due when it has been silent for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// Ask whether the caller is still there.
    Prompt,
    /// Say goodbye and end the call.
    End,
}

/// The two clocks.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    pause_since: At,
    silent_since: At,
    prompted: Option<At>,
    /// The answer that is the prompt, with its link's number.
    prompt: Option<(u32, ReplyId)>,
}

impl Silence {
    /// The caller spoke, pressed a key, or the line has just started.
    pub(crate) fn caller(&mut self, at: At) {
        *self = Self { pause_since: at, silent_since: at, ..Self::default() };
    }

    /// The agent was heard.
    pub(crate) fn agent(&mut self, ended: At, link: u32, reply: ReplyId) {
        self.pause_since = self.pause_since.max(ended);
        if self.prompt != Some((link, reply)) {
            self.silent_since = self.silent_since.max(ended);
            self.prompted = None;
        }
    }

    /// This answer is the prompt.
    pub(crate) fn prompt_is(&mut self, link: u32, reply: ReplyId) {
        self.prompt = Some((link, reply));
    }

    /// The caller was asked.
    pub(crate) fn prompted(&mut self, at: At) {
        self.prompted = Some(at);
    }

    /// What comes next, and when.
    pub(crate) fn next(&self, limits: &Limits) -> (At, Strike) {
        let end = self.silent_since + limits.silence_end;
        let prompt = self.pause_since + limits.silence_prompt;
        if self.prompted.is_none() && prompt < end { (prompt, Strike::Prompt) } else { (end, Strike::End) }
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
    fn the_prompt_comes_once_and_does_not_stop_the_clock_of_the_end() {
        let limits = Limits::default();
        let mut silence = Silence::default();
        silence.caller(s(10));
        assert_eq!(silence.next(&limits), (s(35), Strike::Prompt));
        silence.prompted(s(35));
        silence.prompt_is(1, ReplyId(2));
        silence.agent(s(38), 1, ReplyId(2));
        assert_eq!(silence.next(&limits), (s(70), Strike::End));
    }

    #[test]
    fn anything_else_the_agent_says_begins_a_new_silence() {
        let limits = Limits::default();
        let mut silence = Silence::default();
        silence.prompted(s(35));
        silence.prompt_is(1, ReplyId(2));
        silence.agent(s(40), 1, ReplyId(3));
        assert_eq!(silence.next(&limits), (s(65), Strike::Prompt));
    }

    #[test]
    fn a_prompt_that_would_come_after_the_end_is_left_out() {
        let limits = Limits { silence_prompt: s(60), silence_end: s(30), ..Limits::default() };
        assert_eq!(Silence::default().next(&limits), (s(30), Strike::End));
    }
}
