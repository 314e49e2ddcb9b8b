//! Nobody speaks.

use crate::script::{answers, asks_for, caller_starts, done, stopped, talking};
use call::Limits;
use std::time::Duration;

fn short() -> Limits {
    let (silence_prompt, silence_end) = (Duration::from_secs(3), Duration::from_secs(8));
    Limits { silence_prompt, silence_end, ..Limits::default() }
}

#[test]
fn a_silent_caller_is_asked_after_25_seconds_and_left_after_60() {
    talking(Limits::default())
        .until(25_999)
        .check("")
        .until(26_000)
        .check("26000 silence prompted\n 26000 agent: cue SilencePrompt")
        .says(26_300, 2, 2, "Are you still there?", 1000)
        .until(30_000)
        .check("27300 turn 2 Agent \"Are you still there?\" 26300-27300\n 27300 checkpoint")
        .until(60_999)
        .check("")
        .until(61_000)
        .check("61000 agent: cue SilenceFarewell")
        .says(61_300, 3, 3, "Goodbye.", 1000)
        .until(62_599)
        .check("62300 turn 3 Agent \"Goodbye.\" 61300-62300\n 62300 checkpoint")
        .until(62_600)
        .check("62600 hang up silence")
        .at(62_700, stopped())
        .check("62700 ended silence at 62700, next None\n 62700 close silence");
}

#[test]
fn short_limits_are_kept_and_the_prompt_counts_as_silence() {
    talking(short())
        .until(4000)
        .check("4000 silence prompted\n 4000 agent: cue SilencePrompt")
        .says(4300, 2, 2, "Are you still there?", 1000)
        .skip()
        .until(8999)
        .check("5300 turn 2 Agent \"Are you still there?\" 4300-5300\n 5300 checkpoint")
        .until(9000)
        .check("9000 agent: cue SilenceFarewell");
}

#[test]
fn a_prompt_that_outlasts_the_silence_is_heard_before_the_farewell() {
    let limits = Limits { silence_end: Duration::from_secs(4), ..short() };
    talking(limits).until(4000).says(4300, 2, 2, "Are you still there?", 2000).skip().until(7000).check(
        "6300 turn 2 Agent \"Are you still there?\" 4300-6300
             6300 checkpoint
             6300 agent: cue SilenceFarewell",
    );
}

#[test]
fn a_caller_who_answers_the_prompt_begins_a_new_silence() {
    talking(short())
        .until(4000)
        .says(4300, 2, 2, "Are you still there?", 1000)
        .caller(5800, 6000, 10)
        .says(6200, 3, 3, "Good.", 400)
        .skip()
        .until(9599)
        .check("6600 turn 4 Agent \"Good.\" 6200-6600\n 6600 checkpoint")
        .until(9600)
        .check("9600 silence prompted\n 9600 agent: cue SilencePrompt");
}

#[test]
fn a_caller_who_speaks_during_the_silence_farewell_stays() {
    talking(short())
        .until(4000)
        .says(4100, 2, 2, "Are you still there?", 400)
        .until(9000)
        .says(9200, 3, 3, "Goodbye.", 1000)
        .skip()
        .at(9700, caller_starts(10))
        .check(
            "9700 clear
             9700 agent: truncate 3 at 500
             9700 interrupted at 500, cleared 500
             9700 turn 3 Agent \"?\" 9200-9700, 500 of 1000 ms
             9700 checkpoint",
        )
        .at(10_000, crate::script::caller_stops(10))
        .says(10_200, 4, 4, "Hello again.", 1000)
        .skip()
        .until(12_000)
        .check("11200 turn 5 Agent \"Hello again.\" 10200-11200\n 11200 checkpoint");
}

#[test]
fn nobody_is_asked_while_the_agent_is_still_being_heard() {
    talking(short()).says(2000, 2, 2, "A long story.", 10_000).skip().until(14_999).check(
        "12000 turn 2 Agent \"A long story.\" 2000-12000
         12000 checkpoint",
    );
}

#[test]
fn nobody_is_asked_while_a_tool_runs_or_an_answer_is_owed() {
    talking(short())
        .caller(2000, 2500, 10)
        .at(2600, crate::script::begun(2))
        .at(2600, asks_for("look_up", "t1"))
        .at(2700, done(2))
        .check("2600 checkpoint\n 2600 run tool look_up t1")
        .until(9000)
        .check("")
        .at(9000, answers("t1"))
        .check("9000 checkpoint\n 9000 agent: output t1 {\"ok\":true}\n 9000 tool look_up Answered in 6400\n 9000 agent: reply")
        .until(15_000)
        .check("");
}

#[test]
fn a_key_is_a_sign_of_life() {
    use call::{Digit, Input, LineInput};
    talking(short())
        .at(3900, Input::Line(LineInput::Pressed(Digit('5'))))
        .check("3900 agent: pressed 5")
        .until(6899)
        .check("")
        .until(6900)
        .check("6900 silence prompted\n 6900 agent: cue SilencePrompt");
}
