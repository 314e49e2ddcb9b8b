//! A call that has cost as much as it may.

use crate::script::{begun, talking, wants};
use call::{ControlInput, EndBy, Limits};

fn spent() -> call::Input {
    wants(ControlInput::Finish(EndBy::Budget))
}

#[test]
fn the_agent_says_that_time_is_up_and_the_call_ends() {
    talking(Limits::default())
        .at(2000, spent())
        .check("2000 agent: cue TimeLimit")
        .says(2200, 2, 2, "I have to go.", 800)
        .until(4000)
        .check("3000 turn 2 Agent \"I have to go.\" 2200-3000\n 3000 checkpoint\n 3300 hang up budget");
}

#[test]
fn an_answer_under_way_is_finished_first_and_the_words_are_asked_for_once() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2100, spent()).at(2200, spent()).until(2300).check("");
    script.says_on(2400, 2, 2, "Nine.", 200).check("2400 agent: cue TimeLimit");
}
