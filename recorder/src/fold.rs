//! Events → call detail record. Pure, and free of order: whatever order events are folded in, the record is the same.
//! That each is folded once is the store's promise ([`common::ports::Db::record`]).
//!
//! Every field is the earliest, latest, largest or sum of what was said; what a later event may still overturn is kept
//! in [`common::cdr::Evidence`]. Nothing here fails: numbers stop growing at 63 bits, which is what a column holds.
//!
//! How a call ended (`newest` is the highest epoch of which anything is known):
//!
//! | last closing word | Twilio's status | `end_reason` |
//! |---|---|---|
//! | none, or of an epoch before the newest, or one that lets the call go on | not final | `open` |
//! | of the newest epoch, and it ends the call | not final | that word |
//! | any but the next row's, and no worker of a later epoch has said anything | final | that word |
//! | none, or that the call left for a place, or a worker of a later epoch has spoken | final | Twilio's status |
//!
//! The last closing word is the greatest by epoch; within an epoch the gateway's word stands over the worker's. A worker
//! that lost its line, stopped, was fenced or handed over lets the call go on: the caller may be heard again elsewhere.
//! So does one whose call left for a place. That somebody there talked to the caller to the end is the gateway's word
//! `transferred`; when nobody did, the agent goes on under a later epoch and its word counts, or the caller has left.
//!
//! Agent, version and language are the webhook's, until the caller chooses from a menu or a worker says otherwise: then
//! the last word by epoch counts, and of one epoch the worker's.

use call::{CallEvent, EndReason, NextStep, Usage};
use common::cdr::{Cdr, Closing, Configured, Evidence, LeftFor, Opened};
use common::event::{Envelope, Event, GatewayEvent, PlaceOutcome, Source, TwilioEvent};
use common::ids::{AgentId, Epoch};
use std::cmp::Reverse;

/// The largest number a column holds.
const MOST: u64 = i64::MAX as u64;

/// Somebody else talked to the caller to the end.
const TRANSFERRED: &str = "transferred";
/// What sending keys is called among the ways to a place.
const DIGITS: &str = "digits";

/// Reasons of a worker after which the caller may be heard again elsewhere.
const GOES_ON: [EndReason; 4] = [EndReason::Moved, EndReason::Fenced, EndReason::WorkerStopped, EndReason::LineLost];

/// Merges one event into the record of its call.
pub fn fold(cdr: &mut Cdr, envelope: &Envelope) {
    let tally = cdr.tally.entry(Cdr::tally_key(envelope.key.source, envelope.key.epoch)).or_default();
    tally.seen = sum(tally.seen, 1);
    if cdr.company < envelope.company {
        cdr.company.clone_from(&envelope.company);
    }
    match &envelope.event {
        Event::Gateway(event) => gateway(cdr, envelope, event),
        Event::Worker(event) => worker(cdr, envelope, event),
        Event::Twilio(event) => twilio(cdr, envelope, event),
        Event::Tap(_) | Event::Recorder(_) => {}
    }
    cdr.end_reason = Some(end_reason(cdr).unwrap_or(Cdr::OPEN).to_owned());
    let measured = || cdr.ended_ms?.checked_sub(cdr.answered_ms?);
    cdr.duration_ms = cdr.evidence.twilio_duration_ms.or_else(measured);
    cdr.complete = is_complete(cdr);
}

