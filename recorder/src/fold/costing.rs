//! What a call cost, part by part.
//!
//! Two kinds of parts. What is used up in one moment (tokens, a message, a summary) is priced at the moment it was seen
//! and added once, with its event. What is measured (minutes on the telephone and of the stream, a recording's length,
//! whether a machine was looked for) is worked out anew from all that is known, so that a later word corrects it.
//!
//! Prices of minutes are those of the moment the call began. Use of which nobody said whose it is, as releases before
//! prices told it, costs nothing.

use call::{CallEvent, Fact};
use common::cdr::{Cdr, Evidence};
use common::costs::CostPart;
use common::event::{Direction, Envelope, Event, RecorderEvent};
use common::money::Money;
use common::prices::{Leg, Prices};
use std::ops::Bound;

/// Adds what this event used up.
pub(super) fn add(prices: &Prices, cdr: &mut Cdr, envelope: &Envelope) {
    let at_ms = envelope.at_ms;
    match &envelope.event {
        Event::Worker(CallEvent::Used { usage, by: Some(by) }) => {
            let used = prices.usage(by, usage, at_ms);
            used.parts().for_each(|(part, amount)| cdr.costs.add(part, amount));
        }
        Event::Worker(CallEvent::Fact(Fact::Message { country, segments, .. }))
        | Event::Recorder(RecorderEvent::Messaged { country, segments, .. }) => {
            cdr.costs.add(CostPart::Messages, prices.message(country, *segments, at_ms));
        }
        Event::Recorder(RecorderEvent::Summarized { model, usage }) => {
            cdr.costs.add(CostPart::Summary, prices.summary(model, usage, at_ms));
        }
        Event::Gateway(_) | Event::Worker(_) | Event::Twilio(_) | Event::Tap(_) | Event::Recorder(_) => {}
    }
}

/// Works out the parts that follow from the whole of what is known.
pub(super) fn measure(prices: &Prices, cdr: &mut Cdr) {
    let measured = [
        (CostPart::Telephony, telephony(prices, cdr)),
        (CostPart::Stream, streams(prices, cdr)),
        (CostPart::Recording, recordings(prices, &cdr.evidence)),
        (CostPart::AnsweringMachine, cdr.evidence.answered_by_ms.map(|at_ms| prices.answering_machine(at_ms))),
    ];
    for (part, amount) in measured {
        cdr.costs.set(part, amount.unwrap_or_default());
    }
}

/// The leg between the person and us, by Twilio's word on its length where there is one.
fn telephony(prices: &Prices, cdr: &Cdr) -> Option<Money> {
    let direction = cdr.direction?;
    let (ours, theirs) = match direction {
        Direction::Inbound => (cdr.to.as_ref(), cdr.from.as_ref()),
        Direction::Outbound => (cdr.from.as_ref(), cdr.to.as_ref()),
    };
    Some(prices.telephony(&Leg { direction, ours, theirs }, cdr.duration_ms?, cdr.accepted_ms?))
}

/// Each stream by itself, as the network bills them. One whose worker never said its last ran until the next began, or
/// the call ended.
fn streams(prices: &Prices, cdr: &Cdr) -> Option<Money> {
    let began_ms = cdr.accepted_ms.or(cdr.answered_ms)?;
    let streams = &cdr.evidence.streams;
    let amounts = streams.iter().filter_map(|(epoch, stream)| {
        let next = streams.range((Bound::Excluded(epoch), Bound::Unbounded)).find_map(|(_, later)| later.began_ms);
        let ended_ms = stream.ended_ms.or(next).or(cdr.ended_ms)?;
        Some(prices.stream(ended_ms.saturating_sub(stream.began_ms?), began_ms))
    });
    Some(amounts.sum())
}

/// What Twilio recorded, each recording at the price of the moment it was complete.
fn recordings(prices: &Prices, evidence: &Evidence) -> Option<Money> {
    let amounts = evidence.recordings.values().filter_map(|recording| {
        let (length_ms, completed_ms) = (recording.length_ms?, recording.completed_ms?);
        Some(prices.recording(length_ms, completed_ms))
    });
    Some(amounts.sum())
}
