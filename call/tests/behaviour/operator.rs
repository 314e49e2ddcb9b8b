//! An operator speaks through the agent, or ends the call.

use crate::script::{begun, done, stopped, talking, wants};
use call::{ControlInput, EndBy, Limits, Spoken};

fn say(words: &str) -> call::Input {
    wants(ControlInput::Say(Spoken::new(words)))
}

#[test]
fn an_operators_words_wait_for_the_answer_under_way() {
    talking(Limits::default())
        .at(2000, begun(2))
        .at(2100, say("Your taxi is here."))
        .check("")
        .at(2200, done(2))
        .check("2200 agent: say \"Your taxi is here.\"");
}

#[test]
fn a_polite_end_waits_for_the_operators_words() {
    talking(Limits::default())
        .at(2000, say("We close now."))
        .at(2010, wants(ControlInput::Finish(EndBy::Operator)))
        .says(2300, 2, 2, "We close now.", 700)
        .until(3500)
        .check(
            "2000 agent: say \"We close now.\"
             2300 mark g0-9
             3000 turn 2 Agent \"We close now.\" 2300-3000
             3000 checkpoint
             3300 hang up operator_hung_up",
        );
}

#[test]
fn hang_up_means_now() {
    let mut script = talking(Limits::default());
    script
        .says(2000, 2, 2, "A long story.", 5000)
        .skip()
        .at(3000, wants(ControlInput::HangUp))
        .check("3000 hang up operator_hung_up")
        .at(3200, stopped())
        .check(
            "3200 turn 2 Agent \"A\" 2000-3200, 1200 of 5000 ms
             3200 checkpoint
             3200 ended operator_hung_up at 3200, next None
             3200 close operator_hung_up",
        );
    assert!(script.call.is_over());
}

#[test]
fn what_the_agent_says_after_the_hang_up_is_not_in_the_transcript() {
    let mut script = talking(Limits::default());
    script.begins(2000, 2, 2, "We open at nine", 1000).at(2100, wants(ControlInput::HangUp)).skip();
    assert_eq!(script.audio(2200, 2, 2, 1000), 0);
    script.at(2200, crate::script::said(2, 2, " in the morning.")).at(2200, done(2)).until(3500);
    script.check(
        "3000 turn 2 Agent \"We open at nine\" 2000-3000, 1000 of 2000 ms
         3000 checkpoint",
    );
}

#[test]
fn an_operator_overrules_a_farewell_the_caller_could_stop() {
    talking(Limits::default())
        .says(2000, 2, 2, "Goodbye.", 1000)
        .at(2010, wants(ControlInput::Finish(EndBy::Agent)))
        .at(2020, wants(ControlInput::Finish(EndBy::Operator)))
        .skip()
        .until(3300)
        .check("3000 turn 2 Agent \"Goodbye.\" 2000-3000\n 3000 checkpoint\n 3300 hang up operator_hung_up");
}