fn gateway(cdr: &mut Cdr, envelope: &Envelope, event: &GatewayEvent) {
    match event {
        GatewayEvent::Machine { .. } => {}
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
    let GatewayEvent::Accepted { direction, from, to, agent, agent_version, language, .. } = event else { return };
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

/// Who was to answer, by the webhook known so far: kept beside a later word, in the columns where there is none.
fn webhooks_word(cdr: &Cdr) -> Opened {
    let columns = || {
        let (agent, version, language) = (cdr.agent.clone(), cdr.agent_version.clone(), cdr.language.clone());
        Opened { agent, version, language }
    };
    cdr.evidence.opened.clone().unwrap_or_else(columns)
}

/// Of two webhooks at the same time one that found an agent comes first.
fn weight(opened: &Opened) -> (Reverse<Option<&AgentId>>, Option<&String>, Option<&String>) {
    (Reverse(opened.agent.as_ref()), opened.version.as_ref(), opened.language.as_ref())
}

/// A later word on who answers, or how.
fn configured(envelope: &Envelope, agent: Option<&AgentId>, version: &str, language: &str) -> Configured {
    Configured {
        epoch: envelope.key.epoch.0,
        sequence: envelope.key.sequence,
        agent: agent.cloned(),
        version: version.to_owned(),
        language: language.to_owned(),
    }
}

/// Agent, version and language from what was said of them.
fn who_answers(cdr: &mut Cdr, opened: Opened) {
    let Evidence { chosen, configured, .. } = &cdr.evidence;
    let last = match (chosen, configured) {
        (Some(chosen), Some(configured)) if chosen.epoch > configured.epoch => Some(chosen),
        (chosen, configured) => configured.as_ref().or(chosen.as_ref()),
    };
    let (version, language) = last.map(|last| (last.version.clone(), last.language.clone())).unzip();
    let agent = chosen.as_ref().and_then(|chosen| chosen.agent.clone());
    cdr.evidence.opened = last.is_some().then(|| opened.clone());
    (cdr.agent, cdr.agent_version) = (agent.or(opened.agent), version.or(opened.version));
    cdr.language = language.or(opened.language);
}

fn worker(cdr: &mut Cdr, envelope: &Envelope, event: &CallEvent) {
    match event {
        CallEvent::Answered { .. } => cdr.answered_ms = earliest(cdr.answered_ms, envelope.at_ms),
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
            closing(cdr, envelope, envelope.key.epoch, reason.as_str(), left_for);
        }
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
        TwilioEvent::AnsweredBy { .. } | TwilioEvent::Message { .. } | TwilioEvent::Recording { .. } => {}
        TwilioEvent::Status { status, duration_s, .. } => {
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

/// From here on a status is Twilio's last.
const FINAL: u8 = 4;

/// How far a call is, by Twilio's status
/// (<https://www.twilio.com/docs/voice/api/call-resource#call-status-values>, read November 2026).
fn stage(status: &str) -> u8 {
    match status {
        "queued" | "initiated" => 1,
        "ringing" => 2,
        "in-progress" | "answered" => 3,
        "busy" | "failed" | "no-answer" | "canceled" => FINAL,
        "completed" => FINAL + 1,
        _ => 0,
    }
}

/// A worker's or the gateway's word that the part of this epoch is over.
fn closing(cdr: &mut Cdr, envelope: &Envelope, epoch: Epoch, reason: &str, left_for: LeftFor) {
    cdr.ended_ms = latest(cdr.ended_ms, envelope.at_ms);
    let (source, sequence) = (envelope.key.source, envelope.key.sequence);
    let told = Closing { epoch: epoch.0, source, sequence, reason: reason.to_owned(), left_for };
    // The reason decides only between words that came under different claims and speak of the same part.
    let weight = |word: &Closing| (word.epoch, word.source == Source::Gateway, word.sequence, word.reason.clone());
    if cdr.evidence.closing.as_ref().map(weight) < Some(weight(&told)) {
        cdr.evidence.closing = Some(told);
    }
}

/// Why the call ended; `None` while it is open. The table at the top.
fn end_reason(cdr: &Cdr) -> Option<&str> {
    let twilio = cdr.twilio_status.as_deref().filter(|status| stage(status) >= FINAL);
    match (&cdr.evidence.closing, twilio) {
        (None, twilio) => twilio,
        (Some(last), None) => {
            let goes_on =
                GOES_ON.iter().any(|reason| reason.as_str() == last.reason) || last.left_for == LeftFor::Place;
            (!goes_on && newest(cdr, None) <= Some(last.epoch)).then_some(&last.reason)
        }
        (Some(last), Some(_))
            if last.left_for == LeftFor::Nowhere && newest(cdr, Some(Source::Worker)) <= Some(last.epoch) =>
        {
            Some(&last.reason)
        }
        (Some(_), twilio) => twilio,
    }
}

/// The highest epoch of which this source, or anybody, has told anything.
fn newest(cdr: &Cdr, source: Option<Source>) -> Option<u64> {
    let told = cdr.tally.keys().filter_map(|key| {
        let (by, epoch) = key.split_once(':')?;
        source.is_none_or(|source| source.as_str() == by).then(|| epoch.parse().ok())?
    });
    told.max()
}

/// Closed, the webhook known, and of every worker that spoke everything: its last event and all before it. A worker
/// that was killed never says its last: its call stays marked, for nobody knows what it still had to tell.
fn is_complete(cdr: &Cdr) -> bool {
    let mut workers = cdr.tally.iter().filter(|(key, _)| key.starts_with(Source::Worker.as_str())).peekable();
    !cdr.is_open()
        && cdr.accepted_ms.is_some()
        && (workers.peek().is_some() || !cdr.evidence.streamed)
        && workers.all(|(_, tally)| tally.expected.is_some_and(|expected| tally.seen >= expected))
}

fn earliest(known: Option<u64>, told: u64) -> Option<u64> {
    Some(known.map_or(told, |known| known.min(told)))
}

fn latest(known: Option<u64>, told: u64) -> Option<u64> {
    known.max(Some(told.min(MOST)))
}

fn sum(known: u64, more: u64) -> u64 {
    known.saturating_add(more).min(MOST)
}

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

fn sum_of(a: Usage, b: Usage) -> Usage {
    Usage {
        text_in: sum(a.text_in, b.text_in),
        text_cached: sum(a.text_cached, b.text_cached),
        audio_in: sum(a.audio_in, b.audio_in),
        audio_cached: sum(a.audio_cached, b.audio_cached),
        text_out: sum(a.text_out, b.text_out),
        audio_out: sum(a.audio_out, b.audio_out),
        transcription: sum(a.transcription, b.transcription),
        billed_ms: sum(a.billed_ms, b.billed_ms),
    }
}
