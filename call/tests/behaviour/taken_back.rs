//! The provider takes a tool call back: the caller went on speaking.

use crate::script::{answers, asks_for, begun, done, taken_back, talking};
use call::{Limits, ToolStage};

#[test]
fn a_tool_taken_back_is_cancelled_and_nobody_is_told_anything() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(2100, done(2)).skip();
    script.at(2500, taken_back("t1")).until(9000).check(
        "2500 checkpoint
         2500 cancel tool t1
         2500 tool look_up Cancelled in 500",
    );
    assert_eq!(script.call.conversation().tools[0].stage, ToolStage::Unknown);
}

#[test]
fn the_agent_goes_on_from_the_results_that_are_left() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2000, asks_for("look_up", "t2"))
        .at(2100, done(2))
        .at(2200, answers("t1"))
        .skip()
        .at(2500, taken_back("t2"))
        .check(
            "2500 checkpoint
             2500 cancel tool t2
             2500 tool look_up Cancelled in 500
             2500 agent: reply",
        );
}

#[test]
fn what_does_not_run_cannot_be_taken_back() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(2200, answers("t1")).skip();
    script.at(2300, taken_back("t1")).at(2400, taken_back("t9")).check("");
    assert_eq!(script.call.ignored(), 2);
}
