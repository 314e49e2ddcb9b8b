//! What one world is like: drawn once for each seed.

use crate::dice::Dice;
use call::{Limits, Resumed};
use std::time::Duration;

/// Playing never stalls for longer, in milliseconds. The core believes a line that gives no sign for two seconds.
pub(crate) const LONGEST_STALL: u64 = 1200;

/// What is said while a tool takes long.
pub(crate) const FILLER: &str = "One moment, please.";

/// Percentages are of the occasions on which something could happen.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    /// The line's latency, each way.
    pub(crate) latency: u64,
    /// Length of one piece of the agent's audio.
    pub(crate) chunk: u64,
    /// How many times faster than speech the agent generates, in tenths.
    pub(crate) speed: u64,
    /// When the caller hangs up.
    pub(crate) patience: u64,
    /// How often the caller interrupts rather than waits.
    pub(crate) interrupts: u64,
    /// How often the caller falls silent for a minute.
    pub(crate) silences: u64,
    pub(crate) lost_marks: u64,
    /// Whether playing stalls at times.
    pub(crate) stalls: u64,
    pub(crate) tools: u64,
    pub(crate) slow_tools: u64,
    /// How often a provider takes a tool call back.
    pub(crate) taken_back: u64,
    pub(crate) mute_agent: u64,
    pub(crate) failed_replies: u64,
    pub(crate) endless_replies: u64,
    pub(crate) stragglers: u64,
    pub(crate) bad_dials: u64,
    /// Mean time between losses of the agent's link; none when zero.
    pub(crate) losses: u64,
    /// Mean time between an operator's words.
    pub(crate) operator: u64,
    /// Mean time between changes of the agent's configuration.
    pub(crate) changes: u64,
    /// Mean time between inputs that make no sense.
    pub(crate) nonsense: u64,
    /// When another worker takes the call.
    pub(crate) fence: Option<u64>,
    /// When the call is handed over.
    pub(crate) hand_over: Option<u64>,
    /// Whether the line ends without a stop, or never answers a hang-up.
    pub(crate) rude_line: u64,
    /// Why the call has a conversation already, if it has.
    pub(crate) resumed: Resumed,
}

impl Plan {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let mut sometimes = |percent: u64, low: u64, high: u64| {
            if dice.percent(percent) { dice.between(low, high) } else { 0 }
        };
        let marks_or_stalls = sometimes(30, 1, 60);
        let (lost_marks, stalls) = if marks_or_stalls > 30 { (0, marks_or_stalls - 30) } else { (marks_or_stalls, 0) };
        let tools = sometimes(50, 5, 60);
        let slow_tools = sometimes(40, 5, 60);
        let taken_back = sometimes(25, 5, 60);
        let changes = sometimes(20, 1000, 20_000);
        let mute_agent = sometimes(20, 1, 20);
        let failed_replies = sometimes(20, 1, 40);
        let endless_replies = sometimes(5, 1, 20);
        let stragglers = sometimes(40, 10, 90);
        let bad_dials = sometimes(40, 10, 90);
        let losses = sometimes(35, 3000, 60_000);
        let operator = sometimes(25, 3000, 60_000);
        let nonsense = sometimes(30, 500, 20_000);
        let silences = sometimes(35, 5, 60);
        let rude_line = sometimes(20, 10, 90);
        let fence = Some(sometimes(7, 100, 60_000)).filter(|at| *at > 0);
        let hand_over = Some(sometimes(10, 100, 60_000)).filter(|at| *at > 0);
        let resumed = match sometimes(15, 1, 3) {
            1 => Resumed::Yes,
            2 => Resumed::NobodyAnswered,
            3 => Resumed::DigitsSent,
            _ => Resumed::No,
        };
        Self {
            limits: Self::limits(dice),
            latency: dice.between(1, 80),
            chunk: dice.one_of(&[20, 40, 100, 200, 200, 400]),
            speed: dice.between(10, 80),
            patience: Self::patience(dice),
            interrupts: dice.between(0, 70),
            silences,
            lost_marks,
            stalls,
            tools,
            slow_tools,
            taken_back,
            mute_agent,
            failed_replies,
            endless_replies,
            stragglers,
            bad_dials,
            losses,
            operator,
            changes,
            nonsense,
            fence,
            hand_over,
            rude_line,
            resumed,
        }
    }

    /// Most calls are short, with dense trouble; some are long.
    fn patience(dice: &mut Dice) -> u64 {
        match dice.between(0, 19) {
            0 => dice.between(120_000, 600_000),
            1..=4 => dice.between(60_000, 120_000),
            _ => dice.between(20_000, 60_000),
        }
    }

    fn limits(dice: &mut Dice) -> Limits {
        let mut limits = Limits::default();
        if dice.percent(60) {
            limits.silence_prompt = Duration::from_millis(dice.between(1000, 10_000));
            limits.silence_end = Duration::from_millis(dice.between(2000, 20_000));
        }
        if dice.percent(40) {
            limits.providers = dice.between(2, 3) as u32;
            limits.redials = dice.between(0, 3) as u32;
        }
        if dice.percent(20) {
            limits.max_call = Duration::from_millis(dice.between(5000, 60_000));
        }
        if dice.percent(20) {
            limits.tool_deadline = Duration::from_millis(dice.between(200, 8000));
            limits.reply_deadline = Duration::from_millis(dice.between(2000, 15_000));
        }
        limits
    }
}
