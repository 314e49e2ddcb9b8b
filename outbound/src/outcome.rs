//! What became of a call that we made, from what the record or the telephone network says of it. Pure.
//!
//! Before it: the record ([`Cdr`]), which the callbacks fill, and the network's own word ([`CallState`]) where callbacks
//! are missing. After it: `follow`, which settles the attempt. Words of Twilio's call resource:
//! <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).

use crate::patience::Patience;
use common::cdr::Cdr;
use common::event::MachineDeed;
use common::ports::outbound::{OnMachine, Outcome};
use common::ports::telephone::CallState;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where that says more; no personal data.
    pub detail: String,
}

impl Ended {
    /// So, for that reason.
    pub fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into() }
    }
}

/// By the record; `None` while the call goes on, or while it may still be told who answered.
pub fn of_record(cdr: &Cdr, machine: &OnMachine, now_ms: u64, patience: &Patience) -> Option<Ended> {
    let over_for = |time: std::time::Duration| {
        cdr.ended_ms.is_some_and(|ended_ms| now_ms >= ended_ms.saturating_add(time.as_millis() as u64))
    };
    match cdr.twilio_status.as_deref() {
        Some("completed") if is_told(cdr, machine) || over_for(patience.late_words) => Some(answered(cdr)),
        Some("completed") => None,
        Some(status) if not_answered(status).is_some() => not_answered(status),
        // The worker saw the call end; Twilio's own word on it was lost.
        _ if !cdr.is_open() && over_for(patience.lost_words) => Some(answered(cdr)),
        _ => None,
    }
}

/// By the network's word, for callbacks that never came; what the record knows of a machine counts too.
pub fn of_state(state: &CallState, cdr: Option<&Cdr>) -> Option<Ended> {
    match state.status.as_str() {
        "completed" if cdr.is_some_and(|cdr| cdr.machine.is_some() || cdr.answered_by.is_some()) => cdr.map(answered),
        "completed" => Some(by_verdict(state.answered_by.as_deref(), "")),
        status => not_answered(status),
    }
}

/// Whether nothing more will be said of who answered.
fn is_told(cdr: &Cdr, machine: &OnMachine) -> bool {
    let is_machine = cdr.answered_by.as_deref().is_some_and(is_machine);
    *machine == OnMachine::GoOn || cdr.machine.is_some() || (cdr.answered_by.is_some() && !is_machine)
}

/// The call was answered and is over: by whom?
fn answered(cdr: &Cdr) -> Ended {
    let reason = cdr.end_reason.as_deref().filter(|reason| !matches!(*reason, Cdr::OPEN | "completed"));
    let verdict = cdr.answered_by.as_deref();
    match cdr.machine {
        Some(MachineDeed::LeftMessage) => Ended::new(Outcome::MessageLeft, verdict.unwrap_or_default()),
        Some(MachineDeed::HungUp) => Ended::new(Outcome::Machine, verdict.unwrap_or_default()),
        Some(MachineDeed::WentOn) => Ended::new(Outcome::Answered, reason.unwrap_or_default()),
        None => by_verdict(verdict, reason.unwrap_or_default()),
    }
}

fn by_verdict(verdict: Option<&str>, reason: &str) -> Ended {
    match verdict.filter(|verdict| is_machine(verdict)) {
        Some(verdict) => Ended::new(Outcome::Machine, verdict),
        None => Ended::new(Outcome::Answered, reason),
    }
}

fn is_machine(verdict: &str) -> bool {
    verdict.starts_with("machine_") || verdict == "fax"
}

