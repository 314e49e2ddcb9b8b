//! Events → call detail record. Pure, and free of order: whatever order events are folded in, the record is the same.
//! That each is folded once is the store's promise ([`common::ports::Db::record`]).
//!
//! Every field is the earliest, latest, largest or sum of what was said; what a later event may still overturn is kept
//! in [`common::cdr::Evidence`]. Nothing here fails: numbers stop growing at 63 bits, which is what a column holds.
//!
//! Beside it: `fold/ending` says whether and how a call ended, `fold/answering` who answered, `fold/costing` what it cost.
//! Before it: the store, which hands it events one by one. After it: nothing; the record is what is read.

mod answering;
mod costing;
mod ending;
mod numbers;

use answering::{configured, webhooks_word, weight, who_answers};
use call::{CallEvent, Fact, NextStep};
use common::cdr::{Cdr, LeftFor, Opened};
use common::event::{Envelope, Event, GatewayEvent, PlaceOutcome, RecorderEvent, Source, TapEvent, TwilioEvent};
use common::ids::{AttemptId, Epoch, RecordingId};
use common::prices::Prices;
use ending::{FINAL, closing, end_reason, is_complete, stage};
use numbers::{MOST, count, earliest, latest, sum, sum_of};
use std::sync::Arc;

/// Somebody else talked to the caller to the end.
const TRANSFERRED: &str = "transferred";
/// What sending keys is called among the ways to a place.
const DIGITS: &str = "digits";

/// What Twilio says of a recording that is whole.
const COMPLETED: &str = "completed";

/// Folds, with these prices.
#[derive(Clone, Debug)]
pub struct Fold {
    prices: Arc<Prices>,
}

impl Fold {
    /// With these prices.
    pub fn new(prices: Arc<Prices>) -> Self {
        Self { prices }
    }

    /// Merges one event into the record of its call.
    pub fn merge(&self, cdr: &mut Cdr, envelope: &Envelope) {
        happened(cdr, envelope);
        costing::add(&self.prices, cdr, envelope);
        costing::measure(&self.prices, cdr);
    }
}

/// All an event says but what it costs.
fn happened(cdr: &mut Cdr, envelope: &Envelope) {
    let tally = cdr.tally.entry(Cdr::tally_key(envelope.key.source, envelope.key.epoch)).or_default();
    tally.seen = sum(tally.seen, 1);
    if cdr.company < envelope.company {
        cdr.company.clone_from(&envelope.company);
    }
    match &envelope.event {
        Event::Gateway(event) => gateway(cdr, envelope, event),
        Event::Worker(event) => worker(cdr, envelope, event),
        Event::Twilio(event) => twilio(cdr, envelope, event),
        Event::Tap(TapEvent::Stored { recording, .. } | TapEvent::Lost { recording, .. }) => recorded(cdr, recording),
        Event::Recorder(event) => recorder(cdr, event),
    }
    cdr.end_reason = Some(end_reason(cdr).unwrap_or(Cdr::OPEN).to_owned());
    let measured = || cdr.ended_ms?.checked_sub(cdr.answered_ms?);
    cdr.duration_ms = cdr.evidence.twilio_duration_ms.or_else(measured);
    cdr.complete = is_complete(cdr);
}

fn gateway(cdr: &mut Cdr, envelope: &Envelope, event: &GatewayEvent) {
    match event {
        GatewayEvent::Machine { deed, .. } => cdr.machine = cdr.machine.max(Some(*deed)),
        GatewayEvent::Accepted { .. } => accepted(cdr, envelope.at_ms, event),
        GatewayEvent::Assigned { worker, .. } => {
            // One worker an epoch. Should two claim it, the greater name stands: any rule that needs no order will do.
            let known = cdr.workers.entry(envelope.key.epoch.0).or_insert_with(|| worker.clone());
            if *known < *worker {
                known.clone_from(worker);
            }
        }
        GatewayEvent::Refused { reason } => {
            closing(cdr, envelope, envelope.key.epoch, reason.as_str(), LeftFor::Nowhere)
        }
        GatewayEvent::Returned { left, way, outcome, .. } => {
            left_for_a_place(cdr, *left);
            // Keys are taken by a machine; nobody talks.
            if *outcome == PlaceOutcome::Answered && way != DIGITS {
                // The gateway claims the call before it speaks, but its word is on the part that left.
                closing(cdr, envelope, envelope.key.epoch.max(*left), TRANSFERRED, LeftFor::Nowhere);
            }
        }
        GatewayEvent::Chosen { agent, agent_version, language, .. } => {
            let (opened, told) = (webhooks_word(cdr), configured(envelope, Some(agent), agent_version, language));
            cdr.evidence.chosen = cdr.evidence.chosen.take().max(Some(told));
            who_answers(cdr, opened);
        }
    }
}

