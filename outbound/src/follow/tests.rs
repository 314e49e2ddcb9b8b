//! What is done about an attempt at which time, knowing what.

use super::*;
use common::ids::{AttemptId, BatchId};
use common::ports::outbound::{OnMachine, Window};
use common::private::PhoneNumber;
use common::testing::call_id;
use std::collections::BTreeMap;

const CLAIMED: u64 = 1_764_000_000_000;
const SECOND: u64 = 1_000;

fn plan() -> DialPlan {
    DialPlan {
        per_minute: 60,
        concurrency: 10,
        window: Window { from_minute: 0, until_minute: 1440, days: [true; 7] },
        retries: BTreeMap::new(),
        machine: OnMachine::HangUp,
        ring_s: 30,
        most_s: 600,
        until_ms: None,
    }
}

fn way(call: Option<u64>) -> UnderWay {
    UnderWay {
        attempt: AttemptId { batch: BatchId::parse("spring").unwrap(), row: 2, attempt: 1 },
        to: PhoneNumber::new("+12125550100"),
        claimed_ms: CLAIMED,
        call: call.map(call_id),
    }
}

#[track_caller]
fn check(way: &UnderWay, cdr: Option<&Cdr>, asked: Option<Asked>, after_s: u64, expected: Step) {
    let now_ms = CLAIMED + after_s * SECOND;
    assert_eq!(step(way, cdr, asked, &plan(), now_ms, &Patience::default()), expected);
}

fn asked(heard_s: u64, next_s: u64, lists_without: u32) -> Option<Asked> {
    Some(Asked { heard_ms: CLAIMED + heard_s * SECOND, next_ms: CLAIMED + next_s * SECOND, lists_without })
}

#[test]
fn a_call_that_is_not_known_is_looked_for_late_and_twice() {
    let lost = way(None);
    check(&lost, None, None, 29, Step::Wait);
    check(&lost, None, None, 30, Step::Find);
    check(&lost, None, asked(30, 45, 1), 44, Step::Wait);
    check(&lost, None, asked(30, 45, 1), 45, Step::Find);
    check(&lost, None, asked(45, 60, 2), 45, Step::PutBack);
}

#[test]
fn silence_of_the_network_never_lets_anybody_be_called_again() {
    let unknown = Step::Settle(Ended::new(Outcome::Unknown, "the network could not be asked"), None);
    check(&way(None), None, asked(30, 900, 0), 929, Step::Find);
    check(&way(None), None, asked(30, 960, 0), 930, unknown.clone());
    // One list without it, then silence: that proves nothing.
    check(&way(None), None, asked(30, 960, 1), 930, unknown);
}

#[test]
fn a_network_that_was_never_asked_is_asked_however_old_the_claim_is() {
    check(&way(None), None, None, 100_000, Step::Find);
    check(&way(Some(1)), None, None, 100_000, Step::Look(call_id(1)));
}

#[test]
fn callbacks_tell_of_a_call_whose_answer_was_lost() {
    let mut cdr = Cdr::new(call_id(7));
    cdr.twilio_status = Some("ringing".into());
    check(&way(None), Some(&cdr), None, 1, Step::Bind(call_id(7)));
    cdr.twilio_status = Some("busy".into());
    check(&way(None), Some(&cdr), None, 1, Step::Settle(Ended::new(Outcome::Busy, ""), Some(call_id(7))));
}

#[test]
fn a_call_of_which_nothing_is_heard_is_looked_up_when_its_ringing_must_be_over() {
    let placed = way(Some(1));
    check(&placed, None, None, 59, Step::Wait);
    check(&placed, None, None, 60, Step::Look(call_id(1)));
    check(&placed, None, asked(60, 90, 0), 89, Step::Wait);
    check(&placed, None, asked(60, 90, 0), 90, Step::Look(call_id(1)));
    let unknown = Step::Settle(Ended::new(Outcome::Unknown, "its end is not known"), Some(call_id(1)));
    check(&placed, None, asked(60, 990, 0), 960, unknown);
}

#[test]
fn a_talk_may_last_as_long_as_it_may() {
    let mut cdr = Cdr::new(call_id(1));
    cdr.accepted_ms = Some(CLAIMED + 10 * SECOND);
    cdr.end_reason = Some(Cdr::OPEN.into());
    check(&way(Some(1)), Some(&cdr), None, 659, Step::Wait);
    check(&way(Some(1)), Some(&cdr), None, 660, Step::Look(call_id(1)));
    let reached = Step::Settle(Ended::new(Outcome::Answered, "its end is not known"), Some(call_id(1)));
    check(&way(Some(1)), Some(&cdr), asked(660, 1_600, 0), 1_560, reached);
}
