//! The agent asks for tools.

use crate::script::{answers, asks_for, begun, caller_starts, caller_stops, done, stopped, talking};
use call::Limits;

#[test]
fn a_tool_runs_and_the_agent_goes_on_when_its_answer_and_the_end_of_the_reply_are_in() {
    talking(Limits::default())
        .begins(2000, 2, 2, "One moment.", 400)
        .at(2100, asks_for("look_up", "t1"))
        .at(2300, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool look_up t1
             2300 checkpoint
             2300 agent: output t1 {\"ok\":true}
             2300 tool look_up Answered in 200",
        )
        .at(2350, done(2))
        .check("2350 agent: reply");
}

#[test]
fn the_agent_goes_on_once_for_all_tools_of_a_reply() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2110, asks_for("look_up", "t2"))
        .at(2120, done(2))
        .at(2500, answers("t2"))
        .at(2600, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool look_up t1
             2110 checkpoint
             2110 run tool look_up t2
             2500 checkpoint
             2500 agent: output t2 {\"ok\":true}
             2500 tool look_up Answered in 390
             2600 checkpoint
             2600 agent: output t1 {\"ok\":true}
             2600 tool look_up Answered in 500
             2600 agent: reply",
        );
}

#[test]
fn a_tool_call_named_twice_runs_once_and_is_answered_once() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2110, asks_for("look_up", "t1"))
        .at(2120, done(2))
        .at(2300, answers("t1"))
        .at(2310, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool look_up t1
             2300 checkpoint
             2300 agent: output t1 {\"ok\":true}
             2300 tool look_up Answered in 200
             2300 agent: reply",
        );
}

#[test]
fn a_tool_that_is_too_slow_is_answered_for() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2200, done(2))
        .until(10_100)
        .at(10_500, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool look_up t1
             10100 checkpoint
             10100 cancel tool t1
             10100 agent: output t1 {\"error\":\"timeout\"}
             10100 tool look_up TimedOut in 8000, timeout
             10100 agent: reply
             10500 checkpoint",
        );
}

#[test]
fn a_caller_who_speaks_while_a_tool_runs_is_answered_first() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2200, done(2))
        .at(2500, caller_starts(10))
        .at(2900, caller_stops(10))
        .at(3000, begun(3))
        .skip()
        .at(3200, answers("t1"))
        .check("3200 checkpoint\n 3200 agent: output t1 {\"ok\":true}\n 3200 tool look_up Answered in 1100")
        .at(3300, done(3))
        .check("3300 agent: reply");
}

#[test]
fn an_answer_that_began_after_the_result_needs_no_request() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2200, done(2))
        .at(2500, caller_starts(10))
        .at(2600, answers("t1"))
        .at(2900, caller_stops(10))
        .skip()
        .says(3000, 3, 3, "It is on its way.", 400)
        .until(4000)
        .check("3000 reply gap 100\n 3400 turn 3 Agent \"It is on its way.\" 3000-3400\n 3400 checkpoint");
}

#[test]
fn tools_are_cancelled_when_the_call_ends() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, asks_for("look_up", "t1"))
        .at(2200, stopped())
        .at(2300, answers("t1"))
        .check(
            "2100 checkpoint
             2100 run tool look_up t1
             2200 checkpoint
             2200 cancel tool t1
             2200 tool look_up Cancelled in 100
             2200 ended caller_hung_up at 2200, next None
             2200 close caller_hung_up",
        );
}
