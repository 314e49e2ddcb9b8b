//! Whether what is heard is recorded now: by the agent's policy, the caller's word, and the tools that run.
//!
//! Before it: the session, which tells what happens. After it: the tap of this worker, or the telephone network's own
//! recording. Every change is given back as a state, which the session publishes. It decides nothing else, never waits,
//! and follows the policy the call began with, whatever is applied meanwhile.

use crate::moments;
use crate::recording::{Network, Tap};
use call::{CallEvent, Conversation, Heard, RecordingState, Resumed, Speaker, ToolCallId};
use common::company::{RecordFrom, Recording};
use common::ids::CallId;
use common::ports::telephone::RecordingOrder;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// Who records.
pub enum Hand {
    /// Nobody.
    Nobody,
    /// This worker.
    Tap(Box<Tap>),
    /// The telephone network.
    Network(Network),
}

/// The recording of one call, as far as its session has to do with it.
pub struct Taping {
    hand: Hand,
    wish: Wish,
    /// Tools during whose runs nothing is kept.
    pause_for: Vec<String>,
    /// Of these, the runs under way.
    held: BTreeSet<String>,
    /// What the record was told last.
    told: Option<RecordingState>,
}

/// What is wanted, apart from tools that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The words that announce it are to be heard first.
    Announcement,
    /// Somebody is to ask for it.
    Word,
    Keep,
    Pause,
    Stop,
    Refuse,
}

impl Taping {
    /// For a call that begins, or comes back with this behind it.
    pub fn new(hand: Hand, recording: &Recording, heard: &Conversation, resumed: Resumed) -> Self {
        let wish = match heard.recording {
            Some(RecordingState::Started | RecordingState::Resumed) => Wish::Keep,
            Some(RecordingState::Paused) => Wish::Pause,
            Some(RecordingState::Stopped) => Wish::Stop,
            Some(RecordingState::Refused) => Wish::Refuse,
            None => first_wish(recording.from, heard, resumed),
        };
        // The network's recording goes on over a change of workers, and what was refused stays so.
        let told = heard.recording.filter(|_| matches!(hand, Hand::Network(_)) || wish == Wish::Refuse);
        let mut taping = Self { hand, wish, pause_for: recording.pause_for.clone(), held: BTreeSet::new(), told };
        if wish == Wish::Keep && told.is_some() {
            // A tool may have run when the worker before was lost.
            taping.change(RecordingOrder::Resume);
        }
        taping
    }

    /// The tap, where this worker records.
    pub fn tap(&mut self) -> Option<&mut Tap> {
        match &mut self.hand {
            Hand::Tap(tap) => Some(tap),
            Hand::Nobody | Hand::Network(_) => None,
        }
    }

    /// The stream has started.
    pub fn begin(&mut self, now: Instant) -> Option<RecordingState> {
        self.settle(now)
    }

    /// Something was published.
    pub fn on_event(&mut self, call: &CallId, event: &CallEvent, now: Instant) -> Option<RecordingState> {
        match event {
            CallEvent::Turn(turn) if turn.speaker == Speaker::Agent && self.wish == Wish::Announcement => {
                self.wish = if turn.heard == Heard::Whole { Wish::Keep } else { Wish::Word };
                if self.wish == Wish::Word && !matches!(self.hand, Hand::Nobody) {
                    moments::recording_not_announced(call);
                }
            }
            CallEvent::ToolRun { call, .. } if self.held.remove(call) => {}
            _ => return None,
        }
        self.settle(now)
    }

    /// A tool is about to run.
    pub fn tool_runs(&mut self, id: &ToolCallId, name: &str, now: Instant) -> Option<RecordingState> {
        if !self.pause_for.iter().any(|tool| tool == name) {
            return None;
        }
        self.held.insert(id.0.clone());
        self.settle(now)
    }

