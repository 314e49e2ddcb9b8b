//! A tool takes long: the caller hears something meanwhile, unless there is anything else to hear.

use crate::script::{
    Script, answers, asks_for, begun, caller_said, caller_starts, caller_stops, done, ended, is_slow, lost, ready,
    said, taken_back, talking, wants,
};
use call::{ControlInput, Limits, LinkFault, NextStep, ReplyOutcome};

/// A call in which `t1` and `t2` run since 2,000 ms.
fn waiting() -> Script {
    let mut script = talking(Limits::default());
    script
        .caller(1500, 1800, 9)
        .at(1900, caller_said(9, "Where is my order?"))
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .at(2000, asks_for("look_up", "t2"));
    script.at(2100, done(2)).skip();
    script
}

#[test]
fn a_filler_is_said_once_for_each_tool_and_one_at_a_time() {
    waiting()
        .at(3500, is_slow("t1"))
        .at(3500, is_slow("t2"))
        .check("3500 agent: say \"One moment.\"")
        .says(3800, 3, 3, "One moment.", 400)
        .until(4200)
        .skip()
        .at(4300, is_slow("t1"))
        .check("")
        .at(4400, is_slow("t2"))
        .check("4400 agent: say \"One moment.\"");
}

#[test]
fn the_agent_goes_on_after_the_outputs_and_after_the_filler() {
    waiting()
        .at(3500, is_slow("t1"))
        .begins(3800, 3, 3, "One moment.", 400)
        .skip()
        .at(3850, answers("t1"))
        .at(3900, answers("t2"))
        .check(
            "3850 checkpoint
             3850 agent: output t1 {\"ok\":true}
             3850 tool look_up Answered in 1850
             3900 checkpoint
             3900 agent: output t2 {\"ok\":true}
             3900 tool look_up Answered in 1900",
        )
        .at(4000, done(3))
        .check("4000 agent: reply");
}

#[test]
fn outputs_that_come_before_the_filler_begins_wait_for_it_too() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, answers("t1")).at(3600, answers("t2")).skip();
    script.begins(3800, 3, 3, "One moment.", 400).skip().at(3900, done(3)).check("3900 agent: reply");
}

#[test]
fn a_filler_does_not_speak_of_the_results_that_came_before_it_began() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, answers("t1")).begins(3800, 3, 3, "One moment.", 400);
    script.at(3850, taken_back("t2")).skip().at(3900, done(3)).check("3900 agent: reply");
}

#[test]
fn a_filler_the_provider_swallows_does_not_hold_up_the_answer() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, answers("t1")).at(3600, answers("t2")).skip();
    script.until(6499).check("").until(6500).check("6500 agent: reply");
}

#[test]
fn a_filler_that_fails_is_not_asked_for_again() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, begun(3)).skip();
    script.at(3700, ended(3, ReplyOutcome::Failed)).until(9000).check("3700 reply failed");
}

#[test]
fn nobody_is_talked_over_and_no_fault_is_counted() {
    let mut script = waiting();
    script.at(3000, caller_starts(10)).at(3500, is_slow("t1")).check("");
    script.at(4000, caller_stops(10)).at(4100, is_slow("t1")).check("");
    script.says(4500, 3, 3, "Still looking.", 1000).skip().at(4600, is_slow("t1")).check("");
    script.until(5500).skip().at(5600, is_slow("t1")).check("5600 agent: say \"One moment.\"");
    assert_eq!(script.call.ignored(), 0);
}

#[test]
fn a_tool_that_has_ended_is_not_slow() {
    let mut script = waiting();
    script.at(2500, answers("t1")).skip().at(3500, is_slow("t1")).check("");
    assert_eq!(script.call.ignored(), 0);
}

#[test]
fn a_filler_the_caller_interrupts_is_not_repeated() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, caller_starts(10)).skip();
    script.at(3700, begun(3)).check("3700 agent: cancel 3");
    script.at(3800, ended(3, ReplyOutcome::Cancelled)).at(4000, caller_stops(10)).until(9000).check("");
}

#[test]
fn a_filler_lost_with_its_link_is_not_repeated() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).at(3600, lost(LinkFault::Broken)).at(4000, ready()).skip();
    script.until(9000).check("");
}

#[test]
fn a_filler_is_no_farewell() {
    let mut script = waiting();
    script.at(3500, is_slow("t1")).says(3800, 3, 3, "One moment.", 400).until(4300).skip();
    let queue = NextStep::Queue { queue: "support".to_owned() };
    script.at(4400, wants(ControlInput::Leave(queue))).at(4400, answers("t1")).at(4500, answers("t2"));
    script.at(4600, begun(4)).skip().at(4700, said(4, 4, "I put you through.")).check("");
    assert_eq!(script.audio(4700, 4, 4, 1000), 1000);
    script.at(4800, done(4)).skip().until(6000).check(
        "5700 turn 4 Agent \"I put you through.\" 4700-5700
         5700 checkpoint
         6000 leave for Queue { queue: \"support\" }
         6000 ended moved at 6000, next Some(Queue { queue: \"support\" })
         6000 close moved",
    );
}