/// The earliest webhook says who called whom; of two at the same time, the smaller by content.
fn accepted(cdr: &mut Cdr, at_ms: u64, event: &GatewayEvent) {
    let GatewayEvent::Accepted { direction, from, to, agent, agent_version, language, attempt } = event else {
        return;
    };
    tried(cdr, attempt);
    let word = |direction: common::event::Direction| direction as u8;
    let opened = Opened { agent: agent.clone(), version: agent_version.clone(), language: language.clone() };
    let told = (at_ms, Some(from), Some(to), Some(word(*direction)), weight(&opened));
    let before = webhooks_word(cdr);
    let known = cdr
        .accepted_ms
        .map(|known_ms| (known_ms, cdr.from.as_ref(), cdr.to.as_ref(), cdr.direction.map(word), weight(&before)));
    if known.is_none_or(|known| told < known) {
        cdr.accepted_ms = Some(at_ms);
        cdr.direction = Some(*direction);
        cdr.from = Some(from.clone());
        cdr.to = Some(to.clone());
        who_answers(cdr, opened);
    }
}

/// A call belongs to one try; should two be told, the greater stands.
fn tried(cdr: &mut Cdr, attempt: &Option<AttemptId>) {
    if cdr.attempt < *attempt {
        cdr.attempt.clone_from(attempt);
    }
}

fn worker(cdr: &mut Cdr, envelope: &Envelope, event: &CallEvent) {
    match event {
        CallEvent::Answered { .. } => {
            cdr.answered_ms = earliest(cdr.answered_ms, envelope.at_ms);
            let stream = cdr.evidence.streams.entry(envelope.key.epoch.0).or_default();
            stream.began_ms = earliest(stream.began_ms, envelope.at_ms);
        }
        CallEvent::FirstWord { after_ms } => first_word(cdr, envelope.key.epoch, (*after_ms).min(MOST)),
        CallEvent::Turn(_) => count(&mut cdr.turns),
        CallEvent::Interrupted { .. } => count(&mut cdr.interruptions),
        CallEvent::ReplyGap { gap_ms } => {
            count(&mut cdr.reply_gaps);
            cdr.reply_gap_sum_ms = sum(cdr.reply_gap_sum_ms, *gap_ms);
            cdr.reply_gap_max_ms = latest(cdr.reply_gap_max_ms, *gap_ms);
        }
        CallEvent::SilencePrompted { .. } => count(&mut cdr.silence_prompts),
        CallEvent::ToolRun { .. } => count(&mut cdr.tools),
        CallEvent::Configured { version, language, .. } => {
            let (opened, told) = (webhooks_word(cdr), configured(envelope, None, version, language));
            cdr.evidence.configured = cdr.evidence.configured.take().max(Some(told));
            who_answers(cdr, opened);
        }
        CallEvent::AgentLost { .. } => count(&mut cdr.agent_losses),
        CallEvent::Used { usage, .. } => cdr.usage = sum_of(cdr.usage, *usage),
        CallEvent::Ended { reason, next, .. } => {
            let tally = cdr.tally.entry(Cdr::tally_key(Source::Worker, envelope.key.epoch)).or_default();
            tally.expected = latest(tally.expected, sum(envelope.key.sequence, 1));
            let left_for = if next.as_ref().is_some_and(is_place) { LeftFor::Place } else { LeftFor::Nowhere };
            if left_for == LeftFor::Place {
                left_for_a_place(cdr, envelope.key.epoch);
            }
            let stream = cdr.evidence.streams.entry(envelope.key.epoch.0).or_default();
            stream.ended_ms = latest(stream.ended_ms, envelope.at_ms);
            closing(cdr, envelope, envelope.key.epoch, reason.as_str(), left_for);
        }
        CallEvent::Fact(Fact::Message { .. }) => count(&mut cdr.messages),
        CallEvent::AgentReady { .. }
        | CallEvent::AgentRestored { .. }
        | CallEvent::ReplyFailed { .. }
        | CallEvent::AgentComplained { .. }
        | CallEvent::Fact(_) => {}
    }
}

