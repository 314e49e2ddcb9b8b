//! The call goes elsewhere.

use crate::script::{begun, caller_said, caller_starts, caller_stops, done, lost, talking, wants};
use call::{ControlInput, Limits, LinkFault, NextStep};

#[test]
fn a_call_is_handed_over_at_once_when_nobody_speaks() {
    talking(Limits::default()).at(5000, wants(ControlInput::Leave(NextStep::Resume))).check(
        "5000 leave for Resume
         5000 ended moved at 5000, next Some(Resume)
         5000 close moved",
    );
}

#[test]
fn what_is_being_said_is_heard_and_stored_first() {
    talking(Limits::default())
        .says(2000, 2, 2, "We open at nine.", 1000)
        .skip()
        .at(2100, wants(ControlInput::Leave(NextStep::Resume)))
        .until(4000)
        .check(
            "3000 turn 2 Agent \"We open at nine.\" 2000-3000
             3000 checkpoint
             3300 leave for Resume
             3300 ended moved at 3300, next Some(Resume)
             3300 close moved",
        );
}

#[test]
fn a_caller_who_speaks_is_heard_out_and_answered_first() {
    talking(Limits::default())
        .at(2000, caller_starts(10))
        .at(2100, wants(ControlInput::Leave(NextStep::Resume)))
        .at(3000, caller_stops(10))
        .says(3200, 2, 2, "Yes.", 400)
        .at(3800, caller_said(10, "Is it open?"))
        .check(
            "3200 reply gap 200
             3600 turn 3 Agent \"Yes.\" 3200-3600
             3600 checkpoint
             3800 turn 2 Caller \"Is it open?\" 2000-3000
             3800 checkpoint",
        )
        .until(4000)
        .check("3900 leave for Resume\n 3900 ended moved at 3900, next Some(Resume)\n 3900 close moved");
}

#[test]
fn a_pause_that_never_comes_is_not_waited_for() {
    let mut script = talking(Limits::default());
    script.at(2000, caller_starts(10)).at(2100, wants(ControlInput::Leave(NextStep::Resume))).until(23_000);
    script.check("22100 leave for Resume\n 22100 ended moved at 22100, next Some(Resume)\n 22100 close moved");
}

#[test]
fn a_loss_on_the_way_out_is_not_dialled_again() {
    talking(Limits::default())
        .says(2000, 2, 2, "One moment.", 1000)
        .skip()
        .at(2100, wants(ControlInput::Leave(NextStep::Resume)))
        .at(2200, lost(LinkFault::Broken))
        .until(3300)
        .check(
            "2200 agent lost Broken
             3000 turn 2 Agent \"One moment.\" 2000-3000
             3000 checkpoint
             3300 leave for Resume
             3300 ended moved at 3300, next Some(Resume)
             3300 close moved",
        );
}

#[test]
fn a_drain_does_not_touch_a_live_call() {
    talking(Limits::default())
        .at(2000, wants(ControlInput::Drain))
        .at(3000, begun(2))
        .at(3100, done(2))
        .until(5000)
        .check("");
}
