//! What a caller does, step by step.
//!
//! A plan carries the steps; the media stream asks once a frame what comes next, and where there is no stream the wait
//! of a verb does (`wait.rs`). The steps survive the stream: a call moved to another worker goes on where it was. No
//! sockets and no clock here, only the time it is told.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::clip::Clip;
use super::event::{PhoneEvent, Watcher};

/// Pause between two keys pressed one after the other.
const KEY_GAP: Duration = Duration::from_millis(200);

/// One thing a caller does. When no step is left, the caller hangs up, unless a verb keeps it waiting outside a media
/// stream: there it waits with the verb, for the agent too, without losing patience.
#[derive(Clone, Debug)]
pub enum Step {
    /// Wait until the agent has spoken and nothing of it has been heard for this long.
    Listen {
        /// Milliseconds of quiet that end the step.
        quiet_ms: u64,
    },
    /// Wait until the agent's voice is heard.
    AwaitAgent,
    /// Speak.
    Say(Clip),
    /// Speak by the clock, as a machine does: what nobody was there to hear is not said later.
    Announce(Clip),
    /// Wait until the agent has been heard for this long in this step, then speak over it.
    Interrupt {
        /// Milliseconds of agent audio heard before the caller begins.
        after_ms: u64,
        /// What the caller says.
        clip: Clip,
    },
    /// Say nothing for this long.
    Silence {
        /// Milliseconds.
        ms: u64,
    },
    /// Press keys, one after the other.
    Digits(String),
    /// Wait until a document has come to this verb, such as `Dial`; one that came before an earlier `AwaitVerb` was
    /// over does not count.
    AwaitVerb(String),
    /// Wait until connected with another person, by `<Dial>`, from a queue or in a conference.
    AwaitPerson,
    /// Hang up.
    HangUp,
    /// Wait until the server ends the call.
    AwaitEnd,
}

/// What the caller hears at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ear {
    pub(crate) now: Instant,
    pub(crate) playing: bool,
    pub(crate) heard_bytes: u64,
    pub(crate) quiet_since: Option<Instant>,
    /// Whether somebody is there who is no agent.
    pub(crate) connected: bool,
}

/// What the caller does in this frame.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Quiet,
    Speak(Clip, usize),
    Press(char),
    HangUp,
    /// No step is left.
    Done,
    GiveUp,
}

#[derive(Clone, Copy)]
struct Began {
    at: Instant,
    heard_bytes: u64,
    speaking: bool,
    position: usize,
}

/// A caller at work on its steps.
pub(crate) struct Caller {
    steps: Vec<Step>,
    next: usize,
    began: Option<Began>,
    patience: Duration,
    watcher: Watcher,
    /// The verbs no `AwaitVerb` has used up.
    verbs: VecDeque<String>,
}

impl Caller {
    pub(crate) fn new(steps: Vec<Step>, patience: Duration, watcher: Watcher) -> Self {
        Self { steps, next: 0, began: None, patience, watcher, verbs: VecDeque::new() }
    }

    /// The first step begins now, also when nobody looks at it yet.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.began = Some(Began { at: now, heard_bytes: 0, speaking: false, position: 0 });
    }

    /// A new stream counts what is heard from zero, and patience with it.
    pub(crate) fn stream_began(&mut self, now: Instant) {
        let waits = self.steps.get(self.next).is_some_and(Step::waits_for_agent);
        if let Some(began) = &mut self.began {
            began.heard_bytes = 0;
            began.at = if waits { now } else { began.at };
        }
    }

    /// A document has come to this verb.
    pub(crate) fn verb_began(&mut self, name: &str) {
        if self.steps[self.next..].iter().any(|step| matches!(step, Step::AwaitVerb(_))) {
            self.verbs.push_back(name.to_owned());
        }
    }

    /// The step at hand began earlier than it seemed: where time passes faster than on the clock.
    pub(crate) fn age(&mut self, by: Duration) {
        if let Some(began) = &mut self.began {
            began.at = began.at.checked_sub(by).unwrap_or(began.at);
        }
    }

    /// What to do in the frame that begins now.
    pub(crate) fn act(&mut self, ear: Ear) -> Act {
        loop {
            let Some(step) = self.steps.get(self.next) else { return Act::Done };
            let began = self.began.get_or_insert(Began {
                at: ear.now,
                heard_bytes: ear.heard_bytes,
                speaking: false,
                position: 0,
            });
            let act = match step {
                Step::AwaitVerb(name) => (!came(&mut self.verbs, name)).then_some(Act::Quiet),
                step => perform(step, began, ear, self.patience, &self.watcher),
            };
            match act {
                Some(act) => return act,
                None => (self.next, self.began) = (self.next + 1, None),
            }
        }
    }
}

