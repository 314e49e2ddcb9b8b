//! The agent's audio: what the telephone receives is what the provider sent, in order, less what was interrupted.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::moment;
use crate::{phone::CallTruth, provider::truth::SessionTruth};

/// Audio sent this shortly before the stream ended may have missed it.
const LAST_MOMENT: Duration = Duration::from_millis(100);

/// What became of the agent's audio.
#[derive(Clone, Debug, Default)]
pub struct Downlink {
    /// Deltas the provider sent.
    pub sent: usize,
    /// Messages the telephone received.
    pub received: usize,
    /// Bytes of audio the telephone received.
    pub bytes: u64,
    /// Deltas withheld from the caller because their reply was interrupted, or the call was over.
    pub withheld: usize,
    /// Deltas that never came although nobody interrupted.
    pub lost: usize,
    /// Messages that are no delta of this call, or came in another order.
    pub foreign: usize,
    /// How long each delta took from the provider to the telephone.
    pub delays: Vec<Duration>,
}

/// A delta as the comparison needs it.
#[derive(Clone, Copy)]
struct Delta {
    at: Instant,
    fingerprint: u64,
    /// Which reply of which session.
    item: (usize, usize),
}

pub(super) fn settle(call: &CallTruth, served: &[SessionTruth]) -> Downlink {
    let deltas: Vec<Delta> = served
        .iter()
        .enumerate()
        .flat_map(|(session, truth)| {
            let of = move |item| (session, item);
            truth.deltas.iter().map(move |delta| Delta {
                at: delta.at,
                fingerprint: delta.fingerprint,
                item: of(delta.item),
            })
        })
        .collect();
    let mut down = Downlink { sent: deltas.len(), ..Downlink::default() };
    let arrived = down.match_up(call, &deltas);
    let over = call.streams.last().map(|stream| moment(call, stream.closed_ns));
    for item in runs(&deltas) {
        let reply = &served[deltas[item.start].item.0].items[deltas[item.start].item.1];
        let interrupted = reply.cancelled || reply.truncated_at.is_some();
        let last = item.clone().rev().find(|index| arrived[*index]);
        for index in item.filter(|index| !arrived[*index]) {
            let too_late = over.is_some_and(|over| deltas[index].at + LAST_MOMENT > over);
            let after_the_heard = last.is_none_or(|last| index > last);
            if after_the_heard && (interrupted || too_late) {
                down.withheld += 1;
            } else {
                down.lost += 1;
            }
        }
    }
    down
}

/// Stretches of deltas that belong to one reply.
fn runs(deltas: &[Delta]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, delta) in deltas.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if deltas[run.start].item == delta.item => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

impl Downlink {
    /// Finds the delta of each message received; says which deltas arrived.
    fn match_up(&mut self, call: &CallTruth, deltas: &[Delta]) -> Vec<bool> {
        let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (index, delta) in deltas.iter().enumerate() {
            waiting.entry(delta.fingerprint).or_default().push_back(index);
        }
        let mut arrived = vec![false; deltas.len()];
        let mut next = 0;
        for media in call.streams.iter().flat_map(|stream| &stream.received) {
            self.received += 1;
            self.bytes += u64::from(media.bytes);
            let candidates = waiting.entry(media.fingerprint).or_default();
            while candidates.front().is_some_and(|index| *index < next) {
                candidates.pop_front();
            }
            let Some(index) = candidates.pop_front() else {
                self.foreign += 1;
                continue;
            };
            arrived[index] = true;
            next = index + 1;
            self.delays.push(moment(call, media.at_ns).saturating_duration_since(deltas[index].at));
        }
        arrived
    }
}
