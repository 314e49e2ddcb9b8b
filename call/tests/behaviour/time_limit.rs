//! The longest call.

use crate::script::{Script, begun, caller_starts, lost, talking, wants};
use call::{ControlInput, Limits, LinkFault, NextStep};
use std::time::Duration;

fn ten_seconds() -> Limits {
    Limits { max_call: Duration::from_secs(10), ..Limits::default() }
}

#[test]
fn the_agent_says_that_time_is_up_and_the_call_ends() {
    talking(ten_seconds())
        .until(10_000)
        .check("10000 agent: cue TimeLimit")
        .says(10_200, 2, 2, "I have to go.", 800)
        .until(12_000)
        .check("11000 turn 2 Agent \"I have to go.\" 10200-11000\n 11000 checkpoint\n 11300 hang up time_limit");
}

#[test]
fn an_answer_under_way_is_finished_first() {
    let mut script = talking(ten_seconds());
    script.at(9000, begun(2)).until(10_500).check("");
    script.says_on(10_600, 2, 2, "Nine.", 200).check("10600 agent: cue TimeLimit");
}

#[test]
fn a_caller_who_goes_on_speaking_is_cut_by_the_deadline() {
    talking(ten_seconds())
        .at(9000, caller_starts(10))
        .until(40_000)
        .check("30000 hang up time_limit\n 35000 ended time_limit at 35000, next None\n 35000 close time_limit");
}

#[test]
fn a_caller_who_interrupts_does_not_get_more_time() {
    talking(ten_seconds())
        .until(10_000)
        .says(10_200, 2, 2, "I have to go.", 800)
        .skip()
        .at(10_600, caller_starts(10))
        .until(11_000)
        .check(
            "10600 clear
             10600 agent: truncate 2 at 400
             10600 interrupted at 400, cleared 400
             10600 turn 2 Agent \"I have\" 10200-10600, 400 of 800 ms
             10600 checkpoint
             10900 hang up time_limit",
        );
}

#[test]
fn without_an_agent_the_call_ends_unsaid() {
    talking(ten_seconds()).at(9900, lost(LinkFault::Busy)).skip().until(10_500).check("10000 hang up time_limit");
}

#[test]
fn a_line_that_never_starts_is_bounded_too() {
    Script::new(ten_seconds()).at(0, crate::script::ready()).skip().until(10_000).check("10000 hang up time_limit");
}

#[test]
fn departures_that_replace_each_other_do_not_stretch_the_call() {
    let mut script = talking(ten_seconds());
    script.at(9000, begun(2)).at(9500, wants(ControlInput::Leave(NextStep::Resume)));
    for second in 9..29 {
        assert_eq!(script.audio(second * 1000 + 600, 2, 2, 1000), 1000);
    }
    let queue = NextStep::Queue { queue: "support".to_owned() };
    script.at(29_100, wants(ControlInput::Leave(queue))).until(29_999).skip().until(30_000);
    assert!(script.call.is_over());
}