/// Final states of a call that nobody answered.
fn not_answered(status: &str) -> Option<Ended> {
    match status {
        "busy" => Some(Ended::new(Outcome::Busy, "")),
        "no-answer" => Some(Ended::new(Outcome::NoAnswer, "")),
        "failed" | "canceled" => Some(Ended::new(Outcome::Failed, status)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::event::Direction;
    use common::private::PhoneNumber;
    use common::testing::call_id;

    const NOW: u64 = 1_764_000_000_000;

    /// A record of a call that is over since this many milliseconds.
    fn record(status: Option<&str>, over_ms: u64, verdict: Option<&str>, deed: Option<MachineDeed>) -> Cdr {
        let mut cdr = Cdr::new(call_id(1));
        cdr.twilio_status = status.map(str::to_owned);
        cdr.ended_ms = Some(NOW - over_ms);
        cdr.end_reason = Some("agent_hung_up".into());
        cdr.answered_by = verdict.map(str::to_owned);
        cdr.machine = deed;
        cdr
    }

    fn of(cdr: &Cdr, machine: &OnMachine) -> Option<Outcome> {
        of_record(cdr, machine, NOW, &Patience::default()).map(|ended| ended.outcome)
    }

    #[test]
    fn a_call_that_nobody_answers_says_why() {
        let table = [
            ("busy", Outcome::Busy),
            ("no-answer", Outcome::NoAnswer),
            ("failed", Outcome::Failed),
            ("canceled", Outcome::Failed),
        ];
        for (status, expected) in table {
            assert_eq!(of(&record(Some(status), 0, None, None), &OnMachine::HangUp), Some(expected), "{status}");
        }
        for status in ["queued", "initiated", "ringing", "in-progress", "nonsense"] {
            let mut cdr = record(Some(status), 0, None, None);
            assert_eq!(of(&cdr, &OnMachine::HangUp), None, "{status}");
            cdr.end_reason = Some(Cdr::OPEN.into());
            cdr.ended_ms = None;
            assert_eq!(of(&cdr, &OnMachine::HangUp), None, "{status}");
        }
    }

    #[test]
    fn a_machine_is_no_person() {
        use MachineDeed::{HungUp, LeftMessage, WentOn};
        let beep = Some("machine_end_beep");
        let table = [
            (beep, Some(HungUp), Outcome::Machine),
            (beep, Some(LeftMessage), Outcome::MessageLeft),
            (beep, Some(WentOn), Outcome::Answered),
            (Some("human"), None, Outcome::Answered),
            (Some("unknown"), None, Outcome::Answered),
        ];
        for (verdict, deed, expected) in table {
            let found = of(&record(Some("completed"), 0, verdict, deed), &OnMachine::HangUp);
            assert_eq!(found, Some(expected), "{verdict:?} {deed:?}");
        }
        // Nobody tells machines from people: nothing is waited for.
        assert_eq!(of(&record(Some("completed"), 0, None, None), &OnMachine::GoOn), Some(Outcome::Answered));
    }

    #[test]
    fn words_on_a_machine_may_come_after_the_end() {
        let late = Patience::default().late_words.as_millis() as u64;
        for verdict in [None, Some("machine_end_beep")] {
            assert_eq!(of(&record(Some("completed"), late - 1, verdict, None), &OnMachine::HangUp), None);
        }
        assert_eq!(of(&record(Some("completed"), late, None, None), &OnMachine::HangUp), Some(Outcome::Answered));
        let machine = record(Some("completed"), late, Some("fax"), None);
        assert_eq!(of(&machine, &OnMachine::HangUp), Some(Outcome::Machine));
    }

    #[test]
    fn a_call_whose_last_callback_is_lost_ends_by_the_worker() {
        let lost = Patience::default().lost_words.as_millis() as u64;
        assert_eq!(of(&record(Some("in-progress"), lost - 1, None, None), &OnMachine::HangUp), None);
        assert_eq!(of(&record(Some("in-progress"), lost, None, None), &OnMachine::HangUp), Some(Outcome::Answered));
    }

    #[test]
    fn the_network_knows_what_callbacks_did_not_say() {
        let state = |status: &str, verdict: Option<&str>| CallState {
            call: call_id(1),
            status: status.into(),
            direction: Direction::Outbound,
            to: PhoneNumber::new("+12125550100"),
            from: PhoneNumber::new("+12125550101"),
            created_ms: NOW,
            duration_s: Some(1),
            answered_by: verdict.map(str::to_owned),
        };
        let outcome = |status, verdict, cdr| of_state(&state(status, verdict), cdr).map(|ended| ended.outcome);
        assert_eq!(outcome("completed", Some("human"), None), Some(Outcome::Answered));
        assert_eq!(outcome("completed", Some("machine_start"), None), Some(Outcome::Machine));
        assert_eq!(outcome("no-answer", None, None), Some(Outcome::NoAnswer));
        assert_eq!(outcome("in-progress", None, None), None);
        let left = record(None, 0, Some("machine_end_beep"), Some(MachineDeed::LeftMessage));
        assert_eq!(outcome("completed", Some("machine_end_beep"), Some(&left)), Some(Outcome::MessageLeft));
    }
}