impl Step {
    fn waits_for_agent(&self) -> bool {
        matches!(self, Self::Listen { .. } | Self::AwaitAgent | Self::Interrupt { .. })
    }
}

/// Whether a verb has come; uses up what came until then.
fn came(verbs: &mut VecDeque<String>, name: &str) -> bool {
    let Some(at) = verbs.iter().position(|verb| verb == name) else { return false };
    verbs.drain(..=at);
    true
}

/// What one step does now; nothing when it is done.
fn perform(step: &Step, began: &mut Began, ear: Ear, patience: Duration, watcher: &Watcher) -> Option<Act> {
    let heard_ms = ear.heard_bytes.saturating_sub(began.heard_bytes) / 8;
    match step {
        Step::Listen { quiet_ms } => {
            let quiet = ear.quiet_since.is_some_and(|since| ear.now - since >= Duration::from_millis(*quiet_ms));
            if heard_ms > 0 && quiet { None } else { wait(began, ear, patience) }
        }
        Step::AwaitAgent if ear.playing => None,
        Step::AwaitAgent => wait(began, ear, patience),
        Step::Say(clip) => {
            if began.position == 0 {
                watcher.tell(|| PhoneEvent::Saying(clip.name().to_owned()));
            }
            speak(clip, began, watcher)
        }
        Step::Announce(clip) => {
            let frame = usize::try_from((ear.now - began.at).as_millis() / 20).unwrap_or(usize::MAX);
            (frame < clip.frames()).then(|| Act::Speak(clip.clone(), frame))
        }
        Step::Interrupt { after_ms, clip } => {
            if !began.speaking && heard_ms < *after_ms {
                return wait(began, ear, patience);
            }
            if !began.speaking {
                began.speaking = true;
                watcher.tell(|| PhoneEvent::Interrupting(clip.name().to_owned()));
            }
            speak(clip, began, watcher)
        }
        Step::Silence { ms } => (ear.now - began.at < Duration::from_millis(*ms)).then_some(Act::Quiet),
        Step::Digits(digits) => press(digits, began, ear, watcher),
        Step::HangUp => Some(Act::HangUp),
        Step::AwaitPerson if ear.connected => None,
        Step::AwaitVerb(_) | Step::AwaitPerson | Step::AwaitEnd => Some(Act::Quiet),
    }
}

/// Waits for the agent as long as patience lasts, counted from the last sound of it.
fn wait(began: &Began, ear: Ear, patience: Duration) -> Option<Act> {
    let since = ear.quiet_since.unwrap_or(began.at).max(began.at);
    let worn_out = !ear.playing && ear.now - since > patience;
    Some(if worn_out { Act::GiveUp } else { Act::Quiet })
}

fn speak(clip: &Clip, began: &mut Began, watcher: &Watcher) -> Option<Act> {
    if began.position == clip.frames() {
        watcher.tell(|| PhoneEvent::Said(clip.name().to_owned()));
        return None;
    }
    began.position += 1;
    Some(Act::Speak(clip.clone(), began.position - 1))
}

fn press(digits: &str, began: &mut Began, ear: Ear, watcher: &Watcher) -> Option<Act> {
    let due = began.at + KEY_GAP * u32::try_from(began.position).unwrap_or(u32::MAX);
    if ear.now < due {
        return Some(Act::Quiet);
    }
    let key = digits.chars().nth(began.position)?;
    began.position += 1;
    watcher.tell(|| PhoneEvent::Pressed(key));
    Some(Act::Press(key))
}

#[cfg(test)]
mod tests;
