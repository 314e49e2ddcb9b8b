//! Every duration and bound of a call: why this value, what breaks when it is higher and when it is lower.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The limits of one call. An agent may change the first three; the rest are the same for every call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// After this much silence the agent asks whether the caller is still there. Lower nags people who look something
    /// up; higher leaves them wondering whether the line is dead.
    pub silence_prompt: Duration,
    /// After this much total silence the agent says goodbye and the call ends. Lower cuts off people who fetch a
    /// document; higher pays for empty lines.
    pub silence_end: Duration,
    /// The longest call. Bounds what one forgotten line can cost.
    pub max_call: Duration,
    /// Waited after the last word of a farewell has been played at the network before hanging up: the far phone's
    /// jitter buffer still holds it. Lower cuts the word, higher is dead air.
    pub farewell_tail: Duration,
    /// How long a farewell may take to be heard before the call is ended anyway.
    pub farewell_deadline: Duration,
    /// A mark is sent at least every so much agent audio. Lower costs messages, higher makes the heard position coarse.
    pub mark_every: Duration,
    /// Agent audio waiting at the line beyond this is thrown away: an answer that long is a fault of the provider.
    pub max_queued: Duration,
    /// How often a lost agent is dialled again before the call is given up.
    pub redials: u32,
    /// How many providers the agent has: the first and its fallbacks. One that refuses, or that cannot be reached again,
    /// is followed by the next.
    pub providers: u32,
    /// Wait before the second redial; it doubles with each. The first redial is at once.
    pub redial_wait: Duration,
    /// Longest wait for the agent to be ready after dialling.
    pub dial_deadline: Duration,
    /// Longest wait for an answer after the caller stopped or the agent was cued; then the link is taken for dead.
    pub reply_deadline: Duration,
    /// Longest run of a tool.
    pub tool_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            silence_prompt: Duration::from_secs(25),
            silence_end: Duration::from_secs(60),
            max_call: Duration::from_secs(60 * 60),
            farewell_tail: Duration::from_millis(300),
            farewell_deadline: Duration::from_secs(20),
            mark_every: Duration::from_millis(200),
            max_queued: Duration::from_secs(60),
            redials: 3,
            providers: 1,
            redial_wait: Duration::from_millis(500),
            dial_deadline: Duration::from_secs(5),
            reply_deadline: Duration::from_secs(15),
            tool_deadline: Duration::from_secs(8),
        }
    }
}
