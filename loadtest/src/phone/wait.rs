//! Waiting, outside a media stream: for time to pass, for somebody, or for a key.
//!
//! Every verb that takes time comes through here (`prompt.rs`, `gather.rs`, `dial.rs`, ...), so everywhere an order of
//! REST is obeyed, the time limit holds and the caller goes on with its steps. In a stream `stream.rs` does the same on
//! the real clock; here time passes faster by the plan's speed.

use std::future::{Future, pending};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::call::{Call, Flow};
use super::script::{Act, Ear};
use super::truth::{CallEnd, nanos};
use crate::network::Order;

/// How often the caller looks what is next, by its own clock.
const LOOK: Duration = Duration::from_millis(20);
/// The least the real clock moves between two looks: timers are no finer.
const LEAST_LOOK: Duration = Duration::from_millis(1);

/// Why a wait is over.
pub(super) enum Waited<T> {
    /// What was waited for.
    Came(T),
    /// Nothing came in time.
    TimeUp,
    /// A key was pressed while a `<Gather>` listens.
    Pressed,
    /// The call goes elsewhere, or ends.
    Elsewhere(Flow),
}

impl Call {
    /// Lets so much of the call's own time pass, unless the call is told otherwise meanwhile.
    pub(super) async fn wait(&mut self, own: Duration) -> Option<Flow> {
        match self.wait_for(Some(own), pending::<()>()).await {
            Waited::Elsewhere(flow) => Some(flow),
            Waited::Came(()) | Waited::TimeUp | Waited::Pressed => None,
        }
    }

    /// Waits for something, so long at most by the call's own clock.
    pub(super) async fn wait_for<T>(&mut self, own: Option<Duration>, something: impl Future<Output = T>) -> Waited<T> {
        let limit = self.begun + self.plan.time_limit;
        let mut looked = Instant::now();
        let until = own.and_then(|own| looked.checked_add(self.real(own))).unwrap_or(limit).min(limit);
        let look = self.real(LOOK).max(LEAST_LOOK);
        tokio::pin!(something);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => return Waited::Elsewhere(self.obey(order.unwrap_or(Order::Complete))),
                it = &mut something => return Waited::Came(it),
                () = sleep_until(until.min(looked + look)) => {}
            }
            let now = Instant::now();
            let passed = now - looked;
            looked = now;
            if let Some(end) = self.caller_acts(now, passed) {
                return Waited::Elsewhere(Flow::End(end));
            }
            if self.gathers && !self.keys.is_empty() {
                return Waited::Pressed;
            }
            if now >= limit {
                return Waited::Elsewhere(Flow::End(CallEnd::TimeLimit));
            }
            if now >= until {
                return Waited::TimeUp;
            }
        }
    }

    /// What the caller does after so much real time; nobody hears what it says but who it is connected with.
    fn caller_acts(&mut self, now: Instant, passed: Duration) -> Option<CallEnd> {
        self.caller.age(passed * (self.plan.speed.max(1) - 1));
        let mut frames = (self.own(passed).as_millis() / 20).max(1);
        let ear = Ear { now, playing: false, heard_bytes: 0, quiet_since: None, connected: self.connected };
        loop {
            match self.caller.act(ear) {
                Act::Speak(..) if frames == 0 => return None,
                Act::Speak(..) => frames -= 1,
                Act::Press(key) => {
                    self.pressed(key);
                    // What is pressed while nobody asks is lost.
                    self.keys.extend(self.gathers.then_some(key));
                }
                Act::HangUp => return Some(CallEnd::HungUp),
                Act::GiveUp => {
                    self.caller.stream_began(now);
                    return None;
                }
                Act::Quiet | Act::Done => return None,
            }
        }
    }

    /// Notes a key.
    pub(super) fn pressed(&mut self, key: char) {
        self.truth.pressed.push(key);
        self.network.register().note(&self.sid, |leg| leg.pressed.push(key));
    }

    /// The real time in which so much of the call's own passes.
    pub(super) fn real(&self, own: Duration) -> Duration {
        own / self.plan.speed.max(1)
    }

    /// The call's own time that passes in so much real time.
    pub(super) fn own(&self, real: Duration) -> Duration {
        real * self.plan.speed.max(1)
    }

    /// Now, as the truth counts.
    pub(super) fn now_ns(&self) -> u64 {
        nanos(self.begun, Instant::now())
    }
}
