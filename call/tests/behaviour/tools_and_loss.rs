//! The agent's link breaks while tools run: they run on, and the next link gets what it has not got.

use crate::script::{
    answers, asks_for, begun, caller_said, caller_starts, caller_stops, done, lost, ready, taken_back, talking,
};
use call::{Limits, LinkFault, ToolStage};

#[test]
fn an_answer_that_comes_while_the_next_link_is_dialled_is_told_to_it() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2500, lost(LinkFault::Broken))
        .at(2600, answers("t1"))
        .at(3000, ready())
        .check(
            "2000 checkpoint
             2000 run tool look_up t1
             2500 agent lost Broken
             2500 dial 1
             2600 checkpoint
             2600 tool look_up Answered in 600
             3000 agent restored after 500, attempt 1
             3000 agent: output t1 {\"ok\":true}
             3000 agent: reply",
        );
}

#[test]
fn an_answer_that_comes_before_the_next_dial_is_in_its_history_only() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).skip();
    script.at(2500, lost(LinkFault::Busy)).at(2600, answers("t1"));
    assert!(matches!(script.call.conversation().tools[0].stage, ToolStage::Done { .. }));
    script.until(3000).at(3400, ready()).until(9000).check(
        "2500 agent lost Busy
         2600 checkpoint
         2600 tool look_up Answered in 600
         3000 dial 1
         3400 agent restored after 900, attempt 1
         3400 agent: reply",
    );
}

#[test]
fn an_answer_that_comes_after_the_next_link_is_up_is_told_to_it_as_to_the_first() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2100, done(2))
        .skip()
        .at(2500, lost(LinkFault::Broken))
        .at(3000, ready())
        .check("2500 agent lost Broken\n 2500 dial 1\n 3000 agent restored after 500, attempt 1")
        .at(3500, answers("t1"))
        .check(
            "3500 checkpoint
             3500 agent: output t1 {\"ok\":true}
             3500 tool look_up Answered in 1500
             3500 agent: reply",
        );
}

#[test]
fn the_deadline_of_a_tool_goes_on_while_the_agent_is_away() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(9900, done(2))
        .skip()
        .at(9950, lost(LinkFault::Broken))
        .at(10_400, ready())
        .check(
            "9950 agent lost Broken
             9950 dial 1
             10000 checkpoint
             10000 cancel tool t1
             10000 tool look_up TimedOut in 8000, timeout
             10400 agent restored after 450, attempt 1
             10400 agent: output t1 {\"error\":\"timeout\"}
             10400 agent: reply",
        );
}

#[test]
fn a_dial_decided_in_the_same_moment_has_the_answer_in_its_history_only() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(9400, done(2)).skip();
    script.at(9500, lost(LinkFault::Busy)).at(10_400, ready()).check(
        "9500 agent lost Busy
         10000 dial 1
         10000 checkpoint
         10000 cancel tool t1
         10000 tool look_up TimedOut in 8000, timeout
         10400 agent restored after 900, attempt 1
         10400 agent: reply",
    );
}

#[test]
fn a_dial_that_fails_forgets_what_was_to_be_told_to_it() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2500, lost(LinkFault::Broken))
        .at(2600, answers("t1"))
        .skip()
        .at(2700, lost(LinkFault::Broken))
        .until(3200)
        .at(3500, ready())
        .check("3200 dial 2\n 3500 agent restored after 1000, attempt 2\n 3500 agent: reply");
}

#[test]
fn results_the_agent_had_not_spoken_of_are_spoken_of_after_the_loss() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2100, done(2))
        .at(2300, answers("t1"))
        .skip()
        .at(2400, lost(LinkFault::Broken))
        .at(2900, ready())
        .check(
            "2400 agent lost Broken
             2400 dial 1
             2900 agent restored after 500, attempt 1
             2900 agent: reply",
        );
}

#[test]
fn a_caller_who_waits_for_an_answer_gets_it_before_the_tool_has_ended() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2100, done(2))
        .at(2200, caller_starts(10))
        .at(3000, caller_stops(10))
        .at(3300, caller_said(10, "Are you there?"))
        .skip()
        .at(3400, lost(LinkFault::Broken))
        .at(3900, ready())
        .check(
            "3400 agent lost Broken
             3400 dial 1
             3900 agent restored after 500, attempt 1
             3900 agent: reply",
        );
}

#[test]
fn the_next_link_may_take_back_what_the_one_before_asked_for() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2500, lost(LinkFault::Broken))
        .at(3000, ready())
        .skip()
        .at(3100, taken_back("t1"))
        .at(3200, answers("t1"))
        .check(
            "3100 checkpoint
             3100 cancel tool t1
             3100 tool look_up Cancelled in 1100
             3200 checkpoint",
        );
}