    /// The agent wants something of the recording. A refusal is for good.
    pub fn wants(&mut self, state: RecordingState, now: Instant) -> Option<RecordingState> {
        self.wish = match (state, self.wish) {
            (_, Wish::Refuse) | (RecordingState::Refused, _) => Wish::Refuse,
            (RecordingState::Started, _) => Wish::Keep,
            (RecordingState::Resumed, Wish::Pause) => Wish::Keep,
            (RecordingState::Paused, Wish::Keep) => Wish::Pause,
            (RecordingState::Stopped, _) => Wish::Stop,
            // Nothing is under way that could rest or go on.
            (RecordingState::Paused | RecordingState::Resumed, wish) => wish,
        };
        self.settle(now)
    }

    /// What holds for whoever goes on with the call: runs of tools do not go on.
    pub fn standing(&self) -> Option<RecordingState> {
        match self.wish {
            Wish::Announcement | Wish::Word => None,
            Wish::Keep => Some(RecordingState::Started),
            Wish::Pause => Some(RecordingState::Paused),
            Wish::Stop => Some(RecordingState::Stopped),
            Wish::Refuse => Some(RecordingState::Refused),
        }
    }

    /// The stream is over.
    pub fn end(&mut self, now: Instant) {
        if let Hand::Tap(tap) = &mut self.hand {
            match self.told {
                Some(RecordingState::Stopped) => tap.end_at_rest(now),
                _ => tap.end(now),
            }
        }
    }

    /// Makes what is done what is wanted; gives what changed.
    fn settle(&mut self, now: Instant) -> Option<RecordingState> {
        use RecordingState::{Paused, Refused, Resumed, Started, Stopped};
        let rests = self.wish == Wish::Pause || !self.held.is_empty();
        let change = match (self.wish, self.told) {
            _ if matches!(self.hand, Hand::Nobody) => return None,
            (Wish::Refuse, told) if told != Some(Refused) => Refused,
            (Wish::Stop, Some(Started | Resumed | Paused)) => Stopped,
            (Wish::Keep | Wish::Pause, Some(Started | Resumed)) if rests => Paused,
            (Wish::Keep, Some(Paused)) if !rests => Resumed,
            (Wish::Keep, None | Some(Stopped)) if !rests => Started,
            _ => return None,
        };
        self.told = Some(change);
        self.carry_out(change, now);
        Some(change)
    }

    fn carry_out(&mut self, change: RecordingState, now: Instant) {
        match (&mut self.hand, change) {
            (Hand::Nobody, _) => {}
            (Hand::Tap(tap), RecordingState::Started | RecordingState::Resumed) => tap.keep(now),
            (Hand::Tap(tap), RecordingState::Paused | RecordingState::Stopped) => tap.rest(now),
            (Hand::Tap(tap), RecordingState::Refused) => tap.refuse(),
            (Hand::Network(network), RecordingState::Started) => network.start(),
            (Hand::Network(network), RecordingState::Refused) => network.refuse(),
            (Hand::Network(_), RecordingState::Paused) => self.change(RecordingOrder::Pause),
            (Hand::Network(_), RecordingState::Resumed) => self.change(RecordingOrder::Resume),
            (Hand::Network(_), RecordingState::Stopped) => self.change(RecordingOrder::Stop),
        }
    }

    fn change(&mut self, order: RecordingOrder) {
        if let Hand::Network(network) = &mut self.hand {
            network.change(order);
        }
    }
}

/// Before anybody has wanted anything. Who comes back to a call is not told again that it is recorded.
fn first_wish(from: RecordFrom, heard: &Conversation, resumed: Resumed) -> Wish {
    let first = heard.turns.iter().find(|turn| turn.speaker == Speaker::Agent);
    match (from, first) {
        (RecordFrom::Start, _) => Wish::Keep,
        (RecordFrom::Asked, _) => Wish::Word,
        (RecordFrom::Announced, Some(turn)) if turn.heard == Heard::Whole => Wish::Keep,
        (RecordFrom::Announced, None) if resumed == Resumed::No => Wish::Announcement,
        (RecordFrom::Announced, _) => Wish::Word,
    }
}
