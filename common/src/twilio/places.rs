//! Twilio's forms about places a call was sent to: how a `<Dial>` or a queue ended, who waits how long, which keys.
//! <https://www.twilio.com/docs/voice/twiml/dial>, <https://www.twilio.com/docs/voice/twiml/enqueue> (read 2026-11).
//!
//! Everything here may be missing or lie; what cannot be read counts as the outcome after which the agent goes on.

use super::form::Form;
use crate::event::PlaceOutcome;

/// How a place ended, by the form of its action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceEnd {
    /// How.
    pub outcome: PlaceOutcome,
    /// Connected time, seconds.
    pub talked_s: Option<u64>,
}

impl PlaceEnd {
    /// Reads the form of a `<Dial>`'s or an `<Enqueue>`'s action.
    pub fn read(form: &Form) -> Self {
        let talked_s = form.value("DialCallDuration").and_then(|text| text.parse().ok());
        let outcome = match (form.value("DialCallStatus"), form.value("QueueResult")) {
            (Some(status), _) => dialled(status, form.value("DialBridged")),
            (None, Some(result)) => queued(result),
            (None, None) => PlaceOutcome::Failed,
        };
        Self { outcome, talked_s }
    }
}

/// A completed leg that was never bridged is one whose person heard the briefing and put the telephone down.
fn dialled(status: &str, bridged: Option<&str>) -> PlaceOutcome {
    match (status, bridged) {
        (_, Some("true")) | ("completed" | "answered", None) => PlaceOutcome::Answered,
        ("completed" | "answered", Some(_)) => PlaceOutcome::Declined,
        ("busy", _) => PlaceOutcome::Busy,
        ("no-answer", _) => PlaceOutcome::NoAnswer,
        ("canceled", _) => PlaceOutcome::Left,
        _ => PlaceOutcome::Failed,
    }
}

fn queued(result: &str) -> PlaceOutcome {
    match result {
        "bridged" | "bridging-in-process" => PlaceOutcome::Answered,
        "leave" => PlaceOutcome::NoAnswer,
        "hangup" => PlaceOutcome::Left,
        "queue-full" => PlaceOutcome::Busy,
        _ => PlaceOutcome::Failed,
    }
}

/// What a caller in a queue is told, by the form of the queue's wait URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Place in the queue, from 1.
    pub position: u32,
    /// How long the call has waited, seconds.
    pub waited_s: u32,
}

impl Waiting {
    /// Reads the form; who is told nothing is first and has just come.
    pub fn read(form: &Form) -> Self {
        let number = |name: &str| form.value(name).and_then(|text| text.parse().ok());
        Self { position: number("QueuePosition").unwrap_or(1), waited_s: number("QueueTime").unwrap_or(0) }
    }
}

/// The first key pressed; `None` when none was in time.
pub fn key(form: &Form) -> Option<char> {
    form.value("Digits")?.chars().next().filter(|key| key.is_ascii_digit() || matches!(key, '*' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(body: &str) -> PlaceEnd {
        PlaceEnd::read(&Form::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn only_a_bridged_call_was_answered() {
        let answered = end("DialCallStatus=completed&DialBridged=true&DialCallDuration=37");
        assert_eq!(answered, PlaceEnd { outcome: PlaceOutcome::Answered, talked_s: Some(37) });
        for (body, outcome) in [
            ("DialCallStatus=completed", PlaceOutcome::Answered),
            ("DialCallStatus=completed&DialBridged=false", PlaceOutcome::Declined),
            ("DialCallStatus=no-answer&DialBridged=false", PlaceOutcome::NoAnswer),
            ("DialCallStatus=busy", PlaceOutcome::Busy),
            ("DialCallStatus=canceled", PlaceOutcome::Left),
            ("DialCallStatus=failed", PlaceOutcome::Failed),
            ("DialCallStatus=sideways&DialCallDuration=-3", PlaceOutcome::Failed),
            ("QueueResult=bridged", PlaceOutcome::Answered),
            ("QueueResult=leave", PlaceOutcome::NoAnswer),
            ("QueueResult=hangup", PlaceOutcome::Left),
            ("", PlaceOutcome::Failed),
        ] {
            assert_eq!(end(body).outcome, outcome, "{body}");
        }
    }

    #[test]
    fn keys_and_places_in_line_are_read() {
        let form = Form::parse(b"QueuePosition=3&QueueTime=41&Digits=2").unwrap();
        assert_eq!((Waiting::read(&form), key(&form)), (Waiting { position: 3, waited_s: 41 }, Some('2')));
        let empty = Form::parse(b"Digits=&QueuePosition=x").unwrap();
        assert_eq!((Waiting::read(&empty), key(&empty)), (Waiting { position: 1, waited_s: 0 }, None));
    }
}
