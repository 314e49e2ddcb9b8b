//! What the protocol leaves open and an agent does one way or the other. Nothing here is a fault: a client must take all
//! of it.

use crate::provider::faults::Chance;

/// How audio is cut into binary frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// From one byte to 16 KiB, by the dice.
    Odd,
    /// Pieces of this many milliseconds.
    Every(usize),
}

/// Whether the first audio or the first words of an answer come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the dice.
    Either,
    /// Audio first.
    AudioFirst,
    /// Words first.
    WordsFirst,
}

/// Whether `LatencyReport`s are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// One every 240 ms of the caller's audio, and four with every answer.
    Flood,
    /// None.
    Silent,
}

/// What `UpdatePrompt` does; guides disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompting {
    /// Adds to the prompt.
    Appends,
    /// Takes its place.
    Replaces,
}

/// How an `InjectAgentMessage` at the wrong moment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusing {
    /// With `InjectionRefused`.
    Message,
    /// With a `Warning`.
    Warning,
}

/// Whether this account may use Think Live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkLive {
    /// It is refused.
    NotEnrolled,
    /// It is taken.
    Enrolled,
}

/// What the protocol leaves open and this agent does one way or the other: nothing here is a fault.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// How audio is cut.
    pub frames: Frames,
    /// What comes first.
    pub order: Order,
    /// Most binary frames still sent after `UserStartedSpeaking`.
    pub late_frames: u64,
    /// Whether an interrupted answer loses its `AgentAudioDone`.
    pub done_missing: Chance,
    /// Whether latencies are reported.
    pub reports: Reports,
    /// Whether an answer begins with `AgentThinking`.
    pub thinking: Chance,
    /// Whether its first audio is announced by `AgentStartedSpeaking`.
    pub started_speaking: Chance,
    /// What `UpdatePrompt` does.
    pub prompting: Prompting,
    /// How an injection is refused.
    pub refusing: Refusing,
    /// Whether Think Live may be asked for.
    pub think_live: ThinkLive,
    /// Whether functions that need not wait for the end of the turn are asked for before it is certain.
    pub speculation: Chance,
    /// Whether a function call carries a `thought_signature`, which the client must give back.
    pub signatures: Chance,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            frames: Frames::Odd,
            order: Order::Either,
            late_frames: 5,
            done_missing: Chance(0.5),
            reports: Reports::Flood,
            thinking: Chance::NEVER,
            started_speaking: Chance::NEVER,
            prompting: Prompting::Appends,
            refusing: Refusing::Message,
            think_live: ThinkLive::NotEnrolled,
            speculation: Chance::NEVER,
            signatures: Chance::NEVER,
        }
    }
}

impl Habits {
    /// Always the same: for tests that compare what happened word for word.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            frames: Frames::Every(100),
            order: Order::AudioFirst,
            late_frames: 0,
            done_missing: Chance::NEVER,
            reports: Reports::Silent,
            ..Self::default()
        }
    }
}
