//! The agent says goodbye and the call ends when it was heard.

use crate::script::{answers, asks_for, begun, caller_starts, caller_stops, done, said, stopped, talking, wants};
use call::{ControlInput, EndBy, Limits};

#[test]
fn the_call_ends_when_the_goodbye_was_heard() {
    talking(Limits::default())
        .says(2000, 2, 2, "Goodbye.", 1000)
        .skip()
        .at(2010, wants(ControlInput::Finish(EndBy::Agent)))
        .until(10_000)
        .check(
            "3000 turn 2 Agent \"Goodbye.\" 2000-3000
             3000 checkpoint
             3300 hang up agent_hung_up
             8300 ended agent_hung_up at 8300, next None
             8300 close agent_hung_up",
        );
}

#[test]
fn a_goodbye_said_before_the_tool_is_not_asked_for_again() {
    talking(Limits::default())
        .begins(2000, 2, 2, "Goodbye.", 1000)
        .at(2100, asks_for("hang_up", "t1"))
        .at(2110, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2120, answers("t1"))
        .at(2130, done(2))
        .skip()
        .until(3500)
        .check("3000 turn 2 Agent \"Goodbye.\" 2000-3000\n 3000 checkpoint\n 3300 hang up agent_hung_up");
}

#[test]
fn a_goodbye_that_comes_after_the_tool_is_waited_for() {
    talking(Limits::default())
        .caller(1500, 1800, 10)
        .at(2000, begun(2))
        .at(2100, asks_for("hang_up", "t1"))
        .at(2110, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2130, done(2))
        .at(2400, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool hang_up t1
             2400 checkpoint
             2400 agent: output t1 {\"ok\":true}
             2400 tool hang_up Answered in 300
             2400 agent: reply",
        )
        .says(2700, 3, 3, "Goodbye.", 500)
        .until(3500)
        .check(
            "2700 reply gap 900
             2700 mark g0-8
             3200 turn 3 Agent \"Goodbye.\" 2700-3200
             3200 checkpoint
             3500 hang up agent_hung_up",
        );
}

/// Deepgram goes on by itself when a function was answered; it knows nothing of hanging up.
#[test]
fn a_second_goodbye_nobody_asked_for_is_not_heard() {
    talking(Limits::default())
        .begins(2000, 2, 2, "Goodbye.", 1000)
        .at(2100, asks_for("hang_up", "t1"))
        .at(2110, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2120, answers("t1"))
        .at(2130, done(2))
        .skip()
        .at(2500, begun(3))
        .at(2600, done(3))
        .until(3500)
        .check(
            "2500 agent: cancel 3
             3000 turn 2 Agent \"Goodbye.\" 2000-3000
             3000 checkpoint
             3300 hang up agent_hung_up",
        );
}

#[test]
fn a_caller_who_interrupts_the_goodbye_stays() {
    talking(Limits::default())
        .says(2000, 2, 2, "Thank you and goodbye.", 1000)
        .at(2010, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2500, caller_starts(10))
        .at(3500, caller_stops(10))
        .skip()
        .says(3700, 3, 3, "Of course.", 500)
        .until(24_000)
        .check(
            "3700 reply gap 200
             3700 mark g1-13
             4200 turn 4 Agent \"Of course.\" 3700-4200
             4200 checkpoint",
        );
}

#[test]
fn a_caller_who_says_goodbye_back_does_not_keep_the_call_open() {
    talking(Limits::default())
        .says(2000, 2, 2, "Goodbye.", 1000)
        .at(2010, wants(ControlInput::Finish(EndBy::Agent)))
        .skip()
        .at(3100, caller_starts(10))
        .until(3300)
        .check("3000 turn 2 Agent \"Goodbye.\" 2000-3000\n 3000 checkpoint\n 3300 hang up agent_hung_up");
}

#[test]
fn a_caller_who_speaks_before_the_goodbye_begins_stays() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("hang_up", "t1"))
        .at(2110, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2130, done(2))
        .at(2200, caller_starts(10))
        .at(2400, answers("t1"))
        .at(3000, caller_stops(10))
        .skip()
        .says(3300, 3, 3, "Of course.", 400)
        .until(24_000)
        .check("3300 reply gap 300\n 3700 turn 3 Agent \"Of course.\" 3300-3700\n 3700 checkpoint");
}

#[test]
fn nothing_new_is_said_after_the_goodbye() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "Goodbye.", 1000).at(2010, wants(ControlInput::Finish(EndBy::Agent)));
    script.caller(3050, 3100, 10).at(3150, begun(3));
    assert_eq!(script.audio(3200, 3, 3, 200), 0);
    script.skip().until(3300).check("3300 hang up agent_hung_up");
}

#[test]
fn a_goodbye_that_never_ends_is_cut_by_the_deadline() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2010, wants(ControlInput::Finish(EndBy::Agent)));
    for second in 2..22 {
        assert_eq!(script.audio(second * 1000 + 20, 2, 2, 1000), 1000);
    }
    script.skip().until(22_010).check("22010 hang up agent_hung_up");
    assert_eq!(script.audio(22_020, 2, 2, 1000), 0);
}

#[test]
fn words_that_come_after_the_hang_up_still_reach_the_transcript() {
    talking(Limits::default())
        .caller(1500, 1900, 10)
        .says(2000, 2, 2, "Goodbye.", 1000)
        .at(2010, wants(ControlInput::Finish(EndBy::Agent)))
        .until(3300)
        .skip()
        .at(3400, stopped())
        .check("")
        .at(3600, crate::script::caller_said(10, "Bye."))
        .check(
            "3600 turn 2 Caller \"Bye.\" 1500-1900
             3600 checkpoint
             3600 ended agent_hung_up at 3400, next None
             3600 close agent_hung_up",
        );
}

#[test]
fn the_tail_begins_when_the_last_mark_is_back() {
    // The line stalls: its marks come back half a second late.
    let mut script = talking(Limits::default()).silent_line();
    script.at(2000, begun(2)).at(2000, said(2, 2, "Goodbye."));
    assert_eq!(script.audio(2000, 2, 2, 180), 180);
    script.at(2000, done(2)).at(2010, wants(ControlInput::Finish(EndBy::Agent))).skip();
    script.at(2680, crate::marks::back(0, 6)).until(3000);
    script.check("2180 turn 2 Agent \"Goodbye.\" 2000-2180\n 2180 checkpoint\n 2980 hang up agent_hung_up");
}