/// Whether somebody else may talk to the caller there, or keys are sent: the caller comes back, or is gone.
fn is_place(next: &NextStep) -> bool {
    match next {
        NextStep::Transfer { .. } | NextStep::Conference { .. } | NextStep::Queue { .. } | NextStep::Digits { .. } => {
            true
        }
        NextStep::HangUp | NextStep::Resume | NextStep::Apologize => false,
    }
}

/// A part of the call left for a place; worker and gateway both tell it.
fn left_for_a_place(cdr: &mut Cdr, epoch: Epoch) {
    cdr.evidence.places.insert(epoch.0);
    cdr.transfers = u32::try_from(cdr.evidence.places.len()).unwrap_or(u32::MAX);
}

/// Of the first part of the call; a caller who is resumed hears a first word again, which is another measure.
fn first_word(cdr: &mut Cdr, epoch: Epoch, after_ms: u64) {
    let known = cdr.evidence.first_word_epoch.zip(cdr.first_word_ms);
    if known.is_none_or(|known| (epoch.0, after_ms) < known) {
        cdr.evidence.first_word_epoch = Some(epoch.0);
        cdr.first_word_ms = Some(after_ms);
    }
}

fn twilio(cdr: &mut Cdr, envelope: &Envelope, event: &TwilioEvent) {
    match event {
        TwilioEvent::AnsweredBy { by, .. } => answered_by(cdr, envelope.at_ms, by),
        TwilioEvent::Recording { recording, status, duration_s, .. } if status == COMPLETED => {
            recorded(cdr, recording);
            let known = cdr.evidence.recordings.entry(recording.clone()).or_default();
            known.length_ms = latest(known.length_ms, duration_s.unwrap_or_default().saturating_mul(1000));
            known.completed_ms = earliest(known.completed_ms, envelope.at_ms);
        }
        TwilioEvent::Message { .. } | TwilioEvent::Recording { .. } => {}
        TwilioEvent::Status { status, duration_s, attempt, .. } => {
            tried(cdr, attempt);
            let weight = |status: &String| (stage(status), status.clone());
            if cdr.twilio_status.as_ref().map(weight) < Some(weight(status)) {
                cdr.twilio_status = Some(status.clone());
            }
            if stage(status) >= FINAL {
                cdr.ended_ms = latest(cdr.ended_ms, envelope.at_ms);
                if let Some(seconds) = duration_s {
                    let told = seconds.saturating_mul(1000);
                    cdr.evidence.twilio_duration_ms = latest(cdr.evidence.twilio_duration_ms, told);
                }
            }
        }
        TwilioEvent::Stream { event, .. } => cdr.evidence.streamed |= event == "stream-started",
    }
}

/// Who answered, by the sound of it: a verdict stands over the word that there is none.
fn answered_by(cdr: &mut Cdr, at_ms: u64, by: &str) {
    let weight = |word: &str| (word != "unknown", word.to_owned());
    if cdr.answered_by.as_deref().map(weight) < Some(weight(by)) {
        cdr.answered_by = Some(by.to_owned());
    }
    cdr.evidence.answered_by_ms = earliest(cdr.evidence.answered_by_ms, at_ms);
}

/// There is such a recording, or was; worker, Twilio and recorder speak of the same ones.
fn recorded(cdr: &mut Cdr, recording: &RecordingId) {
    cdr.evidence.recordings.entry(recording.clone()).or_default();
    cdr.recordings = u32::try_from(cdr.evidence.recordings.len()).unwrap_or(u32::MAX);
}

fn recorder(cdr: &mut Cdr, event: &RecorderEvent) {
    match event {
        RecorderEvent::Messaged { .. } => count(&mut cdr.messages),
        RecorderEvent::Fetched { recording, .. } => recorded(cdr, recording),
        RecorderEvent::Summarized { .. } | RecorderEvent::Deleted { .. } => {}
    }
}
