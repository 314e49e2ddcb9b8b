//! News that wait for the state store: one entry a call, the newest checkpoint only, events bounded by class.

use super::News;
use call::CallEvent;
use common::event::{Envelope, Event};
use common::ids::CallId;
use std::collections::{BTreeMap, VecDeque};

/// Most events a shard keeps. At about 400 bytes each, eight shards stay below the 16 MiB a worker may spend on them;
/// it is ten minutes of both stores away at 50 calls.
const MOST_EVENTS: usize = 4_096;

/// What may be given up, cheapest first. Lifecycle events never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Detail,
    Transcript,
    Lifecycle,
}

#[derive(Default)]
pub(super) struct Backlog {
    calls: BTreeMap<CallId, News>,
    order: VecDeque<CallId>,
    events: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Adds news behind what the call already waits with. Returns the classes of events that had to be given up.
    pub(super) fn add(&mut self, news: News) -> Vec<&'static str> {
        self.events += news.write.events.len();
        match self.calls.get_mut(&news.write.call) {
            // A newer claim on the same worker: the older one would be fenced anyway, its events are kept.
            Some(waiting) => merge(waiting, news),
            None => {
                self.order.push_back(news.write.call.clone());
                self.calls.insert(news.write.call.clone(), news);
            }
        }
        self.shed()
    }

    /// The call that has waited longest.
    pub(super) fn next(&mut self) -> Option<News> {
        let call = self.order.pop_front()?;
        let news = self.calls.remove(&call)?;
        self.events -= news.write.events.len();
        Some(news)
    }

    /// It could not be written: it keeps its place in front.
    pub(super) fn put_back(&mut self, news: News) {
        self.events += news.write.events.len();
        self.order.push_front(news.write.call.clone());
        self.calls.insert(news.write.call.clone(), news);
    }

    fn shed(&mut self) -> Vec<&'static str> {
        let mut given_up = Vec::new();
        for class in [Class::Detail, Class::Transcript] {
            for news in self.calls.values_mut() {
                if self.events <= MOST_EVENTS {
                    return given_up;
                }
                let before = news.write.events.len();
                news.write.events.retain(|event| class_of(event) != class);
                let shed = before - news.write.events.len();
                self.events -= shed;
                given_up.extend(std::iter::repeat_n(class.name(), shed));
            }
        }
        given_up
    }
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::Transcript => "transcript",
            Self::Lifecycle => "lifecycle",
        }
    }
}

fn merge(waiting: &mut News, news: News) {
    let (old, new) = (&mut waiting.write, news.write);
    old.epoch = old.epoch.max(new.epoch);
    old.status = new.status.or(old.status);
    old.worker = new.worker.or(old.worker.take());
    old.next = new.next.or(old.next.take());
    old.dossier = new.dossier.or(old.dossier.take());
    old.checkpoint = new.checkpoint.or(old.checkpoint.take());
    old.events.extend(new.events);
    waiting.fence = news.fence;
    waiting.done.extend(news.done);
}

fn class_of(event: &Envelope) -> Class {
    match &event.event {
        Event::Worker(
            CallEvent::Answered { .. } | CallEvent::Ended { .. } | CallEvent::Used { .. } | CallEvent::Fact(_),
        ) => Class::Lifecycle,
        Event::Worker(CallEvent::Turn(_)) => Class::Transcript,
        Event::Worker(_) => Class::Detail,
        Event::Gateway(_) | Event::Twilio(_) | Event::Tap(_) | Event::Recorder(_) => Class::Lifecycle,
    }
}
